"""What readers think of answers: a thumb, a reason, a few words, and the answer that they judged.

Kept in `feedback.sqlite` under `$ZHIYIN_HOME` and nowhere else; `zhiyin eval review` turns thumbs-down into gold rows.
"""

from __future__ import annotations

import json
import re
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .batch import parse_history, require_utf8
from .database import opened
from .errors import InputError

FILE = "feedback.sqlite"
VERDICTS = ("up", "down")
REASONS = ("wrong", "citation", "unanswered", "other")
"""Why a thumb is down: the answer is wrong, what it cites is, there was no answer, something else."""

MAX_QUESTION = 2000  # characters, as everywhere
MAX_COMMENT = 500  # characters
MAX_ANSWER = 20_000  # characters
MAX_TURNS = 50
MAX_CITATIONS = 50
MAX_NAME = 1000  # characters of a source's name, a version or a generation

_ID = re.compile(r"[0-9a-f]{32}")
_SCHEMA = """
CREATE TABLE feedback (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, at TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('up', 'down')), reason TEXT, comment TEXT,
    question TEXT NOT NULL, history TEXT NOT NULL, answer TEXT NOT NULL, generation TEXT);
"""


@dataclass(frozen=True, slots=True)
class Cited:
    """What the judged answer cited: raw offsets of that version of the source."""

    source: str
    start: int
    end: int
    version: str


@dataclass(frozen=True, slots=True)
class Feedback:
    """One verdict. `id` and `at` (UTC, ISO 8601) are given by the store."""

    question: str
    verdict: str
    answer: str
    short: str | None = None
    refused: bool = False
    citations: tuple[Cited, ...] = ()
    history: tuple[tuple[str, str], ...] = ()
    reason: str | None = None
    comment: str | None = None
    generation: str | None = None
    id: str = ""
    at: str = ""


def parse(row: object) -> Feedback:
    """Read the JSON object of `POST /api/feedback`.

    `{"question", "history"?, "verdict", "reason"?, "comment"?, "generation"?,
    "answer": {"answer", "short"?, "refused"?, "citations"?: [{"source", "start", "end", "version"}]}, "id"?}`.
    Raises InputError for anything else, and for what is too long.
    """
    if not isinstance(row, dict) or not isinstance(row.get("answer"), dict):
        raise InputError('feedback should be {"question", "verdict", "answer": {…}}')
    require_utf8(json.dumps(row, ensure_ascii=False))
    answer = row["answer"]
    verdict = _one_of(row, "verdict", VERDICTS)
    if verdict is None:
        raise InputError(f"verdict should be one of {', '.join(VERDICTS)}")
    reason = _one_of(row, "reason", REASONS)
    if reason and verdict != "down":
        raise InputError("a reason belongs to a thumb that is down")
    history = parse_history(row.get("history"))
    if len(history) > MAX_TURNS or any(len(text) > MAX_ANSWER for turn in history for text in turn):
        raise InputError(f"history should be at most {MAX_TURNS} turns of at most {MAX_ANSWER} characters")
    cited = answer.get("citations") or []
    if not isinstance(cited, list) or len(cited) > MAX_CITATIONS:
        raise InputError(f"citations should be a list of at most {MAX_CITATIONS}")
    refused = answer.get("refused", False)
    if not isinstance(refused, bool):
        raise InputError("refused should be true or false")
    name = row.get("id") or ""
    if name and not (isinstance(name, str) and _ID.fullmatch(name)):
        raise InputError("id should be one that was given back before")
    return Feedback(
        question=_text(row, "question", MAX_QUESTION),
        verdict=verdict,
        answer=_text(answer, "answer", MAX_ANSWER),
        short=_text(answer, "short", MAX_ANSWER, needed=False),
        refused=refused,
        citations=tuple(_citation(c) for c in cited),
        history=tuple(history),
        reason=reason,
        comment=_text(row, "comment", MAX_COMMENT, needed=False),
        generation=_text(row, "generation", MAX_NAME, needed=False),
        id=name,
    )


class FeedbackStore:
    """Verdicts in the file `path`, which is made with the first of them. Safe to share between threads and processes.

    `max_mb` bounds the file. Every method raises StoreError where the file can't be read or written.
    """

    def __init__(self, path: Path, *, max_mb: int = 256) -> None:
        self.path = path
        self._max_mb = max_mb

    def add(self, feedback: Feedback) -> str:
        """Keep a verdict and return its id; one that comes with the id of another takes its place."""
        answer = {
            "answer": feedback.answer,
            "short": feedback.short,
            "refused": feedback.refused,
            "citations": [asdict(c) for c in feedback.citations],
        }
        values = {
            "id": feedback.id or secrets.token_hex(16),
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "verdict": feedback.verdict,
            "reason": feedback.reason,
            "comment": feedback.comment,
            "question": feedback.question,
            "history": json.dumps(feedback.history, ensure_ascii=False),
            "answer": json.dumps(answer, ensure_ascii=False),
            "generation": feedback.generation,
        }
        names, places = ", ".join(values), ", ".join(f":{name}" for name in values)
        changed = ", ".join(f"{name} = excluded.{name}" for name in values if name != "id")
        with opened(self.path, _SCHEMA, max_mb=self._max_mb) as db:
            db.execute(
                f"INSERT INTO feedback ({names}) VALUES ({places}) ON CONFLICT (id) DO UPDATE SET {changed}",
                values,
            )
        return str(values["id"])

    def remove(self, name: str) -> bool:
        """Take a verdict back; whether it was there."""
        if not self.path.exists():
            return False
        with opened(self.path, _SCHEMA, max_mb=self._max_mb) as db:
            return db.execute("DELETE FROM feedback WHERE id = ?", (name,)).rowcount == 1

    def rows(self, verdict: str | None = None) -> list[Feedback]:
        """All verdicts, or those that are `up` or `down`, in the order in which they came."""
        if not self.path.exists():
            return []
        with opened(self.path, _SCHEMA, max_mb=self._max_mb) as db:
            db.row_factory = sqlite3.Row
            found = db.execute(
                "SELECT * FROM feedback WHERE :verdict IS NULL OR verdict = :verdict ORDER BY number",
                {"verdict": verdict},
            ).fetchall()
        return [_feedback(row) for row in found]


def _feedback(row: sqlite3.Row) -> Feedback:
    answer = json.loads(row["answer"])
    return Feedback(
        question=row["question"],
        verdict=row["verdict"],
        answer=answer["answer"],
        short=answer["short"],
        refused=answer["refused"],
        citations=tuple(Cited(**c) for c in answer["citations"]),
        history=tuple((question, reply) for question, reply in json.loads(row["history"])),
        reason=row["reason"],
        comment=row["comment"],
        generation=row["generation"],
        id=row["id"],
        at=row["at"],
    )


def _one_of(row: Mapping[str, Any], key: str, known: tuple[str, ...]) -> str | None:
    value = row.get(key)
    if value is None or value in known:
        return value
    raise InputError(f"{key} should be one of {', '.join(known)}, not {str(value)[:40]!r}")


def _text(row: Mapping[str, Any], key: str, most: int, *, needed: bool = True) -> Any:
    value = row.get(key)
    if value is None and not needed:
        return None
    if not isinstance(value, str) or (needed and not value.strip()):
        raise InputError(f"{key} should be a text{' that is not empty' if needed else ''}")
    if len(value) > most:
        raise InputError(f"{key} has {len(value)} characters; at most {most} are taken")
    return value.strip() or None


def _citation(value: object) -> Cited:
    if not isinstance(value, dict):
        raise InputError('a citation should be {"source", "start", "end", "version"}')
    start, end = value.get("start"), value.get("end")
    if not (type(start) is int and type(end) is int and 0 <= start < end < 2**53):
        raise InputError(f"start={start!r}, end={end!r} of a citation is no span")
    return Cited(_text(value, "source", MAX_NAME), start, end, _text(value, "version", MAX_NAME))
