"""Quantities: value, unit, softening words."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.numbers import find_quantities, parse_chinese, same


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("2.15万对", "21500", "对"),
        ("26万余人次", "260000", "人次"),
        ("14,347人", "14347", "人"),
        ("一百二十家", "120", "家"),
        ("三万五千人", "35000", "人"),
        ("一亿二千三百万元", "123000000", "元"),
        ("百分之八十", "80", "%"),
        ("98.76%", "98.76", "%"),
        ("2.18 万家", "21800", "家"),
        ("1.16 亿元", "116000000", "元"),
        ("近亿元", "100000000", "元"),
        ("十余家", "10", "家"),
        ("4900余名", "4900", "名"),
        ("12万个", "120000", "个"),
        ("3万4,500棵", "34500", "棵"),
        ("1万2千人次", "12000", "人次"),
        ("2亿3000万元", "230000000", "元"),
        ("2亿3000万5000元", "230005000", "元"),
    ],
)
def test_value_and_unit(text, value, unit):
    found = find_quantities(text)
    assert [(q.value, q.unit) for q in found] == [(Decimal(value), unit)]


def test_names_made_of_digits_are_no_quantities():
    assert find_quantities("五一劳动奖章与三八红旗手") == []


def test_spans_are_the_written_text():
    text = "参与企业1.33万家,覆盖职工134.2万人"
    assert [text[q.start : q.end] for q in find_quantities(text)] == ["1.33万家", "134.2万人"]


@pytest.mark.parametrize(("a", "b"), [("2.15万对", "21500对"), ("2.15万对", "21,500 对"), ("二十人", "20名"), ("1亿元", "10000万元")])
def test_same_quantity_written_differently(a, b):
    assert same(find_quantities(a)[0], find_quantities(b)[0])


@pytest.mark.parametrize(("a", "b"), [("1250万", "1520万"), ("20人", "20元"), ("20人", "20人次"), ("6%", "6")])
def test_different_quantities(a, b):
    first, second = find_quantities(a)[0], find_quantities(b + "家" if b == "6" else b)[0]
    assert not same(first, second)


@pytest.mark.parametrize(("text", "value"), [("二〇二二", 2022), ("一百零五", 105), ("三千", 3000), ("两万三", 20003), ("十", 10)])
def test_chinese_numerals(text, value):
    assert parse_chinese(text) == value


def test_not_a_numeral():
    assert parse_chinese("工会") is None


@given(st.integers(min_value=10, max_value=10**9))
def test_any_arabic_number_keeps_its_value(number):
    (found,) = find_quantities(f"共{number}家。")
    assert (found.value, found.unit) == (number, "家")
    (grouped,) = find_quantities(f"共{number:,}家。")
    assert grouped.value == number
