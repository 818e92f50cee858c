"""Was the answer right, and does it cite what proves it? Functions of values alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rag.types import Answer, Citation

from .metrics.answers import contains, normalise
from .rows import EVERY_SPOT, Gold

Span = tuple[int, int]
ENOUGH = 0.5
"""Share of an evidence span that a citation must overlap to count as citing it."""

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


def judge(gold: Gold, answer: Answer, raw: Callable[[str], str | None]) -> Outcome:
    """Score `answer`. `raw(source)` is a document's text as indexed, None where there is no such document."""
    spans = [find(text, raw(source) or "") for source, text in gold.evidence]
    hits = [
        any(
            c.source == source and overlap((c.start, c.end), found) >= ENOUGH
            for c in answer.citations
            for found in where
        )
        for (source, _), where in zip(gold.evidence, spans, strict=True)
    ]
    if gold.kind in EVERY_SPOT:
        cited = all(hits)
    else:
        seen = {source for (source, _), hit in zip(gold.evidence, hits, strict=True) if hit}
        cited = seen == {source for source, _ in gold.evidence}
    answered = not answer.refused and any(says(answer, alternative) for alternative in gold.answers)
    lost = [text for (_, text), where in zip(gold.evidence, spans, strict=True) if not where]
    return Outcome(
        gold,
        answer,
        answered=answered,
        cited=cited and not answer.refused,
        spots=len(hits),
        covered=sum(hits),
        violations=tuple(violations(answer.citations, raw)),
        reason=_reason(gold, answer, answered, cited, lost) or _forbidden(gold, answer),
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


def find(text: str, raw: str) -> list[Span]:
    """Where `text` stands in `raw`; where it does not, where it stands but for white space."""
    spans = [m.span() for m in re.finditer(re.escape(text), raw)]
    if spans:
        return spans
    letters = [re.escape(c) for c in text if not c.isspace()]
    return [m.span() for m in re.finditer(r"\s*".join(letters), raw)] if letters else []


def overlap(span: Span, evidence: Span) -> float:
    """Share of `evidence` that `span` covers."""
    common = min(span[1], evidence[1]) - max(span[0], evidence[0])
    return max(common, 0) / (evidence[1] - evidence[0])


def violations(citations: Iterable[Citation], raw: Callable[[str], str | None]) -> list[str]:
    """What of `raw[start:end] == quote` does not hold, a line a citation."""
    wrong = []
    for c in citations:
        text = raw(c.source)
        if text is None:
            wrong.append(f"[{c.n}] {c.source} is not in the index")
        elif not 0 <= c.start < c.end <= len(text) or text[c.start : c.end] != c.quote:
            wrong.append(f"[{c.n}] {c.source}[{c.start}:{c.end}] is not the quote")
    return wrong
