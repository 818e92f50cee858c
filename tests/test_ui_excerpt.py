from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.offsets import apply
from rag.types import Edit, Part, Period, Sentence
from rag.ui.examples import suggest
from rag.ui.excerpt import clean_view, raw_view

from . import ui_doubles as world


def joined(view, **kinds) -> str:
    return "".join(p.text for p in view.pieces if all(getattr(p, k) == v for k, v in kinds.items()))


def test_the_raw_view_holds_the_quote_to_the_letter_and_names_what_was_cleaned() -> None:
    c = world.VISITS
    view = raw_view(world.RIVER_RAW, world.RIVER_PART.edits, (c.start, c.end), c.marks)
    assert joined(view) == world.RIVER_RAW
    assert joined(view, quote=True) == c.quote
    assert joined(view, mark=True) == "118.4万人次"
    assert joined(view, rule="inline_pinyin") == "(zhèng)"
    assert joined(view, rule="forum_chrome").startswith("返回列表")


def test_the_clean_view_holds_the_same_words_without_the_dirt() -> None:
    c = world.VISITS
    view = clean_view(world.RIVER_PART.clean, world.RIVER_PART.edits, (c.start, c.end), c.marks)
    assert joined(view) == world.RIVER_PART.clean
    assert joined(view, quote=True) == "全年新办读者證3.26万张,接待读者118.4万人次,比上年多出两成。"
    assert joined(view, mark=True) == "118.4万人次"


def test_a_long_document_is_shown_as_a_window() -> None:
    raw = "前" * 500 + "依据" + "后" * 500
    view = raw_view(raw, [], (500, 502), [(501, 502)], context=100)
    assert joined(view) == "前" * 100 + "依据" + "后" * 100
    assert (view.before, view.after) == (True, True)
    start = raw_view(raw, [], None, [], context=100)
    assert joined(start) == raw[:200] and (start.before, start.after) == (False, True)


def test_a_document_without_a_quote_has_no_highlight() -> None:
    view = clean_view("正文", [], None, [])
    assert [p.to_dict() for p in view.pieces] == [
        {"text": "正文", "quote": False, "mark": False, "rule": None}
    ]
    assert clean_view("", [], None, []).pieces == ()


@st.composite
def edited(draw):
    raw = draw(st.text("甲乙丙a ", min_size=1, max_size=80))
    points = sorted(draw(st.sets(st.integers(0, len(raw)), max_size=8)))
    edits = [
        Edit(a, b, draw(st.sampled_from(["", "丁", "戊己"])), "rule")
        for a, b in zip(points[::2], points[1::2], strict=False)
    ]
    start = draw(st.integers(0, len(raw) - 1))
    end = draw(st.integers(start + 1, len(raw)))
    marks = draw(st.lists(st.tuples(st.integers(0, len(raw)), st.integers(0, len(raw))), max_size=3))
    return raw, edits, (start, end), marks, draw(st.integers(0, 90))


@given(edited())
def test_pieces_joined_are_a_stretch_of_the_text_with_the_whole_quote(case) -> None:
    raw, edits, quote, marks, context = case
    view = raw_view(raw, edits, quote, marks, context)
    low = max(0, quote[0] - context)
    assert joined(view) == raw[low : quote[1] + context]
    assert joined(view, quote=True) == raw[slice(*quote)]
    assert all(p.text for p in view.pieces)
    assert all(p.quote for p in view.pieces if p.mark)
    changed = {i for e in edits for i in range(e.start, e.end)}
    at = low
    for piece in view.pieces:
        assert all((i in changed) == (piece.rule is not None) for i in range(at, at + len(piece.text)))
        at += len(piece.text)
    clean = clean_view(apply(raw, edits), edits, quote, marks, 200)
    assert joined(clean) == apply(raw, edits)


def part(text: str, *, region: str | None = None, year: int | None = None) -> Part:
    period = Period(year, year) if year else None
    return Part("", text, (), (Sentence(0, len(text), 0, period=period),), region=region, period=period)


def test_examples_are_questions_about_counts_in_the_loaded_documents() -> None:
    found = suggest([world.RIVER_PART, world.HILL_PART], limit=4)
    assert "2023年杭州馆内设自习座位多少个\uff1f" in found
    assert "2023年重庆举办读书会多少场\uff1f" in found
    assert not any(figure in question for question in found for figure in ("1240", "520", "462"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("全市开办职工夜校课程共计1.2万场。", "2020年苏州全市开办职工夜校课程多少场\uff1f"),
        ("市里为困难家庭发放取暖补助320万元。", "2020年苏州市里为困难家庭发放取暖补助多少元\uff1f"),
        ("其中参加培训的人数达到5人。", None),
        ("天气很好,大家都来了。", None),
        ("共3场", None),
    ],
)
def test_only_a_clause_that_stands_by_itself_makes_a_question(text: str, expected: str | None) -> None:
    assert suggest([part(text, region="江苏/苏州", year=2020)]) == ([expected] if expected else [])


def test_every_document_has_its_turn_before_one_has_a_second() -> None:
    one = part("全市开办职工夜校课程12场。全市修建健身步道小路30条。", region="江苏", year=2020)
    two = part("新增城市书房服务网点7个。")
    found = suggest([one, two], limit=2)
    assert len(found) == 2 and "城市书房" in found[1]
