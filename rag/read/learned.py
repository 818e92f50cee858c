"""The learned reader: what the encoder reads in the best passages and what the rules find, each with a probability.

The encoder proposes a span in every passage, the rules propose typed spans of every sentence. `rag.read.decide` weighs both alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..encoder.reader import EncoderReader, shared
from ..question.query import TOPIC, Kind, Query
from .align import VALUES
from .candidates import Span, candidates
from .decide import Decision, Reads, decision
from .extractive import Context, Finding, load_extractive
from .views import View

if TYPE_CHECKING:
    from ..encoder.decode import Reading
    from ..retrieve.search import Retrieved

DEPTHS = (3, 6)
"""Passages that are read, of those retrieved: so many at first, and so many where no answer in these is good enough."""
ENOUGH = 0.85
"""Probability of an answer that is good enough."""
SURE = 0.6
"""Probability of yes, or of no, from which it is said."""
_TYPED = (*VALUES, Kind.DATE)


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage as it was read; the reading's offsets count in `retrieved.chunk`."""

    retrieved: Retrieved
    reading: Reading
    odds: float
    rank: int

    def holds(self, finding: Finding) -> bool:
        """Whether a finding begins in it."""
        chunk, view = self.retrieved.chunk, finding.view
        at = view.sentence.start + finding.span.start
        return (chunk.source, chunk.part) == (view.source, view.number) and chunk.start <= at < chunk.end

    def spans(self) -> list[tuple[int, int]]:
        """What answers, in characters of the part."""
        base = self.retrieved.chunk.start
        return [(base + a, base + b) for a, b in self.reading.spans]


class LearnedReader:
    """See `rag.read.Reader`. One question's: it keeps what was read of a passage."""

    def __init__(self, context: Context, encoder: EncoderReader | None = None, weights: Decision | None = None) -> None:
        """With the models of the package, unless others are given."""
        self.rules = load_extractive(context)
        self._snapshot, self._view = context.snapshot, context.view
        self._encoder = encoder or shared()
        self._weights = weights or decision()
        self._read: dict[tuple[str, int], Passage] = {}

    @staticmethod
    def warm() -> None:
        """Load what the first question would wait for."""
        shared()

    def read(self, query: Query, views: Sequence[View], retrieved: Sequence[Retrieved] = (), *, any_time: bool = False,
             any_place: bool = False) -> list[Finding]:
        """See Reader; each finding has its probability, by which they are ordered."""
        rules = self.rules.read(query, views, any_time=any_time, any_place=any_place)
        found: list[Finding] = []
        for depth in DEPTHS:
            found = [replace(f, probability=self._weights.probability(features, any_time=any_time, any_place=any_place))
                     for f, features in self.weighed(query, rules, retrieved[:depth])]  # fmt: skip
            if any((f.probability or 0.0) >= ENOUGH for f in found):
                break
        return sorted(found, key=lambda f: (-(f.probability or 0.0), -f.score, f.view.source, f.view.number, f.view.index, f.span.start))

    def weighed(self, query: Query, rules: Sequence[Finding], retrieved: Sequence[Retrieved]) -> list[tuple[Finding, dict[str, float]]]:
        """What the rules found and what is read in the passages, each with the features that decide."""
        passages = self._passages(query, retrieved)
        reads = Reads(query, passages)
        return [(finding, reads.features(finding)) for finding in (*rules, *self._proposed(query, passages))]

    def _passages(self, query: Query, retrieved: Sequence[Retrieved]) -> list[Passage]:
        question = query.text.replace(TOPIC, " ")
        new = [r for r in retrieved if (question, r.chunk_id) not in self._read]
        given = []
        for r in new:
            part = self._snapshot.part(r.chunk.source, r.chunk.part)
            heading = " ".join(part.sentences[r.chunk.first].heading)
            given.append((f"{part.title} {heading}".strip(), part.clean[r.chunk.start : r.chunk.end]))
        for r, reading in zip(new, self._encoder.read(question, given), strict=True):
            self._read[question, r.chunk_id] = Passage(r, reading, self._encoder.calibration.of(reading), 0)
        return [replace(self._read[question, r.chunk_id], rank=rank) for rank, r in enumerate(retrieved)]

    def _proposed(self, query: Query, passages: Sequence[Passage]) -> list[Finding]:
        found = []
        for passage in passages:
            pieces = [piece for span in passage.spans() for piece in self._pieces(passage.retrieved, span)]
            if not pieces:
                continue
            view, span = pieces[0]
            if len(pieces) == 1 and query.kind in _TYPED:
                span = snapped(query, view, span)
            finding = self.rules.weigh(query, view, span)
            yes, no, neither = passage.reading.verdict
            verdict = ("yes" if yes > no else "no") if max(yes, no) >= SURE and neither < SURE else ""
            found.append(replace(finding, more=tuple(pieces[1:]), proposed=True, verdict=verdict))
        return found

    def _pieces(self, retrieved: Retrieved, span: tuple[int, int]) -> list[tuple[View, Span]]:
        """A span of a part as sentences and where in each it stands."""
        chunk = retrieved.chunk
        sentences = self._snapshot.part(chunk.source, chunk.part).sentences
        found = []
        for index in range(chunk.first, chunk.last + 1):
            start, end = max(span[0], sentences[index].start), min(span[1], sentences[index].end)
            if start < end:
                view = self._view(self._snapshot, chunk.source, chunk.part, index)
                start, end = start - sentences[index].start, end - sentences[index].start
                if any(c.isalnum() for c in view.text[start:end]):
                    found.append((view, Span(start, end, 1.0)))
        return found


def snapped(query: Query, view: View, span: Span) -> Span:
    """A span that cuts through figures or dates, widened to hold them whole, with unit and limiting word."""
    typed = [c for c in candidates(query, view) if c.start < span.end and span.start < c.end]
    if not typed:
        return span
    start, end = min(span.start, *(c.start for c in typed)), max(span.end, *(c.end for c in typed))
    text = typed[0].text if len(typed) == 1 and (typed[0].start, typed[0].end) == (start, end) else None
    return Span(start, end, 1.0, text)
