"""A generation of which only some documents are there: the pipeline on the passages that a benchmark hands out.

The passages of all questions are indexed once, as any document is (cleaned, dated, cut, embedded), and each question
then sees its own: its searches, its counts and its size are those of these passages alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from rag.bot import Bot
from rag.config import Settings
from rag.store import Snapshot, SourceInfo
from rag.text.tokens import index_terms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.encoder.embed import Embedder
    from rag.retrieve.rerank import Reranker
    from rag.types import Chunk, Document, Hit, Part


class GivenBot(Bot):
    """A bot whose index can shrink to some documents for a while. For one thread."""

    def __init__(self, settings: Settings, home: Path) -> None:
        """See Bot."""
        super().__init__(settings, home)
        self._given: Given | None = None
        self._terms = lru_cache(maxsize=20_000)(self._terms_of)
        self._numbers: dict[str, list[int]] | None = None

    @property
    def snapshot(self) -> Snapshot:
        """The index as it is, or what of it is given."""
        return super().snapshot if self._given is None else cast("Snapshot", self._given)

    @property
    def embedder(self) -> Embedder:
        """The model that the index is built with."""
        return self._tools.embedder

    @property
    def reranker(self) -> Reranker | None:
        """The model that reorders passages, if the settings name one."""
        return self._tools.reranker

    @contextmanager
    def given(self, sources: Iterable[str]) -> Iterator[GivenBot]:
        """Inside the block, only `sources` are indexed; unknown ones (skipped for want of text) are left out."""
        whole = super().snapshot
        if self._numbers is None:
            self._numbers = {}
            for number in range(len(whole)):
                self._numbers.setdefault(whole.chunk(number).source, []).append(number)
        numbers = [number for source in dict.fromkeys(sources) for number in self._numbers.get(source, ())]
        self._given = Given(whole, numbers, [self._terms(number) for number in numbers])
        try:
            yield self
        finally:
            self._given = None

    def _terms_of(self, number: int) -> frozenset[str]:
        chunk = super().snapshot.chunk(number)
        return frozenset(index_terms(f"{chunk.context}\n{chunk.text}" if chunk.context else chunk.text))


class Given:
    """What answering asks of a `rag.store.Snapshot`, over some of its chunks. `terms` are theirs, in that order."""

    def __init__(self, whole: Snapshot, numbers: Sequence[int], terms: Sequence[frozenset[str]]) -> None:
        """Wrap `whole`; `numbers` are the chunks that remain."""
        self._whole, self._numbers, self._terms = whole, list(numbers), terms
        self.generation = whole.generation

    def __len__(self) -> int:
        return len(self._numbers)

    def chunk(self, number: int) -> Chunk:
        """See Snapshot; numbers are those of the whole index."""
        return self._whole.chunk(number)

    def document(self, source: str) -> Document:
        """See Snapshot."""
        return self._whole.document(source)

    def part(self, source: str, number: int) -> Part:
        """See Snapshot."""
        return self._whole.part(source, number)

    def sources(self) -> list[SourceInfo]:
        """See Snapshot."""
        given = {self._whole.chunk(number).source for number in self._numbers}
        return [info for info in self._whole.sources() if info.source in given]

    def front_matter(self) -> dict[str, str]:
        """See Snapshot."""
        given = {info.source for info in self.sources()}
        return {source: head for source, head in self._whole.front_matter().items() if source in given}

    def df(self, term: str) -> int:
        """How many of the chunks given hold `term`."""
        return sum(term in terms for terms in self._terms)

    def likeness(self, vector: NDArray[np.float32], chunks: Sequence[int]) -> NDArray[np.float32]:
        """See Snapshot."""
        return self._whole.likeness(vector, chunks)

    def coverage(self, terms: Sequence[str], chunks: Sequence[int]) -> NDArray[np.float32]:
        """See Snapshot; how rare a term is comes from the whole index."""
        return self._whole.coverage(terms, chunks)

    def search_dense(self, vector: NDArray[np.float32], k: int, allowed: None = None) -> list[Hit]:
        """See Snapshot."""
        return self._whole.search_dense(vector, k, self._numbers)

    def search_lexical(self, terms: Sequence[str], k: int, allowed: None = None) -> list[Hit]:
        """See Snapshot (nothing narrows a benchmark's question); how rare a term is comes from the whole index."""
        return self._whole.search_lexical(terms, k, self._numbers)
