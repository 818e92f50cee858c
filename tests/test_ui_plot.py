from __future__ import annotations

import doctest
import itertools
import re
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.types import Answer, Statement
from rag.ui import plot as module
from rag.ui.plot import axis, plot
from rag.ui.series import Point, Series, series
from rag.ui.table import table

from . import ui_doubles as world


def over(*statements: str, missing: str = "") -> Series | None:
    laid = table(Answer("问", "\n".join((*statements, missing)), statements=tuple(Statement(s, (1,)) for s in statements)))
    return series(laid) if laid else None


def points(*values: object, first: int = 2020) -> list[Point]:
    return [Point(first + n, str(v), Decimal(str(v))) if v is not None else Point(first + n) for n, v in enumerate(values)]


def drawn(given: list[Point], unit: str = "") -> ET.Element:
    return ET.fromstring(plot("t1-plot", given, unit))


def texts(svg: ET.Element, kind: str | None = None) -> list[str]:
    return [t.text or "" for t in svg.iter("text") if t.get("class") == kind]


def test_the_examples_of_the_documentation_are_right() -> None:
    assert doctest.testmod(module) == doctest.TestResults(0, 2)


def test_years_are_put_in_order_and_scaled_by_wan_and_yi() -> None:
    table_ = table(world.YEARS_ANSWER)
    assert table_ is not None
    laid = series(table_)
    assert laid is not None and laid.unit == "万人次"
    assert [(p.year, p.value, p.approximate) for p in laid.points] == [
        (2020, Decimal("61.5"), False), (2021, None, False), (2022, Decimal("98.6"), True), (2023, Decimal("118.4"), False),
    ]  # fmt: skip
    money = over("2020年:9800万元", "2021年:1.2亿元", "2022年:13000万元")
    assert money is not None and (money.unit, [p.value for p in money.points]) == ("亿元", [Decimal("0.98"), Decimal("1.2"), Decimal("1.3")])


@pytest.mark.parametrize(
    "statements",
    [
        ("2020年:1人", "2021年:2人"),  # two years
        ("2020年:1人", "2021年:2人", "四川:3人"),
        ("2020年四川:1人", "2021年四川:2人", "2022年辽宁:3人"),  # two places
        ("2020年:1人", "2021年:2人", "2022年:3场"),
        ("2020年:1元", "2021年:2元", "2022年:3美元"),  # one kind, two currencies
        ("2020年:1人", "2021年:2人", "2022年:3人和4人"),  # which one?
        ("2018-2020年:1人", "2021年:2人", "2022年:3人"),
    ],
)
def test_what_is_no_series_of_one_unit_and_place_is_none(statements: tuple[str, ...]) -> None:
    assert over(*statements) is None


def test_a_year_named_in_a_value_is_not_its_figure() -> None:
    laid = over("2020年:2020年有11人", "2021年:12名", "2022年:13人")
    assert laid is not None and [p.value for p in laid.points] == [11, 12, 13]


def test_it_is_an_image_with_a_point_a_value_and_a_year_each() -> None:
    svg = drawn(points(61.5, None, 98.6, 118.4), "万人次")
    assert svg.get("role") == "img" and "万人次" in (svg.get("aria-label") or "")
    [desc] = svg.iter("desc")
    assert svg.get("aria-describedby") == desc.get("id") == "t1-plot-desc"
    assert desc.text == "2020: 61.5; 2021: –; 2022: 98.6; 2023: 118.4"
    assert texts(svg, "value") == ["61.5", "98.6", "118.4"] and len(list(svg.iter("circle"))) == 3
    assert texts(svg) == ["0", "50", "100", "150", "2020", "2021", "2022", "2023"]
    [line] = [p for p in svg.iter("path") if p.get("class") == "line"]  # a gap: only the last two are joined
    assert len(re.findall(r"[ML]", line.get("d") or "")) == 2
    assert svg.get("tabindex") is None and svg.get("width") == "320"


def test_many_years_make_it_wider_and_reachable_for_the_keyboard() -> None:
    svg = drawn(points(*range(1, 13)))
    assert int(svg.get("width") or 0) > 320 and svg.get("tabindex") == "0"


def test_an_approximate_value_says_so() -> None:
    assert texts(drawn([Point(2020, "近3人", Decimal(3), True), *points(4, first=2021)]), "value") == ["≈3", "4"]


def test_the_axis_begins_at_0_unless_all_values_are_far_from_it() -> None:
    assert axis(points(1, 80))[0] == 0
    assert axis(points(98.3, 104.5)) == [98, 100, 102, 104, 106]
    assert axis(points(98, 104))[0] < 98  # the smallest does not lie on it
    assert axis(points(5, 5))[0] == 0
    assert axis(points(0, 0))[-1] > 0


@given(st.lists(st.decimals(0, 10**8, places=2), min_size=2, max_size=8))
def test_ticks_are_few_and_even_and_every_point_is_inside(values: list[Decimal]) -> None:
    ticks = axis(points(*values))
    assert 2 <= len(ticks) <= 7 and len({b - a for a, b in itertools.pairwise(ticks)}) == 1
    assert ticks[0] <= min(values) and max(values) <= ticks[-1]
    svg = drawn(points(*values))
    width, height = float(svg.get("width") or 0), float(svg.get("height") or 0)
    assert all(0 < float(c.get("cx") or 0) < width and 0 < float(c.get("cy") or 0) < height for c in svg.iter("circle"))
