"""Gold sets: questions with what a right answer says and where the documents say it.

One JSON object a line: `{"id", "kind", "question", "history"?, "answers": [["all", "of", "these"], ["or", "these"]],
"evidence": [["source", "text"], …], "refuse": false}`, and optionally `origin`, `note`, `forbid`, `derived`.
`gold.schema.json` describes the same row; what one of the two accepts, the other does.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from rag.batch import parse_history, require_utf8
from rag.errors import InputError

EVERY_SPOT = frozenset({"compare", "years", "provinces"})
"""Kinds whose answer is put together from several places, so that each of them has to be cited."""

ORIGINS = ("written", "generated", "mutated", "feedback")
"""Who a row comes from: a person, a generator, a mutation of another row, a reader of the chat window."""

MAX_MB = 64
"""A larger file (in 10^6 bytes) is taken for a mistake, not for a gold set."""

_KNOWN = {
    "id",
    "kind",
    "question",
    "history",
    "answers",
    "evidence",
    "refuse",
    "origin",
    "note",
    "forbid",
    "derived",
}


@dataclass(frozen=True, slots=True)
class Gold:
    """One question. `answers` are alternatives, of each of which every string must be in the answer.

    No string of `forbid` may be in a right answer. `derived` says that the answer is computed, translated or worded
    anew, so that it need not stand in the evidence as it is.
    """

    id: str
    kind: str
    question: str
    answers: tuple[tuple[str, ...], ...] = ()
    evidence: tuple[tuple[str, str], ...] = ()  # (source, its words)
    refuse: bool = False
    history: tuple[tuple[str, str], ...] = ()
    origin: str = "written"
    note: str = ""
    forbid: tuple[str, ...] = ()
    derived: bool = False


def bundled() -> Path:
    """The gold set over the documents that come with the package."""
    return Path(str(files("rag.eval").joinpath("gold", "seeds.jsonl")))


def load(path: Path) -> list[Gold]:
    """The rows of a gold file. Raises InputError, naming the line, for a file or row that can't be used."""
    try:
        lines = read_bytes(path).decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise InputError(
            f"can't read the gold set {path}: {error}; see each place with: zhiyin eval check"
        ) from error
    try:
        rows = list(parse(lines, str(path)))
    except InputError as error:
        raise InputError(f"{error}; see all faults with: zhiyin eval check {path}") from error
    if not rows:
        raise InputError(f"the gold set {path} has no rows")
    twice = [name for name, times in Counter(row.id for row in rows).items() if times > 1]
    if twice:
        raise InputError(
            f"{path}: an id should stand once, these stand more often: {', '.join(sorted(twice)[:5])}"
        )
    return rows


def read_bytes(path: Path) -> bytes:
    """The bytes of a gold file. Raises InputError where it can't be read or has more than `MAX_MB` megabytes."""
    limit = MAX_MB * 10**6
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise InputError(f"can't read the gold set {path}: {error}") from error
    if len(data) > limit:
        raise InputError(
            f"{path} has more than {MAX_MB} MB, a gold set has a question a line; give another file, or cut it in parts"
        )
    return data


def parse(lines: Iterable[str], where: str = "gold") -> Iterable[Gold]:
    """Rows out of JSON lines; blank lines are passed over. Raises InputError."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield to_gold(parse_line(line))
            except InputError as error:
                raise InputError(f"{where}, line {number}: {error}") from error


def parse_line(line: str) -> Any:
    """The JSON value of a line. Raises InputError where there is none, or where it says a key twice."""
    try:
        value = json.loads(line, object_pairs_hook=_object)
        require_utf8(json.dumps(value, ensure_ascii=False))
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON: {error}") from error
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for key, content in pairs:
        if key in value:
            raise InputError(f"the key {key!r} stands twice in the row; keep one")
        value[key] = content
    return value


def to_gold(value: Any) -> Gold:
    """A row out of its JSON value. Raises InputError that says what is wrong with it."""
    if not isinstance(value, dict):
        raise InputError("a row should be a JSON object")
    if unknown := value.keys() - _KNOWN:
        raise InputError(f"unknown key {min(unknown)!r}; known: {', '.join(sorted(_KNOWN))}")
    for key in ("id", "kind", "question"):
        if not isinstance(value.get(key), str) or not value[key].strip():
            raise InputError(f"{key} should be a text that is not empty")
    refuse = _flag(value, "refuse")
    answers = tuple(tuple(_texts(alternative, "answers")) for alternative in _list(value, "answers"))
    evidence = [_texts(spot, "evidence") for spot in _list(value, "evidence")]
    if any(len(spot) != 2 for spot in evidence):
        raise InputError('evidence should be [["source", "text"], …]')
    if refuse == bool(answers) or refuse == bool(evidence):
        raise InputError("a row has answers and evidence, or refuse: true and neither")
    origin, note = value.get("origin", ORIGINS[0]), value.get("note", "")
    if not isinstance(origin, str) or origin not in ORIGINS:
        raise InputError(f"origin should be one of {', '.join(ORIGINS)}")
    if not isinstance(note, str):
        raise InputError("note should be a text")
    forbid = _list(value, "forbid")
    return Gold(
        id=value["id"],
        kind=value["kind"],
        question=value["question"],
        answers=answers,
        evidence=tuple((source, text) for source, text in evidence),
        refuse=refuse,
        history=tuple(parse_history(value.get("history"))),
        origin=origin,
        note=note,
        forbid=tuple(_texts(forbid, "forbid")) if forbid else (),
        derived=_flag(value, "derived"),
    )


def to_row(gold: Gold) -> dict[str, Any]:
    """The JSON value of a row, `to_gold` of which is `gold` again; what is as usual is left out."""
    row: dict[str, Any] = {"id": gold.id, "kind": gold.kind, "question": gold.question}
    if gold.history:
        row["history"] = [list(turn) for turn in gold.history]
    row["answers"] = [list(alternative) for alternative in gold.answers]
    row["evidence"] = [list(spot) for spot in gold.evidence]
    row["refuse"] = gold.refuse
    if gold.derived:
        row["derived"] = True
    if gold.forbid:
        row["forbid"] = list(gold.forbid)
    if gold.origin != ORIGINS[0]:
        row["origin"] = gold.origin
    if gold.note:
        row["note"] = gold.note
    return row


def _flag(value: dict[str, Any], key: str) -> bool:
    found = value.get(key, False)
    if not isinstance(found, bool):
        raise InputError(f"{key} should be true or false")
    return found


def _list(value: dict[str, Any], key: str) -> list[Any]:
    found = value.get(key, [])
    if not isinstance(found, list):
        raise InputError(f"{key} should be a list")
    return found


def _texts(value: Any, key: str) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(t, str) and t.strip() for t in value):
        raise InputError(f"{key} should hold texts that are not empty")
    return value
