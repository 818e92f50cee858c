"""Where the evidence of a gold row stands in its documents, and what covers enough of it."""

from __future__ import annotations

import re
from collections.abc import Callable

from .rows import EVERY_SPOT, Gold
from .runs import Place

Span = tuple[int, int]
Raw = Callable[[str], str | None]
"""The raw text of a source as indexed; None where there is no such document."""

ENOUGH = 0.5
"""Share of a piece of evidence that a stretch of text must overlap to count as covering it."""


class Evidence:
    """A row's evidence. `spots[i]` are the raw spans of piece `i`: several where the text repeats it, none where it is lost."""

    def __init__(self, gold: Gold, raw: Raw) -> None:
        self.gold = gold
        self.spots: list[list[Span]] = [find(text, raw(source) or "") for source, text in gold.evidence]

    @property
    def lost(self) -> list[str]:
        """The pieces that stand in no document."""
        return [text for (_, text), where in zip(self.gold.evidence, self.spots, strict=True) if not where]

    def places(self) -> tuple[Place | None, ...]:
        """The first raw span of each piece."""
        return tuple(
            Place(source, *where[0]) if where else None
            for (source, _), where in zip(self.gold.evidence, self.spots, strict=True)
        )

    def covered_by(self, source: str, span: Span) -> tuple[int, ...]:
        """Numbers of the pieces that a raw span of a source covers at least half of."""
        return tuple(
            i
            for i, ((held, _), where) in enumerate(zip(self.gold.evidence, self.spots, strict=True))
            if held == source and any(overlap(span, spot) >= ENOUGH for spot in where)
        )

    def enough(self, pieces: set[int]) -> bool:
        """Whether these pieces can carry a right answer: all, or one a document, as the row's kind asks."""
        if self.gold.kind in EVERY_SPOT:
            return len(pieces) == len(self.spots)
        sources = [source for source, _ in self.gold.evidence]
        return {sources[i] for i in pieces} == set(sources)


def find(text: str, raw: str) -> list[Span]:
    """Where `text` stands in `raw`; where it does not, where it stands but for white space."""
    spans = [m.span() for m in re.finditer(re.escape(text), raw)]
    if spans:
        return spans
    letters = [re.escape(c) for c in text if not c.isspace()]
    return [m.span() for m in re.finditer(r"\s*".join(letters), raw)] if letters else []


def overlap(span: Span, evidence: Span) -> float:
    """Share of `evidence` that `span` covers."""
    common = min(span[1], evidence[1]) - max(span[0], evidence[0])
    return max(common, 0) / (evidence[1] - evidence[0])
