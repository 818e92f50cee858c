"""What `zhiyin eval check` finds in a gold file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. `line` counts from 1, 0 for the file as a whole; `message` says what is wrong and what to do."""

    level: Level
    code: str
    line: int
    id: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """All findings of a file, by line, and what is in it. `kinds` gives rows and unanswerable rows by kind."""

    rows: int
    kinds: dict[str, tuple[int, int]]
    problems: tuple[Problem, ...]

    def count(self, level: Level) -> int:
        """How many findings there are of `level`."""
        return sum(p.level == level for p in self.problems)
