"""The documents as a reviewer needs them: a stretch of raw text, where words stand, where evidence stands."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from rag.errors import InputError
from rag.messages import tr
from rag.session import Asks
from rag.types import Document, Part

from ..evidence import find
from .ledger import Conflict

if TYPE_CHECKING:
    from rag.store import SourceInfo

STRETCH = 40_000  # characters shown on each side of a place
LISTED = 100  # documents in a list
HITS = 40  # places of a search
A_SOURCE = 5  # of them in one document
SECONDS = 2.0  # a search may take
AROUND = 24  # characters shown round a hit


class Library(Protocol):
    """The documents of one generation: `rag.store.Snapshot`."""

    def sources(self) -> Sequence[SourceInfo]:
        """All documents."""

    def document(self, source: str) -> Document:
        """One document as it was read."""

    def parts(self, source: str) -> Sequence[Part]:
        """Its articles."""


class Answerer(Asks, Protocol):
    """What answers and shows its documents: `rag.bot.Bot`."""

    @property
    def snapshot(self) -> Library:
        """The documents in use now. Raises a StoreError where there is no usable index."""


def stretch(library: Library, source: str, at: int = 0) -> dict[str, Any]:
    """The raw text around character `at`; `start` and `end` say which characters of `total` it is.

    Raises InputError for a document that is not there.
    """
    info, document = _named(library, source)
    total = len(document.raw)
    middle = min(max(at, 0), total)
    start, end = max(0, middle - STRETCH), min(total, middle + STRETCH)
    return {
        "source": source,
        "title": info.title,
        "version": document.version,
        "start": start,
        "end": end,
        "total": total,
        "text": document.raw[start:end],
    }


def located(library: Library, source: str, text: str) -> dict[str, Any]:
    """Where a piece of evidence stands: the first place, and how many there are.

    Where white space alone differs, the text of the document takes the place of `text`.
    """
    spot: dict[str, Any] = {"source": source, "title": source, "text": text, "times": 0}
    try:
        info, document = _named(library, source)
    except InputError:
        return spot
    spans = find(text, document.raw)
    spot |= {"title": info.title, "version": document.version, "times": len(spans)}
    if spans:
        start, end = spans[0]
        spot |= {"start": start, "end": end, "text": document.raw[start:end]}
    return spot


def exact(library: Library, spot: Any) -> tuple[str, str]:
    """The source and text of a picked span, checked against the document.

    `spot` is `{"source", "start", "end", "text", "version"}` with raw offsets. Raises Conflict where the document has
    changed, InputError where `raw[start:end]` is not `text`.
    """
    if not isinstance(spot, dict) or not all(
        isinstance(spot.get(k), str) for k in ("source", "text", "version")
    ):
        raise InputError('evidence should be {"source", "start", "end", "text", "version"}')
    start, end = spot.get("start"), spot.get("end")
    _, document = _named(library, spot["source"])
    if spot["version"] != document.version:
        raise Conflict(
            tr(
                f"{spot['source']} 已重新索引，内容有变；请重新选取证据。",
                f"{spot['source']} has been indexed anew since; pick the evidence again",
            )
        )
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(document.raw):
        raise InputError(
            f"start={start!r}, end={end!r} is no span of {spot['source']}, of {len(document.raw)} characters"
        )
    if document.raw[start:end] != spot["text"] or not spot["text"].strip():
        raise InputError(
            tr(
                f"{spot['source']} 的第 {start} 至 {end} 字不是这段文字；请重新选取证据。",
                f"{spot['source']} does not say so from {start} to {end}; pick the evidence again",
            )
        )
    return spot["source"], spot["text"]


def documents(library: Library, sought: str = "") -> list[dict[str, Any]]:
    """The documents whose name or title holds `sought`."""
    small = sought.casefold()
    named = [s for s in library.sources() if small in f"{s.source}\n{s.title}".casefold()]
    return [{"source": s.source, "title": s.title, "characters": s.characters} for s in named[:LISTED]]


def passages(library: Library, sought: str, *, first: str = "") -> dict[str, Any]:
    """Where the documents say `sought`, white space aside; those of the document `first` come first.

    `complete` is False where time or room ran out.
    """
    until = time.monotonic() + SECONDS
    hits: list[dict[str, Any]] = []
    for info in sorted(library.sources(), key=lambda s: s.source != first):
        if time.monotonic() > until or len(hits) >= HITS:
            return {"hits": hits[:HITS], "complete": False}
        hits += _hits(info, library.document(info.source).raw, sought)
    return {"hits": hits[:HITS], "complete": len(hits) <= HITS}


def _hits(info: SourceInfo, raw: str, sought: str) -> Iterator[dict[str, Any]]:
    letters = [re.escape(c) for c in sought if not c.isspace()]
    if not letters:
        return
    found = re.finditer(r"\s*".join(letters), raw, re.IGNORECASE)
    for _, match in zip(range(A_SOURCE), found, strict=False):
        start, end = match.span()
        yield {
            "source": info.source,
            "title": info.title,
            "start": start,
            "end": end,
            "before": " ".join(raw[max(0, start - AROUND) : start].split()),
            "match": " ".join(raw[start:end].split()),
            "after": " ".join(raw[end : end + AROUND].split()),
        }


def _named(library: Library, name: str) -> tuple[SourceInfo, Document]:
    """Find the document of exactly that name, never a path: only what the index lists can be read."""
    info = next((s for s in library.sources() if s.source == name), None)
    if info is None:
        raise InputError(f"no document named {name[:200]!r}")
    return info, library.document(name)
