"""Does another sentence answer the question, too? Then nobody could say which answer is right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.text.numbers import find_quantities
from rag.types import Period

from .standing import content

if TYPE_CHECKING:
    from .make import Candidate

_COUNTED = ("quantity", "money", "percent")
Figure = tuple[str, str]  # unit, value


@dataclass(frozen=True, slots=True)
class _Told:
    words: frozenset[str]
    figures: frozenset[Figure]
    period: Period | None
    region: str | None


class Rivals:
    """The sentences of a collection that give figures, to be looked up by the words of a question."""

    def __init__(self) -> None:
        self._told: list[_Told] = []
        self._at: dict[str, list[int]] = defaultdict(list)  # word to numbers of the sentences that hold it

    def add(self, text: str, period: Period | None, region: str | None) -> None:
        """Take in a sentence, with the years and the place that it speaks of."""
        given = _figures(text)
        if given:
            words = frozenset(content(text))
            for word in words:
                self._at[word].append(len(self._told))
            self._told.append(_Told(words, given, period, region))

    def has(self, candidate: Candidate) -> bool:
        """Whether a sentence of the same time and place says all that is asked about, with another figure of that unit."""
        if candidate.form not in _COUNTED:
            return False
        words = set(content(candidate.question)) - set(content(candidate.setting.region or ""))
        own = {figure for parts in candidate.answers for figure in _figures(parts[0])}
        units = {unit for unit, _ in own}
        period, region = candidate.setting.period, candidate.setting.region
        for other in self._holding(words):
            apart = period and other.period and period != other.period
            elsewhere = region and other.region and region != other.region
            if not (apart or elsewhere or own & other.figures) and any(
                unit in units for unit, _ in other.figures
            ):
                return True
        return False

    def _holding(self, words: set[str]) -> Iterator[_Told]:
        numbers: Sequence[int] = min((self._at.get(word, []) for word in words), key=len, default=[])
        return (self._told[i] for i in numbers if words <= self._told[i].words)


def _figures(text: str) -> frozenset[Figure]:
    return frozenset((q.unit, str(q.value.normalize())) for q in find_quantities(text) if q.unit)
