"""Comparison tables, what was understood, filters, and questions to go on with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.access import Scope
from rag.errors import InputError
from rag.retrieve.filters import EVERYTHING, Filters, parse
from rag.types import Answer, Period, Statement
from rag.ui.suggestions import go_on
from rag.ui.table import Cell, table
from rag.ui.understood import instead, parts, standing, without

from . import ui_doubles as world


def laid(*texts: str, answer: str = "") -> Any:
    statements = tuple(Statement(t, (n,)) for n, t in enumerate(texts, 1))
    return table(Answer("问", answer or "\n".join(texts), statements=statements))


def test_a_comparison_is_a_row_each_below_its_verdict() -> None:
    found = table(world.COMPARISON_ANSWER)
    assert found is not None and found.verdict is not None and found.verdict.text == "重庆更多"
    assert found.columns == ()
    assert found.rows == (
        ("浙江", (Cell("462场", (1,)),)), ("重庆", (Cell("520场", (2,)),)), ("西藏", (Cell(None),)),
    )  # fmt: skip


def test_years_and_places_that_cross_are_columns_and_rows() -> None:
    answer = "2022年四川省\uff1a资料中没有找到。\n2023年四川省\uff1a4万[1]。\n2022年辽宁省\uff1a2万[2]。"
    found = laid("2023年四川省\uff1a4万", "2022年辽宁省\uff1a2万", answer=answer)
    assert found.columns == ("2022", "2023")
    assert found.rows == (("四川省", (Cell(None), Cell("4万", (1,)))), ("辽宁省", (Cell("2万", (2,)), None)))


@pytest.mark.parametrize(
    "texts",
    [
        ("甲\uff1a1",),
        ("第一句话。", "第二句话。"),
        ("甲\uff1a1", "乙没有冒号"),
        ("甲\uff1a1", "甲\uff1a2"),
        ("这是一句很长很长很长很长很长很长很长很长很长很长很长的话\uff1a1", "乙\uff1a2"),
        ("甲。又说\uff1a1", "乙。又说\uff1a2"),
    ],
)
def test_what_is_no_comparison_is_no_table(texts: tuple[str, ...]) -> None:
    assert laid(*texts) is None


@given(st.lists(st.text("甲乙2023年\uff1a:[1]。 \n", max_size=20), max_size=4))
def test_any_statements_are_laid_out_or_left_alone(texts: list[str]) -> None:
    found = laid(*texts)
    assert found is None or len(found.rows) >= 1


# ---- what was understood -------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "kind", "value", "left"),
    [
        ("2023年辽宁和安徽省总工会分别帮扶了多少职工?", "years", "2023", "辽宁和安徽省总工会分别帮扶了多少职工?"),
        ("2023年辽宁和安徽省总工会分别帮扶了多少职工?", "regions", "辽宁", "2023年安徽省总工会分别帮扶了多少职工?"),
        ("2023年辽宁和安徽省总工会分别帮扶了多少职工?", "regions", "安徽", "2023年辽宁总工会分别帮扶了多少职工?"),
        ("四川省2022年困难职工家庭有多少户", "terms", "困难职工", "四川省2022年家庭有多少户"),
        ("How many workers did Liaoning help in 2023?", "years", "2023", "How many workers did Liaoning help?"),
        ("四川省有多少户", "years", "2022", "四川省有多少户"),
        ("2022年", "years", "2022", "2022年"),
    ],
)
def test_one_thing_is_taken_out_of_the_wording(question: str, kind: str, value: str, left: str) -> None:
    assert without(question, kind, value) == left


def test_a_relative_year_is_taken_out_where_the_conversation_says_which_it_was() -> None:
    assert without("去年沈阳市举办了多少场招聘会", "years", "2022", anchor=Period(2023, 2023)) == "沈阳市举办了多少场招聘会"


@pytest.mark.parametrize(
    ("question", "kind", "value", "wanted", "changed"),
    [
        ("2023年辽宁和安徽省总工会分别帮扶了多少职工?", "years", "2023", "2021", "2021年辽宁和安徽省总工会分别帮扶了多少职工?"),
        ("2023年辽宁和安徽省总工会分别帮扶了多少职工?", "regions", "安徽", "四川", "2023年辽宁和四川省总工会分别帮扶了多少职工?"),
        ("去年沈阳市举办了多少场招聘会", "regions", "辽宁/沈阳", "浙江/杭州", "去年杭州市举办了多少场招聘会"),
        ("去年沈阳市举办了多少场招聘会", "years", "2022", "2020", "2020年沈阳市举办了多少场招聘会"),
        ("How many workers did Liaoning help in 2023?", "years", "2023", "2022", "How many workers did Liaoning help in 2022?"),
        ("四川省有多少户", "years", "2022", "2021", "四川省有多少户"),
        ("2022年四川省有多少户", "years", "2022", "<b>", "2022年四川省有多少户"),
        ("2022年四川省有多少户", "regions", "四川", "<img src=x>", "2022年四川省有多少户"),
        ("2022年四川省有多少户", "terms", "户", "2021", "2022年四川省有多少户"),
    ],
)
def test_a_year_or_a_place_is_changed_in_the_wording(question: str, kind: str, value: str, wanted: str, changed: str) -> None:
    assert instead(question, kind, value, wanted, anchor=Period(2023, 2023)) == changed


@given(st.text(max_size=60), st.sampled_from(["years", "regions", "titles", "terms", "<b>"]), st.text(max_size=5))
def test_taking_out_never_fails_and_leaves_something(question: str, kind: str, value: str) -> None:
    left = without(question, kind, value)
    assert left == question or left.strip()


def test_what_was_understood_is_told_once_and_as_asked() -> None:
    answer = Answer("问", "答", understood={"years": [2023], "regions": ["浙江/杭州"], "terms": ["2023", "员工", "化"], "rewritten": None})
    assert [(p.kind, p.value, p.shown) for p in parts(answer)] == [
        ("years", "2023", "2023"), ("regions", "浙江/杭州", "杭州市"), ("terms", "员工", "员工"),
    ]  # fmt: skip
    assert standing(answer) == "问"
    assert standing(replace(answer, understood={"rewritten": "2023年\u3000那呢"})) == "2023年那呢"


# ---- filters --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "allowed"),
    [
        (EVERYTHING, True),
        (Filters(sources=frozenset({"a.txt"})), True),
        (Filters(sources=frozenset({"b.txt"})), False),
        (Filters(regions=frozenset({"浙江"})), True),
        (Filters(regions=frozenset({"浙江/宁波"})), False),
        (Filters(years=frozenset({2022, 2030})), True),
        (Filters(years=frozenset({2024})), False),
        (Filters(regions=frozenset({"浙江"}), years=frozenset({2024})), False),
    ],
)
def test_each_kind_of_filter_must_hold(filters: Filters, allowed: bool) -> None:
    assert filters.allows("a.txt", Period(2021, 2023), ("浙江/杭州",)) is allowed


def test_what_speaks_of_no_known_year_or_place_passes_no_such_filter() -> None:
    assert not Filters(years=frozenset({2023})).allows("a", None, ())
    assert not Filters(regions=frozenset({"浙江"})).allows("a", None, ())
    assert EVERYTHING.allows("a", None, ())


def test_filters_come_back_from_their_json() -> None:
    filters = Filters(frozenset({"a", "b"}), frozenset({"浙江"}), frozenset({2023}))
    assert parse(filters.to_dict()) == filters
    assert parse(None) == EVERYTHING and not EVERYTHING


@pytest.mark.parametrize(
    "value",
    [[], "x", {"other": []}, {"years": "2023"}, {"years": ["2023"]}, {"years": [True]}, {"sources": [""]}, {"regions": [1]},
     {"sources": ["x"] * 201}],
)  # fmt: skip
def test_what_is_no_filter_is_refused(value: object) -> None:
    with pytest.raises(InputError):
        parse(value)


# ---- questions to go on with ------------------------------------------------------


def asked(bot: Any, **changes: Any) -> list[str]:
    given: dict[str, Any] = {
        "question": world.QUESTION, "asked": [], "cited": [(world.HILL.source, 0)], "filters": EVERYTHING,
        "scope": Scope(everything=True), "seconds": 60.0,
    }  # fmt: skip
    return go_on(bot, **given | changes)


def test_only_questions_that_are_answered_are_suggested() -> None:
    bot = world.canned_bot()
    assert asked(bot, cited=[(world.RIVER.source, 0), (world.HILL.source, 0)]) == [world.EXAMPLE]
    tried = [q for q, _ in bot.calls]
    assert len(tried) > 1 and all(bot.ask(q).refused for q in tried if q != world.EXAMPLE)


def test_what_was_asked_is_not_suggested_again() -> None:
    assert asked(world.canned_bot(), asked=[world.EXAMPLE.rstrip("\uff1f")]) == []


def test_the_same_question_of_another_year_is_tried_first() -> None:
    bot = world.canned_bot()
    asked(bot, question="2019年举办读书会多少场")
    assert bot.calls[0][0] == "2023年举办读书会多少场"


def test_suggestions_see_what_the_asker_sees_and_stop_in_time() -> None:
    bot = world.canned_bot()
    scope, filters = Scope(frozenset({"x"})), Filters(years=frozenset({2023}))
    asked(bot, scope=scope, filters=filters)
    assert set(bot.narrowed) == {(scope, filters)}
    assert asked(world.canned_bot(), seconds=-1.0) == []
    assert asked(world.canned_bot(), cited=[("nowhere.txt", 0), (world.HILL.source, 9)], question="问") == []
    assert asked(world.canned_bot(empty=True)) == []
