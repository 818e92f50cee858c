"""Numbers that name one of several: `第3车间`, `2号厂`, `第二届`.

A figure that tells which one is meant is no quantity: what is said of workshop 2 is no answer for workshop 1, however
alike the sentences are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from .numbers import parse_chinese

_HAN = "\u4e00-\u9fff"
_NUMERAL = r"\d{1,4}|[一二三四五六七八九十百]{1,5}"
_DESIGNATOR = re.compile(
    rf"第(?P<ordinal>{_NUMERAL})(?P<of>[{_HAN}])|(?<![\d.月第〔〕])(?P<number>{_NUMERAL})号(?P<what>[{_HAN}])|首(?P<first>[届批期次])"
)
_IDIOM = re.compile("第一(?:时间|线|书记|责任|资源|要务|手|位|步|人称)|第三方|第二职业|第[一二三]产业")
_WHICH = "多少几哪何什"


class Designator(NamedTuple):
    """`number` of the things that `noun`, one character, stands for, at `text[start:end]`."""

    number: int
    noun: str
    start: int
    end: int


def find_designators(folded: str) -> list[Designator]:
    """All designators of a folded text, in order. Set phrases (`第一时间`, `第三方`) name no one of several.

    >>> [(d.number, d.noun) for d in find_designators("星海2号厂第十一车间,首届运动会")]
    [(2, '厂'), (11, '车'), (1, '届')]
    """
    out = []
    for m in _DESIGNATOR.finditer(folded):
        if m["first"]:
            out.append(Designator(1, m["first"], m.start(), m.end()))
            continue
        numeral, noun = m["ordinal"] or m["number"], m["of"] or m["what"]
        value = int(numeral) if numeral.isdecimal() else parse_chinese(numeral)
        if value is not None and noun not in _WHICH and not _IDIOM.match(folded, m.start()):
            out.append(Designator(int(value), noun, m.start(), m.end()))
    return out


def speaks_of_another(wanted: Designator, texts: Iterable[str]) -> bool:
    """Whether the first of the folded `texts` that numbers such things has others and not the wanted one.

    `texts` go from the nearest to the widest: a sentence, what stands before it, its headings, the title. Where none
    of them numbers such things nothing is known, and nothing contradicts.
    """
    for text in texts:
        numbers = {d.number for d in find_designators(text) if d.noun == wanted.noun}
        if numbers:
            return wanted.number not in numbers
    return False
