from __future__ import annotations

import doctest
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.types import Statement
from rag.ui import items as module
from rag.ui.items import cut, items

from . import ui_doubles as world

LIST = world.LIST_ANSWER


def test_the_examples_of_the_documentation_are_right() -> None:
    assert doctest.testmod(module) == doctest.TestResults(0, 1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("开门建工会、出门亮工会", 2),
        ("政治引领与政治安全、组织覆盖与工作覆盖", 2),  # a pair is one item
        ("《甲、乙条例》", 0),  # the mark stands inside a title
        ("甲(一、二)、乙", 0),
        ("甲、", 0),
        ("开会、学习,还去了社区", 0),
        ("介绍了赵一曼、罗阳等人物", 0),
        ("只有一件", 0),
    ],
)
def test_a_list_is_cut_and_what_is_more_than_one_is_left_whole(text: str, found: int) -> None:
    assert len(cut(text)) == found


def test_statements_are_items_where_a_list_was_asked_for_or_the_short_answer_joins_them() -> None:
    asked = replace(LIST, short=None)
    joined = replace(LIST, understood={})
    assert items(asked) == items(joined) == LIST.statements
    assert items(replace(asked, understood={})) == ()


def test_each_item_of_one_statement_has_its_citations() -> None:
    one = replace(LIST, statements=(Statement("馆员办讲座和修旧书。", (1, 2)),), short="讲座、旧书")
    assert items(one) == (Statement("讲座", (1, 2)), Statement("旧书", (1, 2)))
    assert items(replace(one, statements=())) == items(replace(one, short=None)) == ()


@given(st.text("甲乙、和与等。,《》 ", max_size=30))
def test_nothing_is_lost_or_added(text: str) -> None:
    found = cut(text)
    assert not found or all(item and item in text for item in found)
