"""Doubles for trying the window without index or model: answers by hand, documents in memory."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rag.access import Scope
from rag.errors import NoIndex
from rag.retrieve.filters import Filters
from rag.types import Answer, Document, Part

from .ports import History


@dataclass(frozen=True, slots=True)
class MemorySource:
    """A line of the document list of a MemoryLibrary."""

    source: str
    title: str
    version: str
    media_type: str
    characters: int
    parts: int
    periods: tuple[str, ...]
    regions: tuple[str, ...]
    published: str | None


class MemoryLibrary:
    """Documents with their parts, held in memory under a generation name."""

    def __init__(
        self, documents: Sequence[tuple[Document, Sequence[Part]]], generation: str = "000001"
    ) -> None:
        self.generation = generation
        self._documents = {document.source: (document, tuple(parts)) for document, parts in documents}

    def sources(self) -> list[MemorySource]:
        """All documents, in the order given."""
        return [
            MemorySource(
                d.source,
                parts[0].title or d.title or d.source,
                d.version,
                d.media_type,
                len(d.raw),
                len(parts),
                tuple(dict.fromkeys(str(p.period) for p in parts if p.period)),
                tuple(dict.fromkeys(p.region for p in parts if p.region)),
                parts[0].published,
            )
            for d, parts in self._documents.values()
        ]

    def document(self, source: str) -> Document:
        """One document. Raises KeyError for a name that is not there."""
        return self._documents[source][0]

    def part(self, source: str, n: int) -> Part:
        """One part. Raises KeyError or IndexError for what is not there."""
        return self._documents[source][1][n]


class CannedBot:
    """Gives the answer whose question was asked, or `otherwise`, and remembers every call.

    An exception among the answers is raised. `pause` seconds pass before each step of a stream.
    """

    def __init__(
        self,
        library: MemoryLibrary | None,
        answers: Mapping[str, Answer | Exception],
        otherwise: Answer,
        *,
        pause: float = 0.0,
    ) -> None:
        self._library = library
        self._answers = dict(answers)
        self._otherwise = otherwise
        self._pause = pause
        self.calls: list[tuple[str, tuple[tuple[str, str], ...]]] = []
        self.streamed: list[tuple[str, tuple[tuple[str, str], ...]]] = []  # what a window asked, without its own trials
        self.narrowed: list[tuple[Scope | None, Filters | None]] = []  # of each call

    @property
    def snapshot(self) -> MemoryLibrary:
        """The library. Raises NoIndex where none was given."""
        if self._library is None:
            raise NoIndex("nothing has been indexed yet; run: zhiyin index FOLDER")
        return self._library

    def library(self, scope: Scope | None = None) -> MemoryLibrary:
        """The library, whoever asks."""
        return self.snapshot

    def ask(
        self, question: str, history: History = (), *, id: str | None = None, scope: Scope | None = None,
        filters: Filters | None = None,
    ) -> Answer:  # fmt: skip
        """Return the canned answer, with this question and id in it."""
        self.calls.append((question, tuple((q, a) for q, a in history)))
        self.narrowed.append((scope, filters))
        found = self._answers.get(question, self._otherwise)
        if isinstance(found, Exception):
            raise found
        return replace(found, question=question, id=id)

    def stream(
        self, question: str, history: History = (), *, scope: Scope | None = None, filters: Filters | None = None
    ) -> Iterator[Answer]:
        """Yield the answer's statements one by one, then the whole."""
        self.streamed.append((question, tuple((q, a) for q, a in history)))
        whole = self.ask(question, history, scope=scope, filters=filters)
        for n in range(1, len(whole.statements)):
            time.sleep(self._pause)
            yield replace(whole, short=None, statements=whole.statements[:n], citations=())
        time.sleep(self._pause)
        yield whole
