"""At which stage a wrong answer was lost, so that the report tells what to mend.

The evidence is followed on its way: read and cleaned into the index, retrieved, read into a finding, answered. The
first stage at which not enough of it is left takes the blame, so every failure has exactly one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from rag.offsets import OffsetMap

from .judge import ENOUGH, Span, find, overlap
from .metrics.answers import contains, normalise
from .rows import EVERY_SPOT, Gold
from .runs import Place, Ranked

if TYPE_CHECKING:
    from rag.trace import Trace
    from rag.types import Chunk, Document, Part


class Stage(StrEnum):
    """Where a failure happened; the values stand in `rows.jsonl`."""

    NOT_CLEANED = "not_cleaned"  # the document was not indexed, or cleaning took or damaged the evidence
    NOT_RETRIEVED = "not_retrieved"  # the evidence is in none of the passages that the reader got
    NOT_READ = "not_read"  # the reader got it, and none of its findings is there
    REFUSED = "refused"  # a finding was there, and was not trusted
    WRONG = "answered_wrongly"  # another finding won, the wrong words of the right one, or a refusal was due


class Indexed(Protocol):
    """What following the evidence needs of an index: `rag.store.Snapshot`, or a stand-in in a test."""

    def document(self, source: str) -> Document:
        """One document as it was indexed. Raises InputError for one that is not there."""

    def part(self, source: str, number: int) -> Part:
        """One article of it."""

    def parts(self, source: str) -> list[Part]:
        """All of them. Raises InputError for a document that is not there."""


class Evidence:
    """A row's evidence in the raw text, and what of it is left at each stage.

    `spots[i]` are the raw spans at which piece `i` stands: several where the text repeats it, none where it is lost.
    """

    def __init__(self, gold: Gold, snapshot: Indexed, raw: Callable[[str], str | None]) -> None:
        self._gold, self._snapshot, self._raw = gold, snapshot, raw
        self.spots: list[list[Span]] = [find(text, raw(source) or "") for source, text in gold.evidence]

    def places(self) -> tuple[Place | None, ...]:
        """The first raw span of each piece."""
        return tuple(
            Place(source, *where[0]) if where else None
            for (source, _), where in zip(self._gold.evidence, self.spots, strict=True)
        )

    def covered_by(self, source: str, span: Span) -> tuple[int, ...]:
        """Numbers of the pieces that a raw span of a source covers at least half of."""
        return tuple(
            i
            for i, ((held, _), where) in enumerate(zip(self._gold.evidence, self.spots, strict=True))
            if held == source and any(overlap(span, spot) >= ENOUGH for spot in where)
        )

    def enough(self, pieces: set[int]) -> bool:
        """Whether these pieces can carry a right answer: all, or one a document, as the row's kind asks."""
        if self._gold.kind in EVERY_SPOT:
            return len(pieces) == len(self.spots)
        sources = [source for source, _ in self._gold.evidence]
        return {sources[i] for i in pieces} == set(sources)

    def cleaned(self) -> set[int]:
        """Pieces that are still in the clean text of some part, with whatever of the answer they state."""
        return {i for i, where in enumerate(self.spots) if any(self._kept(i, spot) for spot in where)}

    def _kept(self, piece: int, spot: Span) -> bool:
        source, text = self._gold.evidence[piece]
        wanted = [part for alternative in self._gold.answers for part in alternative]
        stated = [w for w in map(normalise, wanted) if contains(normalise(text), w)]
        for part in self._snapshot.parts(source):
            gone = sum(
                max(0, min(e.end, spot[1]) - max(e.start, spot[0])) for e in part.edits if not e.replacement
            )
            if gone > (1 - ENOUGH) * (spot[1] - spot[0]):
                continue
            start, end = OffsetMap(part.edits).to_clean(*spot)
            clean = normalise(part.clean[start:end])
            if all(contains(clean, w) for w in stated):
                return True
        return False


def ranked(trace: Trace, snapshot: Indexed, evidence: Evidence) -> tuple[Ranked, ...]:
    """The passages of all parts of the question, best rank first and each once, in raw spans."""
    out: dict[tuple[str, int, int], Ranked] = {}
    lists = [step.retrieved for step in trace.steps]
    for rank in range(max(map(len, lists), default=0)):
        for passages in lists:
            if rank < len(passages):
                chunk: Chunk = passages[rank].chunk
                part = snapshot.part(chunk.source, chunk.part)
                span = OffsetMap(part.edits).to_raw(chunk.start, chunk.end)
                found = Ranked(
                    chunk.source,
                    *span,
                    round(passages[rank].score, 4),
                    evidence.covered_by(chunk.source, span),
                )
                out.setdefault((chunk.source, *span), found)
    return tuple(out.values())


def read(trace: Trace, evidence: Evidence) -> set[int]:
    """Pieces that some finding of the reader stands in."""
    pieces: set[int] = set()
    for step in trace.steps:
        for finding in step.findings:
            view = finding.view
            base = view.sentence.start
            span = OffsetMap(view.part.edits).to_raw(base + finding.span.start, base + finding.span.end)
            whole = OffsetMap(view.part.edits).to_raw(base, base + len(view.text))
            pieces.update(evidence.covered_by(view.source, whole))
            pieces.update(evidence.covered_by(view.source, span))
    return pieces


def attribute(
    gold: Gold, right: bool, refused: bool, evidence: Evidence, passages: Sequence[Ranked], found: set[int]
) -> Stage | None:
    """The stage that lost a row; None of a right one."""
    if right:
        return None
    if gold.refuse:
        return Stage.WRONG
    if not evidence.enough(evidence.cleaned()):
        return Stage.NOT_CLEANED
    if not evidence.enough({i for passage in passages for i in passage.evidence}):
        return Stage.NOT_RETRIEVED
    if not evidence.enough(found):
        return Stage.NOT_READ
    return Stage.REFUSED if refused else Stage.WRONG
