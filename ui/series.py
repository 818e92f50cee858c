"""Figures of several years, as a table in their order and as points to plot."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from rag.text.numbers import Quantity, find_quantities

from .table import Table

FEWEST = 3  # years
_YEAR = re.compile(r"(?P<year>(?:19|20)\d\d)\s?年?\s?(?P<place>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Point:
    """The figure of a year as it is written; `value` is exact. Both are None where nothing was found."""

    year: int
    written: str | None = None
    value: Decimal | None = None
    approximate: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """`points` oldest first, with values in `unit`; `table` has their rows in the same order."""

    unit: str
    points: tuple[Point, ...]
    table: Table


def series(table: Table) -> Series | None:
    """The table as figures over time: three years or more of one place, in one unit; None where it is anything else."""
    rows = []
    for label, cells in table.rows:
        match = _YEAR.fullmatch(label)
        if match is None or table.columns or cells[0] is None:
            return None
        rows.append((int(match["year"]), match["place"], (label, cells), cells[0].value))
    rows.sort(key=lambda row: row[0])
    if len({year for year, *_ in rows}) < max(len(rows), FEWEST) or len({place for _, place, *_ in rows}) > 1:
        return None
    found: dict[int, Quantity] = {}
    for year, _, _, written in rows:
        if written is not None and (figure := _figure(written)) is None:
            return None
        if written is not None and figure is not None:
            found[year] = figure
    if len(found) < 2 or not _alike(list(found.values())):
        return None
    words, scale = _scale(max(q.value for q in found.values()))
    points = tuple(
        Point(year, written, q.value / scale, bool(q.approx)) if (q := found.get(year)) else Point(year) for year, _, _, written in rows
    )
    unit = next(iter(found.values())).unit
    return Series(words + unit, points, replace(table, rows=tuple(row for _, _, row, _ in rows)))


def _figure(written: str) -> Quantity | None:
    """The one figure of a text, years apart."""
    figures = [q for q in find_quantities(written) if not (q.unit == "年" and 1900 <= q.value <= 2100)]
    return figures[0] if len(figures) == 1 else None


def _alike(figures: list[Quantity]) -> bool:
    persons = all(q.kind == "person" for q in figures)
    return persons or len({q.unit for q in figures}) == 1


def _scale(most: Decimal) -> tuple[str, Decimal]:
    return next(((name, Decimal(n)) for name, n in (("亿", 10**8), ("万", 10**4)) if most >= n), ("", Decimal(1)))
