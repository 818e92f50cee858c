"""A sentence with all that the reader wants to know of it, worked out once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from ..text.fold import fold
from ..text.instructions import begins
from ..text.numbers import Quantity, find_quantities
from ..text.places import PlaceMention, find_places
from ..text.sentences import clauses
from ..text.times import STRONG, TimeMention, find_times, written_in
from ..text.tokens import Token, cut
from ..types import Part, Period, Sentence

_YEAR = re.compile(r"\d{4}|[一二][〇零一二三四五六七八九]{3}|[今去明前本当]年")

_TORN = re.compile(r"\d $")  # a digit and a blank before a figure: it may be the end of a longer one
_CHANGED = re.compile(r"[增降升减涨跌]|提高|扩大|多|少")
_RISEN = re.compile(r"(增加|增长|提高|提升|上升|扩大|发展|下降|降低|减少|降|增)(到|至|为)")


@dataclass(frozen=True)
class View:
    """Sentence `index` of part `number` of `source`. Offsets of everything below count in `text`."""

    source: str
    version: str
    number: int
    part: Part
    index: int
    last: int | None = None  # the last sentence, where the view is a block of several

    @property
    def sentence(self) -> Sentence:
        """The sentence as indexed."""
        return self.part.sentences[self.index]

    @cached_property
    def text(self) -> str:
        """Clean text as written."""
        end = self.sentence.end if self.last is None else self.part.sentences[self.last].end
        return self.part.clean[self.sentence.start : end]

    @cached_property
    def folded(self) -> str:
        """Folded text, of the same length."""
        return fold(self.text)

    @cached_property
    def instructs(self) -> int | None:
        """Where it begins to address whoever answers from it (`rag.text.instructions`); None where it does not."""
        return begins(self.folded)

    @cached_property
    def tokens(self) -> list[Token]:
        """Words with parts of speech."""
        return cut(self.text)

    @cached_property
    def clauses(self) -> list[tuple[int, int]]:
        """Comma-level spans, in order, covering the sentence."""
        return clauses(self.text) or [(0, len(self.text))]

    @cached_property
    def times(self) -> list[TimeMention]:
        """Times named, resolved against what the part speaks of."""
        return [m for m in find_times(self.text, written_in(self.part)) if m.kind != "title"]

    @cached_property
    def places(self) -> list[PlaceMention]:
        """Places named, those inside organisations' names and titles left out."""
        return [m for m in find_places(self.text) if m.kind not in ("in_name", "deictic") and m.region != "全国"]

    @cached_property
    def quantities(self) -> list[Quantity]:
        """Numbers with units that are not part of a time."""
        taken = [(m.start, m.end) for m in self.times]
        return [
            q for q in find_quantities(self.text)
            if not any(a < q.end and q.start < b for a, b in taken)
            and self.folded[max(0, q.start - 1) : q.start] != "第"
            and not _TORN.search(self.folded[max(0, q.start - 2) : q.start])
        ]

    @cached_property
    def figures(self) -> list[Quantity]:
        """Quantities that carry a figure of the report, rather than a counting word (`一是`, `百年`)."""
        return [q for q in self.quantities if self.folded[q.start].isdigit() or (q.value >= 10 and q.unit not in ("年", "月", "日", "天"))]

    def clause_of(self, at: int) -> int:
        """Number of the clause that holds offset `at`."""
        for i, (start, end) in enumerate(self.clauses):
            if start <= at < end:
                return i
        return len(self.clauses) - 1

    def period_at(self, at: int) -> tuple[Period | None, bool]:
        """The time that holds at offset `at`, and whether it is named: the last one named before it, else the sentence's."""
        clause = self.clauses[self.clause_of(at)][0]
        beside = [m for m in self.times if m.kind == "compare" and m.period and clause <= m.start and m.end <= at]
        # `比2022年底的198万`: that figure is of the year it is measured against; `比上年增长12%` is not
        if beside and at - beside[-1].end <= 3 and not _CHANGED.search(self.folded, beside[-1].end, at):
            return beside[-1].period, True
        named = [m for m in self.times if m.period is not None and m.start <= at and m.kind in STRONG and not self.yearless(m)]
        # `由2022年底的198万人增加到341万人`: the second figure is not of the year that the first is of
        while named and named[-1].end < at and _RISEN.search(self.folded, named[-1].end, at):
            named.pop()
        if named:
            return named[-1].period, True
        period = self.sentence.period
        if period and period.first != period.last and _RISEN.search(self.folded, 0, at):
            period = Period(period.last, period.last)
        return period, self.sentence.period_explicit

    def yearless(self, mention: TimeMention) -> bool:
        """Whether a date names no year, so that the section's year holds (`截至11月29日` in a review of the year before)."""
        return mention.kind in ("date", "until", "now") and not _YEAR.search(self.folded[mention.start : mention.end])

    @property
    def regions(self) -> tuple[str, ...]:
        """All places that the sentence speaks of, the document's among them."""
        named = [r for r in self.sentence.regions if r != "全国"]
        return tuple(dict.fromkeys([*named, self.part.region] if self.part.region else named))

    def regions_at(self, at: int) -> tuple[str, ...]:
        """The places that hold at offset `at`: those named last before it in one breath, else the sentence's."""
        named = [m for m in self.places if m.start <= at]
        if not named:
            return tuple(r for r in self.sentence.regions if r != "全国") or ((self.part.region,) if self.part.region else ())
        last = [named[-1]]
        for mention in reversed(named[:-1]):
            if last[-1].start - mention.end > 2:
                break
            last.append(mention)
        return tuple(dict.fromkeys(m.region for m in reversed(last)))
