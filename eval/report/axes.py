"""What plots are drawn with: axes, the plane between two of them, text, and the SVG round it all."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .html import Child, Html, tag
from .words import percent

WIDTH, HEIGHT = 420, 276
LEFT, RIGHT, TOP, BOTTOM = 46, 18, 30, 48
_LETTER = 7.0
"""Width of a small letter at the size of labels, in units of the drawing; a Chinese character takes about two."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One direction of a plot: values from `low` to `high`, marks at `ticks`, and what it measures."""

    label: str
    low: float
    high: float
    ticks: Sequence[tuple[float, str]]

    def share(self, value: float) -> float:
        """How far along `value` is, 0 to 1."""
        return min(max((value - self.low) / ((self.high - self.low) or 1), 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Plane:
    """Two axes as coordinates of the drawing."""

    across: Axis
    up: Axis

    def x(self, value: float) -> float:
        """Where `value` is, in units of the drawing from the left."""
        return round(LEFT + self.across.share(value) * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        """Where `value` is, in units of the drawing from the top."""
        return round(HEIGHT - BOTTOM - self.up.share(value) * (HEIGHT - TOP - BOTTOM), 1)

    def draw(self) -> list[Html]:
        """Grid, ticks and the names of both axes."""
        floor, right = HEIGHT - BOTTOM, WIDTH - RIGHT
        out = [tag("line", x1=LEFT, y1=floor, x2=right, y2=floor, class_="axis")]
        for value, name in self.up.ticks:
            y = self.y(value)
            out += [
                tag("line", x1=LEFT, y1=y, x2=right, y2=y, class_="grid"),
                write(LEFT - 6, y + 4, name, "end"),
            ]
        out += [write(self.x(value), floor + 21, name) for value, name in self.across.ticks]
        out += [
            write((LEFT + right) / 2, HEIGHT - 8, self.across.label, class_="name"),
            write(LEFT - 42, 14, self.up.label, "start", class_="name"),
        ]
        return out


def write(x: float, y: float, words: Child, anchor: str = "middle", *, class_: str | None = None) -> Html:
    """Text in the drawing; `anchor` is start, middle or end."""
    return tag("text", words, x=round(x, 1), y=round(y, 1), text_anchor=anchor, class_=class_)


def drawing(name: str, title: str, description: str, *parts: Child, height: float = HEIGHT) -> Html:
    """An SVG image that says what it shows; `name` makes the ids of its title and description its own."""
    return tag(
        "svg",
        tag("title", title, id=f"{name}-title"),
        tag("desc", description, id=f"{name}-desc"),
        *parts,
        viewBox=f"0 0 {WIDTH} {height:g}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        class_=f"plot {name}",
    )


def shares(label: str, least: float = 0.0, most: float = 1.0) -> Axis:
    """An axis of shares from a round one up to `least` to a round one from `most`, with at most six ticks.

    >>> [name for _, name in shares("", 0.71, 0.84).ticks]
    ['70%', '75%', '80%', '85%']
    """

    def ends(step: float) -> tuple[int, int]:
        first, last = math.floor(least / step + 1e-9), math.ceil(most / step - 1e-9)
        return first, max(last, first + 1)

    step = next((s for s in (0.01, 0.02, 0.05, 0.1) if ends(s)[1] - ends(s)[0] <= 5), 0.2)
    first, last = ends(step)
    ticks = [(round(n * step, 9), percent(n * step, 0)) for n in range(first, last + 1)]
    return Axis(label, first * step, last * step, ticks)


def amounts(label: str, most: float) -> Axis:
    """An axis from 0 to a round amount that is at least `most`, with four or five ticks.

    >>> [value for value, _ in amounts("ms", 87).ticks]
    [0.0, 25.0, 50.0, 75.0, 100.0]
    """
    rough = max(most, 1e-9) / 4
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * f for f in (1, 2, 2.5, 5, 10) if unit * f >= rough * 0.999)
    n = math.ceil(most / step * 0.999)
    return Axis(
        label, 0.0, (n or 1) * step, [(round(i * step, 9), f"{i * step:,.4g}") for i in range((n or 1) + 1)]
    )


def path(points: Iterable[tuple[float, float]]) -> str:
    """The points joined by straight lines, as the `d` of a path."""
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def width(words: str) -> float:
    """How wide a label is, about, in units of the drawing."""
    return sum(_LETTER * (2 if ord(c) > 0x2E7F else 1) for c in words)
