"""The evaluation report as an office opens it: a file on the disk, with and without scripts, wide and narrow."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag.eval.report.page import write

from .. import report_kit as kit

WIDER = "document.documentElement.scrollWidth - innerWidth"

# Contrast of every text that shows with what is behind it; an SVG text is painted with `fill`.
CONTRAST = """() => {
  const rgb = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((s, v, i) => s + v * [.2126, .7152, .0722][i], 0);
  const bad = [];
  let seen = 0;
  for (const node of document.querySelectorAll('body *')) {
    const own = [...node.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) && !node.closest('title, desc, script');
    if (!own || !node.checkVisibility() || node.matches('.sr')) continue;
    const svg = node.closest('svg');
    let behind;
    if (node.matches('.in')) behind = rgb(getComputedStyle(svg.querySelector(node.previousElementSibling.tagName + '.' + node.previousElementSibling.classList[0])).fill);
    let at = svg || node;
    for (; !behind && at; at = at.parentElement) {
      const back = rgb(getComputedStyle(at).backgroundColor);
      if (back.length !== 4 || back[3] === 1) behind = back;
    }
    const ink = rgb(svg ? getComputedStyle(node).fill : getComputedStyle(node).color);
    const [a, b] = [light(ink), light(behind)].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    seen += 1;
    if (ratio < 4.5) bad.push([node.getAttribute('class') || node.tagName, node.textContent.slice(0, 20), ratio]);
  }
  return [seen, bad];
}"""

OPEN_ALL = "() => document.querySelectorAll('details').forEach(d => { d.open = true; })"


class Point:
    def __init__(self, label: str, ms: float, quality: float) -> None:
        self.label, self.ms, self.quality = label, ms, quality


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with every section, as a file."""
    from dataclasses import replace

    from rag.eval.compare import compare

    run = kit.make_run(kit.make_rows(60, wrong=12))
    earlier = kit.make_run(
        [replace(r, right=True, stage=None) if r.stage == "refused" else r for r in run.rows]
    )
    tried = [Point(f"top_k={5 * n}", 8.0 * n, 0.7 + n / 50) for n in range(1, 6)]
    html = write(run, comparison=compare(earlier, run, samples=199), sweep=tried)
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(html, encoding="utf-8")
    return file


class Opened:
    """The page with everything that it asked for and complained about."""

    def __init__(self, browser: object, file: Path, **options: object) -> None:
        options = {"viewport": {"width": 1280, "height": 800}} | options
        self.context = browser.new_context(offline=True, **options)  # type: ignore[attr-defined]
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.context.on("request", lambda r: self.requests.append(r.url))
        self.page.on("pageerror", lambda e: self.complaints.append(str(e)))
        self.page.on("console", lambda m: self.complaints.append(m.text))
        self.page.goto(file.as_uri())


@pytest.fixture
def opened(browser: object, report: Path) -> Iterator[Callable[..., object]]:
    """Open the report from the disk; whatever was done with it, it asked for nothing and complained of nothing."""
    windows: list[Opened] = []

    def open_it(**options: object) -> object:
        windows.append(Opened(browser, report, **options))
        return windows[-1].page

    yield open_it
    for one in windows:
        one.context.close()
        assert one.requests == [report.as_uri()]
        assert one.complaints == []


@pytest.mark.parametrize("script", [True, False])
def test_everything_is_there_with_and_without_a_script(opened, script: bool) -> None:
    page = opened(java_script_enabled=script)
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert "60\u00a0道题" in page.locator("h1").text_content()
    assert page.locator(".stage").evaluate_all("all => all.map(one => one.id)") == [
        f"stage-{s}" for s in kit.STAGES
    ]
    cards = page.locator(".card")
    assert cards.count() == 12
    assert cards.first.locator(".quote").first.is_visible()
    assert page.locator(".filter").is_visible() is script  # what could do nothing is not shown
    assert page.locator("svg.plot").count() == 5
    summary = page.locator("#questions summary")
    summary.click()
    assert page.locator("#questions tbody tr").count() == 60
    assert page.locator("#questions tbody tr").first.is_visible()


def test_what_a_document_holds_is_shown_and_not_run(opened) -> None:
    page = opened()
    page.evaluate(OPEN_ALL)
    assert page.evaluate("[window.hacked, document.images.length, document.scripts.length]") == [None, 0, 1]
    card = page.locator(".card", has_text="dirty-009").first
    assert "<script>window.hacked = 1</script>" in card.locator("h4").inner_text()
    assert "⟨U+202E⟩␛[31m" in card.locator(".quote").first.inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_aa_contrast(opened, scheme: str) -> None:
    page = opened(color_scheme=scheme)
    page.evaluate(OPEN_ALL)
    seen, bad = page.evaluate(CONTRAST)
    assert bad == []
    assert seen > 1000
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert (sum(paper) / 3 < 64) is (scheme == "dark")


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_nothing_sticks_out(opened, width: int) -> None:
    page = opened(viewport={"width": width, "height": 700})
    assert page.evaluate(WIDER) <= 0
    page.evaluate(OPEN_ALL)
    assert page.evaluate(WIDER) <= 0
    out = """() => [...document.querySelectorAll('main *')].filter(n => n.checkVisibility() && !n.closest('.scroll, pre, svg')
        && n.getBoundingClientRect().right > innerWidth + 1).map(n => n.outerHTML.slice(0, 80))"""
    assert page.evaluate(out) == []


def test_the_two_sides_stand_beside_each_other_and_below_where_it_is_narrow(opened) -> None:
    for width, beside in ((1280, True), (360, False)):
        page = opened(viewport={"width": width, "height": 700})
        one, two = (page.locator(".card .proof .side").nth(n).bounding_box() for n in (0, 1))
        assert (abs(one["y"] - two["y"]) < 2) is beside
        assert (two["x"] > one["x"] + one["width"]) is beside


def test_labels_of_plots_do_not_run_into_each_other(opened) -> None:
    page = opened()
    clash = """() => [...document.querySelectorAll('svg.plot')].flatMap(svg => {
      const boxes = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
      const frame = svg.getBoundingClientRect();
      const out = boxes.filter(([, b]) => b.left < frame.left - 1 || b.right > frame.right + 1).map(([t]) => t);
      const hits = boxes.flatMap(([t, a], i) => boxes.slice(i + 1).filter(([, b]) =>
        a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 4 && b.top < a.bottom - 4).map(([u]) => [t, u]));
      return [...out, ...hits];
    })"""
    assert page.evaluate(clash) == []


def test_failures_can_be_chosen_by_kind_and_word(opened) -> None:
    page = opened()
    shown = page.locator(".card:visible")
    page.select_option("#by-kind", "followup")
    assert shown.count() == 2 and page.locator(".stage:visible").count() == 1
    assert page.locator("#shown").inner_text() == "显示 2 题"
    page.select_option("#by-kind", "")
    page.fill("#by-word", "下乡")
    assert shown.count() == 2
    page.fill("#by-word", "")
    assert shown.count() == 12 and page.locator("#shown").inner_text() == ""
    page.click("#close-all")
    assert page.locator(".card .quote:visible").count() == 0
    page.click("#open-all")
    assert page.locator(".card .quote:visible").count() >= 12


def test_links_lead_to_a_failure_even_when_it_is_filtered_out(opened) -> None:
    page = opened()
    page.select_option("#by-kind", "followup")
    page.click("#close-all")
    page.locator("#compared .lists a").first.click()
    name = page.evaluate("location.hash")
    card = page.locator(name)
    card.locator(".quote").first.wait_for()
    assert page.evaluate("s => Math.abs(document.querySelector(s).getBoundingClientRect().top)", name) < 60


def test_a_bar_of_the_stages_leads_to_them(opened) -> None:
    page = opened()
    page.locator("svg.stages a").first.click()
    assert page.evaluate("location.hash") == "#stage-not_cleaned"


def test_it_can_be_used_with_the_keyboard_and_has_names(opened) -> None:
    page = opened()
    nameless = """() => [...document.querySelectorAll('button, select, input, summary, a, [role=region], [role=img]')]
        .filter(n => n.checkVisibility() && !(n.getAttribute('aria-label') || n.labels?.[0]?.innerText || n.textContent || '').trim())
        .map(n => n.outerHTML.slice(0, 90))"""
    assert page.evaluate(nameless) == []
    page.locator("#kinds .scroll").first.focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.keyboard.press("Enter")
    assert page.locator("#kinds table.dense").is_visible()
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4,h5')].map(h => +h.tagName[1])")
    assert levels[0] == 1 and all(b - a <= 1 for a, b in itertools.pairwise(levels))


def test_in_print_the_proof_is_open_and_the_controls_are_gone(opened) -> None:
    page = opened()
    page.click("#close-all")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".filter").is_hidden() and page.locator(".contents").is_hidden()
    assert page.locator(".card .quote").first.is_visible()
    assert len(page.pdf()) > 20_000
