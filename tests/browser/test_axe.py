"""What axe-core has to say of every state of the window."""

from __future__ import annotations

import pytest

from .. import ui_doubles as world
from .accessibility import check


def test_axe_finds_what_is_wrong(window) -> None:
    w = window()
    w.page.evaluate("document.body.append(document.createElement('button'))")
    with pytest.raises(AssertionError, match="button-name"):
        check(w.page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_serious_on_chat_and_panel(window, scheme: str, width: int) -> None:
    w = window(viewport={"width": width, "height": 800}, color_scheme=scheme)
    check(w.page)
    for question in (world.QUESTION, world.COMPARISON, world.LIST, world.YEARS, world.DISPUTED, world.UNKNOWN, world.BROKEN):
        w.ask(question)
    w.page.locator("[data-edit]").last.click()
    w.page.locator("[data-verdict=down]").first.click()
    check(w.page)
    w.page.locator(".mark").first.click()
    w.page.wait_for_selector("#panel .m")
    check(w.page)
    w.page.keyboard.press("Escape")
    w.page.click("[data-action=narrow]")
    w.page.wait_for_selector(".choices")
    check(w.page)
    w.page.keyboard.press("Escape")
    w.page.click("[data-action=documents]")
    w.page.wait_for_selector(".zone")
    check(w.page)
    w.page.keyboard.press("Escape")
    if w.page.locator("#talks").is_hidden():
        w.page.click("[data-action=talks]")
    w.page.wait_for_selector(".talk")
    w.page.locator(".talk").first.hover()
    w.page.locator("[data-talks=more]").first.click()
    check(w.page)
