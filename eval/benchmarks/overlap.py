"""BLEU and ROUGE-L over jieba's words, as CRUD-RAG computes them.

Its BLEU is Papineni et al. 2002 without the brevity penalty and without smoothing, one reference, up to four words;
its ROUGE-L is the F1 of Lin 2004, section 3. Both over all that `jieba.cut` gives, punctuation and blanks included.
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

ORDERS = 4


def words(text: str) -> list[str]:
    """What both measures count: words by jieba's own dictionary, to which the library adds none here."""
    return list(_segmenter().cut(text))


@lru_cache(maxsize=1)
def _segmenter() -> Any:
    import jieba

    jieba.setLogLevel(logging.WARNING)
    return jieba.Tokenizer()


def bleu(text: str, reference: str) -> tuple[float, float, float, float, float]:
    """Geometric mean of the n-gram precisions (0 where one of them is), and these for 1 to 4 words."""
    precisions = [precision(words(text), words(reference), n) for n in range(1, ORDERS + 1)]
    average = math.prod(precisions) ** (1 / ORDERS)
    return average, precisions[0], precisions[1], precisions[2], precisions[3]


def precision(said: Sequence[str], wanted: Sequence[str], n: int) -> float:
    """Share of the runs of `n` words that the reference has, each at most as often as there (Papineni et al., section 2.1.1).

    >>> precision("the the the the".split(), "the cat is on the mat".split(), 1)
    0.5
    """
    runs, known = _runs(said, n), _runs(wanted, n)
    return sum((runs & known).values()) / runs.total() if runs else 0.0


def _runs(tokens: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def rouge_l(text: str, reference: str) -> float:
    """F1 of the longest common subsequence of words."""
    return f_measure(words(text), words(reference))


def f_measure(said: Sequence[str], wanted: Sequence[str]) -> float:
    """2 LCS / (both lengths), which is the harmonic mean of precision and recall (Lin 2004, section 3.1, beta = 1).

    >>> f_measure("police killed the gunman".split(), "police kill the gunman".split())
    0.75
    """
    common = subsequence(said, wanted)
    return 2 * common / (len(said) + len(wanted)) if common else 0.0


def subsequence(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence.

    >>> subsequence("police killed the gunman".split(), "the gunman kill police".split())
    2
    """
    before = [0] * (len(other) + 1)
    for token in one:
        row = [0]
        for at, wanted in enumerate(other):
            row.append(before[at] + 1 if token == wanted else max(before[at + 1], row[at]))
        before = row
    return before[-1]
