"""True statements about a sentence, in other forms than the sentence's own."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from rag.read import View
from rag.text.places import display

from .lies import decimal

Truth = Callable[[View, random.Random], str | None]

_CLAUSE = re.compile("[^\uff0c,\uff1b;]+[\uff0c,\uff1b;]?")
_TIED = re.compile("如果|如|若|除|但|却|不仅|虽|只有|其中|分别|即|因|由于|为|比|较|同期")
_GROUPED = re.compile(r"(?<![\d.,A-Za-z-])(?!19|20)(\d)(\d{3})(?![\d.,])(?=[\u4e00-\u9fff])(?!年)")
_MYRIAD = re.compile(r"(?<![\d.,])(\d+\.\d{1,2})万(?=[人名个家件])")
_QUOTED = re.compile("《[^》]*》?|“[^”]*”?|「[^」]*」?|‘[^’]*’?")
OTHER_WORDS = (
    ("截至", "截止"), ("共有", "一共有"), ("开展", "进行"), ("开展", "组织开展"), ("新增", "新增加"), ("举办", "组织举办"),
    ("超过", "超出"), ("达到", "达"), ("帮助", "帮"), ("目前", "现在"), ("进一步", "继续"), ("职工", "员工"), ("召开", "举行"),
    ("建立", "建立起"), ("发放", "发出"), ("覆盖", "覆盖到"), ("提供", "给出"), ("获得", "取得"), ("共同", "一同"), ("由于", "因为"),
    ("以及", "和"), ("帮助", "协助"), ("累计", "一共"), ("举行", "举办"), ("印发", "发布"), ("建成", "建好"), ("加强", "强化"),
    ("同比增长", "比上年同期增长"), ("不足", "不到"), ("近日", "最近"), ("要求", "提出要求"), ("表示", "说"), ("指出", "表示"),
)  # fmt: skip


def copied(view: View, rng: random.Random) -> str | None:
    """Word for word."""
    return view.text


def shortened(view: View, rng: random.Random) -> str | None:
    """Without its last clauses, or without the first where the second can stand alone."""
    clauses = _CLAUSE.findall(view.text)
    if len(clauses) < 2 or _TIED.search(view.text):
        return None
    kept = clauses[: rng.randrange(1, len(clauses))]
    text = "".join(kept).rstrip("\uff0c,\uff1b; ")
    return text + "。" if len(text) >= 10 else None


def scoped(view: View, rng: random.Random) -> str | None:
    """With the year and the place that the document speaks of, which the sentence leaves out."""
    period, place = view.sentence.period, view.regions
    if period is None or period.first != period.last or view.times or re.search(r"[今去明当本]年|年", view.text):
        return None
    lead = f"{period.last}年"
    if len(place) == 1 and not view.places and display(place[0]) not in view.text:
        lead += display(place[0])
    return f"{lead}\uff0c{view.text}"


def refigured(view: View, rng: random.Random) -> str | None:
    """With a figure written another way."""
    if found := _MYRIAD.search(view.text):
        return view.text[: found.start()] + str(decimal(found[1])) + view.text[found.end() :]
    if found := _GROUPED.search(view.text):
        return f"{view.text[: found.start()]}{found[1]},{found[2]}{view.text[found.end() :]}"
    return None


def retold(view: View, rng: random.Random) -> str | None:
    """With some of its words put in others."""
    text, times = view.text, 0
    for old, new in rng.sample(OTHER_WORDS, len(OTHER_WORDS)):
        quoted = [m.span() for m in _QUOTED.finditer(text)]  # what is quoted can't be told otherwise
        at = next((m.start() for m in re.finditer(old, text) if not any(a <= m.start() < b for a, b in quoted)), -1)
        if at >= 0 and new not in text:
            text, times = text[:at] + new + text[at + len(old) :], times + 1
        if times == 2:
            break
    return text if times else None


def traditional(view: View, rng: random.Random) -> str | None:
    """In Traditional characters."""
    text: str = _converter().convert(view.text)
    return text if text != view.text else None


@lru_cache(maxsize=1)
def _converter() -> Any:
    import opencc

    return opencc.OpenCC("s2t")


TRUTHS: dict[str, Truth] = {
    f.__name__: f for f in (copied, shortened, scoped, refigured, retold, traditional)
}
