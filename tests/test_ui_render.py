from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.feedback import parse
from rag.types import Answer, Citation, RelatedPassage, Statement, Written
from rag.ui.cards import QUOTE_SHOWN, quote_html
from rag.ui.chat import readable_turn
from rag.ui.copying import copy_text
from rag.ui.escape import text
from rag.ui.frame import header, welcome
from rag.ui.render import Turn, conversation, turn_html
from rag.ui.texts import both

from . import ui_doubles as world

ALLOWED = {
    "article", "b", "blockquote", "button", "circle", "dd", "desc", "div", "dl", "dt", "figcaption", "figure", "h1", "h2", "h3", "header", "i",
    "li", "mark", "nav", "ol", "p", "path", "q", "section", "small", "span", "svg", "table", "tbody", "td", "text", "th", "thead", "title", "tr",
    "ul",
}  # fmt: skip
ATTRIBUTES = {
    "aria-describedby", "aria-expanded", "aria-hidden", "aria-label", "aria-pressed", "class", "colspan", "cx", "cy", "d", "fill", "height", "id",
    "lang", "r", "role", "scope", "stroke", "stroke-width", "tabindex", "text-anchor", "type", "viewbox", "width", "x", "y",
}  # fmt: skip


class Page(HTMLParser):
    """Elements, attributes and text of some HTML; refuses what is not well formed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {k: v or "" for k, v in attrs}))
        if tag not in ("path", "circle"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {k: v or "" for k, v in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def of(self, kind: str) -> list[dict[str, str]]:
        return [a for _, a in self.tags if kind in a.get("class", "").split()]

    @property
    def text(self) -> str:
        return "".join(t for _, t in self.texts)


def safe(html: str) -> Page:
    page = Page(html)
    for tag, attributes in page.tags:
        assert tag in ALLOWED, tag
        assert all(a in ATTRIBUTES or a.startswith("data-") for a in attributes), attributes
    return page


def drawn(answer: Answer, **turn: object) -> Page:
    return safe(turn_html(replace(Turn(7, answer.question, answer, done=True), **turn)))  # type: ignore[arg-type]


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "![x](http://evil.example/x.png)",
    "[点](javascript:alert(1))",
    "<a href='javascript:alert(1)'>x</a>",
    "</p></div><svg/onload=alert(1)>",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}`",
    "&lt;script&gt;",
    "a\x00b\x1b[0m\ud800c",
    "--><!--",
    "]]>",
]


def answer_of(word: str, *, refused: bool = False) -> Answer:
    """An answer with `word` in every field that can hold text."""
    citation = Citation(1, word, word, word, 0, len(word), word, ((0, len(word)),), 3, word, word, word, word)
    sentences = (Statement(word, (1,)), Statement(word + "2", ()), Statement(word + "3", (1,), generated=True))
    return Answer(
        word,
        word,
        None if refused else word + "!",
        refused,
        word if refused else None,
        () if refused else sentences,
        () if refused else (citation,),
        (RelatedPassage(word, 0, 1, word, 0.1, word),),
        word,
        {"total": 1.0},
        {
            "years": [word + "y"],
            "regions": [word + "r"],
            "titles": [word + "t"],
            "terms": [word + "k"],
            "rewritten": word + "w",
        },
        word,
        Written(word, "failed", 1, 1, word),
    )


@pytest.mark.parametrize("word", HOSTILE)
@pytest.mark.parametrize("refused", [False, True])
def test_no_text_becomes_markup(word: str, refused: bool) -> None:
    page = drawn(answer_of(word, refused=refused))
    shown = word.replace("\x00", "\ufffd").replace("\x1b", "\ufffd").replace("\ud800", "\ufffd")
    assert page.text.count(shown) >= 3  # question, answer and source are there, letter for letter


@pytest.mark.parametrize("word", HOSTILE)
def test_no_text_of_an_error_a_title_or_an_example_becomes_markup(word: str) -> None:
    safe(turn_html(Turn(1, word, error=(word, word))))
    page = safe(header(2, [word]) + welcome([word]))
    shown = text(word).replace("&", "&")
    assert page.of("chip")[0]["data-question"] == Page(f"<p>{shown}</p>").text


@given(st.text(max_size=60))
def test_any_text_comes_through_whole_and_alone(word: str) -> None:
    page = drawn(answer_of(word))
    expected = Page(f"<p>{text(word)}</p>").text
    assert page.of("card")[0]["data-title"] == Page(f'<p class="{text(word)}"></p>').tags[0][1]["class"]
    assert expected in page.text


def test_one_fact_is_the_short_answer_with_its_mark_and_one_card() -> None:
    page = drawn(world.FACT_ANSWER)
    assert [a["data-open"] for a in page.of("mark")] == ["t7c1"]
    assert not page.of("statement")  # said once, not twice
    (card,) = page.of("card")
    visits = world.VISITS
    assert (card["id"], card["data-start"], card["data-end"]) == ("t7c1", str(visits.start), str(visits.end))
    assert card["data-marks"] == f"[[{visits.marks[0][0]}, {visits.marks[0][1]}]]"
    assert [t for tag, t in page.texts if tag == "mark"] == ["118.4万人次"]
    assert visits.quote in page.text
    for fact in ("河岸图书馆2023年服务年报", "2024-01-15", "浙江 杭州", "年报/河岸图书馆 2023.txt"):
        assert fact in page.text


def test_a_sentence_round_the_short_answer_is_shown_under_it() -> None:
    answer = replace(world.FACT_ANSWER, statements=(Statement("全年接待读者118.4万人次。", (1,)),))
    page = drawn(answer)
    assert len(page.of("short")) == len(page.of("statement")) == 1
    assert len(page.of("mark")) == 1


def test_a_comparison_is_a_table_with_a_mark_in_each_cell_and_says_what_is_missing() -> None:
    page = drawn(world.COMPARISON_ANSWER)
    assert [t for tag, t in page.texts if tag == "th"] == ["浙江", "重庆", "西藏"]
    assert [a["class"] for tag, a in page.tags if tag == "td" and "class" in a] == ["unproved"]
    assert page.text.count("没有找到") == 1
    assert [a["data-open"] for a in page.of("mark")] == ["t7c1", "t7c2", "t7c1", "t7c2"]
    assert "第 1 页" in page.text  # of the PDF


def test_marks_stand_where_the_text_has_them_and_only_for_known_citations() -> None:
    answer = replace(
        world.FACT_ANSWER, short=None, answer="甲[1]乙[9]。", statements=(Statement("甲[1]乙[9]。", (1,)),)
    )
    page = drawn(answer)
    assert [t for _, t in page.texts].count("1") == 2  # the mark and the card's number
    assert len(page.of("mark")) == 1
    assert "乙[9]。" in page.text  # a number in brackets that cites nothing is text
    before_stop = drawn(replace(answer, answer="甲乙。", statements=(Statement("甲乙。\n", (1,)),)))
    order = [t for _, t in before_stop.texts]
    assert order.index("甲乙") < order.index("1") < order.index("。")


def test_a_refusal_is_no_answer() -> None:
    page = drawn(world.REFUSAL)
    assert page.of("refused")[0]["data-reason"] == "other_year"
    assert not page.of("mark") and not page.of("card") and not page.of("short")
    assert len(page.of("passage")) == 2
    for word in (
        "文档中没有找到依据",
        "相关内容，不是答案",
        "Related, not an answer",
        "2031",
        "杭州市",
        "员工",
    ):
        assert word in page.text
    assert not any("data-copy-zh" in a for _, a in page.tags)


def test_what_was_looked_for_is_said_once_and_each_part_can_be_taken_out() -> None:
    page = drawn(replace(world.REFUSAL, answer="没有找到。查找的内容\uff1a2031年、河岸图书馆、员工。"))
    assert page.text.count("员工") == 2  # question and tag
    buttons = [a for _, a in page.tags if a.get("data-kind")]
    dropped = [(a["data-kind"], a["data-value"]) for a in buttons if a.get("data-do") == "drop"]
    assert dropped == [("years", "2031"), ("regions", "浙江/杭州"), ("terms", "河岸图书馆"), ("terms", "员工")]
    assert [a["data-value"] for a in buttons if a.get("data-action") == "swap"] == ["2031", "浙江/杭州"]
    assert all(a["data-turn"] == "7" for a in buttons)


def test_an_answer_whose_document_is_gone_is_not_said_to_have_failed() -> None:
    answered = Turn(1, world.QUESTION, world.FACT_ANSWER, done=True)
    gone = turn_html(readable_turn(answered, {"another.txt"}))
    assert "118.4" not in gone and "can no longer be read" in gone
    assert both("withdrawn") in gone and both("failed") not in gone
    assert both("failed") in turn_html(Turn(1, "问", error=("坏了", "broken"), done=True))


@pytest.mark.parametrize("word", HOSTILE)
def test_no_text_of_a_laid_out_answer_becomes_markup(word: str) -> None:
    two = (replace(world.VISITS, title=word, published=word, region=word), replace(world.CLUBS, n=2, title=word))
    listed = tuple(Statement(word + end, (1,)) for end in "ab")
    disputed = (Statement(f"{word}《{word}》\uff1a{word}1场", (1,)), Statement(f"{word}《{word}》\uff1a{word}2场", (2,)))
    years = tuple(Statement(f"{year}年\uff1a1人 {word}", (1,)) for year in (2020, 2021, 2022))
    for statements, more in ((listed, ""), (disputed, "\n各份资料说法不一"), (years, "")):
        lines = "\n".join(s.text for s in statements)
        drawn(Answer("问", lines + more, statements=statements, citations=two, understood={"kind": "list"}))


def test_what_a_model_wrote_follows_the_reader_under_a_heading_of_its_own() -> None:
    page = drawn(world.WRITTEN_ANSWER)
    order = [page.text.index(words) for words in ("118.4万人次", "由 qwen3-4b 写成", "河岸图书馆2023年接待读者", "依据", "复制")]
    assert order == sorted(order)
    assert [a["data-open"] for a in page.of("mark")] == ["t7c1", "t7c1", "t7c2"]
    assert page.text.count("重庆同年举办读书会520场") == 1 and not page.of("unproved")
    assert "1 句未通过核对" in page.text and "2 of its sentences" in page.text and "正在写" not in page.text


def test_while_a_model_writes_that_is_the_one_status_and_nothing_is_counted_yet() -> None:
    page = drawn(replace(world.READ_ANSWER, written=Written("m", "writing", cut=3)), done=False)
    [status] = [a for _, a in page.tags if a.get("role") == "status"]
    assert status["class"] == "remark" and "模型正在写" in page.text and "略去" not in page.text
    assert len(page.of("short")) == len(page.of("dots")) == 1 and "写成" not in page.text


def test_an_answer_of_a_model_alone_is_what_it_wrote() -> None:
    text = "河岸图书馆2023年接待读者118.4万人次[1]。重庆同年举办读书会520场[2]。"  # in one paragraph
    page = drawn(replace(world.WRITTEN_ANSWER, answer=text, short=None, statements=world.WRITTEN_ANSWER.statements[1:]))
    assert len(page.of("statement")) == 2 and page.text.count("520场[") == 0
    assert "由 qwen3-4b 写成" in page.text and not page.of("refused")


def test_a_refusal_waits_for_the_model_and_then_says_what_that_found() -> None:
    waiting = drawn(replace(world.REFUSAL, written=Written("m", "writing")), done=False)
    assert waiting.of("pending") and not waiting.of("refused") and "模型正在写" in waiting.text
    declined = drawn(replace(world.REFUSAL, written=Written("m", "declined", note="<模型>也没有找到。")))
    assert declined.of("refused") and "<模型>也没有找到。" in declined.text


def test_a_list_is_numbered_with_the_marks_on_each_item() -> None:
    page = drawn(world.LIST_ANSWER)
    assert len(page.of("items")) == 1
    assert len(page.of("mark")) == len(page.of("statement")) == 3 and not page.of("short")  # said once, not twice
    one = replace(world.LIST_ANSWER, answer="x", statements=(Statement("馆员办讲座、修旧书,教老人用手机查书目。", (1,)),))
    page = drawn(replace(one, short="办讲座、修旧书和教老人用手机查书目"))
    assert len(page.of("mark")) == 4 and [t for tag, t in page.texts if tag == "li"][:3] == ["办讲座", "修旧书", "教老人用手机查书目"]
    assert not drawn(replace(one, short="办讲座、修旧书,还教老人")).of("items")
    assert not drawn(replace(one, short="甲、乙", understood={})).of("items")  # no list was asked for


def test_figures_of_several_years_are_a_table_in_their_order_and_a_plot() -> None:
    page = drawn(world.YEARS_ANSWER)
    assert [t for tag, t in page.texts if tag == "th"] == ["2020年", "2021年", "2022年", "2023年"]
    assert len(page.of("plot")) == 1 and "单位\uff1a万人次" in page.text and "不从 0 开始" not in page.text
    without = replace(world.YEARS_ANSWER, statements=world.YEARS_ANSWER.statements[:1])
    assert not drawn(without).of("plot") and drawn(without).of("compare")


def test_documents_that_differ_stand_side_by_side_the_newest_first() -> None:
    page = drawn(world.DISPUTED_ANSWER)
    assert page.text.index("说法不一") < page.text.index("What it says")
    assert [t for tag, t in page.texts if tag == "th"] == ["河岸图书馆2023年服务年报", "山城书店协会 2023 年工作情况"]
    assert [t for tag, t in page.texts if tag == "td"] == ["2024-01-15", "浙江 杭州 2023", "2023-12", "重庆 2023"]
    assert [a["data-open"] for a in page.of("mark")] == ["t7c2", "t7c1"] and page.text.count("说法不一") == 1
    more = replace(
        world.DISPUTED_ANSWER, answer=world.DISPUTED_ANSWER.answer + "\n2022年\uff1a资料中没有找到。",
        statements=(*world.DISPUTED_ANSWER.statements, Statement("2021年\uff1a12场", (1,))),
    )  # fmt: skip
    page = drawn(more)
    assert page.text.index("2023-12") < page.text.index("2021年\uff1a12场") and "2022年\uff1a资料中没有找到" in page.text


def test_a_verdict_says_which_figures_it_is_computed_from() -> None:
    assert "由 浙江 462场 · 重庆 520场 得出" in drawn(world.COMPARISON_ANSWER).text
    growing = replace(world.COMPARISON_ANSWER, statements=world.COMPARISON_ANSWER.statements[1:])
    assert "得出" not in drawn(growing).text


def test_waiting_growing_and_failed_turns_can_be_told_apart() -> None:
    assert safe(turn_html(Turn(1, "问"))).of("pending")
    growing = drawn(replace(world.COMPARISON_ANSWER, citations=()), done=False)
    assert growing.of("dots") and not growing.of("quiet")
    failed = safe(turn_html(Turn(1, "问", error=("坏了", "broken"))))
    assert failed.of("failed") and any(a.get("role") == "alert" for _, a in failed.tags)
    both = conversation([Turn(1, "问"), Turn(2, "再问")])
    assert [a["id"] for a in safe(both).of("turn")] == ["t1", "t2"]


def test_a_long_quote_is_cut_round_its_proof() -> None:
    quote = "甲" * 900 + "第七十二家" + "乙" * 900
    citation = replace(world.VISITS, quote=quote, start=50, end=50 + len(quote), marks=((950, 955),))
    page = safe(f"<p>{quote_html(citation)}</p>")
    assert [t for tag, t in page.texts if tag == "mark"] == ["第七十二家"]
    assert len(page.of("cut")) == 2
    assert page.text in quote and len(page.text) == QUOTE_SHOWN


@given(
    st.text("甲乙", min_size=1, max_size=700),
    st.lists(st.tuples(st.integers(0, 720), st.integers(0, 720)), max_size=5),
)
def test_a_quote_is_shown_in_order_whatever_the_marks(quote: str, spans: list[tuple[int, int]]) -> None:
    citation = replace(world.VISITS, quote=quote, start=10, end=10 + len(quote), marks=tuple(spans))
    page = safe(f"<p>{quote_html(citation)}</p>")
    assert page.text in quote
    assert page.text == quote or len(page.text) >= QUOTE_SHOWN


def test_copied_text_has_every_source() -> None:
    copied = copy_text(world.COMPARISON_ANSWER, "en")
    for part in (
        world.COMPARISON,
        "520场",
        world.CLUBS.quote,
        world.SHOPS.quote,
        "[2] 山城书店协会",
        "p. 1",
        "hill.pdf",
    ):
        assert part in copied


def test_copied_text_says_what_a_model_wrote() -> None:
    copied = copy_text(world.WRITTEN_ANSWER, "en").split("\n")
    at = copied.index("Written by qwen3-4b, every sentence checked")
    assert copied[at - 1] == "118.4万人次[1]。"
    assert copied[at + 1 : at + 3] == ["河岸图书馆2023年接待读者118.4万人次[1]。", "重庆同年举办读书会520场[2]。"]
    assert copied[at + 3] == "Left out, not having passed the check: 1 of its sentences"


def test_header_counts_documents_and_says_when_there_is_no_index() -> None:
    assert "已载入 12 份文档" in safe(header(12, ["浙江"])).text
    assert "zhiyin index" in safe(header(None)).text
    assert not safe(welcome([])).of("chips")


@pytest.mark.parametrize("answer", [world.FACT_ANSWER, world.COMPARISON_ANSWER, world.REFUSAL, world.HOSTILE_ANSWER])
def test_an_answer_carries_thumbs_and_what_a_verdict_is_kept_with(answer: Answer) -> None:
    page = drawn(answer, history=(("<b>问", "答"),))
    [box] = page.of("thumbs")
    kept = parse(json.loads(box["data-judged"]) | {"verdict": "down"})
    assert (kept.question, kept.history, kept.generation) == (answer.question, (("<b>问", "答"),), answer.generation)
    assert (kept.answer, kept.short, kept.refused) == (answer.answer.strip(), answer.short, answer.refused)
    assert [(c.source, c.start, c.end, c.version) for c in kept.citations] == [
        (c.source, c.start, c.end, c.version) for c in answer.citations
    ]
    thumbs = page.of("thumb")
    assert [(t["data-verdict"], t["aria-pressed"]) for t in thumbs] == [("up", "false"), ("down", "false")]
    assert all(t["aria-label"] and t["data-label-en"] for t in thumbs)


def test_what_is_not_finished_has_no_thumbs() -> None:
    assert not drawn(world.FACT_ANSWER, done=False).of("thumbs")
    assert not drawn(world.REFUSAL, error=("错", "wrong")).of("thumbs")
