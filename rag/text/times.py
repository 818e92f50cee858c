"""Mentions of time and the years that they stand for.

`今年` means nothing by itself: deictic times are resolved against an anchor, the period in which the text was
written (its last year counts). The kind of a mention says how far to trust it:

========  ===========================================================================================
year      a year or a range named in figures: `2022年`, `2018—2022年`, `民国111年`, `in 2022`
since     open at its end: `2019年以来` runs to the anchor (without one, `period` is its first year)
until     a cut-off: `截至2022年8月底`, `截至11月29日`
date      a month, or month and day, without a year: the anchor's year
deictic   `今年`, `去年`, `年初`, `last year`; `当年` and `次年` follow the year named before them
range     so many years up to the anchor: `五年来`, `the past five years` (2018-2023 seen from 2023)
past      the year that a review looks back on: `一年来`, `过去一年` (the anchor's year)
recent    `近年来`, `长期以来`: no known start, so no period
now       `截至目前`, `近日`
plan      a five-year plan as a time: `“十四五”时期`
future    `未来五年`
compare   what something is measured against: `比2021年`, `较上年`, `与去年同期相比`
label     a year within a name: `评为2021年“大国工匠年度人物”`, `2022届`
title     within 《》, or the name of a plan or goal: `2035年远景目标`, `建功“十四五”`
========  ===========================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..types import Part, Period
from .fold import fold
from .time_rules import RULES, Found

STRONG = frozenset({"year", "since", "until", "deictic", "range", "past", "plan"})
"""Kinds that say which years a sentence speaks of."""

_HINT = re.compile(r"[年月岁]|[今近日目当迄截眼春夏秋冬]|\d{4}|五|years?\b|recent|so far|to date")
_TITLE = re.compile(r"《[^《》]*(?:〈[^《》]*〉[^《》]*)*(?:《[^《》]*》[^《》]*)*》")
_GOAL_AFTER = re.compile(
    r"[ \t]?(?:[\u4e00-\u9fff]{0,4}远景目标|[\u4e00-\u9fff]{0,6}规划|[\u4e00-\u9fff]{0,2}五年(?:行动)?计划"
    r"|愿景|[\u4e00-\u9fff]{0,2}行动计划)"
)
_LABEL_AFTER = re.compile(
    r"[ \t]?(?:届|级|[“‘]|度?[^,，。;；:：、“”《》开举组召获有共]{0,14}?"
    r"(?:[“‘《][^“”‘’《》]{1,24}[”’》][^,，。;；:：、“”《》]{0,6}?)?"
    r"(?:人物|奖|称号|竞赛|大赛|比赛|活动|行动|论坛|展览|博览会|峰会|典礼|杯))"
)
_LABEL_BEFORE = re.compile(r"[\u4e00-\u9fff] ?$")
_NO_LABEL = re.compile(r"(?:[在于从自到至是即比较及和与]|截至|以来|今年|去年) ?$")
_COMPARE_BEFORE = re.compile(
    r"(?:[比较]|相比|对比|相较于?|高于|低于|多于|少于|than(?: in)?|compared (?:with|to)|versus|vs\.?) ?$"
)
_COMPARE_AFTER = re.compile(r"(?:的?[\u4e00-\u9fff]{0,4})?(?:同期|相比|水平相比)")
_UP_TO = re.compile(r"(?:[\u4e00-\u9fff]{0,6})?[至到]")
_COMPARE_WITH = re.compile(r"[与同和跟] ?$")


@dataclass(frozen=True, slots=True)
class TimeMention:
    """Time named at `text[start:end]`. `period` is None where it can't be known (no anchor, no start)."""

    start: int
    end: int
    period: Period | None
    kind: str
    month: int | None = None
    day: int | None = None


def find_times(text: str, anchor: Period | None) -> list[TimeMention]:
    """All mentions of time in `text`, in order, none overlapping; kinds as listed above.

    >>> [(str(m.period), m.kind) for m in find_times("去年同期为3万,2019年以来共5万", Period(2022, 2022))]
    [('2021', 'compare'), ('2019-2022', 'since')]
    """
    if not _HINT.search(text) and not _HINT.search(fold(text)):
        return []
    folded = fold(text)
    now = anchor.last if anchor else None
    taken: list[tuple[int, int, Found]] = []
    used = bytearray(len(text))
    for pattern, rule in RULES:
        for match in pattern.finditer(folded):
            start, end = match.span()
            if start == end or any(used[start:end]):
                continue
            found = rule(match, now)
            if found is not None:
                lead = len(match[0]) - len(match[0].lstrip())
                taken.append((start + lead, end, found))
                used[start:end] = b"\1" * (end - start)
    taken.sort(key=lambda item: item[:2])
    titles = [m.span() for m in _TITLE.finditer(folded)]
    mentions: list[TimeMention] = []
    named: int | None = None
    for start, end, found in taken:
        period = found.period
        if found.back is not None and named is not None:
            period = Period(named + found.back, named + found.back)
        kind = _kind(folded, start, end, found.kind, titles)
        if kind in STRONG and kind not in ("range", "plan") and period is not None:
            named = period.last
        if mentions and mentions[-1].kind == "date" and _UP_TO.fullmatch(folded, mentions[-1].end, start):
            # `11月开始持续至明年1月` begins in the anchor's year
            mentions[-1] = replace(mentions[-1], kind="deictic")
        mentions.append(TimeMention(start, end, period, kind, found.month, found.day))
    return mentions


def _kind(text: str, start: int, end: int, kind: str, titles: list[tuple[int, int]]) -> str:
    """Tell the kind after a look at what stands round the mention."""
    if any(a < start and end < b for a, b in titles):
        return "title"
    if kind not in ("year", "deictic"):
        return kind
    before, after = text[max(0, start - 14) : start], text[end : end + 24]
    if _GOAL_AFTER.match(after):
        return "title"
    measured = _COMPARE_AFTER.match(after) and (kind == "deictic" or _COMPARE_WITH.search(before))
    if measured or _COMPARE_BEFORE.search(before):
        return "compare"
    follows = _LABEL_BEFORE.search(before) and not _NO_LABEL.search(before)
    if kind == "year" and _LABEL_AFTER.match(after) and (follows or after[:1] in ("届", "级")):
        return "label"
    return kind


def spoken_of(mentions: Iterable[TimeMention]) -> tuple[Period | None, bool]:
    """Give the years that a text with these mentions speaks of, and whether it names them itself.

    All strong mentions together; where there is none, a year within a name, then a bare date (whose year is
    only inferred, so it does not count as named). (None, False) where nothing is said.
    """
    listed = list(mentions)
    for kinds, explicit in ((STRONG, True), ({"label"}, True), ({"date", "now"}, False)):
        periods = [m.period for m in listed if m.kind in kinds and m.period is not None]
        if periods:
            return Period(min(p.first for p in periods), max(p.last for p in periods)), explicit
    return None, False


def written_in(part: Part) -> Period | None:
    """Give the year that `今年` means in a part: the anchor for its sentences. None where nothing tells.

    That is the year of publication; but a review whose title names a year and that came out in the first
    weeks of the next was written in the year under review, unless it speaks of the new year or of `去年`.
    """
    if part.published is None:
        return Period(part.period.last, part.period.last) if part.period else None
    year, month = int(part.published[:4]), int(part.published[5:7] or 12)
    if month <= 2 and str(year - 1) in fold(part.title):
        text = fold(part.clean).replace(" ", "")
        year -= "去年" not in text and f"{year}年" not in text.replace(f"{year}年{month}月", "")
    return Period(year, year)
