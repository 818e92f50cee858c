"""From a file dropped on the page to an answer out of it, and out again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .. import ui_doubles as world

DROP = """([files]) => {
  const data = new DataTransfer();
  for (const [name, text] of files) data.items.add(new File([text], name));
  const zone = document.querySelector('#panel .zone');
  for (const kind of ['dragenter', 'dragover', 'drop']) zone.dispatchEvent(new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


@pytest.mark.slow
def test_a_dropped_file_is_answered_from_and_can_be_taken_out(
    window, serve: Callable[..., str], isolated_home: Path
) -> None:
    from rag.bot import Bot
    from rag.config import Settings

    subprocess.run([sys.executable, "-m", "rag", "index", "-q"], check=True)
    w = window(serve(Bot(Settings(), isolated_home)))
    w.page.wait_for_function("/[1-9]/.test(document.querySelector('#top .loaded').innerText)")  # the top is filled when the page is up
    before = w.page.locator("#top .loaded").inner_text()
    w.page.click("[data-action=documents]")
    w.page.wait_for_selector(".zone")
    assert w.page.locator("#top .loaded").inner_text() == before  # drawn here as the server drew it
    files = [
        ["海滨书店<b>.txt", "海滨书店2023年年报\n\n2023年,浙江省海滨书店接待读者73.5万人次,举办讲座81场。\n"],
        ["假的.pdf", "hello"],
        ["空白.txt", " \n "],
    ]
    w.page.evaluate(DROP, [files])
    w.page.wait_for_selector(".uploads .good", timeout=120_000)
    told = " ".join(w.page.locator(".uploads").inner_text().split())
    assert "海滨书店<b>.txt 已加入" in told  # as it was called; it is kept under a safe name
    assert "假的.pdf 未加入\uff1a内容不是 PDF" in told
    assert "空白.txt 未加入\uff1a空白.txt holds no text" in told  # and not where on the server it lies
    w.page.wait_for_selector(".document:has-text('海滨书店b.txt')")
    drawn = len(Bot(Settings(), isolated_home).snapshot.sources())
    header = "n => document.querySelector('#top .loaded .zh').textContent === `已载入 ${n} 份文档`"
    w.page.wait_for_function(header, arg=drawn)
    assert before != w.page.locator("#top .loaded").inner_text()
    w.page.keyboard.press("Escape")
    turn = w.ask("2023年海滨书店接待读者多少人次?")
    assert "73.5万人次" in turn.locator(".short").inner_text()
    turn.locator(".mark").first.click()
    w.page.wait_for_selector("#panel .m")
    assert w.page.locator("#panel .m").inner_text() == "73.5万人次"
    w.page.click("[data-action=documents]")
    item = w.page.locator(".documents li", has_text="海滨书店b.txt")
    item.locator(".drop").click()
    with w.page.expect_response(lambda r: r.request.method == "DELETE"):
        item.locator(".sure .solid").click()
    w.page.keyboard.press("Escape")
    w.page.wait_for_function(header, arg=drawn - 1, timeout=120_000)
    assert w.page.locator("#panel").is_hidden()  # and the panel, closed meanwhile, has not come back
    assert w.page.locator("#top .loaded").inner_text() == before
    uploads = isolated_home / "uploads"
    assert list(uploads.glob("*.txt")) == []  # neither what was deleted nor what was refused
    (uploads / "中断.txt").write_text("处理到一半时服务停了。", encoding="utf-8")  # as a build that was killed leaves it
    w.reload()
    w.page.click("[data-action=documents]")
    left = w.page.locator(".unindexed li")
    left.wait_for()
    assert w.page.locator(".document", has_text="海滨书店b.txt").count() == 0
    assert " ".join(left.inner_text().split()) == "中断.txt 尚未处理"
    assert w.page.locator(".again").is_visible()
    left.locator(".drop").click()
    left.locator(".sure .solid").click()
    w.page.wait_for_function("document.querySelector('.zone') && !document.querySelector('.unindexed')", timeout=120_000)
    assert list(uploads.glob("*.txt")) == []
    assert all("422" in c for c in w.complaints)  # the browser's own word on the one that was refused
    w.complaints.clear()


def test_a_file_that_misses_the_zone_does_not_replace_the_page(window) -> None:
    w = window()
    w.ask(world.QUESTION)
    prevented = w.page.evaluate(
        """() => { const data = new DataTransfer(); data.items.add(new File(['x'], 'a.txt'));
                   return !document.body.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true})); }"""
    )
    assert prevented
