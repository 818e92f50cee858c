"""Whether two ends of Chinese text belong together, judged by words (jieba's dictionary)."""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from typing import Any

from rag.text.fold import fold

from .lines import HAN
from .vocabulary import COMPOUNDS

_WINDOW = 7  # characters on each side: longer than nearly any word
_HAN = re.compile(f"[{HAN}]")
_ALL_HAN = re.compile(f"[{HAN}]{{2,}}")


def crosses(left: str, right: str) -> bool:
    """Whether the likeliest words of `left + right` include one across the seam: `辽宁丰|富的` → True."""
    return _crossing(left[-_WINDOW:], right[:_WINDOW])


@lru_cache(maxsize=4096)
def _crossing(left: str, right: str) -> bool:
    if not (left and right and _ALL_HAN.fullmatch(left[-1] + right[0])):
        return False
    at = 0
    for word in _tokenizer().cut(fold(left + right), HMM=False):
        if at < len(left) < at + len(word):
            return bool(_ALL_HAN.fullmatch(word))
        at += len(word)
    return False


def in_words(text: str) -> float:
    """Measure the share of the Han characters of `text` that stand in words of two or more: names have few."""
    words = [word for word in _tokenizer().cut(fold(text), HMM=False) if _HAN.match(word)]
    return sum(len(word) for word in words if len(word) > 1) / max(1, sum(map(len, words)))


@lru_cache(maxsize=1)
def _tokenizer() -> Any:
    import jieba

    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    for word in COMPOUNDS:
        tokenizer.add_word(word, freq=2000)
    return tokenizer
