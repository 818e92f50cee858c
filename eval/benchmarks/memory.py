"""A collection that is only searched, in memory: for corpora of tens of thousands of passages.

It stands in for `rag.store.Snapshot` in `rag.retrieve.search.retrieve`. Its texts are searched as they are: nothing is cleaned,
and periods and regions of passages stay unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rag.store.lexical import Lexical
from rag.store.vectors import TIE
from rag.text.sentences import split
from rag.text.tokens import index_terms
from rag.types import Chunk, Hit

from .result import Progress, silent

if TYPE_CHECKING:
    from rag.encoder.embed import Embedder

BATCH = 256  # texts handed to the embedder at a time

Passage = tuple[str, str, str]
"""Id, title (may be empty) and text."""


class Memory:
    """Chunks with their BM25 index and their vectors `(n, dim)`. Read-only."""

    generation = "memory"

    def __init__(self, chunks: Sequence[Chunk], lexical: Lexical, vectors: NDArray[np.float32]) -> None:
        """See `Memory.build`."""
        self._chunks, self._lexical, self._vectors = chunks, lexical, vectors

    @classmethod
    def build(
        cls, passages: Iterable[Passage], embedder: Embedder, chunk_tokens: int, progress: Progress = silent
    ) -> Memory:
        """Cut passages at sentence ends into chunks of up to `chunk_tokens`, index and embed them with their titles."""
        limit = chunk_tokens if embedder.max_tokens is None else min(chunk_tokens, embedder.max_tokens)
        chunks = [chunk for passage in passages for chunk in cut(passage, embedder, limit)]
        vectors = np.zeros((len(chunks), embedder.dim), np.float32)
        terms: list[list[str]] = []
        for at in progress(range(0, len(chunks), BATCH), "indexing"):
            batch = [f"{c.context}\n{c.text}" if c.context else c.text for c in chunks[at : at + BATCH]]
            vectors[at : at + len(batch)] = embedder.encode_passages(batch)
            terms += [index_terms(text) for text in batch]
        return cls(chunks, Lexical.build(terms), vectors)

    def __len__(self) -> int:
        return len(self._chunks)

    def chunk(self, number: int) -> Chunk:
        """Chunk `number`, as in a Hit."""
        return self._chunks[number]

    def df(self, term: str) -> int:
        """How many chunks hold `term`."""
        return self._lexical.df(term)

    def likeness(self, vector: NDArray[np.float32], chunks: Sequence[int]) -> NDArray[np.float32]:
        """Inner product of `vector` with each of `chunks`: `(n,)` float32."""
        rows = self._vectors[np.asarray(chunks, np.int64)]
        return np.asarray((rows * vector).sum(axis=1, dtype=np.float32))

    def coverage(self, terms: Sequence[str], chunks: Sequence[int]) -> NDArray[np.float32]:
        """See `rag.store.lexical.Lexical.coverage`."""
        return self._lexical.coverage(terms, chunks)

    def search_lexical(self, terms: Sequence[str], k: int, allowed: None = None) -> list[Hit]:
        """The `k` best chunks by BM25."""
        return self._lexical.search(terms, k)

    def search_dense(self, vector: NDArray[np.float32], k: int, allowed: None = None) -> list[Hit]:
        """The `k` chunks nearest to `vector` `(dim,)`, best first, by an exact scan; equal scores by number."""
        scores = self._vectors @ vector
        k = min(k, len(scores))
        if k <= 0:
            return []
        bar = np.partition(scores, len(scores) - k)[len(scores) - k]
        near = np.flatnonzero(scores >= bar - TIE)
        # row by row in one order: unlike a matrix product, the same vector gives the same score wherever it stands
        exact = (self._vectors[near] * vector).sum(axis=1, dtype=np.float32)
        best = np.lexsort((near, -exact))[:k]
        return [Hit(int(near[at]), float(exact[at])) for at in best]


def cut(passage: Passage, embedder: Embedder, limit: int) -> Iterator[Chunk]:
    """The chunks of one passage: runs of whole sentences of up to `limit` tokens. An empty passage has none."""
    name, title, text = passage
    spans = split(text)
    if embedder.count_tokens(text) <= limit:
        spans = [(spans[0][0], spans[-1][1])] if spans else []
    start, held, last = 0, 0, -1
    for number, (low, high) in enumerate(spans):
        size = embedder.count_tokens(text[low:high])
        if last >= 0 and held + size > limit:
            yield _chunk(name, title, text, start, spans[last][1])
            last = -1
        if last < 0:
            start, held = low, 0
        held, last = held + size, number
    if last >= 0:
        yield _chunk(name, title, text, start, spans[last][1])


def _chunk(name: str, title: str, text: str, start: int, end: int) -> Chunk:
    return Chunk(name, 0, 0, 0, start, end, text[start:end], title)
