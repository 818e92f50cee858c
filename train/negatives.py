"""Hard negatives: passages that share the words of a query and are not its own, found by BM25 over token ids."""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray
from pairs import Group, Ragged
from scipy import sparse

logger = logging.getLogger(__name__)

K1, B = 1.5, 0.75
KEPT = 24
"""Negatives kept for each query; one of them, drawn by chance, goes into a batch."""
SKIPPED = 1
"""The very best of the passages that are not known to be right is left out: it is too often right as well."""


def bm25(texts: Ragged, size: int) -> sparse.csc_matrix:
    """BM25 weights `(size, texts)` of token ids below `size` (Robertson and Zaragoza 2009, the Lucene variant)."""
    lengths = np.diff(texts.starts)
    rows = np.repeat(np.arange(len(texts)), lengths)
    counts = sparse.csr_matrix(
        (np.ones(len(rows), np.float32), (rows, texts.flat)), shape=(len(texts), size)
    )
    held = np.bincount(counts.indices, minlength=size)
    idf = np.log(1 + (len(texts) - held + 0.5) / (held + 0.5))
    damped = K1 * (1 - B + B * lengths / lengths.mean())
    of = np.repeat(np.arange(len(texts)), np.diff(counts.indptr))
    counts.data = (idf[counts.indices] * counts.data / (counts.data + damped[of])).astype(np.float32)
    return counts.T.tocsc()


def mine(queries: Ragged, own: NDArray[np.int64], pool: Ragged, pool_keys: NDArray[np.int64], size: int) -> NDArray[np.int32]:
    """Numbers `(queries, KEPT)` of passages of `pool`, best first by BM25, none of them right for the query.

    `own` `(queries, 2)` are the hashes of query and right passage; rows with the same query have each other's right
    passages, too. `pool_keys` `(pool,)` are the hashes of the pool's texts.
    """
    weights = bm25(pool, size).tocsr()
    right: dict[int, set[int]] = {}
    for query, passage in own.tolist():
        right.setdefault(query, set()).add(passage)
    out = np.zeros((len(queries), KEPT), np.int32)
    for start in range(0, len(queries), 256):
        numbers = range(start, min(start + 256, len(queries)))
        lengths = [len(queries[i]) for i in numbers]
        matrix = sparse.csr_matrix(
            (np.ones(sum(lengths), np.float32), np.concatenate([queries[i] for i in numbers]), np.cumsum([0, *lengths])),
            shape=(len(numbers), size),
        )
        scores = (matrix @ weights).toarray()
        most = min(4 * KEPT, scores.shape[1] - 1)
        best = np.argpartition(-scores, most, axis=1)[:, :most]
        order = np.take_along_axis(best, np.argsort(-np.take_along_axis(scores, best, 1), axis=1, kind="stable"), 1)
        for row, number in zip(order, numbers, strict=True):
            wrong = [k for k in row if int(pool_keys[k]) not in right[int(own[number, 0])]][SKIPPED:]
            out[number] = np.resize(np.array(wrong, np.int32), KEPT)
    return out


def add_negatives(groups: list[Group], size: int) -> None:
    """Give `questions`, `taiwan` and the two law groups hard negatives; the law groups share one pool of articles."""
    by_name = {group.name: group for group in groups}
    for names in (("stard", "law_chapter"), ("questions",), ("taiwan",)):
        parts = [by_name[name] for name in names]
        pool = parts[0].right if len(parts) == 1 else Ragged.joined([part.right for part in parts])
        keys = np.concatenate([part.keys[:, 1] for part in parts])
        _, first = np.unique(keys, return_index=True)
        pool, keys = pool.chosen(np.sort(first)), keys[np.sort(first)]
        for part in parts:
            part.pool, part.pool_keys = pool, keys
            part.negatives = mine(part.left, part.keys, pool, keys, size)
            logger.info("%-12s %d hard negatives out of %d passages", part.name, part.negatives.size, len(pool))
