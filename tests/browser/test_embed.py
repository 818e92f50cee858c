"""The chat in a page of another site, as its browser shows it."""

from __future__ import annotations

import gzip
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from rag.config import Settings
from rag.ui.conversations import ConversationStore
from rag.ui.demo import CannedBot
from rag.ui.server import create_app

from .. import ui_doubles as world
from .accessibility import check
from .hosting import Intranet, origin

NOISE = "Blocked autofocusing"  # the browser on a text field that wants the focus in a frame
FOCUSED = "() => document.activeElement && document.activeElement.matches('#box textarea')"


@pytest.fixture(scope="module")
def bot() -> CannedBot:
    return world.canned_bot()


@pytest.fixture(scope="module")
def intranet(run_app: Callable[..., str], bot: CannedBot, tmp_path_factory: pytest.TempPathFactory) -> Intranet:
    """Pages at http://localhost:A, the chat at http://127.0.0.1:B, which lists the first."""
    site = Intranet()
    site.address = run_app(site.app())  # type: ignore[attr-defined]
    site.home = origin(site.address)  # type: ignore[attr-defined]
    store = ConversationStore(tmp_path_factory.mktemp("embed") / "conversations.sqlite")
    app = create_app(bot, settings=Settings(embed_origins=(site.home,)), conversations=store)  # type: ignore[attr-defined]
    site.service = run_app(app).rstrip("/")
    return site


class Visit:
    """A page of the intranet in a browser session of its own."""

    def __init__(self, browser: Any, site: Any, **options: Any) -> None:
        options = {"viewport": {"width": 1280, "height": 800}, "locale": "zh-CN"} | options
        self.site, self.context = site, browser.new_context(**options)
        self.requests: list[str] = []
        self.said: list[str] = []
        self.context.on("request", lambda r: self.requests.append(r.url))
        self.page = self.context.new_page()
        self.page.on("console", lambda m: self.said.append(m.text))
        self.page.on("pageerror", lambda e: self.said.append(str(e)))

    def go(self, name: str, at: str | None = None) -> Visit:
        self.page.goto(f"{at or self.site.home}/{name}")
        self.page.wait_for_function("window.Zhiyin")
        return self

    def click_bubble(self, left: bool = False) -> None:
        size = self.page.viewport_size
        self.page.mouse.click(48 if left else size["width"] - 48, size["height"] - 48)

    def ready(self) -> Any:
        self.page.evaluate("() => new Promise((done) => Zhiyin.on('ready', () => done(1)))")
        return self.frame()

    def frame(self) -> Any:
        return next(f for f in self.page.frames if urlsplit(f.url).path == "/embed" and f.parent_frame == self.page.main_frame)

    def wait(self, condition: str, arg: Any = None) -> None:
        self.page.wait_for_function(condition, arg=arg)

    def events(self, name: str) -> list[Any]:
        return [detail for event, detail in self.page.evaluate("window.events") if event == name]

    def ask(self, frame: Any, question: str) -> None:
        before = len(self.events("answer"))
        frame.fill("#box textarea", question)
        frame.press("#box textarea", "Enter")
        self.wait("n => window.events.filter((e) => e[0] === 'answer').length > n", before)

    def box(self) -> dict[str, float]:
        return self.frame().frame_element().bounding_box()

    def tree(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Role, name and properties of what a screen reader is told, closed shadow roots and all."""
        session = self.context.new_cdp_session(self.page)
        nodes = session.send("Accessibility.getFullAXTree")["nodes"]
        return [
            (n["role"]["value"], n.get("name", {}).get("value", ""), {p["name"]: p["value"].get("value") for p in n.get("properties", ())})
            for n in nodes
            if not n.get("ignored")
        ]

    def hosts(self) -> set[str]:
        return {urlsplit(url).netloc for url in self.requests if urlsplit(url).scheme in ("http", "https", "ws", "wss")}

    def complaints(self) -> list[str]:
        return [said for said in self.said if NOISE not in said]


@pytest.fixture
def visit(browser: Any, intranet: Intranet) -> Iterator[Callable[..., Visit]]:
    opened: list[Visit] = []

    def start(name: str, at: str | None = None, **options: Any) -> Visit:
        opened.append(Visit(browser, intranet, **options))
        return opened[-1].go(name, at)

    yield start
    for one in opened:
        one.context.close()


def test_nothing_but_the_script_is_loaded_before_it_is_opened(visit, intranet, capsys) -> None:
    intranet.put("lazy")
    v = visit("lazy")
    v.page.wait_for_timeout(800)
    ours = [url for url in v.requests if url.startswith(intranet.service)]
    assert ours == [f"{intranet.service}/embed.js"]
    assert len(v.page.frames) == 1
    script = v.page.request.get(ours[0]).body()
    size = len(gzip.compress(script, 9, mtime=0))
    with capsys.disabled():
        sys.stdout.write(f"\nembed.js: {len(script)} bytes, {size} gzipped\n")
    assert size < 10_000


def test_it_works_in_a_hostile_stylesheet_and_under_a_strict_policy(visit, intranet) -> None:
    intranet.put("hostile", style="hostile")
    v = visit("hostile")
    assert v.page.locator("#own").is_hidden()  # the sheet does what it says
    before = v.page.evaluate("document.body.innerHTML")
    v.click_bubble()
    frame = v.ready()
    v.ask(frame, world.QUESTION)
    assert frame.locator(".short").inner_text().startswith("118.4万人次")
    assert v.box()["width"] > 380 and v.box()["height"] > 580
    inside = v.box()
    shown = v.page.evaluate("([x, y]) => document.elementFromPoint(x, y).dataset.zhiyinHost", [inside["x"] + 60, inside["y"] + 60])
    assert shown == ""  # it lies on top, and can be clicked
    frame.locator(".turn .mark").first.click()
    frame.wait_for_selector("#panel .m")
    assert frame.evaluate("[...document.querySelectorAll('#panel .m')].map((n) => n.textContent).join('')") == "118.4万人次"
    (answer,) = v.events("answer")
    assert answer["question"] == world.QUESTION and answer["short"] == "118.4万人次" and not answer["refused"]
    assert answer["citations"][0]["source"] == world.RIVER.source
    assert [name for name, _ in v.page.evaluate("window.events")] == ["open", "ready", "answer"]
    assert v.page.evaluate("document.body.innerHTML") == before  # the page is as it was
    assert v.page.evaluate("window.violations") == [] and v.complaints() == []
    assert v.hosts() == {urlsplit(intranet.service).netloc, urlsplit(intranet.home).netloc}


def test_the_pages_own_scripts_find_no_way_in(visit, intranet) -> None:
    intranet.put("closed")
    v = visit("closed")
    v.click_bubble()
    v.ready()
    assert v.page.evaluate("[document.querySelector('[data-zhiyin-host]').shadowRoot, window.frames.length]") == [None, 0]


def test_a_site_that_is_not_listed_is_blocked_by_the_browser(visit, intranet) -> None:
    intranet.put("unlisted")
    v = visit("unlisted", at=origin(intranet.address, "127.0.0.1"))  # the same page under a name that is not on the list
    v.click_bubble()
    v.wait("() => window.events.some((e) => e[0] === 'error')")
    (error,) = v.events("error")
    assert error["code"] == "blocked" and "embed_origins" in error["message"]
    assert any("frame-ancestors" in said for said in v.said), v.said
    assert not any(url.endswith(("/embed/static/frame.js", "/queue/join")) for url in v.requests)
    alerts = [name for role, name, _ in v.tree() if role == "StaticText"]
    assert "这里暂时打不开问答" in alerts and "重试" in alerts
    v.page.keyboard.press("Escape")
    assert v.events("close") == [None]


def test_a_blocked_chat_says_so_soon_and_to_whoever_listens_later(visit, intranet) -> None:
    intranet.put("unlisted")
    v = visit("unlisted", at=origin(intranet.address, "127.0.0.1"))
    v.page.evaluate("Zhiyin.open()")
    v.page.wait_for_function("() => window.events.some((e) => e[0] === 'error')", timeout=3500)
    assert [name for name, _ in v.page.evaluate("window.events")] == ["open", "error"]
    heard = v.page.evaluate("() => { const codes = []; Zhiyin.on('error', (error) => codes.push(error.code)); return codes; }")
    assert heard == ["blocked"]


def test_a_question_to_a_blocked_chat_fails(visit, intranet) -> None:
    intranet.put("unlisted")
    v = visit("unlisted", at=origin(intranet.address, "127.0.0.1"))
    code = v.page.evaluate("(q) => Zhiyin.ask(q).then(() => 'answered', (error) => error.code)", world.QUESTION)
    assert code == "blocked"


@pytest.mark.parametrize("allowed", [True, False])
def test_a_plain_iframe(visit, intranet, browser, allowed: bool) -> None:
    intranet.put("iframe", body=f'<iframe src="{intranet.service}/embed#lang=en&amp;title=Reading%20room" width="400" height="600"></iframe>', script=False)
    v = Visit(browser, intranet)
    v.page.goto((intranet.home if allowed else origin(intranet.address, "127.0.0.1")) + "/iframe")
    if allowed:
        frame = v.page.frame_locator("iframe")
        frame.locator("#log .welcome").wait_for()
        assert frame.locator("#embed-bar h1").inner_text() == "Reading room"
        assert frame.locator("[data-embed=close]").count() == 0
        frame.locator("#box textarea").fill(world.QUESTION)
        frame.locator("#box textarea").press("Enter")
        frame.locator(".short").wait_for()
    else:
        v.page.wait_for_timeout(1500)
        assert any("frame-ancestors" in said for said in v.said)
        assert not any("frame.js" in url for url in v.requests)
    v.context.close()


ATTACK = """
(messages) => new Promise((done) => {
  for (const message of messages) {
    parent.postMessage(message, '*');
    for (let i = 0; i < parent.frames.length; i += 1) parent.frames[i].postMessage(message, '*');
  }
  setTimeout(done, 700);
})
"""


def test_messages_of_foreign_pages_are_ignored(visit, intranet, bot, run_app) -> None:
    stranger = Intranet()
    stranger.put("evil", script=False)
    foreign = origin(run_app(stranger.app()))
    intranet.others = foreign
    plain = f'<iframe src="{intranet.service}/embed#origin={intranet.home}" width="400" height="500"></iframe>'
    intranet.put("attacked", body=f'<iframe src="{foreign}/evil"></iframe>{plain}')
    v = visit("attacked")
    v.click_bubble()
    v.ready()
    chats = [f for f in v.page.frames if urlsplit(f.url).path == "/embed"]
    assert len(chats) == 2
    for chat in chats:
        chat.wait_for_selector("#log .welcome")
    evil = next(f for f in v.page.frames if f.url.startswith(foreign))
    asked = {"zhiyin": 1, "type": "ask", "id": 7, "question": world.QUESTION}
    forged = [{"zhiyin": 1, "type": "answer", "answer": {"answer": "假的"}}, {"zhiyin": 1, "type": "error", "code": "x", "message": "假的"}]
    calls = len(bot.calls)
    evil.evaluate(ATTACK, [asked, *forged, {"zhiyin": 1, "type": "token"}, {"zhiyin": 1, "type": "close"}])
    assert [e[0] for e in v.page.evaluate("window.events")] == ["open", "ready"]
    assert len(bot.calls) == calls and all(chat.locator(".turn").count() == 0 for chat in chats)
    # the page itself can't forge what the frame says, either
    v.page.evaluate("(m) => postMessage(m, '*')", forged[0])
    v.page.wait_for_timeout(300)
    assert v.events("answer") == []
    # while the page that is listed is heard, by the very same message
    v.page.evaluate("([m, to]) => window.frames[1].postMessage(m, to)", [asked, intranet.service])
    plain_chat = next(f for f in chats if not f.evaluate("document.documentElement.dataset.embed === 'bubble'"))
    plain_chat.wait_for_selector(".turn .short")
    assert len(bot.calls) > calls


STORED = "() => { try { return Object.keys(localStorage).length } catch { return null } }"


@pytest.mark.parametrize("same_site", [True, False])
def test_the_conversation_is_remembered_after_a_reload(visit, intranet, same_site: bool) -> None:
    """In the frame's own storage; where the browser gives it none (another site, in private), by the tab."""
    service = origin(intranet.service) if same_site else intranet.service
    intranet.put("memory", service=service)
    v = visit("memory")
    v.click_bubble()
    v.ask(v.ready(), world.QUESTION)
    v.ask(v.frame(), world.COMPARISON)
    v.page.wait_for_timeout(300)
    assert bool(v.frame().evaluate(STORED)) == same_site
    v.go("memory")
    v.click_bubble()
    frame = v.ready()
    assert [t.inner_text() for t in frame.locator(".question p").all()] == [world.QUESTION, world.COMPARISON]
    v.page.wait_for_timeout(300)
    assert v.events("answer") == []  # nothing of it is news
    assert v.context.cookies() == []
    frame.click("[data-embed=new]")
    frame.wait_for_selector("#log .welcome")
    v.page.wait_for_timeout(300)
    v.go("memory")
    v.click_bubble()
    assert v.ready().locator(".turn").count() == 0  # and what was put away stays away


def test_another_visitor_does_not_get_it(visit, intranet) -> None:
    intranet.put("memory")
    one, two = visit("memory"), visit("memory")
    one.click_bubble()
    one.ask(one.ready(), world.QUESTION)
    two.click_bubble()
    assert two.ready().locator(".turn").count() == 0


def test_without_any_storage_it_works_and_forgets(visit, intranet, browser) -> None:
    intranet.put("memory")
    v = Visit(browser, intranet)
    v.context.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, {get() { throw new DOMException('denied', 'SecurityError'); }});"
    )
    v.go("memory")
    v.click_bubble()
    v.ask(v.ready(), world.QUESTION)
    assert v.frame().locator(".short").count() == 1
    v.go("memory")
    v.click_bubble()
    assert v.ready().locator(".turn").count() == 0
    v.context.close()


def test_the_keyboard_goes_in_and_comes_back(visit, intranet) -> None:
    intranet.put("keys")
    v = visit("keys")
    buttons = [(name, p) for role, name, p in v.tree() if role == "button" and "问答" in name]
    assert [(name, p["expanded"], p["hasPopup"]) for name, p in buttons] == [("打开问答：知引", False, "dialog")]
    v.page.keyboard.press("Tab")  # the page's own button
    v.page.keyboard.press("Tab")
    v.page.keyboard.press("Enter")
    frame = v.ready()
    frame.wait_for_function(FOCUSED)
    tree = v.tree()
    assert ("dialog", "知引") in [(role, name) for role, name, _ in tree]
    assert [p["expanded"] for role, name, p in tree if role == "button" and name == "收起问答"] == [True]
    v.ask(frame, world.QUESTION)
    frame.locator(".turn .mark").first.click()
    frame.wait_for_selector("#panel .m")
    v.page.keyboard.press("Escape")  # closes the source
    assert frame.locator("#panel").is_hidden() and v.events("close") == []
    v.page.keyboard.press("Escape")  # closes the chat
    v.wait("() => window.events.some((e) => e[0] === 'close')")
    assert v.page.evaluate("document.activeElement.hasAttribute('data-zhiyin-host')")
    v.page.keyboard.press("Enter")  # it is the bubble that has the focus
    frame.wait_for_function(FOCUSED)
    assert frame.locator(".turn").count() == 1  # the same frame


def test_opened_by_the_page_the_focus_goes_back_to_the_page(visit, intranet) -> None:
    intranet.put("keys")
    v = visit("keys")
    v.page.focus("#own")
    v.page.evaluate("Zhiyin.open()")
    frame = v.ready()
    frame.wait_for_function(FOCUSED)
    frame.click("[data-embed=close]")
    v.wait("() => document.activeElement.id === 'own'")


def test_the_interface_for_scripts(visit, intranet) -> None:
    intranet.put("api")
    v = visit("api")
    answers = v.page.evaluate("(qs) => Promise.all(qs.map((q) => Zhiyin.ask(q)))", [world.QUESTION, world.UNKNOWN])
    assert [(a["question"], a["refused"]) for a in answers] == [(world.QUESTION, False), (world.UNKNOWN, True)]
    assert v.page.evaluate("(q) => Zhiyin.ask(q).then(() => 0, (e) => e.code)", world.BROKEN) == "failed"
    assert v.page.evaluate("Zhiyin.ask(' ').then(() => 0, (e) => e.name)") == "TypeError"
    assert "ready, open" in v.page.evaluate("() => { try { Zhiyin.on('nope', () => 0) } catch (e) { return e.message } }")
    heard = v.page.evaluate(
        """() => { const heard = []; const off = Zhiyin.on('close', () => heard.push(1)); Zhiyin.on('close', () => { throw new Error('theirs'); });
            Zhiyin.on('close', () => heard.push(2)); Zhiyin.close(); off(); Zhiyin.open(); Zhiyin.close(); return heard; }"""
    )
    assert heard == [1, 2, 2]  # one that throws stops no other
    assert v.page.evaluate("() => { Zhiyin.ask = 0; return typeof Zhiyin.ask; }") == "function"


def test_attributes_reach_the_frame(visit, intranet, bot) -> None:
    intranet.put(
        "attributes",
        'data-lang="en" data-title="Reading room" data-color="#00f" data-greeting="Ask &lt;b&gt;us&lt;/b&gt;" data-position="left" '
        'data-label="Ask" data-theme="dark" data-filter="region=浙江; year=2023"',
    )
    v = visit("attributes", color_scheme="light")
    assert "Ask" in [name for role, name, _ in v.tree() if role == "button"]
    v.click_bubble(left=True)
    frame = v.ready()
    assert v.box()["x"] < 40
    assert frame.locator("#embed-bar h1").inner_text() == "Reading room"
    assert frame.locator(".welcome h2").inner_text() == "Ask <b>us</b>"
    look = frame.evaluate("() => { const d = document.documentElement; return [d.lang, d.dataset.theme, getComputedStyle(d).getPropertyValue('--accent')]; }")
    assert look[:2] == ["en", "dark"] and look[2] not in ("", "#eb9279") and look[2] != "rgb(0 0 255)"  # blue, made lighter to be read
    filters = frame.evaluate("JSON.parse(document.querySelector('#bar .bar').dataset.filters)")
    assert filters == {"sources": [], "regions": ["浙江"], "years": [2023]}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_gets_a_sheet(visit, intranet, scheme: str) -> None:
    intranet.put("phone")
    v = visit("phone", viewport={"width": 360, "height": 740}, color_scheme=scheme, has_touch=True)
    v.click_bubble()
    frame = v.ready()
    assert v.box() == {"x": 0, "y": 0, "width": 360, "height": 740}
    assert [p.get("modal") for role, _, p in v.tree() if role == "dialog"] == [True]
    v.ask(frame, world.QUESTION)
    assert frame.evaluate("document.documentElement.scrollWidth") == 360
    assert frame.evaluate("document.documentElement.dataset.theme") == scheme
    for _ in range(25):  # the keyboard stays in the sheet
        v.page.keyboard.press("Tab")
        assert v.page.evaluate("document.activeElement.hasAttribute('data-zhiyin-host')")
    frame.click("[data-embed=close]")
    v.wait("() => window.events.some((e) => e[0] === 'close')")


@pytest.mark.parametrize(("motion", "moves"), [("no-preference", True), ("reduce", False)])
def test_reduced_motion(visit, intranet, motion: str, moves: bool) -> None:
    intranet.put("motion")
    v = visit("motion", reduced_motion=motion)
    started: list[Any] = []
    session = v.context.new_cdp_session(v.page)
    session.on("Animation.animationStarted", lambda event: started.extend([event]))
    session.send("Animation.enable")
    v.click_bubble()
    v.page.wait_for_timeout(500)
    assert bool(started) == moves


def test_a_panel_in_place_is_loaded_when_it_comes_into_view(visit, intranet) -> None:
    intranet.put("panel", 'data-target="#chat" data-height="520px"', '<p id="far"></p><div id="chat"></div>')
    v = visit("panel", viewport={"width": 1000, "height": 120})
    v.page.wait_for_timeout(500)
    assert len(v.page.frames) == 1
    v.page.evaluate("document.querySelector('#chat').scrollIntoView()")
    frame = v.ready()
    assert v.box()["height"] > 500 and v.box()["width"] > 500
    assert v.page.evaluate("document.activeElement.tagName") == "BODY"  # nobody gave it the focus
    v.ask(frame, world.QUESTION)
    assert frame.locator("[data-embed=close]").count() == 0


def test_a_target_that_is_not_there_is_said(visit, intranet) -> None:
    intranet.put("lost", 'data-target="#nowhere"')
    v = visit("lost")
    assert any("#nowhere" in said for said in v.said)
    v.click_bubble()
    v.ready()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_serious(visit, intranet, width: int, scheme: str) -> None:
    """In the host page with the bubble, and in the frame with answers and the source."""
    intranet.put("axe")
    # so high that nothing is scrolled: axe would tell of targets that the bars above and below half cover
    v = visit("axe", viewport={"width": width, "height": 1600}, color_scheme=scheme)
    check(v.page)
    v.click_bubble()
    frame = v.ready()
    for question in (world.QUESTION, world.UNKNOWN):
        v.ask(frame, question)
    check(frame)
    frame.locator(".mark").first.click()
    frame.wait_for_selector("#panel .m")
    check(frame)


def test_axe_finds_nothing_serious_on_the_setup_page(browser, intranet) -> None:
    page = browser.new_page()
    page.goto(f"{intranet.service}/embed/setup")
    page.wait_for_selector("#snippet")
    check(page)
    page.close()


# ---- a reader who is signed in to the page -----------------------------------
KEY = "a secret of thirty-two characters or more, for tests"


@pytest.fixture(scope="module")
def signed(run_app: Callable[..., str], intranet: Intranet, tmp_path_factory: pytest.TempPathFactory) -> Intranet:
    """The same pages, and a chat that takes their tickets and nobody without one."""
    import jwt

    home = tmp_path_factory.mktemp("signed")
    (home / "key").write_text(KEY, encoding="utf-8")
    (home / "key").chmod(0o600)
    site = Intranet()
    site.address = run_app(site.app())  # type: ignore[attr-defined]
    site.home = origin(site.address)  # type: ignore[attr-defined]
    settings = Settings(
        embed_origins=(site.home,), auth_jwt_key_file=str(home / "key"), auth_jwt_algorithm="HS256", auth_jwt_audience="https://chat.example"
    )  # type: ignore[attr-defined]
    store = ConversationStore(home / "conversations.sqlite")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZHIYIN_HOME", str(home))
        site.service = run_app(create_app(world.canned_bot(), settings=settings, conversations=store)).rstrip("/")

    def ticket() -> dict[str, str]:
        now = int(time.time())
        claims = {"aud": "https://chat.example", "iat": now, "exp": now + 120, "sub": "li.lei", "jti": uuid.uuid4().hex, "origin": site.home}
        return {"token": jwt.encode(claims, KEY, algorithm="HS256")}

    site.tokens = ticket
    return site


def test_a_reader_of_the_page_need_not_sign_in_again(browser, signed) -> None:
    signed.put("token", 'data-token-url="/ticket"')
    v = Visit(browser, signed).go("token")
    carried: dict[str, str | None] = {}
    v.context.on("request", lambda r: carried.update({urlsplit(r.url).path: r.headers.get("authorization")}))
    assert not any(url.endswith("/ticket") for url in v.requests)
    v.click_bubble()
    frame = v.ready()
    v.ask(frame, world.QUESTION)
    assert frame.locator(".short").count() == 1 and frame.locator("#embed-note").count() == 0
    assert (carried["/gradio_api/queue/join"] or "").startswith("Bearer ") and (carried["/gradio_api/queue/data"] or "").startswith("Bearer ")
    assert sum(url.endswith("/ticket") for url in v.requests) == 1
    assert v.context.cookies() == [] and v.hosts() == {urlsplit(signed.service).netloc, urlsplit(signed.home).netloc}
    v.context.close()


@pytest.mark.parametrize("given", ["() => 'nonsense'", "() => ''", "() => { throw new Error('signed out') }"])
def test_without_a_valid_ticket_nothing_is_answered(browser, signed, given: str) -> None:
    signed.put("bare")
    v = Visit(browser, signed).go("bare")
    v.page.evaluate(f"() => {{ Zhiyin.setToken({given}); Zhiyin.open(); }}")
    v.wait("() => window.events.some((e) => e[0] === 'error' && e[1].code === 'token')")
    frame = v.frame()
    frame.wait_for_selector("#embed-note")
    assert frame.locator("#embed-note").get_attribute("role") == "alert"
    assert frame.locator(".chip, .turn").count() == 0
    v.context.close()


@pytest.fixture(scope="module")
def locked(run_app: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Intranet:
    """The same pages, and a chat with a shared token alone: no tickets."""
    home = tmp_path_factory.mktemp("locked")
    site = Intranet()
    site.address = run_app(site.app())  # type: ignore[attr-defined]
    site.home = origin(site.address)  # type: ignore[attr-defined]
    store = ConversationStore(home / "conversations.sqlite")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZHIYIN_HOME", str(home))
        patch.setenv("EMBED_TEST_TOKEN", KEY)
        settings = Settings(embed_origins=(site.home,), auth_token_env="EMBED_TEST_TOKEN")  # type: ignore[attr-defined]
        site.service = run_app(create_app(world.canned_bot(), settings=settings, conversations=store)).rstrip("/")
    return site


@pytest.mark.parametrize("kind", ["signed", "locked"])
def test_the_plain_line_where_readers_must_sign_in(browser, request, kind: str) -> None:
    site = request.getfixturevalue(kind)
    site.put("plain")
    v = Visit(browser, site).go("plain")
    v.page.evaluate("Zhiyin.open()")
    v.wait("() => window.events.some((e) => e[0] === 'error')")
    frame = v.frame()
    frame.wait_for_selector("#embed-note")
    assert frame.locator("#embed-note").get_attribute("role") == "alert"
    assert [frame.locator(f"#embed-note .{lang}").count() for lang in ("zh", "en")] == [1, 1]
    codes = v.page.evaluate("(q) => Promise.all([q, q].map((one) => Zhiyin.ask(one).then(() => 'answered', (error) => error.code)))", world.QUESTION)
    assert codes == ["token", "token"]
    v.page.wait_for_timeout(6000)  # longer than the frame prepares itself
    assert v.events("ready") == [] and {error["code"] for error in v.events("error")} == {"token"}
    assert frame.locator("#embed-note").is_visible() and frame.locator(".turn").count() == 0
    assert not any(toast.is_visible() for toast in frame.locator(".toast-wrap").all())
    v.context.close()


def test_a_question_before_anything_is_known_fails_and_a_ticket_mends_it(browser, signed) -> None:
    signed.put("plain")
    v = Visit(browser, signed).go("plain")
    assert v.page.evaluate("(q) => Zhiyin.ask(q).then(() => 'answered', (error) => error.code)", world.QUESTION) == "token"
    v.page.evaluate("(token) => Zhiyin.setToken(token)", signed.tokens()["token"])
    assert v.page.evaluate("(q) => Zhiyin.ask(q).then((answer) => answer.short)", world.QUESTION) == "118.4万人次"
    assert v.frame().locator("#embed-note").count() == 0 and len(v.events("ready")) == 1
    v.context.close()


def test_the_setup_page_writes_what_works(visit, intranet, browser) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN", permissions=["clipboard-read", "clipboard-write"])
    said: list[str] = []
    page = context.new_page()
    page.on("console", lambda m: said.append(m.text) if m.type in ("error", "warning") else None)
    page.goto(f"{intranet.service}/embed/setup")
    page.fill("#title", '图书馆 "小助手" <b>')
    page.fill("#site", "https://a.example/path")
    assert "没有路径" in page.inner_text("#site-says")
    page.fill("#site", "https://other.example")
    assert "不在名单" in page.inner_text("#site-says") and "https://other.example" in page.inner_text("#toml")
    page.fill("#site", intranet.home)
    assert page.inner_text("#site-says") == "已在名单里"
    page.click("[data-copy=snippet]")
    page.wait_for_function("() => document.querySelector('[data-copy=snippet]').textContent === '已复制'")
    snippet = page.evaluate("navigator.clipboard.readText()")
    page.wait_for_function("() => { const f = document.querySelector('#preview').contentWindow; return f.Zhiyin && f.location.search.includes('title'); }")
    preview = next(f for f in page.frames if "/embed/preview" in f.url)
    preview.evaluate("() => new Promise((done) => { Zhiyin.on('ready', done); Zhiyin.open(); })")
    framed = next(f for f in page.frames if urlsplit(f.url).path == "/embed")
    assert framed.inner_text("#embed-bar h1") == '图书馆 "小助手" <b>'
    assert said == []
    page.check("input[value=panel]", force=True)
    panel = page.inner_text("#snippet")
    page.check("input[value=iframe]", force=True)
    iframe = page.inner_text("#snippet")
    context.close()
    for name, code in (("pasted", snippet), ("pasted-panel", panel), ("pasted-iframe", iframe)):
        intranet.put(name, body=code, script=False)
    for name in ("pasted", "pasted-panel"):
        v = visit(name)
        v.page.evaluate("Zhiyin.open()")
        assert v.ready().inner_text("#embed-bar h1") == '图书馆 "小助手" <b>'
    v = Visit(browser, intranet)
    v.page.goto(f"{intranet.home}/pasted-iframe")
    heading = v.page.frame_locator("iframe").locator("#embed-bar h1")
    heading.wait_for()
    assert heading.inner_text() == '图书馆 "小助手" <b>'
    v.context.close()
