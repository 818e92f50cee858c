"""Conversations that are kept, questions that are changed, and what is searched in, as a reader meets them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rag.retrieve.filters import Filters
from rag.ui.conversations import ConversationStore
from rag.ui.who import LOCAL

from .. import ui_doubles as world
from .test_chat_window import CONTRAST, HIGHLIGHTED

WIDE = {"width": 1280, "height": 800}


@pytest.fixture
def chat(window, serve: Callable[..., str], tmp_path: Path):
    """Open windows on one service with a store of its own."""
    store = ConversationStore(tmp_path / "conversations.sqlite")
    bot = world.canned_bot()
    at = serve(bot, conversations=store)
    return lambda address=at, **options: window(address, **options), store, bot, at


def menu(w, title: str, action: str) -> None:
    item = w.page.locator(".talk", has_text=title)
    item.hover()
    item.locator("[data-talks=more]").click()
    item.locator(f"[data-talks={action}]").click()


def titles(w) -> list[str]:
    return w.page.locator(".talk-title").all_inner_texts()


def until_titles(w, wanted: list[str]) -> None:
    w.page.wait_for_function(
        "t => JSON.stringify([...document.querySelectorAll('.talk-title')].map(n => n.innerText)) === t",
        arg=json.dumps(wanted, ensure_ascii=False, separators=(",", ":")),
    )


def test_a_conversation_is_there_again_after_a_reload_and_goes_on(chat) -> None:
    open_window, store, bot, _ = chat
    w = open_window()
    assert "还没有对话" in w.page.locator("#talks").inner_text()
    w.ask(world.QUESTION)
    w.ask(world.UNKNOWN)
    until_titles(w, [world.QUESTION])
    w.reload()
    w.answered(2)
    w.page.locator(".turn .mark").first.click()
    w.page.wait_for_selector("#panel .m")
    assert "118.4万人次" in w.page.evaluate(HIGHLIGHTED)
    w.page.keyboard.press("Escape")
    w.ask(world.COMPARISON)
    assert bot.streamed[-1] == (world.COMPARISON, ((world.QUESTION, "118.4万人次"), (world.UNKNOWN, world.REFUSAL.answer)))
    [row] = store.all(LOCAL.id)
    assert [t.question for t in store.get(LOCAL.id, row.id).turns] == [world.QUESTION, world.UNKNOWN, world.COMPARISON]


def test_one_goes_from_conversation_to_conversation(chat) -> None:
    open_window, _, _, _ = chat
    w = open_window()
    w.ask(world.QUESTION)
    w.page.click("[data-action=new]")
    w.page.wait_for_selector(".welcome")
    assert "#c=" not in w.page.url
    w.ask(world.COMPARISON)
    until_titles(w, [world.COMPARISON, world.QUESTION])
    w.page.wait_for_selector(f".talk.is-here:has-text('{world.COMPARISON}')")
    w.page.locator(".talk-title", has_text=world.QUESTION).click()
    w.page.wait_for_selector(".short")
    w.page.wait_for_function("document.querySelectorAll('.turn').length === 1 && document.querySelector('.turn p').innerText.includes('河岸')")
    w.page.wait_for_selector(f".talk.is-here:has-text('{world.QUESTION}')")


def test_it_is_renamed_deleted_and_had_back(chat) -> None:
    open_window, store, _, _ = chat
    w = open_window()
    w.ask(world.QUESTION)
    until_titles(w, [world.QUESTION])
    menu(w, world.QUESTION, "rename")
    w.page.fill(".talk-field", "读者<b>人次</b>")
    w.page.press(".talk-field", "Enter")
    until_titles(w, ["读者<b>人次</b>"])
    assert store.all(LOCAL.id)[0].title == "读者<b>人次</b>"
    menu(w, "读者", "delete")
    until_titles(w, [])
    w.page.wait_for_selector(".welcome")  # it was the open one
    assert store.all(LOCAL.id) == []
    assert w.page.evaluate("document.activeElement.dataset.talks") == "undo"
    w.page.keyboard.press("Enter")
    until_titles(w, ["读者<b>人次</b>"])
    w.page.locator(".talk-title").click()
    w.page.wait_for_selector(".turn .short")


@pytest.mark.parametrize(("action", "ending"), [("md", ".md"), ("docx", ".docx")])
def test_it_is_taken_along_as_a_file(chat, action: str, ending: str) -> None:
    open_window, _, _, _ = chat
    w = open_window()
    w.ask(world.QUESTION)
    until_titles(w, [world.QUESTION])
    with w.page.expect_download() as waited:
        menu(w, world.QUESTION, action)
    assert waited.value.suggested_filename.endswith(ending)
    content = Path(waited.value.path()).read_bytes()
    if action == "md":
        assert "[^1]: 河岸图书馆2023年服务年报" in content.decode()
    else:
        import docx

        assert any(world.QUESTION in p.text for p in docx.Document(io.BytesIO(content)).paragraphs)


def test_an_unknown_conversation_in_the_address_is_a_new_chat(chat) -> None:
    open_window, _, _, at = chat
    w = open_window(at + "#c=" + "0" * 32)
    w.page.wait_for_function("!location.hash")
    assert w.page.locator(".welcome").count() == 1
    w.ask(world.QUESTION)


def test_the_last_question_is_changed_in_its_place_and_an_earlier_one_asked_anew(chat) -> None:
    open_window, store, _, _ = chat
    w = open_window()
    w.ask(world.UNKNOWN)
    w.ask(world.COMPARISON)
    w.page.locator("[data-edit]").last.click()
    assert w.page.locator(".rewrite").input_value() == world.COMPARISON
    w.page.keyboard.press("Escape")
    assert w.page.locator(".rewrite").count() == 0
    w.page.locator("[data-edit]").last.click()
    w.page.fill(".rewrite", world.QUESTION)
    w.page.press(".rewrite", "Enter")
    w.page.wait_for_function("(q) => [...document.querySelectorAll('.question p')].pop().innerText === q", arg=world.QUESTION)
    w.answered(2)
    assert w.page.locator(".question p").all_inner_texts() == [world.UNKNOWN, world.QUESTION]
    w.page.locator(".turn").first.locator("[data-edit]").click()
    w.page.fill(".rewrite", world.COMPARISON)
    w.page.click("[data-rewrite=send]")
    w.answered(3)
    assert w.page.locator(".question p").all_inner_texts() == [world.UNKNOWN, world.QUESTION, world.COMPARISON]
    [row] = store.all(LOCAL.id)
    assert [t.question for t in store.get(LOCAL.id, row.id).turns] == [world.UNKNOWN, world.QUESTION, world.COMPARISON]


def test_a_failed_question_is_tried_again_in_its_place(chat) -> None:
    open_window, _, bot, _ = chat
    w = open_window()
    failed = w.ask(world.BROKEN)
    bot._answers[world.BROKEN] = world.FACT_ANSWER
    failed.locator("[data-do=retry]").click()
    w.page.wait_for_selector(".turn .short")
    assert w.page.locator(".turn").count() == 1


def test_what_was_understood_is_corrected_with_a_click(chat) -> None:
    open_window, _, bot, _ = chat
    w = open_window()
    w.ask(world.QUESTION)
    turn = w.ask(world.UNKNOWN)
    assert [" ".join(t.split()) for t in turn.locator(".sought .tag").all_inner_texts()] == ["时间 2031", "地区 杭州市", "关键词 河岸图书馆", "关键词 员工"]
    turn.locator("[data-kind=years][data-do=drop]").click()
    w.page.wait_for_function("[...document.querySelectorAll('.question p')].pop().innerText === '河岸图书馆有多少员工?'")
    w.answered(2)
    assert bot.streamed[-1] == ("河岸图书馆有多少员工?", ())  # alone: the year must not come back from before


def test_a_year_that_was_understood_is_changed_for_one_of_the_documents(chat) -> None:
    open_window, _, bot, _ = chat
    w = open_window()
    turn = w.ask(world.UNKNOWN)
    turn.locator("[data-kind=years][data-action=swap]").focus()
    w.page.keyboard.press("Enter")
    w.page.wait_for_selector(".swap .choice")
    years = w.page.locator(".swap .choice").all_inner_texts()
    assert "2023" in years and "2031" not in years
    w.page.keyboard.press("Escape")
    assert w.page.locator(".swap").count() == 0
    assert w.page.evaluate("document.activeElement.dataset.action") == "swap"
    w.page.keyboard.press("Enter")
    w.page.locator(".swap .choice", has_text="2023").click()
    wanted = world.UNKNOWN.replace("2031", "2023")
    w.page.wait_for_function("(q) => [...document.querySelectorAll('.question p')].pop().innerText === q", arg=wanted)
    w.answered(1)
    assert bot.streamed[-1] == (wanted, ())


def test_a_search_is_narrowed_and_widened(chat) -> None:
    open_window, _, bot, _ = chat
    w = open_window()
    w.page.click("[data-action=narrow]")
    w.page.wait_for_selector(".choices")
    w.page.locator(".years .choice", has_text="2023").click()
    w.page.locator(".regions .choice", has_text="重庆").click()
    w.page.locator(".sources .choice", has_text="<script>").click()
    w.page.locator(".panel-tools .solid").click()
    w.page.wait_for_selector("#bar .tag")
    assert w.page.locator("#bar .tag").all_inner_texts() == ["2023", "重庆市", world.NASTY.source]
    turn = w.ask(world.QUESTION)
    wanted = Filters(frozenset({world.NASTY.source}), frozenset({"重庆"}), frozenset({2023}))
    assert bot.narrowed[-1][1] == wanted or wanted in [f for _, f in bot.narrowed]
    assert turn.locator(".narrowed .tag").all_inner_texts() == ["2023", "重庆", world.NASTY.source]
    w.page.locator("[data-unfilter=sources]").click()
    w.page.wait_for_function("document.querySelectorAll('#bar .tag').length === 2")
    w.page.click("[data-action=narrow]")
    w.page.get_by_text("全部清除").click()
    w.page.wait_for_function("document.querySelectorAll('#bar .tag').length === 0")
    w.ask(world.COMPARISON)
    assert next(f for (q, _), (_, f) in zip(bot.calls[::-1], bot.narrowed[::-1], strict=True) if q == world.COMPARISON) is None
    assert w.page.evaluate("window.hacked") is None


def test_questions_to_go_on_with_are_offered_when_the_answer_stands(chat) -> None:
    open_window, _, _, _ = chat
    w = open_window()
    w.ask(world.COMPARISON)
    w.page.wait_for_selector(".next .chip")
    assert w.page.locator(".next .chip").all_inner_texts() == [world.EXAMPLE]
    w.page.click(".next .chip")
    w.answered(2)
    assert w.page.locator(".question p").last.inner_text() == world.EXAMPLE
    assert w.page.locator(".turn").first.locator(".next").count() == 0


def test_a_lost_connection_is_said(chat) -> None:
    open_window, _, _, _ = chat
    w = open_window()
    assert w.page.locator("#offline").is_hidden()
    w.page.evaluate("Object.defineProperty(navigator, 'onLine', {value: false, configurable: true}); dispatchEvent(new Event('offline'))")
    assert "连接已断开" in w.page.locator("#offline").inner_text()
    w.page.evaluate("Object.defineProperty(navigator, 'onLine', {value: true, configurable: true}); dispatchEvent(new Event('online'))")
    assert w.page.locator("#offline").is_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_narrow_screen_the_list_is_a_drawer(chat, scheme: str) -> None:
    open_window, _, _, _ = chat
    w = open_window(viewport={"width": 360, "height": 700}, color_scheme=scheme)
    w.ask(world.COMPARISON)
    assert w.page.locator("#talks").is_hidden()
    w.page.click("[data-action=talks]")
    w.page.wait_for_selector(".talk")
    assert w.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert w.page.evaluate(CONTRAST.replace("'#top *, ", "'#talks *, #bar *, #top *, ")) == []
    w.page.keyboard.press("Escape")
    assert w.page.locator("#talks").is_hidden()
    assert w.page.evaluate("document.activeElement.dataset.action") == "talks"
    w.page.click("[data-action=talks]")
    w.page.locator(".talk-title").click()
    w.page.wait_for_selector("#talks", state="hidden")


def test_a_printed_page_holds_the_conversation_alone(chat) -> None:
    open_window, _, _, _ = chat
    w = open_window(color_scheme="dark")
    w.ask(world.COMPARISON).locator(".mark").first.click()
    w.page.wait_for_selector("#panel .m")
    w.page.emulate_media(media="print")
    for gone in ("#talks", "#panel", "#ask", "#foot", ".tools", ".thumbs", ".edit"):
        assert w.page.locator(gone).first.is_hidden(), gone
    assert w.page.locator(".compare table").is_visible() and w.page.locator(".card").first.is_visible()
    assert w.page.locator("#log").bounding_box()["x"] < 40
    ink = w.page.locator(".card blockquote").first.evaluate("n => getComputedStyle(n).color")
    assert ink == "rgb(0, 0, 0)"
