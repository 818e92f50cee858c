"""The lexical leg: BM25 over terms that someone else cut (`rag.text.tokens.index_terms`).

Scores are bm25s's eager ones (Lù 2024, arXiv:2407.03618) with the Lucene variant of BM25 (Kamphuis et al., ECIR 2020).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..types import Hit

K1 = 1.5
B = 0.75
_VOCABULARY = "vocab.index.json"
_FREQUENCIES = "frequencies.npy"  # how often the term of each score stands in its chunk, in the order of the scores
_LENGTHS = "lengths.npy"  # terms of each chunk
_EMPTY = "{}"


class Lexical:
    """BM25 over `size` chunks. Built once, then read-only and safe to share between threads."""

    def __init__(
        self, size: int, index: Any | None, frequencies: NDArray[np.uint32] | None = None, lengths: NDArray[np.int64] | None = None
    ) -> None:
        """Wrap a bm25s index and what it was computed from; None where no chunk has a term."""
        self._size = size
        self._index = index
        self._frequencies = frequencies
        self._lengths = lengths

    @classmethod
    def build(cls, terms: Sequence[Sequence[str]]) -> Lexical:
        """Index the terms of every chunk, in chunk order. Equal input gives equal files."""
        vocabulary = {term: n for n, term in enumerate(sorted({term for chunk in terms for term in chunk}))}
        if not vocabulary:
            return cls(len(terms), None)
        import bm25s

        index = bm25s.BM25(k1=K1, b=B, method="lucene")
        ids = [[vocabulary[term] for term in chunk] for chunk in terms]
        # an "empty token" would get a number that has no column in the matrix
        index.index((ids, vocabulary), create_empty_token=False, show_progress=False)
        return cls(len(terms), index, _frequencies(ids), np.array([len(chunk) for chunk in terms], np.int64))

    def restricted(self, chunks: NDArray[np.int64]) -> Lexical:
        """The index as it would be if only these chunks (ascending) existed, numbered from 0: same files, same scores.

        BM25 counts in how many chunks a term stands and how long they are on average, so that leaving out hits alone
        would let the scores tell of the chunks that are not there.
        """
        if self._index is None or not len(chunks):
            return Lexical(len(chunks), None)
        import bm25s

        assert self._frequencies is not None
        assert self._lengths is not None
        old = self._index.scores
        number = np.full(self._size, -1, np.int64)
        number[chunks] = np.arange(len(chunks))
        where = number[old["indices"]]
        kept = np.flatnonzero(where >= 0)
        rows = where[kept]
        columns = np.searchsorted(old["indptr"], kept, side="right") - 1
        df = np.bincount(columns, minlength=len(old["indptr"]) - 1)
        idf = np.zeros(len(df), np.float32)
        idf[df > 0] = [_idf(int(n), len(chunks)) for n in df[df > 0]]
        lengths = self._lengths[chunks]
        tf = self._frequencies[kept].astype(np.float32)
        # the operations of bm25s (`scoring._score_tfc_robertson`) in its order and precision
        tfc = tf / (K1 * ((1 - B) + B * lengths[rows] / lengths.mean()) + tf)
        index = bm25s.BM25(k1=K1, b=B, method="lucene")
        index.nonoccurrence_array = None
        index.vocab_dict, index.unique_token_ids_set = self._index.vocab_dict, self._index.unique_token_ids_set
        index.scores = {
            "data": (idf[columns] * tfc).astype(np.float32),
            "indices": rows.astype(np.int32),
            "indptr": np.concatenate(([0], np.cumsum(df))),
            "num_docs": len(chunks),
        }
        return Lexical(len(chunks), index, self._frequencies[kept], lengths)

    def save(self, folder: Path) -> None:
        """Write into `folder`, which is made."""
        folder.mkdir(parents=True, exist_ok=True)
        if self._index is None:
            (folder / _VOCABULARY).write_text(_EMPTY, encoding="utf-8")
        else:
            assert self._frequencies is not None
            assert self._lengths is not None
            self._index.save(folder, show_progress=False)
            np.save(folder / _FREQUENCIES, self._frequencies, allow_pickle=False)
            np.save(folder / _LENGTHS, self._lengths, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path, size: int) -> Lexical:
        """Open what `save` wrote for `size` chunks; the arrays are memory-mapped. Raises OSError, ValueError."""
        if (folder / _VOCABULARY).stat().st_size == len(_EMPTY):
            return cls(size, None)
        import bm25s

        counted = (np.load(folder / name, mmap_mode="r", allow_pickle=False) for name in (_FREQUENCIES, _LENGTHS))
        return cls(size, bm25s.BM25.load(folder, mmap=True, show_progress=False), *counted)

    def __len__(self) -> int:
        return self._size

    def df(self, term: str) -> int:
        """How many chunks hold `term`."""
        number = self._index.vocab_dict.get(term) if self._index is not None else None
        if self._index is None or number is None:
            return 0
        columns = self._index.scores["indptr"]
        return int(columns[number + 1] - columns[number])

    def scores(self, terms: Sequence[str]) -> NDArray[np.float32]:
        """BM25 of every chunk, `(size,)` float32. A term given twice counts twice; an unknown one nothing."""
        known = self._index.get_tokens_ids(terms) if self._index is not None else []
        if self._index is None or not known:
            return np.zeros(self._size, np.float32)
        found: NDArray[np.float32] = self._index.get_scores_from_ids(known)
        return found

    def coverage(self, terms: Sequence[str], chunks: Sequence[int]) -> NDArray[np.float32]:
        """BM25 of each of `chunks` as a share of the most that any text could get for `terms`: `(n,)` float32, 0 to 1.

        A term that no chunk holds counts in the whole, so a question whose words are not those of the collection is
        covered badly by every chunk. The most is the sum of the idf: Lucene's term frequency part stays below 1.
        """
        found = np.zeros(len(chunks), np.float64)
        if self._index is None or not len(chunks):
            return found.astype(np.float32)
        numbers = np.asarray(chunks, np.int64)
        data, rows, columns = (self._index.scores[name] for name in ("data", "indices", "indptr"))
        most = 0.0
        for term, times in Counter(terms).items():
            held = self.df(term)
            most += times * _idf(held, self._size)
            if held:
                start = int(columns[self._index.vocab_dict[term]])
                at = start + np.searchsorted(rows[start : start + held], numbers)
                at = np.minimum(at, start + held - 1)
                found += times * np.where(rows[at] == numbers, data[at], 0.0)
        return (found / most if most else found).astype(np.float32)

    def search(self, terms: Sequence[str], k: int, allowed: NDArray[np.bool_] | None = None) -> list[Hit]:
        """The `k` best chunks that share a term, best first, equal scores by chunk number.

        `allowed` is a mask of `(size,)`: only these chunks are looked at.
        """
        scores = self.scores(terms)
        candidates = np.flatnonzero(scores > 0 if allowed is None else (scores > 0) & allowed)
        if k <= 0 or not candidates.size:
            return []
        if candidates.size > 4 * k:  # sort only what can be among the first k, all of those that tie included
            bar = np.partition(scores[candidates], candidates.size - k)[candidates.size - k]
            candidates = candidates[scores[candidates] >= bar]
        best = candidates[np.lexsort((candidates, -scores[candidates]))][:k]
        return [Hit(int(number), float(scores[number])) for number in best]


def _frequencies(ids: Sequence[Sequence[int]]) -> NDArray[np.uint32]:
    """How often each term stands in each chunk that holds it, term by term, chunks ascending: the order of the scores."""
    terms = np.fromiter((term for chunk in ids for term in chunk), np.int64)
    chunks = np.repeat(np.arange(len(ids)), [len(chunk) for chunk in ids])
    _, counts = np.unique(terms * len(ids) + chunks, return_counts=True)
    return np.asarray(counts, np.uint32)


def _idf(df: int, size: int) -> float:
    """Inverse document frequency, Lucene's (bm25s `scoring._score_idf_lucene`)."""
    return math.log(1 + (size - df + 0.5) / (df + 0.5))
