"""Gold sets: questions with what a right answer says and where the documents say it.

One JSON object a line: `{"id", "kind", "question", "history"?, "answers": [["all", "of", "these"], ["or", "these"]],
"evidence": [["source", "text"], …], "refuse": false}`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from rag.batch import parse_history
from rag.errors import InputError

EVERY_SPOT = frozenset({"compare", "years", "provinces"})
"""Kinds whose answer is put together from several places, so that each of them has to be cited."""

_KNOWN = {"id", "kind", "question", "history", "answers", "evidence", "refuse"}


@dataclass(frozen=True, slots=True)
class Gold:
    """One question. `answers` are alternatives, of each of which every string must be in the answer."""

    id: str
    kind: str
    question: str
    answers: tuple[tuple[str, ...], ...] = ()
    evidence: tuple[tuple[str, str], ...] = ()  # (source, its words)
    refuse: bool = False
    history: tuple[tuple[str, str], ...] = ()


def bundled() -> Path:
    """The gold set over the documents that come with the package."""
    return Path(str(files("rag.eval").joinpath("gold", "seeds.jsonl")))


def load(path: Path) -> list[Gold]:
    """The rows of a gold file. Raises InputError, naming the line, for a file or row that can't be used."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"can't read the gold set {path}: {error}") from error
    rows = list(parse(lines, str(path)))
    if not rows:
        raise InputError(f"the gold set {path} has no rows")
    twice = {row.id for row in rows if sum(row.id == other.id for other in rows) > 1}
    if twice:
        raise InputError(
            f"{path}: an id should stand once, these stand more often: {', '.join(sorted(twice)[:5])}"
        )
    return rows


def parse(lines: Iterable[str], where: str = "gold") -> Iterable[Gold]:
    """Rows out of JSON lines; blank lines are passed over. Raises InputError."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield _row(json.loads(line))
            except (ValueError, InputError) as error:
                raise InputError(f"{where}, line {number}: {error}") from error


def _row(value: Any) -> Gold:
    if not isinstance(value, dict):
        raise InputError("a row should be a JSON object")
    if unknown := value.keys() - _KNOWN:
        raise InputError(f"unknown key {sorted(unknown)[0]!r}; known: {', '.join(sorted(_KNOWN))}")
    for key in ("id", "kind", "question"):
        if not isinstance(value.get(key), str) or not value[key].strip():
            raise InputError(f"{key} should be a text that is not empty")
    refuse = value.get("refuse", False)
    if not isinstance(refuse, bool):
        raise InputError("refuse should be true or false")
    answers = tuple(tuple(_texts(alternative, "answers")) for alternative in _list(value, "answers"))
    evidence = [_texts(spot, "evidence") for spot in _list(value, "evidence")]
    if any(len(spot) != 2 for spot in evidence):
        raise InputError('evidence should be [["source", "text"], …]')
    if refuse == bool(answers) or refuse == bool(evidence):
        raise InputError("a row has answers and evidence, or refuse: true and neither")
    return Gold(
        id=value["id"],
        kind=value["kind"],
        question=value["question"],
        answers=answers,
        evidence=tuple((source, text) for source, text in evidence),
        refuse=refuse,
        history=tuple(parse_history(value.get("history"))),
    )


def _list(value: dict[str, Any], key: str) -> list[Any]:
    found = value.get(key, [])
    if not isinstance(found, list):
        raise InputError(f"{key} should be a list")
    return found


def _texts(value: Any, key: str) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(t, str) and t.strip() for t in value):
        raise InputError(f"{key} should hold lists of texts that are not empty")
    return value
