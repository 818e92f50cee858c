"""What axe-core has to say of every state of the window."""

from __future__ import annotations

from pathlib import Path

import pytest

from .. import ui_doubles as world

AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text(encoding="utf-8")
RUN = """async () => {
  const found = await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']});
  return found.violations.filter(v => ['serious', 'critical'].includes(v.impact))
    .map(v => [v.id, v.impact, v.nodes.slice(0, 4).map(n => n.html.slice(0, 160) + ' | ' + n.failureSummary)]);
}"""


def check(w) -> None:
    if not w.page.evaluate("typeof axe === 'object'"):
        w.page.evaluate(AXE)
    w.page.wait_for_timeout(400)  # colours are judged when nothing is fading in any more
    assert w.page.evaluate(RUN) == []


def test_axe_finds_what_is_wrong(window) -> None:
    w = window()
    w.page.evaluate("document.body.append(document.createElement('button'))")
    with pytest.raises(AssertionError, match="button-name"):
        check(w)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_serious_on_chat_and_panel(window, scheme: str, width: int) -> None:
    w = window(viewport={"width": width, "height": 800}, color_scheme=scheme)
    check(w)
    for question in (world.QUESTION, world.COMPARISON, world.UNKNOWN, world.BROKEN):
        w.ask(question)
    w.page.locator("[data-edit]").last.click()
    w.page.locator("[data-verdict=down]").first.click()
    check(w)
    w.page.locator(".mark").first.click()
    w.page.wait_for_selector("#panel .m")
    check(w)
    w.page.keyboard.press("Escape")
    w.page.click("[data-action=narrow]")
    w.page.wait_for_selector(".choices")
    check(w)
    w.page.keyboard.press("Escape")
    w.page.click("[data-action=documents]")
    w.page.wait_for_selector(".zone")
    check(w)
    w.page.keyboard.press("Escape")
    if w.page.locator("#talks").is_hidden():
        w.page.click("[data-action=talks]")
    w.page.wait_for_selector(".talk")
    w.page.locator(".talk").first.hover()
    w.page.locator("[data-talks=more]").first.click()
    check(w)
