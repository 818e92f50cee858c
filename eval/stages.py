"""At which stage a wrong answer was lost, so that the report tells what to mend.

The evidence is followed on its way: read and cleaned into the index, retrieved, read into a finding, answered. The
first stage at which not enough of it is left takes the blame, so every failure has exactly one.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from rag.offsets import OffsetMap

from .evidence import ENOUGH, Evidence, Span
from .metrics.answers import contains, normalise
from .rows import Gold
from .runs import Ranked

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


def cleaned(evidence: Evidence, snapshot: Indexed) -> set[int]:
    """Pieces that are still in the clean text of some part, with whatever of the answer they state."""
    return {i for i, where in enumerate(evidence.spots) if any(_kept(evidence.gold, i, spot, snapshot) for spot in where)}


def _kept(gold: Gold, piece: int, spot: Span, snapshot: Indexed) -> bool:
    source, text = gold.evidence[piece]
    wanted = [part for alternative in gold.answers for part in alternative]
    stated = [w for w in map(normalise, wanted) if contains(normalise(text), w)]
    for part in snapshot.parts(source):
        gone = sum(max(0, min(e.end, spot[1]) - max(e.start, spot[0])) for e in part.edits if not e.replacement)
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
            span = OffsetMap(view.part.edits).to_raw(base, base + len(view.text))
            pieces.update(evidence.covered_by(view.source, span))
    return pieces


def attribute(
    right: bool, refused: bool, evidence: Evidence, snapshot: Indexed, passages: Sequence[Ranked], found: set[int]
) -> Stage | None:
    """The stage that lost a row; None of a right one."""
    if right:
        return None
    if evidence.gold.refuse:
        return Stage.WRONG
    if not evidence.enough(cleaned(evidence, snapshot)):
        return Stage.NOT_CLEANED
    if not evidence.enough({i for passage in passages for i in passage.evidence}):
        return Stage.NOT_RETRIEVED
    if not evidence.enough(found):
        return Stage.NOT_READ
    return Stage.REFUSED if refused else Stage.WRONG
