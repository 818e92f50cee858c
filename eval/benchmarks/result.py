"""What a benchmark comes back with: tables of figures, and what was answered to each question."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

Figure = float | int | None
Section = dict[str, dict[str, Figure]]
"""One table: its rows by name, each a figure by measure. Shares and scores are 0-1; a mean of nothing is None."""

T = TypeVar("T")
Progress = Callable[[Sequence[Any], str], Iterable[Any]]
"""Passes the items of a list on, telling how far it got: `(items, what is being done)`."""


@dataclass(slots=True)
class Result:
    """Tables by title, a row a question and task, remarks for the reader, and how it was run."""

    benchmark: str
    figures: dict[str, Section] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "benchmark": self.benchmark,
            **self.meta,
            "figures": self.figures,
            "notes": self.notes,
            "rows": self.rows,
        }


def silent(items: Sequence[T], what: str) -> Iterable[T]:
    """The Progress that tells nothing."""
    return items


def mean(values: Iterable[float]) -> float | None:
    """The arithmetic mean; None of nothing.

    >>> mean([1, 0, 0.5]), mean([])
    (0.5, None)
    """
    listed = list(values)
    return sum(listed) / len(listed) if listed else None
