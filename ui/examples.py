"""Questions to begin with, made from the documents that are loaded, whichever they are.

A clause that ends in a count (`…职工培训11.3万人次`) becomes the question for that count, with the year
and the place that its sentence speaks of. Nothing is known here about any one document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rag.types import Part, Sentence

_COUNT = re.compile(
    r"(?P<thing>[\u4e00-\u9fff“”《》]{5,18}?)"
    r"(?P<number>\d[\d.,]*\s?[余多]?[万亿千百]?[余多]?)"
    r"(?P<unit>人次|户次|场次|万元|亿元|元|人|名|个|家|场|项|件|户|次|所|集|期|篇|条)$"
)
_BREAK = re.compile(r"[,;:!?()\uff0c\uff1b\uff1a\uff01\uff1f\uff08\uff09。、\s]+")
# A clause that opens with one of these leans on what stands before it and makes no question by itself.
_LEANING = (
    "其中",
    "并",
    "和",
    "与",
    "及",
    "以及",
    "共",
    "累计",
    "达",
    "近",
    "约",
    "超",
    "为",
    "的",
    "其",
    "这",
    "该",
    "等",
    "同时",
    "分别",
    "还",
    "也",
    "有",
)
_HEDGE = re.compile(r"(?:一共|总共|共计|合计|累计|共有|共|达到|达|已达|超过|超|近|约|逾|为|各|就|已)+$")


def suggest(parts: Iterable[Part], limit: int = 4) -> list[str]:
    """Up to `limit` questions, at most one a part until every part has had its turn."""
    columns = [list(_questions(part)) for part in parts]
    out: list[str] = []
    for row in range(max((len(c) for c in columns), default=0)):
        for column in columns:
            if row < len(column) and column[row] not in out:
                out.append(column[row])
            if len(out) == limit:
                return out
    return out


def _questions(part: Part) -> Iterable[str]:
    found = [(score, q) for s in part.sentences for score, q in _of(part, s)]
    return [q for _, q in sorted(found, key=lambda pair: -pair[0])[:3]]


def _of(part: Part, sentence: Sentence) -> Iterable[tuple[int, str]]:
    for clause in _BREAK.split(part.clean[sentence.start : sentence.end]):
        match = _COUNT.fullmatch(clause)
        if match is None:
            continue
        thing = _HEDGE.sub("", match["thing"])
        if len(thing) < 5 or thing.startswith(_LEANING) or thing.count("“") != thing.count("”"):
            continue
        money = match["unit"].endswith("元")
        asked = "多少元" if money else f"多少{match['unit']}"
        region = (sentence.regions[0] if sentence.regions else part.region or "").split("/")[-1]
        place = "" if not region or region in thing or region == "全国" else region
        period = sentence.period or part.period
        year = f"{period}年" if period is not None and period.first == period.last else ""
        # the longer clause says more about what is counted, and a measured figure is better than a round one
        yield len(thing) + (3 if "." in match["number"] else 0), f"{year}{place}{thing}{asked}？"
