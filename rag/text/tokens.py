"""Words and index terms.

Numbers with their units, codes and Latin words stay whole (`6.58万个`, `10619家`, `2021-2025`, `APP`); Han text is
cut by jieba. Pairs of neighbouring characters are indexed besides the words, as a net for names that no dictionary has.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from .fold import fold

WHOLE = re.compile(
    r"\d+(?:,\d{3})*(?:\.\d+)?(?:[-—~]\d+(?:,\d{3})*(?:\.\d+)?)*(?:[万亿千百]+(?![\u4e00-\u9fff]*?级))?(?:余|多)?"
    r"(?:人次|户次|场次|万元|亿元|%|[人名个家件项场期支条对元块年月日号天岁集篇次所座户种部届位册处份批类套台间倍站])?"
    r"|[a-z][a-z0-9]*(?:[-_.&'][a-z0-9]+)*\d*"
)
HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0002ebef]+")
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?[万亿千百]*")
PAIR = "\u2060"  # marks a character pair, so that it never counts as the word of the same spelling


class Token(NamedTuple):
    """A word of the folded text at `[start, end)`, with jieba's part of speech (`m` for whole numbers, `eng`)."""

    text: str
    start: int
    end: int
    flag: str


@lru_cache(maxsize=1)
def _segmenter() -> Any:
    import jieba
    import jieba.posseg

    jieba.setLogLevel(logging.WARNING)
    jieba.initialize()
    for line in (files("rag.data") / "words.txt").read_text(encoding="utf-8").splitlines():
        word, count, flag = line.split()
        jieba.add_word(word, int(count), flag)
    return jieba


def cut(text: str) -> list[Token]:
    """All tokens of `text` with parts of speech; punctuation and spaces are left out."""
    return list(_cut(fold(text), tagged=True))


def _cut(folded: str, *, tagged: bool) -> Iterator[Token]:
    jieba = _segmenter()
    at = 0
    for match in [*WHOLE.finditer(folded), None]:
        stop = match.start() if match else len(folded)
        for run in HAN.finditer(folded, at, stop):
            start = run.start()
            if tagged:
                for pair in jieba.posseg.dt.cut(run[0]):
                    yield Token(pair.word, start, start + len(pair.word), pair.flag)
                    start += len(pair.word)
            else:
                for word in jieba.cut(run[0]):
                    yield Token(word, start, start + len(word), "")
                    start += len(word)
        if match:
            flag = "eng" if match[0][0].isalpha() else "m"
            yield Token(match[0], match.start(), match.end(), flag)
            at = match.end()


def words(text: str) -> list[str]:
    """The words of `text`, folded, without parts of speech (several times faster than `cut`)."""
    return [token.text for token in _cut(fold(text), tagged=False)]


def index_terms(text: str) -> list[str]:
    """Terms for the lexical leg: words, numbers with and without unit, and pairs of neighbouring Han characters."""
    folded = fold(text)
    terms: list[str] = []
    for token in _cut(folded, tagged=False):
        terms.append(token.text)
        number = _NUMBER.match(token.text)
        if number and number[0] != token.text:
            terms.append(number[0])
        elif len(token.text) > 3 and HAN.fullmatch(token.text):
            terms += [w for w in _segmenter().cut_for_search(token.text) if w != token.text]
    for run in HAN.finditer(folded):
        terms += [PAIR + run[0][i : i + 2] for i in range(len(run[0]) - 1)]
    return terms


def pairs(text: str) -> set[str]:
    """All pairs of neighbouring characters, as they stand: what two texts are compared by that may be cut differently."""
    return {text[i : i + 2] for i in range(len(text) - 1)}


def rarity(word: str) -> float:
    """How much a word tells, from how rare it is in general Chinese (jieba's dictionary counts): 0 to 1."""
    jieba = _segmenter()
    total = jieba.dt.total
    count = jieba.dt.FREQ.get(word) or 0
    return min(1.0, math.log(total / count) / math.log(total / 3)) if count else 1.0
