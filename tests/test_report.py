"""The report as a document: whole, self-contained, and harmless whatever the documents hold."""

import base64
import hashlib
import re
import time
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from rag.eval.compare import compare
from rag.eval.report.page import policy, write
from rag.eval.runs import Place, Ranked, slim

from . import report_kit as kit

EMPTY = {"meta", "input"}  # elements of these reports that have no end
CHINESE = re.compile(r"[\u4e00-\u9fff]")


class Page(HTMLParser):
    """Elements with their attributes, the text in each, and whether all that is opened is closed."""

    def __init__(self, html):
        super().__init__()
        self.html = html
        self.elements, self.open, self.strays = [], [], []
        self.texts = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        assert len(dict(attributes)) == len(attributes)
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open[-1:] == [tag]:
            self.open.pop()
        else:
            self.strays.append(tag)

    def handle_data(self, data):
        if self.open[-1:] not in (["style"], ["script"]):
            self.texts.append((self.open[-1] if self.open else "", data))

    def text(self, *tags):
        return "".join(data for tag, data in self.texts if not tags or tag in tags)

    def attributes(self, name):
        return [attributes[name] for _, attributes in self.elements if name in attributes]

    def count(self, tag, **wanted):
        return sum(t == tag and all(a.get(k) == v for k, v in wanted.items()) for t, a in self.elements)


@pytest.fixture(scope="module")
def run():
    return kit.make_run()


@pytest.fixture
def page(run):
    return Page(write(run))


class Point:
    def __init__(self, label, ms, quality):
        self.label, self.ms, self.quality = label, ms, quality


def points(n=3):
    return [Point(f"top_k={5 * i}", 10.0 * i, 0.7 + i / 100) for i in range(1, n + 1)]


def full(run):
    """A report with every section there is."""
    earlier = kit.make_run(
        [replace(r, right=True, stage=None) if r.stage == "refused" else r for r in run.rows]
    )
    return write(run, comparison=compare(earlier, run, samples=199), sweep=points())


def test_it_is_one_whole_document(page):
    assert page.html.startswith("<!doctype html>\n<html")
    assert page.open == [] and page.strays == []
    for tag in ("html", "head", "body", "main", "h1", "style", "script", "nav"):
        assert page.count(tag) == 1, tag
    assert "85.0%" in re.search("<head>.*<title>(.*?)</title>.*</head>", page.html, re.DOTALL)[1]


def test_nothing_is_asked_for(run):
    page = Page(full(run))
    assert page.attributes("src") == []
    assert all(href.startswith("#") for href in page.attributes("href"))
    assert page.attributes("style") == []  # the policy would drop it
    assert not re.search(r"url\(|@import|https?:|//[a-z]", page.html)
    assert page.count("link") == page.count("img") == page.count("iframe") == 0


def test_the_policy_allows_this_style_and_this_script_alone(page):
    allowed = next(a["content"] for t, a in page.elements if t == "meta" and a.get("http-equiv"))
    assert allowed == policy()
    for tag in ("style", "script"):
        content = re.search(f"<{tag}>(.*?)</{tag}>", page.html, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in allowed
    assert "default-src 'none'" in allowed and "unsafe" not in allowed


def test_links_lead_somewhere_and_names_are_given_once(run):
    page = Page(full(run))
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    assert {href[1:] for href in page.attributes("href")} <= set(ids)
    named = [name for names in page.attributes("aria-labelledby") for name in names.split()]
    assert named and set(named) <= set(ids)


def test_every_failure_is_there_once_in_the_group_of_its_stage(run, page):
    failed = [row for row in run.rows if not row.right]
    assert page.count("article", **{"class": "card"}) == len(failed)
    sections = re.split(r'<section id="stage-', page.html)[1:]
    assert [s.split('"')[0] for s in sections] == list(kit.STAGES)
    for section in sections:
        stage = section.split('"')[0]
        expected = {row.id for row in failed if row.stage == stage}
        assert set(re.findall(r'class="id">([^<]+)</a>', section)) == expected
        assert re.search(r'class="count">(\d+)<', section)[1] == str(len(expected))


def test_a_failure_shows_what_was_asked_expected_given_and_where_it_was_lost(page):
    card = re.search(
        r'<article id="q\d+" class="card" data-kind="followup">.*?</article>', page.html, re.DOTALL
    )[0]
    text = Page(card).text()
    for part in (
        "参加的人有多少",
        "书店协会办了多少场读书会",
        "520场。",
        "9.8万",
        "118.4万人次",
        "检索结果第 2 位",
        "0.66",
        "shops.md",
    ):
        assert part in text
    refused = re.search(r"<article[^>]*>(?:(?!</article>).)*fact-023.*?</article>", page.html, re.DOTALL)[0]
    text = Page(refused).text()
    for part in ("拒答了：关键词在原文中没有依据", "185万元", "不设阈值会答「185万元。」（对的）", "0.43"):
        assert part in text


def test_the_same_characters_are_marked_on_both_sides():
    page = write(kit.make_run([kit.failures()["refused"]]))
    left, right = re.findall(r'<div class="quote">(.*?)</div>', page)
    marked = [
        re.sub("<[^>]+>", "", "".join(re.findall(r"<mark[^>]*>(.*?)</mark>", side))) for side in (left, right)
    ]
    assert marked == ["为37家新店发放开办补助185万元"] * 2
    assert '<mark class="same key"><b>185万元</b></mark>' in left


def test_what_a_citation_proves_is_marked_where_it_stands():
    page = write(kit.make_run([kit.failures()["answered_wrongly"]]))
    assert re.findall(r'<mark class="key"><b>(.*?)</b></mark>', page.split('class="card"')[1]) == ["2.1万张"]
    assert "没有：这道题本该拒答" in page


def hostile_row():
    """A row that holds the hostile text in every field that can hold one."""
    bad, row = kit.HOSTILE, kit.failures()["hostile"]
    citation = dict(row.answer["citations"][0], published=bad, region=bad)
    passage = {"source": bad, "start": 0, "end": 9, "text": bad, "score": 1.0, "title": bad}
    answer = row.answer | {
        "citations": [citation],
        "passages": [passage],
        "reason": bad,
        "answer": bad,
        "short": bad,
    }
    return replace(
        row, id=bad, kind=bad, history=((bad, bad),), reason=bad, stage=bad, answer=answer,
        retrieved=(Ranked(bad, 0, 9, 1.0, (0,)),), evidence_at=(Place(bad, 0, 9),),
    )  # fmt: skip


def test_what_documents_hold_stays_text():
    bad = kit.HOSTILE
    refused = replace(
        hostile_row(), id=bad + "2", answer=hostile_row().answer | {"refused": True, "citations": []}
    )
    meta = dict.fromkeys(("gold", "gold_sha256", "started", "generation", "note", "code", "documents"), bad)
    run = kit.make_run(
        [hostile_row(), refused, *kit.make_rows(8)], **meta, versions={bad: bad}, docs=[bad],
        settings={bad: bad, "embedder": bad, "min_support": 0.5}, machine={"cores": bad, "system": bad},
    )  # fmt: skip
    earlier = replace(
        run, rows=(replace(run.rows[0], right=True), *run.rows[1:]), meta=run.meta | {"code": "x"}
    )
    html = write(
        run, comparison=compare(earlier, run, samples=99), sweep=[Point(bad, 1.0, 0.5), Point("b", 2.0, 0.6)]
    )
    page = Page(html)
    assert page.open == [] and page.strays == []
    assert page.count("script") == 1 and page.count("img") == 0
    assert not [a for _, attributes in page.elements for a in attributes if a.startswith("on")]
    assert html.count("<script>window.hacked") == 0
    assert page.text().count("<script>window.hacked = 1</script>") > 20
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", html)
    assert "\u27e8U+202E\u27e9" in page.text() and "\u241b[31m" in page.text()


def test_long_quotes_are_cut_in_the_middle_and_nothing_is_lost():
    row = kit.failures()["hostile"]
    html = write(kit.make_run([row]))
    quotes = re.findall(r'<div class="quote">(.*?)</div>', html, re.DOTALL)
    whole = re.sub(r"<summary>.*?</summary>", "", quotes[1])
    text = Page(whole).text()
    assert len(text.replace("\u27e8U+202E\u27e9", "\u202e")) == len(row.answer["citations"][0]["quote"])
    shown = Page(re.sub(r"<details.*?</details>", "", quotes[1], flags=re.DOTALL)).text()
    assert 100 < len(shown) < 700


def test_a_large_run_stays_below_two_megabytes():
    rows = kit.make_rows(250, wrong=150)
    ranks = tuple(Ranked(f"folder/document-{n}.txt", n * 100, n * 100 + 300, 0.5, ()) for n in range(50))
    quote = kit.LIBRARY * 12
    rows = [
        replace(
            r,
            retrieved=ranks,
            answer=r.answer | {"citations": [dict(c, quote=quote) for c in r.answer["citations"]]},
        )
        for r in rows
    ]
    started = time.perf_counter()
    html = write(kit.make_run(rows))
    assert html.count('class="card"') == 150
    assert len(html.encode()) < 2_000_000
    assert time.perf_counter() - started < 30


def test_few_failures_are_open_and_many_are_closed():
    assert '<details open class="proof">' in write(kit.make_run(kit.make_rows(20)))
    assert '<details open class="proof">' not in write(kit.make_run(kit.make_rows(120, wrong=60)))


def test_a_run_without_failures_says_so():
    html = write(kit.make_run([kit.right_row(), kit.refused_row()]))
    assert "2\u00a0道题全部正确" in html or "2 道题全部正确" in html
    assert "没有错题" in html and 'class="card"' not in html


def test_a_run_without_rows_is_still_a_page():
    page = Page(write(kit.make_run([])))
    assert page.open == [] and "没有题目" in page.text("h1")


def test_a_slim_run_says_what_it_did_not_keep(run):
    html = write(slim(run))
    assert "没有保存引文和段落" in html
    assert "段里没有依据" not in html
    assert html.count('class="card"') == 6


def test_a_failure_without_a_stage_is_not_dropped(run):
    lost = replace(kit.failures()["refused"], stage=None)
    page = Page(write(kit.make_run([lost, kit.right_row()])))
    assert "stage-unknown" in page.attributes("id") and "未归因" in page.text()


def test_quotes_that_are_not_the_sources_text_raise_an_alarm(page):
    assert page.count("div", **{"class": "alarm"}) == 1
    assert "与原文不符" in page.text("p")
    calm = Page(write(kit.make_run([kit.right_row()])))
    assert calm.count("div", **{"class": "alarm"}) == 0


def test_plots_are_images_with_a_title_a_description_and_their_figures(run):
    page = Page(full(run))
    svgs = [a for t, a in page.elements if t == "svg"]
    plots = [a for a in svgs if a["class"].startswith("plot")]
    assert Counter(a["class"] for a in plots) == Counter(
        ["plot stages", "plot retrieval", "plot risk", "plot latency", "plot sweep"]
    )
    assert all(a["role"] == "img" for a in plots)
    assert all(a.get("aria-hidden") == "true" for a in svgs if a not in plots)
    assert page.count("figure") == 5 == page.html.count("<figcaption>")
    assert page.html.count("图中数据") == 5
    assert page.count("table") == page.count("caption")


def test_it_speaks_the_language_of_the_process(run, monkeypatch):
    zh = Page(full(run))
    monkeypatch.setenv("ZHIYIN_LANG", "en")
    en = Page(full(run))
    assert (zh.elements[0], en.elements[0]) == (("html", {"lang": "zh-CN"}), ("html", {"lang": "en"}))
    assert "40\u00a0道题" in zh.text("h1") and "34 of 40 questions right (85.0%)" in en.text("h1")
    chrome = en.text(
        "title", "h1", "h2", "h3", "h5", "summary", "figcaption", "label", "option", "button", "dt"
    )
    assert not CHINESE.search(chrome), CHINESE.search(chrome)
    assert not CHINESE.search(" ".join(en.attributes("aria-label")))


def test_contents_lead_to_every_part_and_stage(run):
    page = Page(full(run))
    contents = re.search(r"<nav.*?</nav>", page.html, re.DOTALL)[0]
    linked = re.findall(r'href="#([^"]+)"', contents)
    parts = [a["id"] for t, a in page.elements if t == "section" and a.get("class") in ("part", "stage")]
    assert sorted(linked) == sorted(parts)
    assert linked[:3] == ["compared", "sweep", "kinds"]


def test_the_same_run_gives_the_same_page(run):
    assert write(run) == write(run)
