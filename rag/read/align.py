"""How well a span answers a question: the question's words, each weighed by where it stands relative to the span."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..query import Kind, Query
from ..terms import Match, Matcher, Term
from .candidates import Span
from .views import View

VALUES = (Kind.QUANTITY, Kind.MONEY, Kind.PERCENT)
# What a word is worth by where it stands: beside the number asked for, in the topic that leads a sentence,
# beside the sentence's first number, or beside some other number.
OWN, TOPIC, FIRST, FOREIGN, BEHIND = 1.0, 0.88, 0.6, 0.45, 0.35
HEADING, TITLE, BEFORE, TWO_BEFORE, LEAD = 0.85, 0.75, 0.75, 0.6, 0.65
_STOPS = ",,、;;。!?"


class Support(NamedTuple):
    """Where one sentence and its surroundings support one term: places in the sentence, and the best around it."""

    matches: tuple[Match, ...]
    around: float

    @property
    def best(self) -> float:
        """The best support anywhere."""
        return max((m.score for m in self.matches), default=0.0) if not self.around else max(
            self.around, max((m.score for m in self.matches), default=0.0)
        )


def supports(terms: Sequence[Term], view: View, around: Sequence[tuple[float, str, Sequence]], matcher: Matcher) -> list[Support]:
    """Support of each term by `view` and by `around`: (worth, folded text, tokens) of heading, title, sentences before."""
    found = []
    for term in terms:
        matches = tuple(matcher.find(term, view.folded, view.tokens))
        best = 0.0
        if max((m.score for m in matches), default=0.0) < 1.0:
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


def _value_zones(view: View, span: Span):  # noqa: ANN202
    before = [q for q in view.figures if q.end <= span.start]
    segment = max((view.folded.rfind(stop, 0, span.start) for stop in ";;"), default=-1) + 1
    own = before[-1].end if before else 0
    stop = min((at for at in (view.folded.find(c, span.end) for c in _STOPS) if at >= 0), default=len(view.folded))
    first = next((q for q in before if q.start >= segment), None)
    lead = view.clauses[view.clause_of(first.start)][0] if first else 0

    def zone(match: Match) -> float:
        if match.start < span.end and match.end > span.start:
            return 0.9
        if own <= match.start < stop:
            # behind the last number's unit its own noun may still stand (`20家基地,……`)
            return OWN
        if match.start >= stop:
            return BEHIND
        if match.end <= max(lead, 0) or match.start < segment:
            return TOPIC
        return FIRST if first and match.start < first.end else FOREIGN

    return zone


def tightness(view: View, span: Span, found: Sequence[Support], focus: Sequence[int]) -> float:
    """Whether the noun that a number counts is the one asked for, and is not narrowed by words that were not asked.

    The noun counted stands right behind the unit (`353篇作品`) or, where a stop follows, right before the number.
    1.0 where it is the focus, less where it is another noun or where most of what leads to it was not asked for.
    """
    covered = [(m.start, m.end) for s in found for m in s.matches if m.score >= 0.5]
    asked = [(m.start, m.end) for i in focus for m in found[i].matches if m.score >= 0.4]
    tokens = view.tokens
    behind = [t for t in tokens if t.start == span.end and t.flag[:1] in ("n", "v", "b", "j", "a", "l") and view.folded[span.end : span.end + 1] not in _STOPS]
    before = [t for t in tokens if t.end <= span.start]
    stop = max((view.folded.rfind(c, 0, span.start) for c in _STOPS), default=-1)
    lead = [t for t in before if t.start > stop and len(t.text) > 1 and t.flag[:1] in ("n", "v", "b", "j", "a", "l", "e")]
    fit = 1.0
    if focus:
        if behind:
            run = [behind[0]]
            for token in tokens:
                if token.start == run[-1].end and token.flag[:1] in ("n", "v", "b", "j") and len(run) < 4:
                    run.append(token)
            near = (run[0].start, run[-1].end)
            counted = any(a < near[1] and near[0] < b for a, b in asked)
            fit *= 1.0 if counted else 0.8
        if not behind or fit < 1.0:
            nouns = [t for t in lead if t.flag[:1] in ("n", "b", "j", "l") or t.flag == "vn"][-2:]
            here = any(a < t.end and t.start < b for a, b in asked for t in nouns)
            fit = 1.0 if here and not behind else fit * (0.95 if here else 0.88)
    matched = [t for t in lead if any(a < t.end and t.start < b for a, b in covered)]
    share = len(matched) / len(lead) if lead else 0.8
    return fit * (0.88 + 0.12 * share)


def _clause_zones(query: Query, view: View, span: Span):  # noqa: ANN202
    here, last = view.clause_of(span.start), view.clause_of(max(span.start, span.end - 1))
    whole = query.kind in (Kind.TEXT, Kind.LIST)

    def zone(match: Match) -> float:
        if span.start <= match.start < span.end:
            return 1.0 if whole else 0.75
        at = view.clause_of(match.start)
        if here <= at <= last:
            return 1.0
        return max(0.6, 0.93 ** (here - at)) if at < here else max(0.5, 0.85 ** (at - last))

    return zone
