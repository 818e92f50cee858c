"""The review page as a reviewer meets it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag.eval.review.desk import Desk
from rag.eval.review.server import create_app
from rag.eval.review.texts import _TEXTS
from rag.eval.rows import load
from rag.feedback import FILE, FeedbackStore

from .. import review_kit as kit
from .. import ui_doubles as world
from .accessibility import check
from .test_chat_window import CONTRAST

ZH = {name: pair[0] for name, pair in _TEXTS.items()}


def until(page, expression: str, arg: object = None) -> None:
    """Wait until the expression is true; asked from outside, since the page itself allows no `eval`."""
    end = time.monotonic() + 15
    while not page.evaluate(expression, arg):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(50)


class Review:
    """A page on a desk, with everything that it asked for and complained about."""

    def __init__(self, browser: object, address: str, **options: object) -> None:
        options = {"viewport": {"width": 1280, "height": 800}, "locale": "zh-CN"} | options
        self.context = browser.new_context(**options)  # type: ignore[attr-defined]
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.context.on("request", lambda r: self.requests.append(r.url))
        self.address = address
        self.page = self.tab()

    def tab(self):
        """One more window of the same browser."""
        page = self.context.new_page()
        page.on("pageerror", lambda e: self.complaints.append(str(e)))
        page.on("console", lambda m: m.type in ("error", "warning") and self.complaints.append(m.text))
        page.goto(self.address)
        until(
            page, "document.getElementById('notice').textContent || document.getElementById('at').textContent"
        )
        page.wait_for_selector("#form:not([hidden]), #done:not([hidden])")
        return page

    def expect(self, text: str) -> None:
        """Wait until the line above the buttons says so."""
        until(self.page, "t => document.getElementById('notice').textContent.includes(t)", text)

    def on(self, question: str) -> None:
        """Wait until this candidate is on the desk."""
        until(self.page, "q => document.getElementById('question').value === q", question)

    def open_document(self, name: str) -> None:
        self.page.fill("#find", name)
        self.page.locator("button.row", has_text=name).first.click()
        self.page.wait_for_selector("#flow")

    def select(self, text: str, nth: int = 0) -> None:
        """Drag the mouse from the first character of `text` to its last."""
        ends = self.page.evaluate(
            """([text, nth]) => {
                 const nodes = [], walker = document.createTreeWalker(document.getElementById('flow'), NodeFilter.SHOW_TEXT);
                 while (walker.nextNode()) nodes.push(walker.currentNode);
                 const all = nodes.map(n => n.data).join('');
                 let from = -1;
                 for (let i = 0; i <= nth; i += 1) from = all.indexOf(text, from + 1);
                 const place = (at) => { for (const n of nodes) { if (at < n.length) return [n, at]; at -= n.length; } };
                 const box = (at) => { const r = document.createRange(), [n, o] = place(at); r.setStart(n, o); r.setEnd(n, o + 1); return r; };
                 box(from).startContainer.parentElement.scrollIntoView();
                 const first = box(from), last = box(from + text.length - 1), text_ = document.getElementById('text');
                 text_.scrollTop += first.getBoundingClientRect().top - text_.getBoundingClientRect().top - 100;
                 const a = first.getBoundingClientRect(), b = last.getBoundingClientRect();
                 return [a.left + 1, a.top + a.height / 2, b.right - 1, b.top + b.height / 2];
               }""",
            [text, nth],
        )
        mouse = self.page.mouse
        mouse.move(ends[0], ends[1])
        mouse.down()
        mouse.move((ends[0] + ends[2]) / 2, ends[3], steps=3)
        mouse.move(ends[2], ends[3], steps=3)
        mouse.up()
        self.page.wait_for_selector("#pick:not([hidden])")


@pytest.fixture
def review(browser: object, run_app: Callable[..., str]) -> Iterator[Callable[..., Review]]:
    """Open review pages that must not complain and must stay with their own host."""
    opened: list[Review] = []

    def open_page(desk: Desk, **options: object) -> Review:
        address = options.pop("address", None) or run_app(create_app(desk))
        opened.append(Review(browser, str(address), **options))
        return opened[-1]

    yield open_page
    for one in opened:
        one.context.close()
        assert one.complaints == []
        assert all(url.startswith((one.address, "data:")) for url in one.requests)


def test_text_selected_with_the_mouse_becomes_exact_evidence(review, tmp_path: Path) -> None:
    desk = kit.desk(tmp_path, [{"question": "丙店有几家?", "answers": [["45家"]]}])
    r = review(desk)
    r.open_document("odd/")
    r.select("丙店\u300045家", nth=1)  # the second of two alike, behind characters that are two units long
    r.page.keyboard.press("e")
    r.page.wait_for_selector("#evidence blockquote")
    r.select("乙店 3 家。\n\n  丙店")  # across lines
    r.page.click("[data-act=as-evidence]")
    assert r.page.locator("#evidence blockquote").all_text_contents() == [
        "丙店\u300045家",
        "乙店 3 家。\n\n  丙店",
    ]
    marked = r.page.locator("#flow .proof").all_text_contents()
    assert "".join(marked) == "乙店 3 家。\n\n  丙店" + "丙店\u300045家"
    with r.page.expect_request("**/api/accept") as sent:
        r.page.keyboard.press("a")
    second = kit.ODD_RAW.rindex("丙店")
    assert [(e["start"], e["end"]) for e in sent.value.post_data_json["evidence"]] == [
        (second, second + 6),
        (kit.ODD_RAW.index("乙店"), kit.ODD_RAW.index("丙店") + 2),
    ]
    r.expect("2")  # the first stands twice in the document, so it is asked once more
    r.page.keyboard.press("Enter")
    r.page.wait_for_selector("#done:not([hidden])")
    [row] = load(desk.ledger.out)
    assert row.evidence == ((kit.ODD.source, "丙店\u300045家"), (kit.ODD.source, "乙店 3 家。\n\n  丙店"))


def test_text_selected_with_the_keyboard_becomes_exact_evidence(review, tmp_path: Path) -> None:
    desk = kit.desk(tmp_path, [{"question": "补助多少?", "answers": [["185万元"]]}])
    r = review(desk)
    r.open_document("hill.pdf")
    r.page.focus("#flow")
    keys = r.page.keyboard
    keys.press("ArrowDown")  # sets the caret
    r.page.wait_for_selector("#caret:not([hidden])")
    for key in ("Home", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "Home"):
        keys.press(key)
    for _ in range(4):
        keys.press("ArrowRight")
    keys.press("Shift+End")
    r.page.wait_for_selector("#pick:not([hidden])")
    picked = r.page.locator("#picked").inner_text()
    line = world.HILL_RAW.splitlines()[-1]
    assert picked.endswith(line[4:])
    for _ in range(3):
        keys.press("Shift+ArrowLeft")
    keys.press("Enter")  # with a selection, Enter picks it and accepts nothing
    [text] = r.page.locator("#evidence blockquote").all_text_contents()
    assert text == line[4:-3] and len(text) > 5
    assert desk.queue()["counts"]["open"] == 1
    r.page.keyboard.press("w")  # nothing is selected any more
    assert r.page.locator("#answers input").all()[0].input_value() == "185万元"


def test_an_accepted_row_passes_and_a_reload_goes_on(review, tmp_path: Path) -> None:
    desk = kit.desk(tmp_path)
    r = review(desk)
    r.on(kit.FACT["question"])
    assert r.page.locator("#flow .proof").text_content() == "全年举办读书会462场"
    r.page.fill("#question", "河岸图书馆办了几场读书会?")
    r.page.fill("#note", "改短了")
    r.page.keyboard.press("Control+Enter")
    r.expect("gen-1")
    r.on(kit.LOST["question"])
    [row] = load(desk.ledger.out)
    assert (row.question, row.note, row.origin) == ("河岸图书馆办了几场读书会?", "改短了", "written")
    assert row.evidence == ((world.RIVER.source, "全年举办读书会462场"),)
    r.page.fill("#question", "还没写完")
    r.page.reload()
    r.page.wait_for_selector("#form:not([hidden])")
    r.on("还没写完")  # what was typed is there, too
    assert "第 2 条" in r.page.locator("#at").inner_text()
    assert "采纳 1" in r.page.locator("#tally").inner_text()


def test_evidence_that_is_gone_has_to_be_picked_again(review, tmp_path: Path) -> None:
    desk = kit.desk(tmp_path, [kit.LOST])
    r = review(desk)
    assert ZH["evidence_lost"] in r.page.locator("#evidence .lost").inner_text()
    r.page.keyboard.press("a")
    r.expect(ZH["evidence_lost"])
    r.page.click("[data-act=evidence-remove]")
    r.page.fill("#find", "社区书店")
    r.page.press("#find", "Enter")
    r.page.locator("button.row", has_text="37家").click()
    r.page.wait_for_selector("#flow .hit")
    assert r.page.locator("#flow .hit").text_content() == "社区书店"
    r.select("新开社区书店37家")
    r.page.keyboard.press("e")
    r.page.keyboard.press("a")
    r.page.wait_for_selector("#done:not([hidden])")
    assert load(desk.ledger.out)[0].evidence == ((world.HILL.source, "新开社区书店37家"),)
    assert f"zhiyin eval check {desk.ledger.out}" in r.page.locator("#done-command").inner_text()


def test_keys_drop_skip_go_back_and_undo(review, tmp_path: Path) -> None:
    desk = kit.desk(tmp_path)
    r = review(desk)
    keys = r.page.keyboard
    keys.press("d")
    r.on(kit.LOST["question"])
    keys.press("s")
    r.on(kit.ABSENT["question"])
    assert desk.queue()["counts"] == {"accept": 0, "drop": 1, "skip": 1, "open": 1}
    keys.press("b")
    r.on(kit.LOST["question"])
    keys.press("b")
    r.on(kit.FACT["question"])
    assert "已丢弃" in r.page.locator("#tags").inner_text()
    assert r.page.locator("#question").is_disabled()
    keys.press("a")  # what is decided is not decided again
    r.page.click("[data-act=evidence-show]")  # but can be looked at
    r.page.click("[data-act=undo-this]")
    r.expect("已撤销")
    assert r.page.locator("#question").is_enabled()
    r.page.fill("#note", "想过了")
    r.page.locator("#note").blur()
    keys.press("a")
    r.on(kit.ABSENT["question"])
    keys.press("u")
    r.on(kit.FACT["question"])
    assert r.page.locator("#note").input_value() == "想过了"  # as it was accepted
    assert desk.ledger.out.read_text(encoding="utf-8") == ""
    keys.press("a")
    r.on(kit.ABSENT["question"])
    keys.press("Enter")
    r.page.wait_for_selector("#done:not([hidden])")
    assert r.page.locator("#done-title").inner_text() == ZH["done_but"]
    r.page.click("#again")
    r.on(kit.LOST["question"])
    keys.press("d")
    until(r.page, "t => document.getElementById('done-title').textContent === t", ZH["done"])
    assert [row.id for row in load(desk.ledger.out)] == ["gen-1", "mut-1"]


def test_letters_typed_into_a_field_decide_nothing(review, tmp_path: Path) -> None:
    desk = kit.desk(tmp_path)
    r = review(desk)
    for field in ("#question", "#note", "#answers input", "#find"):
        r.page.locator(field).first.click()
        r.page.keyboard.type("asdbuew")
        r.page.keyboard.press("Enter")
    r.page.focus("#kind")
    r.page.keyboard.press("s")
    r.page.focus("[data-act=answer-add]")
    r.page.keyboard.press("Enter")  # presses the button, and no more
    assert r.page.locator("#answers li").count() == 2
    assert desk.queue()["counts"]["open"] == 3


def test_not_answerable_hides_answers_and_picks_a_fitting_kind(review, tmp_path: Path) -> None:
    desk = kit.desk(tmp_path)
    r = review(desk)
    r.page.locator("#refuse").check(force=True)
    assert r.page.locator("#answerable").is_hidden()
    assert r.page.locator("#kind").input_value() == next(k["kind"] for k in desk.kinds() if k["refuse"])
    r.page.locator("#refuse").uncheck(force=True)
    assert r.page.locator("#kind").input_value() == "fact"
    assert r.page.locator("#answers input").input_value() == "462场"  # nothing was lost
    r.page.locator("#refuse").check(force=True)
    r.page.keyboard.press("Control+Enter")
    r.on(kit.LOST["question"])
    [row] = load(desk.ledger.out)
    assert (row.refuse, row.answers, row.evidence) == (True, (), ())


def test_alternatives_and_parts_of_an_answer(review, tmp_path: Path) -> None:
    desk = kit.desk(tmp_path)
    r = review(desk)
    r.page.click("[data-act=part-add]")
    r.page.keyboard.type("185场")
    r.page.click("[data-act=answer-add]")
    r.page.keyboard.type("四百六十二")
    r.page.click("[data-act=answer-add]")
    r.page.locator("[data-act=answer-remove]").nth(1).click()
    assert [i.input_value() for i in r.page.locator("#answers input").all()] == ["462场", "185场", ""]
    r.page.click("#flow")
    r.open_document("河岸")
    r.select("其中面向儿童的有185场")
    r.page.keyboard.press("e")
    r.select("462场")
    r.page.keyboard.press("w")
    r.page.keyboard.press("a")
    r.on(kit.LOST["question"])
    assert load(desk.ledger.out)[0].answers == (("462场", "185场"), ("462场",))


def test_what_the_bot_answers_now_can_be_used(review, tmp_path: Path) -> None:
    desk = kit.desk(tmp_path, [{"question": world.QUESTION}])
    r = review(desk)
    r.page.click("[data-act=ask]")
    r.page.locator("#now .given").wait_for()
    assert "118.4万人次" in r.page.locator("#now .given").inner_text()
    r.page.locator("#now [data-act=answer-take]").click()
    r.page.locator("#now [data-act=quote-take]").click()
    assert r.page.locator("#evidence blockquote").text_content() == world.VISITS.quote
    r.page.locator("#now [data-act=open]").click()
    r.page.wait_for_selector("#flow .proof")
    assert r.page.locator("#flow .proof").text_content() == world.VISITS.quote
    r.page.locator("body").press("a")
    r.page.wait_for_selector("#done:not([hidden])")
    [row] = load(desk.ledger.out)
    assert (row.answers, row.evidence) == ((("118.4万人次",),), ((world.RIVER.source, world.VISITS.quote),))


def test_a_long_document_comes_in_stretches_and_evidence_stays_exact(review, tmp_path: Path) -> None:
    desk = kit.desk(tmp_path, [{"question": "第9000号在哪?", "answers": [["第9000行"]]}])
    r = review(desk)
    r.page.fill("#find", "第9000号档案")
    r.page.press("#find", "Enter")
    r.page.locator("button.row").click()
    r.page.wait_for_selector("#flow .hit")
    box, inside = r.page.locator("#flow .hit").bounding_box(), r.page.locator("#text").bounding_box()
    assert inside["y"] < box["y"] < inside["y"] + inside["height"]
    r.page.locator("[data-act=later]").click()
    until(r.page, "document.getElementById('flow').textContent.includes('第11000号')")
    r.page.locator("[data-act=earlier]").click()
    until(r.page, "document.getElementById('flow').textContent.includes('第9000号')")
    r.select("第9000行:这里记的是第9000号档案。")
    r.page.keyboard.press("e")
    r.page.keyboard.press("a")
    r.page.wait_for_selector("#done:not([hidden])")
    assert load(desk.ledger.out)[0].evidence == ((kit.LONG.source, "第9000行:这里记的是第9000号档案。"),)


def test_two_windows_do_not_write_twice(review, tmp_path: Path) -> None:
    desk = kit.desk(tmp_path)
    r = review(desk)
    other = r.tab()
    until(other, "q => document.getElementById('question').value === q", kit.FACT["question"])
    r.page.keyboard.press("a")
    r.on(kit.LOST["question"])
    other.keyboard.press("a")
    until(other, "document.getElementById('notice').className === 'alert'")
    until(other, "document.getElementById('tags').textContent.includes('已采纳')")
    assert other.locator("footer [data-act=accept]").is_disabled()
    assert [row.id for row in load(desk.ledger.out)] == ["gen-1"]
    assert any("409" in c for c in r.complaints)
    r.complaints.clear()


def test_a_thumb_down_in_the_chat_comes_to_the_desk(
    review, window, serve: Callable[..., str], tmp_path: Path
) -> None:
    store = FeedbackStore(tmp_path / FILE)
    chat = window(serve(world.canned_bot(), feedback=store))
    chat.ask(world.QUESTION)
    turn = chat.ask(world.COMPARISON)
    turn.locator("[data-verdict=down]").click()
    turn.locator("[data-reason=citation]").click()
    turn.locator(".why textarea").fill("重庆那条引错了")
    turn.locator("[data-why=send]").click()
    turn.locator(".note[role=status]").wait_for()

    desk = kit.desk(tmp_path, [], store)
    r = review(desk)
    r.on(world.COMPARISON)
    told = r.page.locator("#then").inner_text()
    assert "引证不对" in told and "重庆那条引错了" in told and "重庆更多" in told
    assert world.QUESTION in r.page.locator("#history").inner_text()
    assert r.page.locator("#flow .hit").text_content() == world.CLUBS.quote  # what was cited then
    r.page.click("[data-act=history-drop]")
    r.page.select_option("#kind", "compare")
    r.page.fill("#answers input", "520场")
    r.page.locator("#then [data-act=open]").nth(1).click()
    until(r.page, "document.getElementById('flow').getAttribute('aria-label').includes('山城')")
    r.select("举办读书会520场")
    r.page.keyboard.press("e")
    r.page.keyboard.press("a")
    r.page.wait_for_selector("#done:not([hidden])")
    [row] = load(desk.ledger.out)
    assert (row.origin, row.kind, row.question, row.history) == ("feedback", "compare", world.COMPARISON, ())
    assert row.evidence == ((world.HILL.source, "举办读书会520场"),)
    assert "重庆那条引错了" in row.note


def test_hostile_text_stays_text(review, tmp_path: Path) -> None:
    hostile = '<img src=x onerror="window.hacked=1"><script>window.hacked=2</script>${window.hacked=3}'
    rows = [{"id": hostile, "kind": hostile, "question": hostile, "answers": [[hostile]], "note": hostile, "history": [[hostile] * 2],
             "evidence": [[world.NASTY.source, "共有12册"], [hostile, hostile]]}]  # fmt: skip
    store = FeedbackStore(tmp_path / FILE)
    store.add(kit.down(hostile, hostile, comment=hostile))
    r = review(kit.desk(tmp_path, rows, store))
    assert r.page.locator("#flow").text_content() == world.HOSTILE_RAW
    assert r.page.locator("#question").input_value() == hostile
    r.page.fill("#find", "window.hacked")
    r.page.press("#find", "Enter")
    r.page.wait_for_selector("button.row mark")
    r.page.locator("#tags").click()
    r.page.keyboard.press("d")
    r.page.wait_for_selector("#then .given")
    assert r.page.evaluate("window.hacked") is None
    assert r.page.locator("main img, main script, main a").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_aa_contrast_and_every_control_a_name(review, tmp_path: Path, scheme: str) -> None:
    store = FeedbackStore(tmp_path / FILE)
    store.add(kit.down(world.QUESTION, reason="wrong", comment="不对", history=(("问", "答"),)))
    r = review(kit.desk(tmp_path, [kit.LOST], store), color_scheme=scheme)
    contrast = re.sub(r"querySelectorAll\('[^']*'\)", "querySelectorAll('body *')", CONTRAST, count=1)
    nameless = """() => [...document.querySelectorAll('button, textarea, input, select')].filter(n => n.checkVisibility()
        && !(n.getAttribute('aria-label') || n.innerText || (n.labels && n.labels[0] && n.labels[0].innerText) || '').trim()).map(n => n.outerHTML)"""
    for step in ("", "a", "d"):
        if step:
            r.page.keyboard.press(step)
            r.page.wait_for_timeout(300)
        assert r.page.evaluate(contrast) == []
        assert r.page.evaluate(nameless) == []
    r.page.click("[data-act=ask]")
    r.page.locator("#now .given").wait_for()
    r.open_document("hill.pdf")
    r.select("520场")
    assert r.page.evaluate(contrast) == []


@pytest.mark.parametrize("width", [320, 360, 768])
def test_a_narrow_screen_has_one_column_and_the_source_as_a_sheet(review, tmp_path: Path, width: int) -> None:
    desk = kit.desk(tmp_path)
    r = review(desk, viewport={"width": width, "height": 700})
    overflow = "document.documentElement.scrollWidth - innerWidth"
    assert r.page.evaluate(overflow) <= 0
    assert r.page.locator("#reader").is_hidden()
    r.page.click("[data-act=evidence-show]")
    box = r.page.locator("#reader").bounding_box()
    assert (box["x"], box["width"]) == (0, width)
    proof, text = r.page.locator("#flow .proof").bounding_box(), r.page.locator("#text").bounding_box()
    assert text["y"] < proof["y"] < text["y"] + text["height"]
    r.select("其中面向儿童的有185场")
    assert r.page.evaluate(overflow) <= 0
    r.page.click("[data-act=as-evidence]")
    r.page.click("[data-act=reader-close]")
    assert r.page.locator("#reader").is_hidden()
    assert r.page.locator("#evidence blockquote").count() == 2
    r.page.click("footer [data-act=accept]")
    r.on(kit.LOST["question"])
    assert len(load(desk.ledger.out)[0].evidence) == 2
    assert r.page.evaluate(overflow) <= 0


def test_a_service_that_stopped_is_said(review, tmp_path: Path) -> None:
    r = review(kit.desk(tmp_path))
    r.context.route("**/api/drop", lambda route: route.abort())
    r.on(kit.FACT["question"])
    r.page.keyboard.press("d")
    r.expect(ZH["offline"])
    r.on(kit.FACT["question"])
    r.complaints.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_serious(review, tmp_path: Path, width: int, scheme: str) -> None:
    r = review(kit.desk(tmp_path), viewport={"width": width, "height": 800}, color_scheme=scheme)
    r.on(kit.FACT["question"])
    check(r.page)
    r.page.keyboard.press("a")
    r.on(kit.LOST["question"])
    check(r.page)
    r.page.keyboard.press("x")
    r.page.keyboard.press("?")
    check(r.page)
