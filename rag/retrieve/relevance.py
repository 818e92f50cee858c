"""Whether what a text speaks of is the time and the place that a question asks about."""

from __future__ import annotations

from collections.abc import Iterable

from ..text.places import covers
from ..types import Period


def period_match(asked: Period, spoken: Period, *, loose: bool = False) -> bool:
    """Whether a figure for the years `spoken` answers a question about the years `asked`.

    A single year is answered by that year alone, or by a count that runs up to it ("five years to 2023" is what
    stands in 2023). A span is answered by a span that ends with it or lies within it. `loose` takes any overlap.
    """
    if loose:
        return asked.first <= spoken.last and spoken.first <= asked.last
    if asked.first == asked.last:
        return spoken.last == asked.last
    return (asked.first <= spoken.first and spoken.last <= asked.last) or spoken.last == asked.last


def region_match(asked: Iterable[str], spoken: Iterable[str]) -> bool:
    """Whether any place asked about covers, or is, a place spoken of."""
    spoken = list(spoken)
    return any(covers(a, s) for a in asked for s in spoken)
