"""What the window needs of a bot and its documents, so that a double can stand in for either."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from rag.access import Scope
from rag.retrieve.filters import Filters
from rag.types import Answer, Document, Part

History = Sequence[tuple[str, str]]


class Source(Protocol):
    """One line of a document list: `rag.store.SourceInfo`."""

    @property
    def source(self) -> str:
        """The name that citations use."""

    @property
    def title(self) -> str:
        """Its title, or its name where none was found."""

    @property
    def version(self) -> str:
        """Digest of the raw text."""

    @property
    def media_type(self) -> str:
        """Such as `text/plain`."""

    @property
    def characters(self) -> int:
        """Length of the raw text."""

    @property
    def parts(self) -> int:
        """How many articles it holds."""

    @property
    def periods(self) -> tuple[str, ...]:
        """Years that its parts speak of."""

    @property
    def regions(self) -> tuple[str, ...]:
        """Places that its parts speak of."""

    @property
    def published(self) -> str | None:
        """ISO date, as far as known."""


class Library(Protocol):
    """The documents of one generation: `rag.store.Snapshot`."""

    @property
    def generation(self) -> str:
        """The name of the generation."""

    def sources(self) -> Sequence[Source]:
        """All documents."""

    def document(self, source: str) -> Document:
        """One document as it was read."""

    def part(self, source: str, n: int) -> Part:
        """One article of it."""


class Answerer(Protocol):
    """What answers: `rag.bot.Bot`."""

    @property
    def snapshot(self) -> Library:
        """The documents in use now, all of them. Raises an StoreError where there is no usable index."""

    def library(self, scope: Scope | None = None) -> Library:
        """The documents in use now, as if there were only those that `scope` may read. Raises as `snapshot` does."""

    def ask(
        self, question: str, history: History = (), *, id: str | None = None, scope: Scope | None = None,
        filters: Filters | None = None,
    ) -> Answer:  # fmt: skip
        """Return the whole answer at once, from what `scope` may read (None: everything) and `filters` let through."""

    def stream(
        self, question: str, history: History = (), *, scope: Scope | None = None, filters: Filters | None = None
    ) -> Iterator[Answer]:
        """Growing answers; the last is the final one."""
