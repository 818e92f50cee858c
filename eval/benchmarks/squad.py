"""CMRC 2018, DRCD and SQuAD: the answer is a span of a paragraph.

Two tasks. *Extraction*: the paragraph is given, as in the papers. *Open*: all paragraphs of the file are one
collection, in which the right one has to be found first (Chen et al. 2017, "Reading Wikipedia to Answer Open-Domain
Questions").

Sources: Cui et al. 2019 (CMRC 2018), Shao et al. 2018 (DRCD), Rajpurkar et al. 2016 and 2018 (SQuAD 1.1 and 2.0).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.config import Settings
from rag.trace import Trace

from ..metrics.answers import exact, f1, normalise
from ..metrics.speed import latency
from . import legs, span
from .collection import collection, named
from .files import choose, load
from .given import GivenBot
from .result import Figure, Progress, Result, Section, mean
from .said import said, violations
from .squad_rows import Question, parse

MEASURES = ("R@5", "R@20", "nDCG@10")
DEPTH = 60  # chunks of each leg that are looked at for twenty different paragraphs

Score = Callable[[str, Sequence[str]], float]


@dataclass(frozen=True, slots=True)
class Extractive:
    """A benchmark of this family: which files are its development set, and how it is scored."""

    name: str
    patterns: tuple[str, ...]
    exact: Score
    f1: Score

    def run(self, data: Path, limit: int | None, settings: Settings, progress: Progress) -> Result:
        """Both tasks. `limit` takes the first questions; the collection always holds every paragraph of the file."""
        path = choose(data, self.patterns, self.name)
        everything = list(parse(load(path), str(path)))
        questions = everything[:limit]
        names = named(question.context for question in everything)
        result = Result(
            self.name, meta={"file": path.name, "paragraphs": len(names), "questions": len(questions)}
        )
        with collection({name: text for text, name in names.items()}, settings) as bot:
            rows = [self._extract(bot, q, names) for q in progress(questions, "extraction")]
            result.figures["extraction"] = self._section(rows)
            result.rows += rows
            rows = [self._open(bot, q, names) for q in progress(questions, "open")]
            result.figures["open"] = self._section(rows)
            result.rows += rows
            wanted = {q.id: {names[q.context]: 1} for q in questions if q.answers}
            asked = {q.id: q.text for q in questions if q.answers}
            result.figures["open, retrieval of the paragraph"] = legs.evaluate(
                bot.snapshot, bot.embedder, settings, asked, wanted, MEASURES, DEPTH, progress, bot.reranker
            )
        return result

    def _extract(self, bot: GivenBot, question: Question, names: dict[str, str]) -> dict[str, Any]:
        with bot.given([names[question.context]]):
            return self._row("extraction", bot, question, names[question.context])

    def _open(self, bot: GivenBot, question: Question, names: dict[str, str]) -> dict[str, Any]:
        return self._row("open", bot, question, names[question.context])

    def _row(self, task: str, bot: GivenBot, question: Question, source: str) -> dict[str, Any]:
        started = time.perf_counter()
        trace = bot.trace(question.text, id=question.id)
        ms = (time.perf_counter() - started) * 1000
        answer = trace.answer
        given = {"given": said(answer), "untested": _best(trace)}
        scores = {
            f"{name}{of}": score(text, question.answers) if question.answers else float(not text)
            for name, score in (("em", self.exact), ("f1", self.f1))
            for of, text in (("", given["given"]), (" untested", given["untested"]))
        }
        quotes = [normalise(c.quote) for c in answer.citations if c.source == source]
        expected = [normalise(text) for text in question.answers]
        return {
            "task": task,
            "id": question.id,
            "question": question.text,
            "expected": list(dict.fromkeys(question.answers)),
            "answer": given["given"],
            "refused": answer.refused,
            "reason": answer.reason,
            "quotes": [c.quote for c in answer.citations],
            **scores,
            "cited": float(any(text in quote for quote in quotes for text in expected)),
            "violations": violations(answer, bot.snapshot),
            "ms": round(ms, 1),
        }

    @staticmethod
    def _section(rows: Sequence[dict[str, Any]]) -> Section:
        """All questions, those that were answered, and the best span before any test of support."""
        answerable = [row for row in rows if row["expected"]]
        answered = [row for row in answerable if not row["refused"]]
        out: Section = {"all": _figures(rows), "answered": _figures(answered)}
        best: dict[str, Figure] = {"n": len(answerable)}
        best |= {name: mean(row[f"{name} untested"] for row in answerable) for name in ("em", "f1")}
        out["best span, never refused"] = best
        if len(answerable) < len(rows):
            out["with an answer"] = _figures(answerable)
            out["without an answer"] = _figures([row for row in rows if not row["expected"]])
        return out


def _figures(rows: Sequence[dict[str, Any]]) -> dict[str, Figure]:
    return {
        "n": len(rows),
        "em": mean(row["em"] for row in rows),
        "f1": mean(row["f1"] for row in rows),
        "answered": mean(not row["refused"] for row in rows),
        "cited": mean(row["cited"] for row in rows if row["expected"]),
        "violations": sum(row["violations"] for row in rows),
        "median ms": latency([row["ms"] for row in rows])["median"],
    }


def _best(trace: Trace) -> str:
    """The reader's best span, whatever its support; the answer itself where it is put together from several."""
    if len(trace.steps) == 1 and trace.steps[0].findings:
        return (trace.steps[0].chosen or trace.steps[0].findings[0]).text
    return said(trace.answer)


CMRC = Extractive("cmrc", ("*cmrc*dev*.json*", "*dev*.json*"), exact, f1)
DRCD = Extractive("drcd", ("*[Dd][Rr][Cc][Dd]*test*.json*", "*[Dd][Rr][Cc][Dd]*dev*.json*"), exact, f1)
SQUAD = Extractive("squad", ("*squad*dev*.json*", "dev-v*.json*", "*dev*.json*"), span.exact, span.f1)
