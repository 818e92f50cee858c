"""Documents, parts and chunks of one generation in one SQLite file, written once and then only read."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Collection, Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.request import pathname2url

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..types import Chunk, Document, Edit, Part, Period, Sentence

CORPUS = "corpus.sqlite"
About = tuple[str, Period | None, tuple[str, ...]]  # source, period and regions of a chunk

_SCHEMA = """
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, source TEXT UNIQUE NOT NULL, raw TEXT NOT NULL, version TEXT NOT NULL,
    media_type TEXT NOT NULL, encoding TEXT, pages TEXT NOT NULL, title TEXT, edits TEXT NOT NULL);
CREATE TABLE parts (
    document INTEGER NOT NULL, number INTEGER NOT NULL, title TEXT NOT NULL, clean TEXT NOT NULL,
    edits TEXT NOT NULL, region TEXT, first_year INTEGER, last_year INTEGER,
    published TEXT, author TEXT, publisher TEXT, PRIMARY KEY (document, number)) WITHOUT ROWID;
CREATE TABLE sentences (
    document INTEGER NOT NULL, part INTEGER NOT NULL, number INTEGER NOT NULL,
    start INTEGER NOT NULL, stop INTEGER NOT NULL, paragraph INTEGER NOT NULL, heading TEXT NOT NULL,
    first_year INTEGER, last_year INTEGER, explicit INTEGER NOT NULL, regions TEXT NOT NULL,
    PRIMARY KEY (document, part, number)) WITHOUT ROWID;
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL, part INTEGER NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL,
    text TEXT NOT NULL, context TEXT NOT NULL, first_year INTEGER, last_year INTEGER, regions TEXT NOT NULL,
    key BLOB NOT NULL);
CREATE INDEX chunks_by_document ON chunks (document, id);
"""


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """One line of a document list. `periods` and `regions` are those of its parts, without repeats."""

    source: str
    title: str
    version: str
    media_type: str
    characters: int
    parts: int
    chunks: int
    periods: tuple[str, ...]
    regions: tuple[str, ...]
    published: str | None


class CorpusWriter:
    """Fills a new corpus file. Chunks are numbered from 0 in the order in which they are added."""

    def __init__(self, folder: Path) -> None:
        """Make `corpus.sqlite` in `folder`."""
        self._db = sqlite3.connect(folder / CORPUS, isolation_level=None)
        # a killed build is thrown away whole, so no journal; `close` makes the bytes safe
        self._db.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + _SCHEMA + "BEGIN;")
        self.counts = {"documents": 0, "parts": 0, "sentences": 0, "chunks": 0}

    def add(
        self, document: Document, parts: Sequence[Part], chunks: Sequence[Chunk], keys: Sequence[bytes]
    ) -> None:
        """Append one document with its parts and chunks; `keys` name what was embedded for each chunk."""
        row = self.counts["documents"]
        self._db.execute(
            "INSERT INTO documents VALUES (?,?,?,?,?,?,?,?,?)",
            (
                row,
                document.source,
                document.raw,
                document.version,
                document.media_type,
                document.encoding,
                _dump(document.pages),
                document.title,
                _edits(document.edits),
            ),
        )
        for number, part in enumerate(parts):
            self._db.execute(
                "INSERT INTO parts VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                (
                    row,
                    number,
                    part.title,
                    part.clean,
                    _edits(part.edits),
                    part.region,
                    *_years(part.period),
                    part.published,
                    part.author,
                    part.publisher,
                ),
            )
            self._db.executemany(
                "INSERT INTO sentences VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                (
                    (
                        row,
                        number,
                        n,
                        s.start,
                        s.end,
                        s.paragraph,
                        _dump(s.heading),
                        *_years(s.period),
                        s.period_explicit,
                        _dump(s.regions),
                    )
                    for n, s in enumerate(part.sentences)
                ),
            )
            self.counts["sentences"] += len(part.sentences)
        first = self.counts["chunks"]
        self._db.executemany(
            "INSERT INTO chunks VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                (
                    first + n,
                    row,
                    c.part,
                    c.first,
                    c.last,
                    c.start,
                    c.end,
                    c.text,
                    c.context,
                    *_years(c.period),
                    _dump(c.regions),
                    key,
                )
                for n, (c, key) in enumerate(zip(chunks, keys, strict=True))
            ),
        )
        self.counts["documents"] += 1
        self.counts["parts"] += len(parts)
        self.counts["chunks"] += len(chunks)

    def close(self, *, commit: bool) -> None:
        """Finish the file, or let go of it."""
        if commit:
            self._db.execute("COMMIT")
        self._db.close()


class Corpus:
    """Reads a corpus file; safe to share between threads.

    One connection, opened at once and kept: a generation that is pruned while in use stays readable on POSIX, because
    nothing is opened later. `immutable` spares all locking and journal files, so that a read writes no byte.
    """

    def __init__(self, folder: Path) -> None:
        """Open `corpus.sqlite` in `folder`. Raises sqlite3.Error."""
        self._lock = threading.Lock()
        url = f"file:{pathname2url(str((folder / CORPUS).absolute()))}?mode=ro&immutable=1"
        self._db = sqlite3.connect(url, uri=True, check_same_thread=False)
        self._ids: dict[str, int] = dict(self._all("SELECT source, id FROM documents ORDER BY id"))
        self._names = {number: source for source, number in self._ids.items()}
        self._numbers: NDArray[np.int64] | None = None  # of the chunks in the file, where only some are held
        self._owner = True

    def restricted(self, sources: Collection[str]) -> tuple[Corpus, NDArray[np.int64]]:
        """Only the documents `sources`: a corpus that knows of no other, and the numbers that its chunks have in this one.

        It shares the open file. Its chunks are numbered from 0.
        """
        some = copy(self)
        some._owner = False
        some._ids = {source: number for source, number in self._ids.items() if source in sources}
        some._names = {number: source for source, number in some._ids.items()}
        numbers = [c for d in some._names for (c,) in self._all("SELECT id FROM chunks WHERE document = ? ORDER BY id", d)]
        some._numbers = np.array(numbers, np.int64)
        return some, some._numbers

    def close(self) -> None:
        """Let go of the file; one that is shared stays open."""
        if self._owner:
            with self._lock:
                self._db.close()

    def _all(self, query: str, *values: object) -> list[Any]:
        with self._lock:
            return self._db.execute(query, values).fetchall()

    def _id(self, source: str) -> int:
        if source not in self._ids:
            raise InputError(f"no document {source!r} in this index; `zhiyin doctor` lists what is there")
        return self._ids[source]

    def document(self, source: str) -> Document:
        """Read the document `source`. Raises InputError where there is none."""
        [row] = self._all(
            "SELECT raw, version, media_type, encoding, pages, title FROM documents WHERE id = ?",
            self._id(source),
        )
        raw, version, media_type, encoding, pages, title = row
        return Document(source, raw, version, media_type, encoding, tuple(json.loads(pages)), title)

    def as_read(self, source: str) -> Document:
        """`document(source)` with the edits that its reader made. Raises InputError where there is none."""
        [(edits,)] = self._all("SELECT edits FROM documents WHERE id = ?", self._id(source))
        return replace(self.document(source), edits=tuple(Edit(*edit) for edit in json.loads(edits)))

    def part(self, source: str, number: int) -> Part:
        """Read part `number` (from 0) of `source`. Raises InputError where there is none."""
        document = self._id(source)
        rows = self._all(
            "SELECT title, clean, edits, region, first_year, last_year, published, author, publisher "
            "FROM parts WHERE document = ? AND number = ?",
            document,
            number,
        )
        if not rows:
            raise InputError(f"document {source!r} has no part {number}")
        title, clean, edits, region, first, last, published, author, publisher = rows[0]
        sentences = self._all(
            "SELECT start, stop, paragraph, heading, first_year, last_year, explicit, regions "
            "FROM sentences WHERE document = ? AND part = ? ORDER BY number",
            document,
            number,
        )
        return Part(
            title,
            clean,
            tuple(Edit(*edit) for edit in json.loads(edits)),
            tuple(
                Sentence(
                    s[0],
                    s[1],
                    s[2],
                    tuple(json.loads(s[3])),
                    _period(s[4], s[5]),
                    bool(s[6]),
                    tuple(json.loads(s[7])),
                )
                for s in sentences
            ),
            region,
            _period(first, last),
            published,
            author,
            publisher,
        )

    def parts(self, source: str) -> list[Part]:
        """Read all parts of `source`."""
        [(count,)] = self._all("SELECT count(*) FROM parts WHERE document = ?", self._id(source))
        return [self.part(source, number) for number in range(count)]

    _CHUNK = (
        "SELECT document, part, first, last, start, stop, text, context, first_year, last_year, regions "
        "FROM chunks WHERE "
    )

    def chunk(self, number: int) -> Chunk:
        """Read chunk `number`. Raises InputError where there is none."""
        known = number if self._numbers is None else int(self._numbers[number]) if 0 <= number < len(self._numbers) else -1
        rows = self._all(self._CHUNK + "id = ?", known)
        if not rows:
            raise InputError(f"no chunk {number} in this index")
        return self._chunk(rows[0])

    def chunks(self, source: str) -> list[Chunk]:
        """Read all chunks of `source`, in order."""
        rows = self._all(self._CHUNK + "document = ? ORDER BY id", self._id(source))
        return [self._chunk(row) for row in rows]

    def _chunk(self, row: Any) -> Chunk:
        document, part, first, last, start, stop, text, context, low, high, regions = row
        return Chunk(
            self._names[document],
            part,
            first,
            last,
            start,
            stop,
            text,
            context,
            _period(low, high),
            tuple(json.loads(regions)),
        )

    def sources(self) -> list[SourceInfo]:
        """List the documents, in order."""
        if self._numbers is not None:
            return [self._info(number) for number in self._names]
        parts: dict[int, list[Any]] = {}
        for row in self._all(f"{_PARTS} ORDER BY document, number"):
            parts.setdefault(row[0], []).append(row)
        counts = dict(self._all("SELECT document, count(*) FROM chunks GROUP BY document"))
        return [
            _line(row, parts.get(row[0], []), counts.get(row[0], 0)) for row in self._all(f"{_LINES} ORDER BY id")
        ]

    def front_matter(self) -> dict[str, str]:
        """By source, the properties that some documents state between two lines `---` at their top."""
        heads = self._all("SELECT id, substr(raw, 1, 4000) FROM documents WHERE media_type IN ('text/markdown', 'text/plain')")
        kept = {self._names[id_]: head.lstrip("\ufeff") for id_, head in heads if id_ in self._names}
        return {source: head[:end] for source, head in kept.items() if head.startswith("---") and (end := head.find("\n---", 3)) > 0}

    def _info(self, number: int) -> SourceInfo:
        [row] = self._all(f"{_LINES} WHERE id = ?", number)
        own = self._all(f"{_PARTS} WHERE document = ? ORDER BY number", number)
        [(chunks,)] = self._all("SELECT count(*) FROM chunks WHERE document = ?", number)
        return _line(row, own, chunks)

    def about(self) -> tuple[list[About], NDArray[np.int64]]:
        """What the chunks speak of: the different combinations, and for each chunk the number of its own."""
        seen: dict[tuple[Any, ...], int] = {}
        query = "SELECT document, first_year, last_year, regions FROM chunks"
        if self._numbers is None:
            rows = self._all(f"{query} ORDER BY id")
        else:
            rows = [row for d in self._names for row in self._all(f"{query} WHERE document = ? ORDER BY id", d)]
        numbers = np.array([seen.setdefault(row, len(seen)) for row in rows], np.int64)
        return [(self._names[d], _period(low, high), tuple(json.loads(regions))) for d, low, high, regions in seen], numbers

    def keys(self) -> dict[bytes, int]:
        """Map what was embedded (see CorpusWriter.add) to a chunk that has its vector."""
        if self._numbers is not None:
            raise ValueError("only a whole corpus is taken over by the next one")
        return dict(self._all("SELECT key, id FROM chunks ORDER BY id DESC"))

    def check(self) -> str:
        """Let SQLite look at its file: `ok`, or what is wrong."""
        return str(self._all("PRAGMA quick_check(1)")[0][0])


_PARTS = "SELECT document, title, region, first_year, last_year, published FROM parts"
_LINES = "SELECT id, source, version, media_type, length(raw), title FROM documents"


def _line(row: Any, own: Sequence[Any], chunks: int) -> SourceInfo:
    """The line of one document, from a row of `_LINES` and its rows of `_PARTS`."""
    _, source, version, kind, size, title = row
    return SourceInfo(
        source,
        next((p[1] for p in own if p[1]), title or Path(source).stem),
        version,
        kind,
        size,
        len(own),
        chunks,
        tuple(dict.fromkeys(str(Period(p[3], p[4])) for p in own if p[3] is not None)),
        tuple(dict.fromkeys(p[2] for p in own if p[2])),
        next((p[5] for p in own if p[5]), None),
    )


def _edits(edits: Sequence[Edit]) -> str:
    return _dump([(e.start, e.end, e.replacement, e.rule) for e in edits])


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _years(period: Period | None) -> tuple[int | None, int | None]:
    return (period.first, period.last) if period else (None, None)


def _period(first: int | None, last: int | None) -> Period | None:
    return Period(first, last) if first is not None and last is not None else None
