"""What a document is about in time and place: the period under review and the region."""

from __future__ import annotations

import re
from collections import Counter

from rag.text.fold import fold
from rag.text.places import find_places
from rag.text.regions import NATION
from rag.text.times import STRONG, TimeMention, find_times
from rag.text.titles import VERSION
from rag.types import Period

_THIS_YEAR = re.compile(r"今年|本年度?(?!级)|年初")
_NEXT_YEAR = re.compile(r"明年|来年")
_AHEAD = re.compile(
    r"(?:谋划|部署|安排|展望|迎接|做好|计划|规划|力争|预计|目标|将于|拟于?|争取|到)[^,，。;；]{0,6}$"
)
_PLAN_AFTER = re.compile(
    r"[ 年度]*[^,，。;；:：]{0,10}(?:重点工作|主要工作|工作重点|工作安排|主要任务|重点任务|工作任务|目标任务"
    r"|工作打算|工作部署|工作思路|工作计划|工作要点|工作要求|总体要求|奋斗目标|展望|计划|打算)"
)
_PAST_YEAR = re.compile(r"过去[的]?一年|一年来|去年")


def plan_year(heading: str) -> int | None:
    """Tell the year that a heading sets out work for: `二、2022年重点工作` → 2022."""
    for mention in find_times(heading, None):
        named = mention.period is not None and mention.kind in ("year", "label", "title")
        if named and mention.period and _PLAN_AFTER.match(fold(heading), mention.end):
            return mention.period.last
    return None


_NAMES_YEAR = re.compile(r"\d{4}|[二一][〇零○九][〇零○一二三四五六七八九]{2}|[今去前明来后本上下当同该那次翌]")
_TITLED = frozenset({"year", "label", "title", "until"})
HEAD = 100_000
"""So many characters of a long text tell when and where it is about."""


def period(
    title: str, text: str, published: str | None, headings: list[str], raw: str
) -> tuple[Period | None, int | None]:
    """Tell the years under review and the year in which the text was written (`今年`); None where unknown.

    In this order: years in the title (`五年工作回眸` counts back from the publication); the year of publication;
    where there is no date, the years that the text names, its plans and titles aside. A text of January to April,
    or one without a date, that has a section of plans for its own year reviews the year before.
    """
    written = int(published[:4]) if published else None
    if revised := VERSION.search(fold(title).strip()):  # a rule is of no year; it holds until the next revision
        return None, written or int(revised[1])
    plan = next((year for year in map(plan_year, headings) if year is not None), None)
    voted = _voted(text[:HEAD]) or (_voted(raw[:HEAD]) if len(raw) > len(text) else None)
    titled = [m.period for m in find_times(title, None) if m.period is not None and m.kind in _TITLED]
    if written is None:
        written = plan or (titled[-1].last if titled else voted)
    anchor = Period(written, written) if written else None
    named = [m.period for m in find_times(title, anchor) if m.period is not None and m.kind in STRONG | _TITLED]
    if named and not (plan_year(title) and plan is None and _PAST_YEAR.search(fold(text))):
        return Period(min(p.first for p in named), max(p.last for p in named)), written
    if written is None:
        return None, None
    early = published is None or (len(published) > 4 and int(published[5:7]) <= 4)
    if plan == written and early:
        return Period(written - 1, written - 1), written
    return Period(written, written), written


def _voted(text: str) -> int | None:
    """Tell the year in which an undated text was written, by the years that it names.

    With `今年` in it, the latest year that it tells of; a year ahead (`谋划2023年重点工作`) with `明年` in it points
    at the one before. Without, the year named most, if named twice.
    """
    folded = fold(text)
    past: Counter[int] = Counter()
    ahead: Counter[int] = Counter()
    for mention in find_times(text, None):
        if mention.period is None or mention.kind not in ("year", "since", "until", "label"):
            continue
        year = mention.period.first if mention.kind == "since" else mention.period.last
        before = folded[max(0, mention.start - 10) : mention.start]
        is_ahead = _AHEAD.search(before) or _PLAN_AFTER.match(folded, mention.end)
        (ahead if is_ahead and mention.kind != "until" else past)[year] += 1
    if ahead and _NEXT_YEAR.search(folded):
        candidate = min(ahead) - 1
        if not past or max(past) <= candidate:
            return candidate
    if not past:
        return None
    if _THIS_YEAR.search(folded) or _NEXT_YEAR.search(folded):
        return max(past)
    year, votes = max(past.items(), key=lambda item: (item[1], item[0]))
    return year if votes >= 2 else None


def region(title: str, publisher: str | None, text: str, raw: str) -> str | None:
    """Tell the region that a text is about ("辽宁", "辽宁/大连", "全国"), None where no one region prevails.

    Mentions in the title count most, then the publisher's name, then the text; names of companies and titles of
    papers count little.
    """
    scores: dict[str, float] = {}
    for source, weight in ((title, 12.0), (publisher or "", 4.0), (text[:HEAD], 1.0)):
        _score(scores, source, weight)
    if not scores and raw != text:
        _score(scores, raw[:HEAD], 0.5)
    nation = scores.pop(NATION, 0.0)
    provinces = {key: value for key, value in scores.items() if "/" not in key}
    if not provinces:
        return NATION if nation >= 3 else None
    best, score = max(provinces.items(), key=lambda item: item[1])
    if score < 1 or score < 0.4 * sum(provinces.values()):
        return NATION if nation > score else None
    cities = [(value, key) for key, value in scores.items() if key.startswith(best + "/")]
    city_score, city = max(cities, default=(0.0, ""))
    folded = fold(text)
    own_city = len(re.findall("全市|我市|本市", folded)) > len(re.findall("全省|我省|本省", folded))
    if city and city_score >= (0.45 if own_city else 0.8) * score:
        return city
    return best


def _score(scores: dict[str, float], text: str, weight: float) -> None:
    for mention in find_places(text):
        if mention.kind == "deictic":
            continue
        value = weight * {"name": 1.0, "in_name": 0.4, "abbr": 0.2, "nation": 0.3}[mention.kind]
        province = mention.region.partition("/")[0]
        for key in {province, mention.region}:
            scores[key] = scores.get(key, 0.0) + value


def bare_date(mention: TimeMention, text: str) -> bool:
    """Whether a mention leaves its year to the context: `11月29日`, `截至10月末`, `年初`."""
    named = fold(text[mention.start : mention.end])
    if mention.kind in ("date", "now"):
        return True
    if mention.kind not in ("until", "deictic") or _NAMES_YEAR.search(named):
        return False
    return "月" in named or named.startswith(("年", "岁"))
