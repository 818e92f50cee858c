"""Splits a question about several places, years or things into one question for each."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..text.places import display
from ..types import Period
from .query import VAGUE, Kind, Query, understand

_JOIN = re.compile(r"^[\s]*(和|与|跟|及|以及|、|对比|相比|比|还是|vs\.?|and|or|than|,)[\s]*$", re.IGNORECASE)
_RANGE = re.compile(r"^[\s]*(至|到|—|-|~|–|to|through)[\s]*$", re.IGNORECASE)
_COMPARES = re.compile(r"[多少高低大]还是|哪(个|一个|边|家|省|年|种|类)?.{0,6}(更|最|多|少|高|低|大|小)|更(多|少|高|低|大|小)|谁.{0,16}(多|少|高|低)(?!少)|差(了)?(多少|几)|多出(多少|几)|少了?(多少|几)|(?<![至最])[多少高低大小]了?多少(?!有)|相差|差多少|增(加|长)了?(多少|几)|变化|对比|比较|相比|\b(more|fewer|less|higher|lower|larger|compare|difference)\b")
_AGAINST = re.compile(r"(相比|比起来|比较起来|比)(?=[,;])|(?<![,;])(对比|比较)(?=[,;])")
_MANNER = re.compile(r"更[高大低多好](的)?(标准|水平|质量|力度|规模|层次|要求|目标|范围|程度|作用|贡献|空间|平台|效率|站位|起点)")  # `以更高标准` compares nothing
_ASK = re.compile(r"多少|哪几|几(?=[\u4e00-\u9fff])|哪|什么|啥|谁|何时|怎么|为何|how many|how much|when|who|which|what|where", re.IGNORECASE)
_VERDICT = re.compile(r"(其中|又|那)?(哪(一)?(个|年|省|边|方|者|种)|谁)(更|最|比较)?(多|少|高|低|大|小|早|晚)(一些|一点|些)?(呢)?")
_EDGES = " ,;?。"
_SUMMED = re.compile(r"^[\s,]*(这)?[两二三四五六七八九十]个?(省份|省|市|地区|地|县|区|家)(?![级直])")  # `四川、辽宁、安徽三省`
_WITHIN = ("", "的", "之", "“", "”", "级")  # what may stand between the words of one thing
_COUNTS = re.compile(r"(?<![\u4e00-\u9fff])[\u4e00-\u9fff]{1,3}数(?=[\s,、和]|$)")
_PART = re.compile(r"[,;??。]|、(?=[^、]{0,4}(?:多少|几|哪))|(?<=[年吗呢家个])和(?=[\u4e00-\u9fff]{0,8}(?:多少|几|哪|什么|谁))")


@dataclass(frozen=True, slots=True)
class Step:
    """One question of a plan and the label that its answer goes under ("" where the plan has one step)."""

    query: Query
    label: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask, and whether the answers are to be compared."""

    steps: tuple[Step, ...]
    compares: bool


_EACH = re.compile(r"分别|各自|各(?=[\u4e00-\u9fff]{0,3}(?:是|有|多|为|几|占|返|了|帮|发|派|给|投|开|举|办))|又是|都是|respectively|\beach\b|\bboth\b")

_YEARLY = re.compile(r"分别|各(?!级|地|类|项|方|省|市|县|个)|逐年|每年|历年|\beach\b|respectively")
MOST_YEARS = 6  # of a span, asked for one by one


def plan(query: Query) -> Plan:
    """One step for each place and year named side by side; else for each coordinated thing; else the question itself."""
    compares = bool(_COMPARES.search(_MANNER.sub("", query.text)))
    periods = _separate(query)
    value = query.kind in (Kind.QUANTITY, Kind.MONEY, Kind.PERCENT)
    apart = compares or value or bool(_EACH.search(query.text))
    regions = query.regions if len(query.regions) > 1 and apart else ()
    asked = _by_ask(query) if len(periods) > 1 or len(query.regions) > 1 else []
    if _own_scopes([step.query for step in asked]):
        return Plan(tuple(asked), compares)
    if len(periods) > 1 or regions:
        scopes = _paired(query, regions, periods) or [
            (region, period) for region in (regions or (None,)) for period in (periods if len(periods) > 1 else (None,))
        ]
        alone = any(period for _, period in scopes) and any(period is None for _, period in scopes)
        steps = tuple(
            Step(_about(query, region, period, compares, alone=alone), _label(region, period, query.language)) for region, period in scopes
        )
        return Plan(steps, compares)
    joined = bool(re.search(r"(和|与|及|、)[\u4e00-\u9fff]{2,8}(大概|大约|一共|总共|共|都|又)*(是|有)(多少|几)", query.text)) and value
    things = _things(query) if compares or joined or _EACH.search(query.text) or len(_ASK.findall(query.text)) > 1 else []
    return Plan(tuple(things) if len(things) > 1 else (Step(query, ""),), compares and len(things) > 1)


def _paired(query: Query, regions: Sequence[str], periods: Sequence[Period]) -> list[tuple[str | None, Period | None]]:
    """`2022年的辽宁跟2021年的安徽`: each place with the year that stands next to it."""
    if len(regions) < 2:
        return []
    if len(query.places) != len(query.times):
        return _partly_paired(query, regions)
    mentions = sorted([(a, "place", r) for a, _, r in query.places] + [(a, "time", p) for a, _, p in query.times], key=lambda m: m[0])
    pairs: list[tuple[str | None, Period | None]] = []
    for (_, kind, value), (_, other, against) in zip(mentions[::2], mentions[1::2], strict=True):
        if kind == other:
            return []
        region, period = (value, against) if kind == "place" else (against, value)
        pairs.append((str(region), period if isinstance(period, Period) else None))
    return pairs


def _own_scopes(asked: Sequence[Query]) -> bool:
    """Whether each clause that asks does so of a place or a year of its own."""
    scopes = [(tuple(q.regions), q.period) for q in asked]
    return len(scopes) > 1 and len(set(scopes)) == len(scopes) and all(len(q.regions) <= 1 and len(q.times) <= 1 for q in asked)


def _partly_paired(query: Query, regions: Sequence[str]) -> list[tuple[str | None, Period | None]]:
    """`四川和2022年的辽宁`: a year between `和` and a place is of that place alone."""
    own: dict[str, Period] = {}
    for start, end, period in query.times:
        before = max((b for _, b, _ in query.places if b <= start), default=None)
        after = min(((a, r) for a, _, r in query.places if a >= end), default=None)
        if before is None or after is None or not _JOIN.match(query.text[before:start]) or query.text[end : after[0]].strip() not in ("", "的"):
            return []
        own[after[1]] = period
    return [(region, own.get(region)) for region in regions] if own else []


def _separate(query: Query) -> list[Period]:
    """The years asked about one by one; a range (`2018年到2022年`) stays one period unless each of its years is asked for."""
    times = query.times
    value = query.kind in (Kind.QUANTITY, Kind.MONEY, Kind.PERCENT)
    by_year = value and query.period is not None and bool(_YEARLY.search(query.text))
    if by_year and query.period is not None and 1 < query.period.last - query.period.first + 1 <= MOST_YEARS and _is_range(query):
        return [Period(year, year) for year in range(query.period.first, query.period.last + 1)]
    for (_, end, _), (start, _, _) in itertools.pairwise(times):
        if _RANGE.match(query.text[end:start]):
            return []
    return list(dict.fromkeys(p for _, _, p in times))


def _is_range(query: Query) -> bool:
    """Whether all that is said of time is one span of years (`2020至2022年`)."""
    if len(query.times) == 1:
        return not query.since
    return len(query.times) == 2 and bool(_RANGE.match(query.text[query.times[0][1] : query.times[1][0]]))


def _about(query: Query, region: str | None, period: Period | None, compares: bool, *, alone: bool = False) -> Query:
    """The question with only this place and this year in its wording, so that retrieval looks for that alone.

    `alone`: the years of the question belong to single places, so that a place without one is asked about for any year.
    """
    cuts = ([(a, b) for a, b, _ in query.places] if region else []) + ([(a, b) for a, b, _ in query.times] if period or alone else [])
    kept: list[str] = []
    at = 0
    for start, end in sorted(cuts):
        if start >= at:
            gap = query.text[at:start]
            kept.append("" if _JOIN.match(gap) or (kept and _RANGE.match(gap)) else gap)
            at = end
    kept.append(query.text[at:])
    lead = (f"{period}年" if period else "") + (display(region) if region else "")
    again = understand(lead + _SUMMED.sub("", "".join(kept)))
    kind, unit = (query.kind, query.unit)
    if compares and kind not in (Kind.QUANTITY, Kind.MONEY, Kind.PERCENT):
        kind, unit = compared_kind(query.text), ""
    if (compares or not again.focus) and kind in (Kind.QUANTITY, Kind.MONEY, Kind.PERCENT):
        nouns = [i for i, t in enumerate(again.terms) if t.flag[:1] in ("n", "j", "l") or (t.flag == "vn" and t.text not in VAGUE)]
        again = replace(again, focus=tuple(nouns[-1:]) or again.focus)
    return replace(again, kind=kind, unit=unit or again.unit, regions=(region,) if region else query.regions,
                   period=period or (None if alone else query.period))


def _label(region: str | None, period: Period | None, language: str) -> str:
    year = "" if period is None else (f"{period}年" if language == "zh" else str(period))
    return f"{year}{display(region) if region else ''}"


def _things(query: Query) -> list[Step]:
    if len(_ASK.findall(query.text)) > 1 and (parts := _by_ask(query)):
        return parts
    counts = list(_COUNTS.finditer(query.text))
    if len(counts) > 1:  # `招聘会 场数 岗位数`
        lead = query.text[: counts[0].start()]
        return [Step(replace(understand(lead + m[0]), regions=query.regions, period=query.period), m[0]) for m in counts]
    terms = query.terms
    joins = [i for i in range(len(terms) - 1) if (gap := query.text[terms[i].end : terms[i + 1].start]).strip() and _JOIN.match(gap)]
    if not joins:
        return []
    against = _AGAINST.search(query.text)
    groups = _beside(query, joins, against.start()) if against else _coordinated(query, joins)
    if not groups:
        return []
    first, last = groups[0].start, groups[-1].stop - 1
    longest = max(len(group) for group in groups[1:])
    own_clause = against is not None and bool(re.search("[,;]", query.text[: against.start()]))
    if len(groups[0]) > longest and not own_clause:  # what stands before the first thing is said of all of them
        groups[0] = range(groups[0].stop - longest, groups[0].stop)
        first = groups[0].start
    steps = []
    for mine in groups:
        others = {n for group in groups if group is not mine for n in group}
        kept = tuple(t for n, t in enumerate(terms) if n not in others)
        label = query.text[terms[mine[0]].start : terms[mine[-1]].end]
        text = query.text[: terms[first].start] + label + query.text[terms[last].end :]
        focus = tuple(n for n, t in enumerate(kept) if any(t is terms[m] for m in mine))
        kind = query.kind if query.kind in (Kind.QUANTITY, Kind.MONEY, Kind.PERCENT, Kind.DATE) else compared_kind(query.text)
        titles = tuple(title for title in query.titles if title in text)
        steps.append(Step(replace(query, text=text, terms=kept, focus=focus, kind=kind, titles=titles), label))
    return steps


def _beside(query: Query, joins: Sequence[int], against: int) -> list[range]:
    """`追回的欠薪,普通案件与调解案件相比`: the numbers of the terms of the things that one clause, up to `against`, sets side by side."""
    start = max(query.text.rfind(c, 0, against) for c in ",;") + 1
    inside = [i for i, t in enumerate(query.terms) if start <= t.start and t.end <= against]
    stops = [i for i in joins if i in inside and i + 1 in inside]
    if not stops:
        return []
    return [range(a, b + 1) for a, b in zip([inside[0], *(i + 1 for i in stops)], [*stops, inside[-1]], strict=True)]


def _coordinated(query: Query, joins: Sequence[int]) -> list[range]:
    """The numbers of the terms of each of the things joined: as much before each join as makes them alike."""
    terms = query.terms
    tail = terms[joins[0]].text[-1]
    first = joins[0]
    while first > 0 and query.text[terms[first - 1].end : terms[first].start] in _WITHIN and joins[0] - first < 4:
        first -= 1
    last = joins[-1] + 1
    while not terms[last].text.endswith(tail) and last + 1 < len(terms) and query.text[terms[last].end : terms[last + 1].start] in _WITHIN:
        last += 1
    if not terms[last].text.endswith(tail):
        last = joins[-1] + 1
        first = joins[0]
    groups = []
    at = first
    for stop in [*joins, last]:
        groups.append(range(at, stop + 1))
        at = stop + 1
    return groups


def _by_ask(query: Query) -> list[Step]:
    """`他在哪家公司上班?项目带来多少效益`: a question for each clause that asks, each with what the clauses before it said."""
    bounds = [0, *(m.end() for m in _PART.finditer(query.text)), len(query.text)]
    clauses = [(a, b) for a, b in itertools.pairwise(bounds) if query.text[a:b].strip(_EDGES)]
    asking = [(a, b) for a, b in clauses if _ASK.search(query.text, a, b) and not _VERDICT.fullmatch(query.text[a:b].strip(_EDGES))]
    if len(asking) < 2:
        return []
    steps: list[Step] = []
    start = 0
    ends = [*(end for _, end in asking[:-1]), len(query.text)]
    for n, end in enumerate(ends):
        own = understand(query.text[start:end])
        earlier = understand(query.text[:start]) if n else None
        said = {t.text for t in own.terms}
        topic = tuple(replace(t, weight=t.weight * 0.5) for t in earlier.terms if t.text not in said) if earlier else ()
        if earlier and not own.focus and steps:  # `…提了多少条,辽宁提了多少`: the thing counted is that of the clause before
            counted = {steps[-1].query.terms[i].text for i in steps[-1].query.focus}
            own = replace(own, unit=own.unit or steps[-1].query.unit, focus=tuple(len(own.terms) + i for i, t in enumerate(topic) if t.text in counted))
        label = query.text[start if n else asking[0][0] : end].strip(_EDGES)  # what comes before the first asks nothing
        steps.append(Step(replace(own, text=(query.text[:start] + query.text[start:end]) if n else query.text[:end], terms=(*own.terms, *topic),
                                  regions=own.regions or (earlier.regions if earlier else ()), period=own.period or (earlier.period if earlier else None),
                                  years=own.years or (earlier.years if earlier else ()),
                                  titles=tuple(dict.fromkeys([*(earlier.titles if earlier else ()), *own.titles]))), label))
        start = end
    return steps


def compared_kind(text: str) -> Kind:
    """What kind of figure a comparison is about."""
    if re.search(r"资金|经费|金额|钱|款|补贴|奖金|收入|票房|funds?|money", text):
        return Kind.MONEY
    return Kind.PERCENT if re.search(r"率|比例|比重|满意度|percent", text) else Kind.QUANTITY
