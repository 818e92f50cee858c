"""How well a span answers a question: the question's words, each weighed by where it stands relative to the span."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..question.query import Kind, Query
from ..question.terms import CLASS, Match, Matcher, Term
from ..text.tokens import Token
from .candidates import Span
from .views import View

VALUES = (Kind.QUANTITY, Kind.MONEY, Kind.PERCENT)
# What a word is worth by where it stands: beside the number asked for, in the topic that leads a sentence,
# beside the sentence's first number, or beside some other number.
OWN, SHARED, TOPIC, FOLLOWING, FIRST, FOREIGN, BEHIND = 1.0, 0.88, 0.88, 0.7, 0.6, 0.45, 0.35
HEADING, TITLE, BEFORE, TWO_BEFORE, LEAD = 0.9, 0.85, 0.75, 0.6, 0.65
_BREAKS = ",;。!?"
_STOPS = _BREAKS + "、"
_CONTENT = ("n", "v", "b", "j", "a", "l", "e")


class Support(NamedTuple):
    """Where one sentence and its surroundings support one term: places in the sentence, and the best around it."""

    matches: tuple[Match, ...]
    around: float

    @property
    def best(self) -> float:
        """The best support anywhere."""
        return max(self.around, max((m.score for m in self.matches), default=0.0))


def supports(terms: Sequence[Term], view: View, around: Sequence[tuple[float, str, Sequence[Token]]], matcher: Matcher) -> list[Support]:
    """Support of each term by `view` and by `around`: (worth, folded text, tokens) of heading, title, sentences before."""
    found = []
    for term in terms:
        matches = tuple(matcher.find(term, view.folded, view.tokens))
        best = 0.0
        for worth, folded, tokens in around:
            if worth > best:
                best = max(best, worth * max((m.score for m in matcher.find(term, folded, tokens)), default=0.0))
        found.append(Support(matches, best))
    return found


def aligned(query: Query, view: View, span: Span, found: Sequence[Support], weights: Sequence[float]) -> float:
    """Weighted share of the question (0–1) that stands where it speaks of `span`."""
    zone = _value_zones(view, span) if query.kind in VALUES else _clause_zones(query, view, span)
    total = 0.0
    for weight, support in zip(weights, found, strict=True):
        total += weight * max(support.around, max((m.score * zone(m) for m in support.matches), default=0.0))
    return total


def measured(view: View, span: Span) -> Span:
    """The figure by whose words `span` is to be judged: in `建成204个,比2020年的131个增加73个` both are of one measure.

    That is the figure before it in the same unit, where `span` is what that one is compared with; else `span` itself.
    """
    against = any(m.kind == "compare" and 0 <= span.start - m.end <= 1 for m in view.times)
    here = next((q for q in view.figures if span.start <= q.start < span.end), None)
    before = [q for q in view.figures if q.end <= span.start]
    if not against or here is None or not before or before[-1].unit != here.unit or any(c in view.folded[before[-1].end : span.start] for c in ";。"):
        return span
    return span._replace(start=before[-1].start, end=before[-1].end)


def _value_zones(view: View, span: Span) -> Callable[[Match], float]:
    folded = view.folded
    before = [q for q in view.figures if q.end <= span.start]
    after = [q for q in view.figures if q.start >= span.end]
    segment = folded.rfind(";", 0, span.start) + 1
    own = before[-1].end if before else 0
    stop = _next(folded, span.end, _STOPS)
    first = next((q for q in before if q.start >= segment), None)
    lead = view.clauses[view.clause_of(first.start)][0] if first else 0
    # `2.8万家单位、440万人参加竞赛`: what follows the last of figures joined by commas of enumeration is said of each
    last = span.end
    for figure in after:
        if any(c in folded[last : figure.start] for c in _BREAKS):
            break
        last = figure.end
    shared_stop = _next(folded, last, _BREAKS)
    joined = first is not None and not any(c in folded[first.end : span.start] for c in _BREAKS)
    next_figure = after[0].start if after else len(folded)

    def zone(match: Match) -> float:
        if match.start < span.end and match.end > span.start:
            return 0.9
        if own <= match.start < stop:
            return OWN  # behind the last number's unit its own noun may still stand (`20家基地,……`)
        if match.start >= stop:
            if last > span.end and last <= match.start < shared_stop:
                return SHARED
            return BEHIND if match.start >= next_figure else FOLLOWING
        if match.end <= lead or match.start < segment:
            return TOPIC
        if first and match.start < first.end:
            return SHARED if joined else FIRST
        return FOREIGN

    return zone


def _next(text: str, at: int, stops: str) -> int:
    return min((found for found in (text.find(c, at) for c in stops) if found >= 0), default=len(text))


def tightness(view: View, span: Span, found: Sequence[Support], focus: Sequence[int], said: str) -> tuple[float, bool]:
    """Whether the noun that a number counts is the one asked for, and how little narrows it that was not asked.

    The noun counted stands right behind the unit (`353篇作品`) or, where a stop follows, right before the number.
    What stands behind the number as it was asked (`said`, folded) counts a little more.
    Gives a factor (1.0 where nothing narrows) and whether the focus is the noun counted.
    """
    covered = [(m.start, m.end) for s in found for m in s.matches if m.score >= 0.5]
    asked = [(m.start, m.end) for i in focus for m in found[i].matches if m.score >= 0.4]
    tokens = view.tokens
    stop = max(view.folded.rfind(c, 0, span.start) for c in _STOPS)
    lead = [t for t in tokens if stop < t.start and t.end <= span.start and len(t.text) > 1 and t.flag[:1] in _CONTENT]
    behind: list[Token] = []
    for token in tokens:
        if token.start == (behind[-1].end if behind else span.end) and (token.flag[:1] in _CONTENT or CLASS.match(token.text)) and len(behind) < 5:
            behind.append(token)
    if behind and any(q.start == behind[-1].end for q in view.figures):  # `103个单位推报作品350篇`: the last noun is counted by the next figure
        verbs = [i for i, t in enumerate(behind) if t.flag == "v"]
        behind = behind[: verbs[-1]] if verbs and verbs[-1] else behind
    nouns = behind[:4] or [t for t in lead if t.flag[:1] in ("n", "b", "j", "l") or t.flag == "vn"][-2:]
    counted = any(a < t.end and t.start < b for a, b in asked for t in nouns)
    told = behind[:4] or lead  # the words that say what is counted
    matched = [t for t in told if any(a < t.end and t.start < b for a, b in covered)]
    of_class = 0.9 if any(CLASS.match(t.text) and t not in matched for t in behind) else 1.0  # only a class of what was asked about
    literal = 1.04 if any(view.folded[span.end : span.end + n] in said for n in (4, 3) if len(view.folded) >= span.end + n) else 1.0
    return literal * of_class * (0.88 + 0.12 * (len(matched) / len(told) if told else 0.8)), counted


def _clause_zones(query: Query, view: View, span: Span) -> Callable[[Match], float]:
    here, last = view.clause_of(span.start), view.clause_of(max(span.start, span.end - 1))
    whole = query.kind in (Kind.TEXT, Kind.LIST)

    def zone(match: Match) -> float:
        if span.start <= match.start < span.end:
            return 1.0 if whole else 0.75
        at = view.clause_of(match.start)
        if here <= at <= last:
            return 1.0
        if query.kind is Kind.DATE:  # a date stands before what happened then
            between = any(min(span.end, match.end) <= m.start < max(span.start, match.start) for m in view.times)
            return (0.95 if at > last else 0.85) * (0.85 if between else 1.0)
        return max(0.6, 0.93 ** (here - at)) if at < here else max(0.5, 0.85 ** (at - last))

    return zone
