"""Candidate rows for a gold set: from a file of drafts, and from the thumbs-down of the chat window."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import InputError
from rag.feedback import Feedback
from rag.messages import tr

from ..rows import parse_line, read_bytes, to_gold, to_row

_REASONS = {
    "wrong": ("答案不对", "wrong answer"),
    "citation": ("引证不对", "wrong source"),
    "unanswered": ("没有回答", "not answered"),
    "other": ("其他", "something else"),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A gold row in the making: the JSON of a row whose answers and evidence may still be empty.

    `key` is a digest of what the candidate says, so that a decision about it is never taken for one about another that
    has the same id. `feedback` are the verdicts that it was made of, oldest first.
    """

    key: str
    row: dict[str, Any]
    feedback: tuple[Feedback, ...] = ()


def from_file(path: Path) -> list[Candidate]:
    """The rows of a JSONL file, each at least `{"question": …}`; what stands twice is taken once.

    Raises InputError, naming the line, for a file or row that can't be used.
    """
    try:
        lines = read_bytes(path).decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise InputError(f"can't read the candidates {path}: {error}") from error
    found: dict[str, Candidate] = {}
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                candidate = _candidate(parse_line(line), number)
            except InputError as error:
                raise InputError(f"{path}, line {number}: {error}") from error
            found.setdefault(candidate.key, candidate)
    return list(found.values())


def from_feedback(rows: Iterable[Feedback]) -> list[Candidate]:
    """One candidate a question that got a thumb down; the same question of several readers is one.

    A reader who came back to the same question with a thumb up does not take it away: that was another answer.
    """
    asked: dict[str, list[Feedback]] = {}
    for row in rows:
        if row.verdict == "down":
            asked.setdefault(_digest(["feedback", row.question, row.history]), []).append(row)
    return [Candidate(key, _drafted(key, given), tuple(given)) for key, given in asked.items()]


def _candidate(value: Any, number: int) -> Candidate:
    if not isinstance(value, dict):
        raise InputError("a row should be a JSON object")
    row = {"id": f"candidate-{number}", "kind": "fact", "answers": [], "evidence": [], **value}
    missing: dict[str, Any] = {}
    if not row.get("refuse"):  # what a person has yet to fill in is no fault of the row
        missing = {
            key: some for key, some in (("answers", [["?"]]), ("evidence", [["?", "?"]])) if not row[key]
        }
    checked = to_row(to_gold(row | missing)) | {key: [] for key in missing}
    said = [checked.get(key) for key in ("question", "history", "kind", "answers", "evidence", "refuse")]
    return Candidate(_digest(said), checked)


def _drafted(key: str, given: Sequence[Feedback]) -> dict[str, Any]:
    last = given[-1]
    row: dict[str, Any] = {
        "id": f"feedback-{key[:8]}",
        "kind": "followup" if last.history else "fact",
        "question": last.question,
        "answers": [],
        "evidence": [],
        "refuse": False,
        "origin": "feedback",
        "note": note(last),
    }
    return row | ({"history": [list(turn) for turn in last.history]} if last.history else {})


def note(feedback: Feedback) -> str:
    """What a reader disliked, in one line: the answer that was given, the reason, the reader's words.

    >>> note(Feedback("几个?", "down", "三个[1]。", reason="wrong", comment="是四个"))
    '当时的回答：三个[1]；答案不对；读者说：是四个'
    """
    said = " ".join(feedback.answer.split()).rstrip("。.")
    parts = [tr(f"当时的回答：{said}", f"answer given: {said}")]
    if feedback.reason:
        parts.append(tr(*_REASONS[feedback.reason]))
    if feedback.comment:
        comment = " ".join(feedback.comment.split())
        parts.append(tr(f"读者说：{comment}", f"the reader: {comment}"))
    return tr("；", "; ").join(parts)


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False).encode()).hexdigest()
