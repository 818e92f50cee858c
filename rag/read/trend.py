"""Figures of one measure over the years: which questions ask for them, and which findings they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from ..question.plan import compared_kind
from ..question.query import Kind, Query, understand
from ..text.numbers import parse_chinese
from . import Finding
from .align import VALUES
from .comparison import figure

LEAST = 3  # years that make a series; of two, the question is one of a comparison
AS_GOOD = 0.7  # how near the best another year's figure must come
_WHICH = re.compile(r"(?:是|在)?哪(?:一|个)?年(?:度|份)?|\bwhich year\b|\bin what year\b", re.IGNORECASE)
_MOST = re.compile(r"[最更较](?:多|少|高|低|大|小)|哪(?:一|个)?年(?:度|份)?[^,;?]{0,6}[多少高低大小][?。\s]*$|\b(?:most|least|highest|lowest|largest|smallest|more|fewer|higher|lower)\b", re.IGNORECASE)
_LAST = r"(?:近|最近|过去|这|前|连续)(?P<count>[两二三四五六七八九十几多\d]{1,3})个?年(?!级)"
_TREND = re.compile(
    rf"历年(?:来)?|逐年|[各每]一?年|{_LAST}|的?变化(?:趋势|情况|过程)|走势|趋势"
    r"|\b(?:over|through) the years\b|\b(?:each|every|by|per) year\b|\byear by year\b|\btrends?\b|\byearly\b",
    re.IGNORECASE,
)


def asked(query: Query) -> Query | None:
    """The question without its words for `over the years` (`历年`, `变化趋势`); None where it is of none."""
    text = _MOST.sub("", _WHICH.sub("", query.text)) if ranked(query.text) else query.text
    if text == query.text and not _TREND.search(text):
        return None
    plain = understand(_TREND.sub("", text))
    if plain.kind not in VALUES and (text != query.text or plain.kind is Kind.TEXT):  # `会员的变化趋势`: of what else than its number
        plain = replace(plain, kind=compared_kind(query.text))
    return plain if plain.kind in VALUES else None


def ranked(question: str) -> bool:
    """Whether a question asks in which year a figure was the most or the least: `哪一年最多`."""
    return bool(_WHICH.search(question) and _MOST.search(question))


def _count(question: str) -> int | None:
    """How many years back a question asks about: `近三年`; None where it does not say."""
    found = re.search(_LAST, question)
    if found is None:
        return None
    number = int(found["count"]) if found["count"].isdigit() else parse_chinese(found["count"])
    return int(number) if number else None


def series(query: Query, question: str, findings: Sequence[Finding], supported: Callable[[Finding], bool], *, least: int = LEAST) -> list[Finding]:
    """The best finding of each year, oldest first, all of one place and in one unit; empty for fewer than `least` years.

    Two are enough where the question asks in which it was the most. `question` is what was asked, `query` its reading
    without `over the years`; `findings` are best first, of any year. One of a span of years, or of a year that was not
    asked about, is of no single one.
    """
    best = next((f for f in findings if supported(f)), None)
    if best is None:
        return []
    place, unit = _place(best), _unit(best)
    found: dict[int, Finding] = {}
    for finding in findings:
        year = _year(finding)
        if year is None or year in found or (query.period is not None and year not in query.period):
            continue
        if _place(finding) == place and _unit(finding) == unit and finding.score >= AS_GOOD * best.score and supported(finding):
            found[year] = finding
    first = max(found, default=0) - count + 1 if (count := _count(question)) else 0
    years = [year for year in sorted(found) if year >= first]
    return [found[year] for year in years] if len(years) >= (2 if ranked(question) else least) else []


def _year(finding: Finding) -> int | None:
    period = finding.period
    return period.last if period is not None and period.first == period.last else None


def _place(finding: Finding) -> str:
    return finding.regions[0] if finding.regions else finding.view.part.region or ""


def _unit(finding: Finding) -> tuple[str, str] | None:
    found = figure(finding)
    return (found.kind, found.unit) if found else None
