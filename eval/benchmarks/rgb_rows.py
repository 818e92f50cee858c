"""RGB's files, and which of a question's passages are given: as the benchmark's own script chooses them.

Chen et al. 2023, section 3; `processdata` in `evalue.py` beside the data, with its seed, so that the same passages are
given in the same order.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import InputError

from . import files

GIVEN = 5  # passages a question
SEED = 2333  # the benchmark's own

Expected = str | list[str | list[str]]
"""One part of an answer or several, each in one spelling or in several."""


@dataclass(frozen=True, slots=True)
class Row:
    """One question. `groups` are the true passages by the part of the answer that they hold (one group but in `_int`)."""

    id: str
    query: str
    expected: Expected
    groups: tuple[tuple[str, ...], ...]
    noise: tuple[str, ...]
    false: tuple[str, ...] = ()
    false_answer: str | None = None

    @property
    def passages(self) -> Iterator[str]:
        """All of its passages."""
        for group in (*self.groups, self.noise, self.false):
            yield from group


def parse(path: Path) -> Iterator[Row]:
    """The questions of one file. Raises InputError, naming the row."""
    for number, row in enumerate(files.rows(path), 1):
        where = f"{path}, row {number}"
        nested = path.stem.endswith("_int")
        positive = row.get("positive")
        if nested and not (isinstance(positive, list) and all(isinstance(group, list) for group in positive)):
            raise InputError(
                f"{where}: 'positive' should be a list of lists of texts, it is {positive!r:.60}"
            )
        groups = (
            positive if nested and isinstance(positive, list) else [files.texts_of(row, "positive", where)]
        )
        false = row.get("fakeanswer")
        yield Row(
            id=files.text_of(row, "id", where),
            query=files.text_of(row, "query", where),
            expected=_expected(row.get("answer"), where),
            groups=tuple(tuple(files.texts_of({"positive": group}, "positive", where)) for group in groups),
            noise=tuple(files.texts_of(row, "negative", where)),
            false=tuple(files.texts_of(row, "positive_wrong", where)) if path.stem.endswith("_fact") else (),
            false_answer=false if isinstance(false, str) else None,
        )


def _expected(value: Any, where: str) -> Expected:
    parts = value if isinstance(value, list) else [value]
    for part in parts:
        if not (
            isinstance(part, str)
            or (isinstance(part, list) and part and all(isinstance(x, str) for x in part))
        ):
            raise InputError(
                f"{where}: 'answer' should be a text, texts, or lists of spellings, it is {value!r:.60}"
            )
    if not parts:
        raise InputError(f"{where}: 'answer' is empty")
    return value if isinstance(value, (str, list)) else [value]


def noisy(row: Row, rate: float, given: int = GIVEN) -> list[str]:
    """`rate` of the passages are noise, the others true; where one kind runs out, more of the other."""
    true, noise = row.groups[0], row.noise
    bad = math.ceil(given * rate)
    if rate < 1 and bad > len(noise):
        bad = len(noise)
    elif rate < 1 and given - bad > len(true):
        bad = given - len(true)
    return _shuffled(random.Random(SEED), [*true[: given - bad], *noise[:bad]])


def scattered(row: Row, rate: float, given: int = GIVEN) -> list[str]:
    """One true passage for each part of the answer, then more in turn up to their share, then noise."""
    chance = random.Random(SEED)
    groups = [_shuffled(chance, group) for group in row.groups]
    longest = max((len(group) for group in groups), default=0)
    in_turn = [group[n] for n in range(longest) for group in groups if len(group) > n]
    first = sum(bool(group) for group in groups)
    chosen = in_turn[: max(first, given - math.ceil(given * rate))]
    return _shuffled(chance, [*chosen, *row.noise[: max(0, given - len(chosen))]])


def falsified(row: Row, true: float, given: int = GIVEN) -> list[str]:
    """Falsified passages, of which the share `true` stands there unfalsified (others than those falsified)."""
    chance = random.Random(SEED)
    right = math.ceil(given * true)
    numbers = list(range(min(len(row.groups[0]), len(row.false))))
    wrong = chance.sample(numbers, min(len(numbers), given - right))
    remain = [n for n in numbers if n not in wrong]
    kept = chance.sample(remain, min(len(remain), right)) if right and remain else []
    return _shuffled(chance, [*(row.false[n] for n in wrong), *(row.groups[0][n] for n in kept)])


def _shuffled(chance: random.Random, texts: Sequence[str]) -> list[str]:
    out = list(texts)
    chance.shuffle(out)
    return out
