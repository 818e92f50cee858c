"""Asks every question of a gold set and says of each answer what it is worth."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from rag.answer import to_dict
from rag.errors import InputError
from rag.session import History

from . import stages
from .evidence import Evidence, Raw
from .judge import Outcome, judge
from .metrics import answers, citations, retrieval, speed
from .rows import Gold
from .runs import Row

if TYPE_CHECKING:
    from rag.trace import Trace
    from rag.types import Answer

MOST_PASSAGES = 50
"""Retrieved passages of a question that a run keeps."""

_MARK = re.compile(r"\[\d+\]")


class Traced(Protocol):
    """A bot that shows its index and how an answer came about: `rag.bot.Bot`."""

    @property
    def snapshot(self) -> stages.Indexed:
        """The index that answers come from."""

    def trace(self, question: str, history: History = (), *, id: str | None = None) -> Trace:
        """The answer to a question, and its steps."""


Track = Callable[[Iterable[Gold]], Iterable[Gold]]


def evaluate(
    bot: Traced, golds: Sequence[Gold], *, supports: citations.Judge | None = None, track: Track = iter
) -> list[Row]:
    """Ask and judge in the order of `golds`.

    `supports` decides whether citations carry a statement (default: the verifier); `track` wraps the questions, to
    show progress.
    """
    snapshot = bot.snapshot
    raw = texts(snapshot)
    supports = supports or citations.VerifierJudge()
    rows = []
    for gold in track(golds):
        started = time.perf_counter()
        trace = bot.trace(gold.question, gold.history, id=gold.id)
        ms = (time.perf_counter() - started) * 1000
        rows.append(_row(gold, trace, snapshot, raw, supports, ms))
    ranked = [([p.evidence for p in row.retrieved], len(row.evidence)) for row in rows if not row.refuse]
    scores = iter(retrieval.score_many(ranked))
    return [row if row.refuse else replace(row, metrics={**row.metrics, **next(scores)}) for row in rows]


def texts(snapshot: stages.Indexed) -> Raw:
    """The raw text of a source as indexed; None for one that is not."""

    @lru_cache(maxsize=64)
    def raw(source: str) -> str | None:
        try:
            return snapshot.document(source).raw
        except InputError:
            return None

    return raw


def _row(
    gold: Gold,
    trace: Trace,
    snapshot: stages.Indexed,
    raw: Raw,
    supports: citations.Judge,
    ms: float,
) -> Row:
    answer = trace.answer
    evidence = Evidence(gold, raw)
    outcome = judge(gold, answer, raw, evidence)
    passages = stages.ranked(trace, snapshot, evidence)
    found = stages.read(trace, evidence)
    candidate = trace.candidate
    return Row(
        id=gold.id,
        kind=gold.kind,
        question=gold.question,
        right=outcome.right,
        answer=to_dict(answer),
        expected=gold.answers,
        evidence=gold.evidence,
        refuse=gold.refuse,
        origin=gold.origin,
        history=gold.history,
        reason=outcome.reason,
        stage=stages.attribute(outcome.right, answer.refused, evidence, snapshot, passages, found),
        metrics=_metrics(gold, outcome, raw, supports, ms),
        ms=round(ms, 2),
        support=round(trace.support, 4),
        candidate="" if candidate is None else _MARK.sub("", candidate.answer),
        candidate_right=outcome.right if candidate is answer else _would_be_right(gold, candidate, raw, evidence),
        violations=outcome.violations,
        evidence_at=evidence.places(),
        retrieved=passages[:MOST_PASSAGES],
    )


def _would_be_right(gold: Gold, candidate: Answer | None, raw: Raw, evidence: Evidence) -> bool:
    return candidate is not None and judge(gold, candidate, raw, evidence).right


def _metrics(
    gold: Gold, outcome: Outcome, raw: Raw, supports: citations.Judge, ms: float
) -> dict[str, float | None]:
    answer = outcome.answer
    text = said(answer)
    out: dict[str, float | None] = {
        "right": float(outcome.right),
        "ms": round(ms, 2),
        "chars": float(speed.shown(answer)),
    }
    if answer.statements:
        cites = citations.score(answer.statements, answer.citations, supports)
        out |= {
            "cite_recall": cites.recall,
            "cite_precision": cites.precision,
            "spans": citations.valid_spans(answer.citations, raw),
        }
    if gold.refuse:
        return out
    references = answers.joined(gold.answers)
    short = "" if answer.refused else answer.short or text
    return out | {
        "answered": float(outcome.answered),
        "cited": float(outcome.cited),
        "em": answers.exact(short, references),
        "f1": answers.f1(short, references),
        "numbers": answers.numbers("" if answer.refused else text, references),
        "complete": answers.complete("" if answer.refused else text, gold.answers),
    }


def said(answer: Answer) -> str:
    """The text of an answer without its citation marks."""
    return _MARK.sub("", answer.answer)
