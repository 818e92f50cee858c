"""The dense leg: unit vectors, inner product, FAISS.

FAISS proposes candidates; their scores are then computed row by row from the stored vectors. So scores are the same
whatever the index type, equal vectors have equal scores, and ties are in the order of the chunk numbers.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelMismatch
from ..types import Hit
from .kinds import FLAT_MAX, make, parameters, proposals

VECTORS = "vectors.npy"
DENSE = "dense.faiss"

TIE = 1e-5  # more than two ways of summing in float32 differ by
MARGIN = 16
BLOCK = 16_384  # rows of a scan that are copied at a time
SEARCH_THREADS = (
    1  # a question; a server has threads of its own, and sharing one scan out costs more than it gains
)

Matrix = NDArray[np.float32]
Mask = NDArray[np.bool_]


def build(vectors: Matrix, kind: str, folder: Path) -> None:
    """Write `vectors.npy` and `dense.faiss` into `folder`; `vectors` is `(n, dim)`, L2-normalised.

    Raises OSError, or RuntimeError from FAISS, where they can't be written.
    """
    np.save(folder / VECTORS, vectors, allow_pickle=False)
    import faiss

    # a build has the machine to itself, unless its user says otherwise
    faiss.omp_set_num_threads(_threads())
    try:
        index = make(kind, vectors)
    finally:
        faiss.omp_set_num_threads(SEARCH_THREADS)
    faiss.write_index(index, str(folder / DENSE))


class Vectors:
    """The vectors of one generation and their index. Read-only, safe to share between threads."""

    def __init__(self, folder: Path, kind: str) -> None:
        """Open what `build` wrote into `folder`."""
        import faiss

        faiss.omp_set_num_threads(SEARCH_THREADS)
        self._faiss: Any = faiss
        self._kind = kind
        self.matrix: Matrix = np.load(folder / VECTORS, mmap_mode="r", allow_pickle=False)
        # mapped as the vectors are: opened at once, and shared by all processes that serve it
        self._index: Any = faiss.read_index(str(folder / DENSE), faiss.IO_FLAG_MMAP_IFC)

    def search(self, vector: Matrix, k: int, allowed: Mask | None = None) -> list[Hit]:
        """Find the `k` nearest rows, best first, equal scores by number.

        `vector` is `(dim,)`, L2-normalised; `allowed` a mask of `(n,)`. Exact for a flat index and wherever no more
        than FLAT_MAX rows are allowed. Raises ModelMismatch for a vector of another length.
        """
        size, dim = self.matrix.shape
        query = _query(vector, dim)
        if allowed is not None and allowed.all():
            allowed = None
        reachable = size if allowed is None else int(np.count_nonzero(allowed))
        k = min(k, reachable)
        if k <= 0:
            return []
        if allowed is not None and reachable <= FLAT_MAX:
            candidates = _nearest(self.matrix, np.flatnonzero(allowed), query, k)
        else:
            candidates = self._candidates(query, k, allowed, reachable)
        return _best(self.matrix, candidates, query, k)

    def likeness(self, vector: Matrix, rows: NDArray[np.int64]) -> Matrix:
        """Inner product of `vector` with each of `rows`, `(len(rows),)`; the same in whatever company a row is."""
        return _products(self.matrix, rows, vector)

    def restricted(self, rows: NDArray[np.int64]) -> SomeVectors:
        """Only these rows, ascending."""
        return SomeVectors(self.matrix, rows)

    def _candidates(self, query: Matrix, k: int, allowed: Mask | None, reachable: int) -> NDArray[np.int64]:
        """At least the first `k` rows and all that tie with the last of them, as far as the index knows."""
        selector = None
        if allowed is not None:
            selector = self._faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))
        sure = proposals(self._kind, k)
        wanted, effort = min(reachable, sure + MARGIN), 1
        while True:
            chosen, more = parameters(self._index, wanted, effort, selector)
            scores, numbers = self._index.search(query[None], wanted, params=chosen)
            found = numbers[0][numbers[0] >= 0]
            if len(found) < min(sure, reachable) and more:
                effort *= 4  # few of the allowed lie where the index looked
            elif (
                wanted == reachable or len(found) < wanted or scores[0][wanted - 1] < scores[0][sure - 1] - TIE
            ):
                return np.asarray(found, dtype=np.int64)
            else:
                wanted = min(reachable, wanted * 4)


def _threads() -> int:
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdecimal() and int(asked) else max(1, min(16, os.cpu_count() or 1))


class SomeVectors:
    """Some rows of `Vectors`, numbered from 0 in their order; searched row by row, whatever the index type.

    An approximate index finds its way along rows that must not be seen, so what it finds could tell of them.
    """

    def __init__(self, matrix: Matrix, rows: NDArray[np.int64]) -> None:
        """Take the `rows`, ascending, of `matrix` `(n, dim)`."""
        self._all, self._rows = matrix, rows

    @property
    def matrix(self) -> Matrix:
        """A copy of these rows, `(len(rows), dim)`."""
        return np.asarray(self._all[self._rows])

    def likeness(self, vector: Matrix, rows: NDArray[np.int64]) -> Matrix:
        """See `Vectors.likeness`."""
        return _products(self._all, self._rows[rows], vector)

    def restricted(self, rows: NDArray[np.int64]) -> SomeVectors:
        """Only these of them, ascending."""
        return SomeVectors(self._all, self._rows[rows])

    def search(self, vector: Matrix, k: int, allowed: Mask | None = None) -> list[Hit]:
        """See `Vectors.search`; always exact. The time goes by the number of these rows alone."""
        query = _query(vector, self._all.shape[1])
        numbers = np.arange(len(self._rows)) if allowed is None else np.flatnonzero(allowed)
        k = min(k, len(numbers))
        if k <= 0:
            return []
        near = np.zeros(0, np.int64)
        for at in range(0, len(numbers), BLOCK):  # what a block leaves behind is worse than the first k of it
            candidates = numbers[at : at + BLOCK]
            near = np.concatenate((near, _nearest(self._all, self._rows[candidates], query, min(k, len(candidates)))))
        hits = _best(self._all, near, query, k)
        return [Hit(int(np.searchsorted(self._rows, hit.chunk)), hit.score) for hit in hits]


def _query(vector: Matrix, dim: int) -> Matrix:
    query = np.ascontiguousarray(vector, dtype=np.float32).reshape(-1)
    if query.shape[0] != dim:
        raise ModelMismatch(
            f"the index holds vectors of {dim} numbers, the model in use gives {query.shape[0]}; "
            "set embedder to the model that the index was built with, or build it again: zhiyin index --again"
        )
    return query


def _best(matrix: Matrix, candidates: NDArray[np.int64], query: Matrix, k: int) -> list[Hit]:
    """The first `k` of the rows `candidates`, equal scores by number."""
    scores = _products(matrix, candidates, query)
    best = np.lexsort((candidates, -scores))[:k]
    return [Hit(int(candidates[i]), float(scores[i])) for i in best]


def _products(matrix: Matrix, rows: NDArray[np.int64], query: Matrix) -> Matrix:
    # row by row in one order: unlike a matrix product, the same vector gives the same score wherever it stands
    return np.asarray((matrix[rows] * query).sum(axis=1, dtype=np.float32))


def _nearest(matrix: Matrix, rows: NDArray[np.int64], query: Matrix, k: int) -> NDArray[np.int64]:
    """Among `rows`, the first `k` and all that tie with the last of them."""
    scores = matrix[rows] @ query
    bar = np.partition(scores, len(rows) - k)[len(rows) - k]
    near: NDArray[np.int64] = rows[scores >= bar - TIE]
    return near
