"""The chat window as a reader meets it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from rag.feedback import FeedbackStore
from rag.ui.texts import TEXTS

from .. import ui_doubles as world
from .browsing import read_net_log

HIGHLIGHTED = "() => [...document.querySelectorAll('#panel .q')].map(n => n.textContent).join('')"
PROVED = "() => [...document.querySelectorAll('#panel .m')].map(n => n.textContent).join('')"


def inside(page, selector: str) -> bool:
    """Whether the element lies in the visible part of the panel's text."""
    return page.evaluate(
        """s => { const a = document.querySelector(s).getBoundingClientRect(),
                 b = document.querySelector('.panel-body').getBoundingClientRect();
           return a.top >= b.top && a.bottom <= b.bottom && b.bottom <= innerHeight + 1; }""",
        selector,
    )


def test_a_question_is_answered_and_its_proof_is_highlighted(window) -> None:
    w = window()
    turn = w.ask(world.QUESTION)
    assert turn.locator(".short").inner_text().replace("\n", "").startswith("118.4万人次")
    assert turn.locator(".card blockquote").text_content() == world.VISITS.quote
    assert turn.locator(".card mark").all_text_contents() == ["118.4万人次"]
    turn.locator(".mark").click()
    w.page.wait_for_selector("#panel .m")
    assert w.page.evaluate(PROVED) == "118.4万人次"
    assert "zhèng" not in w.page.evaluate(HIGHLIGHTED)
    assert inside(w.page, "#panel .m")
    w.page.get_by_text("原始文字", exact=True).click()
    w.page.wait_for_selector("#panel .raw .m")
    assert w.page.evaluate(HIGHLIGHTED) == world.VISITS.quote  # to the letter
    assert w.page.evaluate(PROVED) == "118.4万人次"
    assert inside(w.page, "#panel .m")
    assert "返回列表" in w.page.locator("#panel .cutaway").first.inner_text()


def test_show_source_opens_the_same_panel(window) -> None:
    w = window()
    w.ask(world.QUESTION).get_by_text("显示依据").click()
    w.page.wait_for_selector("#panel .m")
    assert "河岸图书馆2023年服务年报" in w.page.locator("#panel h2").inner_text()
    assert "2024-01-15" in w.page.locator("#panel .panel-head .meta").inner_text()


def test_escape_closes_the_panel_and_gives_the_focus_back(window) -> None:
    w = window()
    mark = w.ask(world.QUESTION).locator(".mark")
    mark.focus()
    w.page.keyboard.press("Enter")
    w.page.wait_for_selector("#panel .m")
    assert w.page.evaluate("document.activeElement.closest('#panel') !== null")
    w.page.keyboard.press("Escape")
    assert w.page.locator("#panel").is_hidden()
    assert mark.evaluate("n => n === document.activeElement")


def test_a_comparison_is_a_table_whose_proofs_are_walked_through(window) -> None:
    w = window()
    turn = w.ask(world.COMPARISON)
    assert turn.locator("tbody th").all_inner_texts() == ["浙江", "重庆", "西藏"]
    assert turn.locator("td .mark").count() == 2
    assert "没有找到" in turn.locator("tr", has_text="西藏").inner_text()
    turn.locator(".mark").first.click()
    w.page.wait_for_selector("#panel .m")
    assert w.page.evaluate(PROVED) == "462场"
    assert w.page.locator("[data-panel=previous]").is_disabled()
    w.page.click("[data-panel=next]")
    w.page.wait_for_function(f"({PROVED})() === '520场'")
    assert w.page.evaluate(HIGHLIGHTED) == world.SHOPS.quote
    assert w.page.locator("[data-panel=next]").is_disabled()
    w.page.click("[data-panel=previous]")
    w.page.wait_for_function(f"({PROVED})() === '462场'")
    assert w.page.locator("#panel .page").count() == 0  # a text file has no pages
    w.page.keyboard.press("ArrowRight")
    w.page.wait_for_function(f"({PROVED})() === '520场'")
    assert w.page.locator("#panel .page").inner_text() == "第 1 页"
    w.page.keyboard.press("ArrowLeft")
    w.page.wait_for_function(f"({PROVED})() === '462场'")


def test_a_refusal_looks_like_one(window) -> None:
    w = window()
    turn = w.ask(world.UNKNOWN)
    assert turn.locator(".refused .verdict").inner_text().strip() == "文档中没有找到依据"
    assert "相关内容，不是答案" in turn.inner_text()
    assert turn.locator(".mark, .card, .short").count() == 0
    turn.locator(".passage button").first.click()
    w.page.wait_for_selector("#panel .q")
    assert "接待读者118.4万人次" in w.page.evaluate(HIGHLIGHTED)
    assert w.page.locator("#panel mark").count() == 0  # related text is not marked as proof
    assert "相关内容，不是答案" in w.page.locator("#panel .warn").inner_text()


def test_hostile_text_stays_text(window) -> None:
    w = window()
    turn = w.ask(world.HOSTILE)
    assert turn.locator(".question p").text_content() == world.HOSTILE
    turn.locator(".mark").first.click()
    w.page.wait_for_selector("#panel .m")
    w.page.click("[data-panel=raw]")
    assert w.page.evaluate(HIGHLIGHTED) == world.HOSTILE_ANSWER.citations[0].quote
    w.page.click("[data-action=documents]")
    w.page.wait_for_selector(".documents .document")
    w.page.hover(".card")
    assert w.page.evaluate("window.hacked") is None
    assert w.page.locator("#log img, #log script, #log a, #panel img, #panel script, #panel a").count() == 0
    assert not any("evil" in url for url in w.requests)


def test_inline_scripts_do_not_run_even_if_they_got_in(window) -> None:
    w = window()
    w.page.evaluate(
        """() => { const d = document.createElement('div'); d.innerHTML = '<img src=x onerror="window.hacked=9">';
                   document.body.append(d); const s = document.createElement('script'); s.textContent = 'window.hacked=10';
                   document.body.append(s); }"""
    )
    w.page.wait_for_timeout(300)
    assert w.page.evaluate("window.hacked") is None
    assert any("Content Security Policy" in c for c in w.complaints)
    w.complaints.clear()


def test_errors_are_told_without_secrets(window) -> None:
    w = window()
    assert "the model file is damaged" in w.ask(world.BROKEN).inner_text()
    failed = w.ask(world.SECRET)
    assert "这次没能回答" in failed.inner_text() and "secret" not in failed.inner_text()
    assert w.ask(world.QUESTION).locator(".short").count() == 1  # and it goes on


def test_an_example_is_asked_with_a_click(window) -> None:
    w = window()
    w.page.wait_for_selector(".chip")
    assert w.page.locator(".chip").all_inner_texts() == [
        world.EXAMPLE
    ]  # what would be refused is not offered
    w.page.click(".chip")
    assert w.answered(1).locator(".question p").inner_text() == world.EXAMPLE
    assert w.page.locator(".welcome").count() == 0


def test_a_new_chat_starts_over(window, serve: Callable[..., str]) -> None:
    bot = world.canned_bot()
    w = window(serve(bot))
    w.ask(world.QUESTION)
    w.ask(world.UNKNOWN)
    assert bot.streamed[-1] == (world.UNKNOWN, ((world.QUESTION, "118.4万人次"),))
    w.page.click("[data-action=new]")
    w.page.wait_for_selector(".welcome")
    w.ask(world.COMPARISON)
    assert bot.streamed[-1] == (world.COMPARISON, ())


def test_two_sessions_do_not_see_each_other(window, serve: Callable[..., str]) -> None:
    bot = world.canned_bot(pause=0.2)
    at = serve(bot)
    one, two = window(at), window(at)
    one.page.fill("#box textarea", world.SLOW)
    one.page.press("#box textarea", "Enter")
    two.page.fill("#box textarea", world.QUESTION)
    two.page.press("#box textarea", "Enter")
    two.answered(1)
    one.answered(1)
    assert one.page.locator(".turn").count() == two.page.locator(".turn").count() == 1
    assert world.QUESTION not in one.page.locator("#log").inner_text()
    two.ask(world.UNKNOWN)
    assert bot.streamed[-1] == (world.UNKNOWN, ((world.QUESTION, "118.4万人次"),))


def test_an_answer_grows_and_can_be_stopped(window, serve: Callable[..., str]) -> None:
    w = window(serve(world.canned_bot(pause=0.9)))
    w.page.fill("#box textarea", world.SLOW)
    w.page.press("#box textarea", "Enter")
    w.page.wait_for_selector(".pending")
    w.page.wait_for_selector(".answered .statement")
    assert w.page.locator(".answered .dots").count() == 1
    with w.page.expect_response(lambda r: "/gradio_api/reset" in r.url):
        w.page.click("#box .stop-button")
    assert "已停止" in w.answered(1).inner_text()
    w.page.wait_for_selector("#box .submit-button")
    assert "Error" not in w.page.inner_text("#log")
    assert w.ask(world.QUESTION).locator(".short").count() == 1


def asked_of_a_model(w: object, bot: world.WritingBot) -> object:
    """The page with what the reader found, while the model has written nothing yet."""
    page = w.page  # type: ignore[attr-defined]
    page.fill("#box textarea", world.WRITTEN)
    page.press("#box textarea", "Enter")
    page.wait_for_selector(".answered .short")
    return page


def test_what_the_reader_found_is_there_before_what_a_model_writes(window, serve: Callable[..., str]) -> None:
    bot = world.WritingBot()
    w = window(serve(bot))
    page = asked_of_a_model(w, bot)
    assert page.locator(".answered [role=status]").inner_text().strip().startswith("模型正在写")
    assert page.locator(".answered .statements").count() == 0
    assert page.locator("[role=status]").first.evaluate("n => n.parentElement.closest('[aria-live], [role=log], [role=status]')") is None
    page.locator(".answered .mark").focus()
    bot.go.release()
    page.wait_for_selector(".answered .statements li")
    assert page.locator(".answered .statements li").count() == 1 and page.locator(".answered [role=status]").count() == 1
    page.wait_for_function("document.activeElement === document.querySelector('.answered .short .mark')")  # the keyboard stays where it was
    bot.go.release()
    turn = w.answered(1)
    assert turn.locator(".statements .mark").all_inner_texts() == ["1", "2"]
    assert "由 qwen3-4b 写成" in turn.inner_text() and turn.locator("[role=status]").count() == 0
    turn.locator(".statements .mark").last.click()
    page.wait_for_selector("#panel .m")
    assert page.evaluate(PROVED) == "520场"


def test_stopping_a_model_keeps_what_was_proved(window, serve: Callable[..., str]) -> None:
    bot = world.WritingBot()
    w = window(serve(bot))
    page = asked_of_a_model(w, bot)
    bot.go.release()
    page.wait_for_selector(".answered .statements li")
    with page.expect_response(lambda r: "/gradio_api/reset" in r.url):
        page.click("#box .stop-button")
    turn = w.answered(1)
    assert "118.4万人次" in turn.locator(".short").inner_text() and turn.locator(".statements li").count() == 1
    assert "已停止" in turn.inner_text() and turn.locator(".failed").count() == 0
    page.wait_for_selector("#box .submit-button")


def test_the_next_question_can_be_written_and_sent_while_an_answer_comes(window, serve: Callable[..., str]) -> None:
    w = window(serve(world.canned_bot(pause=0.6)))
    w.page.fill("#box textarea", world.SLOW)
    w.page.press("#box textarea", "Enter")
    w.page.wait_for_selector(".pending")
    w.page.fill("#box textarea", "half a ques")
    w.page.wait_for_selector(".answered .statement")  # the answer grows beside what is being written
    assert w.page.input_value("#box textarea") == "half a ques"
    w.answered(1)
    assert w.page.input_value("#box textarea") == "half a ques"
    w.page.fill("#box textarea", world.SLOW)
    w.page.press("#box textarea", "Enter")
    w.page.wait_for_selector(".pending")
    w.page.fill("#box textarea", world.QUESTION)
    w.page.press("#box textarea", "Enter")
    assert w.answered(3).locator(".short").count() == 1
    assert world.SLOW in w.page.locator(".turn .question").nth(1).inner_text()


def test_enter_that_ends_a_composition_does_not_send(window) -> None:
    w = window()
    w.page.fill("#box textarea", "tushuguan")
    w.page.evaluate(
        """() => { const box = document.querySelector('#box textarea');
           for (const kind of ['keydown', 'keypress', 'keyup'])
             box.dispatchEvent(new KeyboardEvent(kind, {key: 'Enter', isComposing: true, bubbles: true, cancelable: true})); }"""
    )
    w.page.wait_for_timeout(500)
    assert w.page.locator(".turn").count() == 0
    w.page.press("#box textarea", "Enter")
    w.answered(1)


def test_blank_questions_are_not_asked(window) -> None:
    w = window()
    w.page.fill("#box textarea", "   ")
    w.page.press("#box textarea", "Enter")
    w.page.wait_for_timeout(500)
    assert w.page.locator(".turn").count() == 0
    assert w.page.locator("#box textarea").get_attribute("maxlength") == "2000"


def test_documents_are_listed_and_opened(window) -> None:
    w = window()
    assert "已载入 3 份文档" in w.page.locator(".loaded").inner_text()
    w.page.click("[data-action=documents]")
    w.page.wait_for_selector(".documents")
    assert w.page.locator(".documents .file").all_inner_texts() == [
        d.source for d in (world.RIVER, world.HILL, world.NASTY)
    ]
    w.page.locator(".document").nth(1).click()
    w.page.wait_for_selector("#panel .flow")
    assert w.page.locator("#panel .flow").text_content() == world.HILL_RAW
    assert w.page.locator("#panel .q").count() == 0


def test_a_document_that_changed_since_is_not_shown_as_proof(window, serve: Callable[..., str]) -> None:
    bot = world.canned_bot()
    bot._answers[world.QUESTION] = world.replace_version(world.FACT_ANSWER, "sha256:older")
    w = window(serve(bot))
    w.ask(world.QUESTION).locator(".mark").click()
    w.page.wait_for_selector("#panel [role=alert]")
    assert "changed" in w.page.locator("#panel .panel-body").inner_text()
    assert w.page.locator("#panel .q").count() == 0
    assert any("409" in c for c in w.complaints)
    w.complaints.clear()


def test_the_interface_speaks_english_and_remembers_it(window) -> None:
    w = window()
    turn = w.ask(world.UNKNOWN)
    w.page.click("[data-action=language]")
    assert turn.locator(".verdict").inner_text().strip() == TEXTS["refused"][1]
    assert w.page.locator("#box textarea").get_attribute("placeholder") == TEXTS["ask"][1]
    assert w.page.locator("[data-action=new]").get_attribute("aria-label") == TEXTS["new"][1]
    assert w.page.evaluate("document.documentElement.lang") == "en"
    turn.locator(".passage button").first.click()
    w.page.wait_for_selector("#panel .q")
    chrome = w.page.evaluate(
        """() => [...document.querySelectorAll('.tools b:not([lang]), h1, .loaded .en:first-child, .label, .quiet, .foot, #foot, .panel-tools, #panel .note')]
                   .filter(n => n.checkVisibility()).map(n => n.innerText).join(' ')"""
    )
    assert "New chat" in chrome and "Clean" in chrome
    assert not re.search(r"[\u4e00-\u9fff]", chrome)
    w.reload()
    w.page.wait_for_selector(".turn")  # the conversation is there again
    assert w.page.locator(".verdict").inner_text().strip() == TEXTS["refused"][1]


def background(page, selector: str = "body") -> int:
    """Mean of the background's channels, 0 black to 255 white."""
    found = page.evaluate("s => getComputedStyle(document.querySelector(s)).backgroundColor", selector)
    return sum(int(n) for n in re.findall(r"\d+", found)[:3]) // 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_follows_the_system_and_can_be_switched(window, scheme: str) -> None:
    w = window(color_scheme=scheme)
    dark = scheme == "dark"
    assert (background(w.page) < 64) is dark
    w.page.click("[data-action=theme]")
    assert (background(w.page) < 64) is not dark
    w.reload()
    assert (background(w.page) < 64) is not dark  # remembered


CONTRAST = """() => {
  const rgb = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((s, v, i) => s + v * [.2126, .7152, .0722][i], 0);
  const bad = [];
  for (const node of document.querySelectorAll('#top *, #log *, #foot *, #panel *, #box textarea')) {
    const own = [...node.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) || node.tagName === 'TEXTAREA';
    if (!own || !node.checkVisibility() || node.disabled) continue;
    let at = node, back = [0, 0, 0, 0];
    while (at && (back.length === 4 ? back[3] : 1) < 1) { back = rgb(getComputedStyle(at).backgroundColor); at = at.parentElement; }
    const [a, b] = [light(rgb(getComputedStyle(node).color)), light(back)].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) bad.push([node.className || node.tagName, node.textContent.slice(0, 20), ratio]);
  }
  return bad;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_on_the_page_has_aa_contrast(window, scheme: str) -> None:
    w = window(color_scheme=scheme)
    assert w.page.evaluate(CONTRAST) == []
    for question in (world.QUESTION, world.COMPARISON, world.UNKNOWN, world.BROKEN):
        turn = w.ask(question)
    w.page.locator(".mark").first.click()
    w.page.wait_for_selector("#panel .m")
    w.page.click("[data-panel=raw]")
    assert turn.locator(".failed").count() == 1
    assert w.page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("width", [320, 360, 768])
def test_narrow_screens_show_everything_in_one_column(window, width: int) -> None:
    w = window(viewport={"width": width, "height": 700})
    overflow = "document.documentElement.scrollWidth - innerWidth"
    assert w.page.evaluate(overflow) <= 0
    turn = w.ask(world.COMPARISON)
    w.ask(world.HOSTILE)
    assert w.page.evaluate(overflow) <= 0
    turn.locator(".mark").nth(1).click()
    w.page.wait_for_selector("#panel .m")
    w.page.wait_for_function("document.getElementById('panel').getAnimations().length === 0")
    box = w.page.locator("#panel").bounding_box()
    assert (box["x"], box["width"]) == (0, width)
    assert box["y"] > 60 and abs(box["y"] + box["height"] - 700) < 1  # a sheet from below
    assert inside(w.page, "#panel .m")
    for _ in range(12):
        w.page.keyboard.press("Tab")
        assert w.page.evaluate("document.activeElement.closest('#panel') !== null")
    w.page.mouse.click(width / 2, 20)  # outside
    assert w.page.locator("#panel").is_hidden()


def test_everything_has_a_name_and_can_be_reached_by_key(window) -> None:
    w = window()
    w.ask(world.COMPARISON)
    nameless = """() => [...document.querySelectorAll('button, textarea, input')].filter(n => n.checkVisibility()
        && !(n.getAttribute('aria-label') || n.innerText || '').trim()).map(n => n.outerHTML.slice(0, 90))"""
    assert w.page.evaluate(nameless) == []
    w.page.locator(".mark").first.focus()
    reached = set()
    for _ in range(12):
        reached.add(w.page.evaluate("document.activeElement.className.split(' ')[0]"))
        w.page.keyboard.press("Tab")
    assert {"mark", "quiet"} <= reached


def test_an_answer_is_copied_with_its_sources(window, address: str) -> None:
    w = window()
    w.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
    w.ask(world.QUESTION).get_by_text("复制回答与出处").click()
    w.page.get_by_text("已复制").wait_for()
    copied = w.page.evaluate("navigator.clipboard.readText()")
    assert world.VISITS.quote in copied.replace("\r\n", "\n") and "118.4万人次[1]" in copied


def test_without_an_index_it_says_what_to_do(window, serve: Callable[..., str]) -> None:
    w = window(serve(world.canned_bot(empty=True)))
    assert "zhiyin index" in w.page.locator(".loaded").inner_text()
    assert w.page.locator(".chip").count() == 0


def test_the_browsers_own_log_holds_no_other_host(window, address: str, net_log: Path) -> None:
    w = window()
    w.ask(world.QUESTION).locator(".mark").click()
    w.page.wait_for_selector("#panel .m")
    w.page.click("[data-action=documents]")
    w.page.wait_for_selector(".documents")
    w.ask(world.HOSTILE)
    w.page.wait_for_timeout(1500)
    here = urlsplit(address).netloc
    asked = [(initiator, urlsplit(url)) for initiator, url in read_net_log(net_log)]
    by_pages = [url for initiator, url in asked if initiator.startswith("http://127.0.0.1:")]
    assert sum(url.netloc == here for url in by_pages) > 20
    assert {url.hostname for url in by_pages if url.scheme not in ("data", "blob")} == {"127.0.0.1"}
    # no other page than this service's was open, so whoever else asked was the browser itself
    assert {initiator for initiator, url in asked if url.hostname != "127.0.0.1"} <= {"not an origin"}
    assert w.hosts() == {here}


@pytest.fixture
def judged(window, serve: Callable[..., str], tmp_path: Path):
    """A window whose verdicts go to a store of its own."""
    store = FeedbackStore(tmp_path / "feedback.sqlite")
    at = serve(world.canned_bot(), feedback=store)
    return lambda **options: window(at, **options), store


def pressed(turn, verdict: str) -> bool:
    return turn.locator(f"[data-verdict={verdict}]").get_attribute("aria-pressed") == "true"


def test_a_thumb_down_with_a_reason_is_kept_with_the_answer(judged) -> None:
    open_window, store = judged
    w = open_window()
    w.ask(world.QUESTION)
    turn = w.ask(world.UNKNOWN)  # a refusal is judged, too
    turn.locator("[data-verdict=down]").click()
    turn.locator("[data-reason=wrong]").click()
    turn.locator("[data-reason=unanswered]").click()  # one reason, the last
    turn.locator(".why textarea").fill("员工人数在附表里")
    turn.locator("[data-why=send]").click()
    turn.locator(".note[role=status]").wait_for()
    assert pressed(turn, "down") and not pressed(turn, "up")
    assert w.page.evaluate("document.activeElement.dataset.verdict") == "down"
    [kept] = store.rows()
    assert (kept.verdict, kept.reason, kept.comment) == ("down", "unanswered", "员工人数在附表里")
    assert (kept.question, kept.answer, kept.refused) == (world.UNKNOWN, world.REFUSAL.answer, True)
    assert kept.history == ((world.QUESTION, "118.4万人次"),)
    assert kept.generation == "000001"


def test_a_thumb_up_counts_at_once_can_be_turned_and_taken_back(judged) -> None:
    open_window, store = judged
    w = open_window()
    turn = w.ask(world.QUESTION)
    turn.locator("[data-verdict=up]").click()
    turn.locator(".note[role=status]").wait_for()
    [up] = store.rows()
    cited = world.VISITS
    assert up.verdict == "up"
    assert [(c.source, c.start, c.end, c.version) for c in up.citations] == [
        (cited.source, cited.start, cited.end, cited.version)
    ]
    with w.page.expect_response("**/api/feedback"):
        turn.locator("[data-verdict=down]").click()
    assert [(row.id, row.verdict) for row in store.rows()] == [(up.id, "down")]
    turn.locator("[data-why=skip]").click()
    with w.page.expect_response("**/api/feedback/*"):
        turn.locator("[data-verdict=down]").click()
    assert store.rows() == []
    assert not pressed(turn, "down") and turn.locator(".why").count() == 0


def test_what_is_being_typed_outlives_the_next_answer(judged) -> None:
    open_window, store = judged
    w = open_window()
    first = w.ask(world.QUESTION)
    first.locator("[data-verdict=down]").click()
    first.locator("[data-reason=other]").click()
    first.locator(".why textarea").fill("写了一半")
    w.ask(world.COMPARISON)
    assert first.locator(".why textarea").input_value() == "写了一半"
    assert pressed(first, "down")
    first.locator(".why textarea").press("Control+Enter")
    first.locator(".note[role=status]").wait_for()
    assert [(row.reason, row.comment) for row in store.rows()] == [("other", "写了一半")]
    w.page.click("[data-action=new]")
    w.page.wait_for_selector(".welcome")
    assert not pressed(w.ask(world.QUESTION), "down")


def test_a_verdict_that_cannot_be_kept_is_said_and_not_shown_as_given(judged) -> None:
    open_window, store = judged
    store.path.mkdir()  # no file can be written there
    w = open_window()
    turn = w.ask(world.QUESTION)
    turn.locator("[data-verdict=up]").click()
    assert "没有存下来" in turn.locator("[role=alert]").inner_text()
    assert not pressed(turn, "up")
    assert any("503" in c for c in w.complaints)
    w.complaints.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_thumbs_can_be_read_and_fit_a_narrow_screen(judged, scheme: str) -> None:
    open_window, _ = judged
    w = open_window(viewport={"width": 320, "height": 700}, color_scheme=scheme)
    up, down = w.ask(world.COMPARISON), w.ask(world.UNKNOWN)
    up.locator("[data-verdict=up]").click()
    down.locator("[data-verdict=down]").click()
    down.locator("[data-reason=citation]").click()
    up.locator(".note[role=status]").wait_for()
    assert w.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert w.page.evaluate(CONTRAST) == []
