"""Was the answer right, and does it cite what proves it? Functions of values alone."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from rag.text.fold import fold
from rag.types import Answer, Citation

from .rows import EVERY_SPOT, Gold

Span = tuple[int, int]
ENOUGH = 0.5
"""Share of an evidence span that a citation must overlap to count as citing it."""

_MARK = re.compile(r"\[\d+\]")
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_CLAUSE = "\x01"  # keeps a full-width comma, which never groups digits, apart from one that may
_BREAK = "\x00"  # stands between the texts of an answer, so that nothing matches across


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one row went. `spots` and `covered` count the row's evidence and what of it is cited."""

    gold: Gold
    answer: Answer
    seconds: float
    answered: bool  # the text says what was expected, whatever it cites
    cited: bool
    spots: int
    covered: int
    retrieved: bool  # all evidence stands in the returned passages
    violations: tuple[str, ...]  # citations whose quote is not what stands at start:end
    reason: str  # why it is not right; empty where it is

    @property
    def right(self) -> bool:
        """Refused where it should, or answered as expected and with the right citations."""
        return not self.reason


def judge(gold: Gold, answer: Answer, raw: Callable[[str], str | None], seconds: float = 0.0) -> Outcome:
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
    retrieved = all(
        any(
            inside(found, [(p.start, p.end) for p in answer.passages if p.source == source])
            for found in where
        )
        for (source, _), where in zip(gold.evidence, spans, strict=True)
    )
    answered = not answer.refused and any(says(answer, alternative) for alternative in gold.answers)
    lost = [text for (_, text), where in zip(gold.evidence, spans, strict=True) if not where]
    return Outcome(
        gold,
        answer,
        seconds,
        answered=answered,
        cited=cited and not answer.refused,
        spots=len(hits),
        covered=sum(hits),
        retrieved=retrieved,
        violations=tuple(violations(answer.citations, raw)),
        reason=_reason(gold, answer, answered, cited, lost),
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


def says(answer: Answer, wanted: Iterable[str]) -> bool:
    """Whether the answer's text holds every string of `wanted`."""
    texts = [answer.answer, answer.short or "", *(s.text for s in answer.statements)]
    text = normalise(_MARK.sub("", _BREAK.join(texts)))
    return all(contains(text, normalise(part)) for part in wanted)


def normalise(text: str) -> str:
    """NFKC, Simplified, small letters, without white space and digit-group commas.

    >>> normalise("共 1,234 萬　元，ＡＢ")
    '共1234万元,ab'
    """
    text = unicodedata.normalize("NFKC", text.replace("，", _CLAUSE))
    text = _GROUPED.sub(lambda found: found[0].replace(",", ""), text).replace(_CLAUSE, ",")
    return re.sub(r"\s+", "", fold(text))


def contains(text: str, wanted: str) -> bool:
    """Whether `wanted` is in `text` without cutting a number short; both normalised.

    >>> contains("共2507人", "250"), contains("26%", "6%"), contains("1.28万", "28万"), contains("250万", "250")
    (False, False, False, False)
    >>> contains("约28万余人", "28万"), contains("2682项", "2682")
    (True, True)
    """
    pattern = re.escape(wanted)
    if wanted[:1].isdecimal():
        pattern = r"(?<!\d)(?<!\d\.)" + pattern
    if wanted[-1:].isdecimal():
        pattern += r"(?![\d%‰百千万亿])(?!\.\d)"
    elif re.search(r"\d[百千万]$", wanted):
        pattern += r"(?![千万亿])"
    return re.search(pattern, text) is not None


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


def inside(span: Span, passages: Iterable[Span]) -> bool:
    """Whether all of `span` stands in the union of `passages`."""
    at = span[0]
    for start, end in sorted(passages):
        if start > at:
            break
        at = max(at, end)
    return at >= span[1]


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


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts over some rows."""

    n: int
    right: int
    answered: int
    refused: int

    @property
    def share(self) -> float | None:
        """Share of right rows; None of none."""
        return self.right / self.n if self.n else None


def tally(outcomes: Sequence[Outcome]) -> Tally:
    """Count what is right, answered as expected, and refused."""
    return Tally(
        len(outcomes),
        sum(o.right for o in outcomes),
        sum(o.answered for o in outcomes),
        sum(o.answer.refused for o in outcomes),
    )


def by_kind(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    """Outcomes of each kind, in the order of the gold set."""
    kinds: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        kinds.setdefault(outcome.gold.kind, []).append(outcome)
    return kinds


def percentile(values: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile: the least value that `share` of all values do not exceed."""
    return sorted(values)[max(math.ceil(share * len(values)), 1) - 1] if values else None


def latency(outcomes: Iterable[Outcome]) -> dict[str, float | None]:
    """Median and 95th percentile in milliseconds."""
    ms = [o.seconds * 1000 for o in outcomes]
    return {"median": median(ms) if ms else None, "p95": percentile(ms, 0.95)}
