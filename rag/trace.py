"""How an answer came about: what each part of the question found, and what the decision rested on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .question.query import Query
    from .read import Finding
    from .refusal import Reason
    from .retrieve.search import Retrieved
    from .types import Answer


@dataclass(frozen=True, slots=True)
class Step:
    """One part of a question: the passages in rank order, the reader's findings best first, and what came of them.

    `candidate` is what was chosen or, where nothing had enough support, what had the most of it; `support` is the
    probability (0-1) that it answers; of the extractive reader, the share of the question that its source supports.
    """

    label: str
    query: Query
    retrieved: tuple[Retrieved, ...]
    findings: tuple[Finding, ...]
    chosen: Finding | None
    reason: Reason | None
    candidate: Finding | None
    support: float


@dataclass(frozen=True, slots=True)
class Trace:
    """An answer and its steps; no steps where nothing was looked for (an empty question, an empty index).

    `candidate` is the answer itself or, of a refusal, what would have been said without a threshold; None where
    there was nothing to say.
    """

    answer: Answer
    steps: tuple[Step, ...] = ()
    candidate: Answer | None = None

    @property
    def support(self) -> float:
        """Support of the best supported part: the question is answered where this reaches `min_probability` (of the extractive reader `min_support`)."""
        return max((step.support for step in self.steps), default=0.0)
