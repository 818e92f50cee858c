"""Whether a text states an answer, however its numbers and characters are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from rag.text.numbers import Quantity, find_quantities, same

from ..metrics.answers import contains, normalise
from ..rows import Gold


def strings(gold: Gold) -> list[str]:
    """All strings of all alternatives, each once."""
    return list(dict.fromkeys(text for alternative in gold.answers for text in alternative))


def states(text: str, wanted: str) -> bool:
    """Whether `text` says `wanted`: by its letters in one script and width, or a figure of equal value and unit.

    >>> states("\u7ed3\u5bf921,500\u5bf9", "2.15\u4e07\u5bf9"), states("\u7ed3\u5bf92150\u5bf9", "2.15\u4e07\u5bf9")
    (True, False)
    """
    if contains(plain(text), plain(wanted)):
        return True
    figures = quantities(wanted)
    return bool(figures) and all(any(same(f, other) for other in quantities(text)) for f in figures)


def states_any(text: str, wanted: Iterable[str]) -> bool:
    """Whether `text` says one of `wanted`."""
    return any(states(text, one) for one in wanted)


def figure(texts: Sequence[str]) -> Quantity | None:
    """The one figure that all of `texts` give, each written in its own way; None where they don't."""
    found = [quantities(text) for text in texts]
    if not found or any(len(some) != 1 for some in found):
        return None
    first = found[0][0]
    return first if all(some[0].value == first.value for some in found) else None


@lru_cache(maxsize=8192)
def plain(text: str) -> str:
    """`normalise`, remembered: the same sentences are looked at for every row."""
    return normalise(text)


@lru_cache(maxsize=8192)
def quantities(text: str) -> tuple[Quantity, ...]:
    """All figures of the normalised text, remembered."""
    return tuple(find_quantities(plain(text)))
