"""Figures over years as inline SVG: a function of values. Its colours are classes of the page's stylesheet."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from decimal import Decimal

from .escape import text
from .series import Point
from .texts import label

_WIDTH, _HEIGHT = 320, 210  # units of the drawing, about CSS pixels on a narrow screen
_TOP, _BOTTOM, _RIGHT = 26, 30, 14
_LETTER = 7.0  # width of a figure at the size of labels
_LEAST_GAP = 40.0  # between two neighbouring years
_FAR = 0.75  # of the largest: where no figure is below, an axis from 0 would show a flat line


def plot(name: str, points: Sequence[Point], unit: str) -> str:
    """Draw one point a year with its value; a year without a value is a gap. `points` are oldest first, two or more.

    `name` makes the ids of title and description its own. Values are not negative.
    """
    found = [p for p in points if p.value is not None]
    marks = axis(points)
    low, high = float(marks[0]), float(marks[-1])
    left = 10 + _LETTER * max(len(shown(t)) for t in marks)
    half = _LETTER * max(len(_value(p)) for p in found) / 2
    first, last = points[0].year, points[-1].year
    nearest = min(b.year - a.year for a, b in itertools.pairwise(points))
    width = max(_WIDTH, round(left + _RIGHT + 2 * half + max(_LEAST_GAP, 2 * half + 8) * (last - first) / nearest))
    floor = _HEIGHT - _BOTTOM
    reached = ' tabindex="0"' if width > _WIDTH else ""  # for the keyboard to scroll what is wider than a narrow screen

    def x(year: int) -> str:
        return f"{left + half + (year - first) / (last - first) * (width - left - _RIGHT - 2 * half):.1f}"

    def y(value: Decimal) -> float:
        return floor - (float(value) - low) / (high - low) * (floor - _TOP)

    lines = [f'<path class="grid" d="M{left:.1f} {y(t):.1f}H{width - _RIGHT}"/>' for t in marks[1:]]
    ticks = [f'<text x="{left - 6:.1f}" y="{y(t) + 4:.1f}" text-anchor="end">{shown(t)}</text>' for t in marks]
    years = [f'<text x="{x(p.year)}" y="{floor + 20}" text-anchor="middle">{p.year}</text>' for p in points]
    runs: list[list[str]] = [[]]
    dots: list[str] = []
    for p in points:
        if p.value is None:
            runs.append([])
            continue
        runs[-1].append(f"{x(p.year)} {y(p.value):.1f}")
        dots.append(f'<circle class="dot" cx="{x(p.year)}" cy="{y(p.value):.1f}" r="4"/>')
        dots.append(f'<text class="value" x="{x(p.year)}" y="{y(p.value) - 10:.1f}" text-anchor="middle">{_value(p)}</text>')
    joined = [f'<path class="line" d="M{"L".join(run)}"/>' for run in runs if len(run) > 1]
    said = "; ".join(f"{p.year}: {p.written or '–'}" for p in points)
    return (
        f'<svg viewBox="0 0 {width} {_HEIGHT}" width="{width}" height="{_HEIGHT}" role="img" aria-describedby="{name}-desc"{reached} '
        f'{label("plot", first=first, last=last, unit=unit)}>'
        f'<title>{first}–{last}</title><desc id="{name}-desc">{text(said)}</desc>'
        f'{"".join(lines)}<path class="axis" d="M{left:.1f} {floor}H{width - _RIGHT}"/>{"".join([*ticks, *years, *joined, *dots])}</svg>'
    )


def axis(points: Sequence[Point]) -> list[Decimal]:
    """Round marks from below the smallest value to above the largest, two to seven; from 0 unless all are far from it.

    >>> [shown(mark) for mark in axis([Point(2020, value=Decimal(3)), Point(2021, value=Decimal(87))])]
    ['0', '25', '50', '75', '100']
    """
    values = [p.value for p in points if p.value is not None]
    most, least = max(values), min(values)
    low = least if _FAR * float(most) < least < most else Decimal(0)
    rough = float(most - low) / 4 or 0.25
    unit = Decimal(10) ** math.floor(math.log10(rough))
    step = next(unit * f for f in (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10)) if float(unit * f) >= rough * 0.999)
    first, last = math.floor(low / step), math.ceil(most / step) or 1
    if first * step == low and low:
        first -= 1  # the smallest is not to look like nothing
    return [n * step for n in range(first, last + 1)]


def shown(value: Decimal) -> str:
    """The number in full, its thousands apart.

    >>> shown(Decimal("12000.50")), shown(Decimal(100))
    ('12,000.5', '100')
    """
    number = f"{value:,f}"
    return number.rstrip("0").rstrip(".") if "." in number else number


def _value(point: Point) -> str:
    return "" if point.value is None else ("≈" if point.approximate else "") + shown(point.value)
