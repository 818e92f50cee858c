"""The documents over HTTP: the list, a whole document with its edits, and the stretch round a quote."""

from __future__ import annotations

from bisect import bisect_right
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel, Field

from rag.errors import InputError
from rag.types import Document, Part

from . import texts
from .excerpt import Span, clean_view, raw_view
from .ports import Answerer, Library
from .who import scope_of


class MissingError(InputError):
    """What was asked for is not there."""


class OutdatedError(InputError):
    """The document is no longer the one that an answer cited."""


class Wanted(BaseModel):
    """Which stretch: a raw span of a source, the raw spans proved in it, and the version that was cited."""

    source: str
    start: int | None = None
    end: int | None = None
    part: int | None = None
    version: str | None = None
    marks: str = Field("", pattern=r"^(\d+-\d+(,\d+-\d+)*)?$", max_length=2000)

    def spans(self) -> list[Span]:
        """Return `marks`, written `12-15,20-24`, as spans."""
        pairs = (mark.split("-") for mark in self.marks.split(",") if mark)
        return [(int(start), int(end)) for start, end in pairs]


def add(app: FastAPI, bot: Answerer) -> None:
    """Add the reading routes to `app`."""

    @app.get("/api/documents")
    def documents(request: Request) -> dict[str, Any]:
        library = bot.library(scope_of(request))
        return {
            "generation": library.generation,
            "documents": [
                {
                    "source": s.source,
                    "title": s.title,
                    "version": s.version,
                    "media_type": s.media_type,
                    "characters": s.characters,
                    "parts": s.parts,
                    "periods": list(s.periods),
                    "regions": list(s.regions),
                    "published": s.published,
                }
                for s in library.sources()
            ],
        }

    @app.get("/api/sources/{source:path}")
    def source(source: str, request: Request) -> dict[str, Any]:
        document, parts = _find(bot.library(scope_of(request)), source)
        return {
            "source": document.source,
            "version": document.version,
            "media_type": document.media_type,
            "encoding": document.encoding,
            "pages": list(document.pages),
            "raw": document.raw,
            "parts": [
                {
                    **_about(p),
                    "clean": p.clean,
                    "edits": [[e.start, e.end, e.replacement, e.rule] for e in p.edits],
                }
                for p in parts
            ],
        }

    @app.get("/api/excerpt")
    def excerpt(wanted: Annotated[Wanted, Query()], request: Request) -> dict[str, Any]:
        document, parts = _find(bot.library(scope_of(request)), wanted.source)
        if wanted.version not in (None, document.version):
            raise OutdatedError(f"{wanted.source} has changed since this answer was given; ask again")
        quote = _quote(wanted.start, wanted.end, document)
        number = _part_of(parts, quote) if wanted.part is None else wanted.part
        if not 0 <= number < len(parts):
            raise MissingError(f"{wanted.source} has {len(parts)} parts; there is no number {number}")
        part = parts[number]
        return {
            "source": document.source,
            "version": document.version,
            "part": number,
            "parts": len(parts),
            "page": bisect_right(document.pages, quote[0]) if quote and document.pages else None,
            **_about(part),
            "title": part.title or document.title or document.source,
            "clean": clean_view(part.clean, part.edits, quote, wanted.spans()).to_dict(),
            "raw": raw_view(document.raw, part.edits, quote, wanted.spans()).to_dict(),
        }

    @app.get("/ui/texts.js", include_in_schema=False)
    def words() -> Response:
        script = f"window.zhiyinTexts = {texts.as_json()};"
        return Response(script, media_type="text/javascript", headers={"cache-control": "no-cache"})


def _find(library: Library, name: str) -> tuple[Document, list[Part]]:
    """Find the document of exactly that name, never a path: only what the index lists can be read."""
    info = next((s for s in library.sources() if s.source == name), None)
    if info is None:
        raise MissingError(f"no document named {name[:200]!r}")
    return library.document(name), [library.part(name, n) for n in range(info.parts)]


def _about(part: Part) -> dict[str, str | None]:
    return {
        "title": part.title,
        "region": part.region,
        "period": str(part.period) if part.period else None,
        "published": part.published,
        "author": part.author,
        "publisher": part.publisher,
    }


def _quote(start: int | None, end: int | None, document: Document) -> Span | None:
    if start is None and end is None:
        return None
    length = len(document.raw)
    if start is None or end is None or not 0 <= start < end <= length:
        raise InputError(f"start={start}, end={end} is no span of {document.source}, of {length} characters")
    return start, end


def _part_of(parts: list[Part], quote: Span | None) -> int:
    """Choose the part that most of the quote is in; what belongs to other parts is edited away in it."""
    if quote is None:
        return 0

    def kept(part: Part) -> int:
        gone = sum(
            min(e.end, quote[1]) - max(e.start, quote[0])
            for e in part.edits
            if e.start < quote[1] and e.end > quote[0]
        )
        return quote[1] - quote[0] - gone

    return max(range(len(parts)), key=lambda n: kept(parts[n]))
