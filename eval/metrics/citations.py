"""Whether citations prove what they stand behind (ALCE), and are really in the document.

Recall and precision by statement as ALCE defines them (Gao et al. 2023, "Enabling Large Language Models to Generate
Text with Citations", EMNLP, section 3, "Citation quality"). What "supports" means is a judge's to say: `VerifierJudge`, `NliJudge` or
`LlmJudge`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Protocol

from rag.types import Citation, Statement

from .models import LlmJudge, NliJudge
from .verifier import VerifierJudge

__all__ = ["Judge", "LlmJudge", "NliJudge", "Scores", "VerifierJudge", "score", "valid_spans"]


class Judge(Protocol):
    """Says whether sources carry a statement: ALCE's phi(premise, hypothesis)."""

    def supports(self, statement: str, cited: Sequence[Citation]) -> bool:
        """Whether the quotes of `cited` (never empty), read together, say all that `statement` says."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Between 0 and 1; None for an answer without statements."""

    recall: float | None
    precision: float | None


def score(statements: Sequence[Statement], citations: Sequence[Citation], judge: Judge) -> Scores:
    """Citation recall and precision of one answer, whose statements cite by `Citation.n`.

    Recall: of each statement 1 if it cites at all and its citations together support it, else 0; the mean over
    statements. Precision: of each citation of each statement 1 if the statement has recall 1 and the citation is not
    irrelevant, else 0; the mean over all of them. A citation is irrelevant iff it alone does not support the statement
    and the statement's other citations do. So two that each say everything are both precise, and no minimal set is
    asked for.

    A number that no citation bears makes the statement unsupported, as in ALCE's program; unlike there it counts as an
    imprecise citation, and all citations of a statement are looked at, not the first three. A number given twice counts
    once. Statements without any citation give precision 0; an answer without statements, which ALCE passes over, gives
    None.
    """
    if not statements:
        return Scores(None, None)
    known = {citation.n: citation for citation in citations}
    recalls: list[bool] = []
    precisions: list[bool] = []
    for statement in statements:
        numbers = dict.fromkeys(statement.citations)
        cited = [known[n] for n in numbers if n in known]
        recall = bool(cited) and len(cited) == len(numbers) and judge.supports(statement.text, cited)
        recalls.append(recall)
        precisions += [
            recall and not _irrelevant(statement.text, n, cited, judge) for n in range(len(numbers))
        ]
    return Scores(fmean(recalls), fmean(precisions) if precisions else 0.0)


def _irrelevant(statement: str, number: int, cited: Sequence[Citation], judge: Judge) -> bool:
    others = [*cited[:number], *cited[number + 1 :]]
    if not others or judge.supports(statement, [cited[number]]):
        return False
    return judge.supports(statement, others)


def valid_spans(citations: Sequence[Citation], raw: Callable[[str], str | None]) -> float | None:
    """Share of citations whose quote is the characters of their document from `start` to `end`; None of none.

    `raw(source)` is a document's text as indexed, None where there is no such document. Anything below 1.0 is a broken
    promise: `raw[start:end] == quote` holds for every answer.
    """
    return fmean(_valid(citation, raw(citation.source)) for citation in citations) if citations else None


def _valid(citation: Citation, text: str | None) -> bool:
    inside = text is not None and 0 <= citation.start < citation.end <= len(text)
    return inside and text is not None and text[citation.start : citation.end] == citation.quote
