"""IBM Model 1: word translation probabilities from sentence pairs, by expectation maximisation, in NumPy.

Brown et al. 1993, "The Mathematics of Statistical Machine Translation", Computational Linguistics 19(2), section 4.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.int32]


@dataclasses.dataclass(frozen=True)
class Links:
    """Word pairs that meet in some sentence pair, one entry each."""

    source: NDArray[np.int64]
    target: NDArray[np.int64]
    probability: NDArray[np.float64]
    """t(target | source)."""
    count: NDArray[np.float64]
    """Expected number of sentence pairs in which `source` is linked to `target`."""


def align(source: Sequence[Words], target: Sequence[Words], rounds: int = 5) -> Links:
    """Estimate t(target word | source word) from parallel lists of word numbers (each word once a sentence).

    >>> house, the = np.array([1, 2], np.int32), np.array([2], np.int32)
    >>> links = align([house, the], [np.array([11, 12], np.int32), np.array([12], np.int32)], rounds=20)
    >>> [(int(s), int(t)) for s, t, p in zip(links.source, links.target, links.probability) if p > 0.9]
    [(1, 11), (2, 12)]
    """
    width = 1 + max(int(words.max()) for words in target if len(words))
    keys: list[NDArray[np.int64]] = []
    lengths: list[NDArray[np.int64]] = []
    for left, right in zip(source, target, strict=True):
        if len(left) and len(right):
            # one run of source words for every target word, as the expectation is taken over sources
            keys.append((left[None, :].astype(np.int64) * width + right[:, None]).ravel())
            lengths.append(np.full(len(right), len(left), np.int64))
    pairs, entry = np.unique(np.concatenate(keys), return_inverse=True)
    starts = np.concatenate([[0], np.cumsum(np.concatenate(lengths))[:-1]])
    sizes = np.concatenate(lengths)
    entry = entry.astype(np.int32)
    del keys
    left_word = pairs // width
    probability: NDArray[np.float64] = np.ones(len(pairs))
    count = probability
    for _ in range(rounds):
        weight = probability[entry]
        weight /= np.repeat(np.add.reduceat(weight, starts), sizes)
        count = np.asarray(np.bincount(entry, weight, len(pairs)), np.float64)
        totals = np.bincount(left_word, count)
        probability = count / totals[left_word]
    return Links(left_word, pairs % width, probability, count)
