"""One decision: how probable it is that a finding answers the question.

A logistic regression over what the encoder says of the passage, what the rules say of the sentence, and what was checked.
`train/decide.py` fits it; `decide.json` holds the weights and names what they were fitted on.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from ..question.query import Kind, Query
from ..text.fold import fold
from .align import VALUES
from .candidates import candidates
from .extractive import Finding, place_fit, time_fit
from .tables import cells

if TYPE_CHECKING:
    from .learned import Passage

_TOLD = (
    "proposed", "unread", "odds", "span", "agrees", "behind", "support_proposed", "support_rule", "score_proposed", "score_rule", "focus",
    "missing", "names_missing", "time", "place", "typed", "untyped", "rank", "english", "text_rule", "label",
)
_OTHERWISE = ("odds", "span", "agrees", "behind", "missing", "rank", "time", "place", "label", "focus")
"""Count otherwise for what the encoder proposes than for what the rules find."""
_BENDS = (0.0, 2.0)
"""Log-odds above which they count otherwise."""
FEATURES = (*_TOLD, *(f"{name}_proposed" for name in _OTHERWISE), *(f"odds_above_{bend:g}" for bend in _BENDS))
_UNREAD = (-2.0, -4.0)
"""Log-odds and span of a sentence that no passage holds which was read."""


class Reads:
    """What was read for a question, ready to be compared with findings."""

    def __init__(self, query: Query, passages: Sequence[Passage]) -> None:
        self._query, self._passages = query, passages
        self._best = max((p.odds for p in passages), default=0.0)

    def features(self, finding: Finding) -> dict[str, float]:
        """What is told of a finding; `crossed` makes `FEATURES` of it."""
        query, span, view = self._query, finding.span, finding.view
        holding = max((p for p in self._passages if p.holds(finding)), key=lambda p: p.odds, default=None)
        odds, said = _UNREAD if holding is None or not holding.reading.spans else (holding.odds, holding.reading.span)
        at = view.sentence.start
        agrees = _shared((at + span.start, at + span.end), holding.spans()) if holding else 0.0
        typed = query.kind in (*VALUES, Kind.DATE, Kind.PERSON)
        fits = finding.proposed and typed and any(c.fit >= 0.5 and c.start < span.end and span.start < c.end for c in candidates(query, view))
        proposed, rule = float(finding.proposed), float(not finding.proposed)
        return {
            "proposed": proposed, "unread": float(holding is None), "odds": _within(odds, 8.0), "span": max(said, -6.0), "agrees": agrees,
            "behind": max(_within(odds, 8.0) - _within(self._best, 8.0), -8.0),
            "support_proposed": proposed * finding.support, "support_rule": rule * finding.support,
            "score_proposed": proposed * finding.score, "score_rule": rule * finding.score, "focus": finding.focus,
            "missing": len(finding.missing) / max(len(query.terms), 1), "names_missing": float(bool(finding.hard_missing)),
            "time": time_fit(query, finding.period, view, span), "place": place_fit(query, finding.regions, view),
            "typed": float(fits), "untyped": float(finding.proposed and typed and not fits),
            "rank": 1 / (1 + holding.rank) if holding else 0.0, "english": float(query.language == "en"),
            "label": labelled(query.text, view.text, span.start),
            "text_rule": rule * float(query.kind in (Kind.TEXT, Kind.LIST, Kind.NAME)),
        }  # fmt: skip


def crossed(features: dict[str, float]) -> dict[str, float]:
    """Values by the names of `FEATURES`."""
    proposed = {f"{name}_proposed": features["proposed"] * features[name] for name in _OTHERWISE}
    return {**features, **proposed, **{f"odds_above_{bend:g}": max(features["odds"] - bend, 0.0) for bend in _BENDS}}


class Decision(NamedTuple):
    """Weights by the names of `FEATURES`, and the offset."""

    weights: dict[str, float]
    offset: float

    def probability(self, features: dict[str, float], *, any_time: bool = False, any_place: bool = False) -> float:
        """Between 0 and 1.

        Another year or place than the one asked about is no answer, unless `any_time` or `any_place`; nor is what lacks a name, a
        quoted title or a code of the question.
        """
        if features["names_missing"] or (features["time"] == 0 and not any_time) or (features["place"] == 0 and not any_place):
            return 0.0
        told = crossed({**features, **({"time": 1.0} if any_time else {}), **({"place": 1.0} if any_place else {})})
        return 1 / (1 + math.exp(-self.offset - sum(weight * told[name] for name, weight in self.weights.items())))


@lru_cache(maxsize=1)
def decision() -> Decision:
    """The weights in the package."""
    told = json.loads((files(__package__) / "decide.json").read_text(encoding="utf-8"))
    return Decision(told["weights"], told["offset"])


def labelled(question: str, text: str, at: int) -> float:
    """How much of the label before `at` the question says, less the most that it says of another label; -1 to 1.

    In a row of a table or a form (`姓名：秦岭；学历：大专`); 0 in any other text.
    """
    pairs = cells(text)
    own = next((cell for cell in pairs if cell.value.start <= at < max(cell.value.end, cell.value.start + 1)), None)
    if len(pairs) < 2 or own is None:
        return 0.0
    said = fold(question)
    return _said(own.label, said) - max(_said(cell.label, said) for cell in pairs if cell is not own)


def _said(label: str, question: str) -> float:
    """Share of a label's pairs of characters that a question says; 0 to 1."""
    label = "".join(fold(label).split())
    pairs = {label[i : i + 2] for i in range(max(1, len(label) - 1))}
    return sum(pair in question for pair in pairs) / len(pairs)


def _within(value: float, limit: float) -> float:
    return min(max(value, -limit), limit)


def _shared(one: tuple[int, int], others: Sequence[tuple[int, int]]) -> float:
    """F1 of a span and the one of `others` that it shares most with: 0 to 1."""
    shared = [(max(0, min(one[1], b) - max(one[0], a)), b - a) for a, b in others]
    return max((2 * both / (one[1] - one[0] + size) for both, size in shared if both), default=0.0)
