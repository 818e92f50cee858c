"""Was the answer right, and does it cite what proves it? Functions of values alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rag.types import Answer, Citation

from .evidence import Evidence, Raw
from .metrics.answers import contains, normalise
from .rows import Gold

_MARK = re.compile(r"\[\d+\]")
_BREAK = "\x00"  # stands between the texts of an answer, so that nothing matches across


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one row went. `spots` and `covered` count the row's evidence and what of it is cited."""

    gold: Gold
    answer: Answer
    answered: bool  # the text says what was expected, whatever it cites
    cited: bool
    spots: int
    covered: int
    violations: tuple[str, ...]  # citations whose quote is not what stands at start:end
    reason: str  # why it is not right; empty where it is

    @property
    def right(self) -> bool:
        """Refused where it should, or answered as expected and with the right citations."""
        return not self.reason


def judge(gold: Gold, answer: Answer, raw: Raw, evidence: Evidence | None = None) -> Outcome:
    """Score `answer`; `evidence` is the row's, where it has been looked up already."""
    evidence = evidence or Evidence(gold, raw)
    hits = {i for c in answer.citations for i in evidence.covered_by(c.source, (c.start, c.end))}
    cited = evidence.enough(hits)
    answered = not answer.refused and any(says(answer, alternative) for alternative in gold.answers)
    return Outcome(
        gold,
        answer,
        answered=answered,
        cited=cited and not answer.refused,
        spots=len(evidence.spots),
        covered=len(hits),
        violations=tuple(violations(answer.citations, raw)),
        reason=_reason(gold, answer, answered, cited, evidence.lost) or _forbidden(gold, answer),
    )


def _reason(gold: Gold, answer: Answer, answered: bool, cited: bool, lost: Sequence[str]) -> str:
    if gold.refuse:
        return "" if answer.refused else "answered, should refuse"
    if lost:
        return f"evidence is in no indexed document: {lost[0]}"
    if answer.refused:
        return f"refused: {answer.reason}"
    if not answered:
        return "wrong answer" if not cited else "wrong answer, though the evidence is cited"
    return "" if cited else "right answer, but the evidence is not cited"


def _forbidden(gold: Gold, answer: Answer) -> str:
    text = _text(answer)
    said = [part for part in gold.forbid if contains(text, normalise(part))]
    return f"says what it must not: {said[0]}" if said else ""


def says(answer: Answer, wanted: Iterable[str]) -> bool:
    """Whether the answer's text holds every string of `wanted`."""
    text = _text(answer)
    return all(contains(text, normalise(part)) for part in wanted)


def _text(answer: Answer) -> str:
    texts = [answer.answer, answer.short or "", *(s.text for s in answer.statements)]
    return normalise(_MARK.sub("", _BREAK.join(texts)))


def violations(citations: Iterable[Citation], raw: Raw) -> list[str]:
    """What of `raw[start:end] == quote` does not hold, a line a citation."""
    wrong = []
    for c in citations:
        text = raw(c.source)
        if text is None:
            wrong.append(f"[{c.n}] {c.source} is not in the index")
        elif not 0 <= c.start < c.end <= len(text) or text[c.start : c.end] != c.quote:
            wrong.append(f"[{c.n}] {c.source}[{c.start}:{c.end}] is not the quote")
    return wrong
