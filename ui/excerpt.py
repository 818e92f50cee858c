"""A stretch of a document round a quote, in pieces that a page can colour: the raw and the clean view."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.offsets import OffsetMap
from rag.types import Edit

Span = tuple[int, int]
CONTEXT = 6000  # characters shown on each side of a quote


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of one kind: in the quote or not, proof or not, and the rule that cleaned it away, if any."""

    text: str
    quote: bool = False
    mark: bool = False
    rule: str | None = None

    def to_dict(self) -> dict[str, object]:
        """Return the piece as JSON values."""
        return {"text": self.text, "quote": self.quote, "mark": self.mark, "rule": self.rule}


@dataclass(frozen=True, slots=True)
class View:
    """Pieces in order, and whether text before and after them was left out."""

    pieces: tuple[Piece, ...]
    before: bool
    after: bool

    def to_dict(self) -> dict[str, object]:
        """Return the view as JSON values."""
        return {"pieces": [p.to_dict() for p in self.pieces], "before": self.before, "after": self.after}


def raw_view(
    raw: str, edits: Sequence[Edit], quote: Span | None, marks: Iterable[Span], context: int = CONTEXT
) -> View:
    """Show the file's own text, with what cleaning changed named by rule.

    The pieces inside the quote, joined, are exactly `raw[start:end]`.
    """
    return _view(raw, quote, marks, [(e.start, e.end, e.rule) for e in edits], context)


def clean_view(
    clean: str, edits: Sequence[Edit], quote: Span | None, marks: Iterable[Span], context: int = CONTEXT
) -> View:
    """Show a part's clean text, with the raw spans `quote` and `marks` mapped into it."""
    offsets = OffsetMap(edits)
    mapped = None if quote is None else offsets.to_clean(*quote)
    return _view(clean, mapped, [offsets.to_clean(*m) for m in marks], [], context)


def _view(
    value: str, quote: Span | None, marks: Iterable[Span], rules: Sequence[tuple[int, int, str]], context: int
) -> View:
    low, high = (0, 2 * context) if quote is None else (quote[0] - context, quote[1] + context)
    low, high = max(0, low), min(len(value), high)
    marks = [m for m in marks if m[0] < m[1]]
    near = [r for r in rules if r[0] < high and r[1] > low]
    cuts = {low, high}
    for start, end in [*([quote] if quote else []), *marks, *((a, b) for a, b, _ in near)]:
        cuts |= {min(max(start, low), high), min(max(end, low), high)}
    pieces: list[Piece] = []
    points = sorted(cuts)
    at = 0
    for start, end in pairwise(points):
        while at < len(near) and near[at][1] <= start:
            at += 1
        rule = near[at][2] if at < len(near) and near[at][0] <= start else None
        inside = quote is not None and quote[0] <= start < quote[1]
        marked = inside and any(a <= start < b for a, b in marks)
        pieces.append(Piece(value[start:end], inside, marked, rule))
    return View(tuple(pieces), low > 0, high < len(value))
