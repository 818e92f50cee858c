"""SQuAD's own exact match and F1 (Rajpurkar et al. 2016, section 6.1): for English, by words.

CMRC's scorer, in `rag.eval.metrics.answers`, compares Chinese characters and the longest common run instead.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def words(text: str) -> list[str]:
    """Lower-case words without ASCII punctuation and articles.

    >>> words("The  Eiffel-Tower, in a city")
    ['eiffeltower', 'in', 'city']
    """
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()


def exact(prediction: str, references: Sequence[str]) -> float:
    """1.0 where the words are those of a reference, in order."""
    return float(any(words(prediction) == words(reference) for reference in references))


def f1(prediction: str, references: Sequence[str]) -> float:
    """Harmonic mean of precision and recall of the words, as bags; of the reference where it is highest.

    Where either text has no word, it is 1.0 if both have none.

    >>> f1("in the city of Paris", ["Paris"])
    0.4
    """
    return max((_overlap(words(prediction), words(reference)) for reference in references), default=0.0)


def _overlap(said: list[str], wanted: list[str]) -> float:
    if not said or not wanted:
        return float(said == wanted)
    common = sum((Counter(said) & Counter(wanted)).values())
    return 2 * common / (len(said) + len(wanted))
