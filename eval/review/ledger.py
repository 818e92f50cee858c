"""What a person decided about candidates: kept at once, so that a closed page or a second window loses nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rag.database import opened
from rag.errors import InputError
from rag.messages import tr

from . import goldfile

FILE = "review.sqlite"
FINAL = ("accept", "drop")
VERDICTS = (*FINAL, "skip")
_SCHEMA = """
CREATE TABLE decisions (
    number INTEGER PRIMARY KEY, file TEXT NOT NULL, candidate TEXT NOT NULL, verdict TEXT NOT NULL,
    row TEXT, at TEXT NOT NULL, UNIQUE (file, candidate));
"""


class Conflict(InputError):
    """Something has changed since the page was drawn."""


@dataclass(frozen=True, slots=True)
class Decision:
    """`verdict` is accept, drop or skip; `row` is what an accepted candidate became; `at` is UTC, ISO 8601."""

    candidate: str
    verdict: str
    row: dict[str, Any] | None
    at: str


class Ledger:
    """Decisions about the gold file `out`, in the SQLite file `path`; safe between windows and processes.

    Whoever decides holds the database's right to write while the gold file is written, so that file and decisions agree.
    """

    def __init__(self, out: Path, path: Path) -> None:
        self.out = out
        self._path = path
        self._file = str(out.resolve())

    def decisions(self) -> dict[str, Decision]:
        """All decisions by candidate, oldest first. Raises StoreError."""
        with opened(self._path, _SCHEMA) as db:
            found = db.execute(
                "SELECT candidate, verdict, row, at FROM decisions WHERE file = ? ORDER BY number",
                (self._file,),
            ).fetchall()
        return {candidate: _decision(candidate, *rest) for candidate, *rest in found}

    def decide(self, candidate: str, verdict: str, row: Mapping[str, Any] | None = None) -> Decision:
        """Keep a decision; an accepted `row` goes into the gold file.

        Raises Conflict where the candidate has been accepted or dropped before, InputError, StoreError.
        """
        at = datetime.now(UTC).isoformat(timespec="seconds")
        with opened(self._path, _SCHEMA) as db:
            self._require_open(db, candidate)
            written = None if row is None else goldfile.append(self.out, row)
            db.execute(
                "INSERT OR REPLACE INTO decisions (file, candidate, verdict, row, at) VALUES (?, ?, ?, ?, ?)",
                (self._file, candidate, verdict, written and json.dumps(written, ensure_ascii=False), at),
            )
        return Decision(candidate, verdict, written, at)

    def require_open(self, candidate: str) -> None:
        """Raise Conflict where the candidate has been accepted or dropped; waits for whoever is deciding just now."""
        with opened(self._path, _SCHEMA) as db:
            self._require_open(db, candidate)

    def _require_open(self, db: sqlite3.Connection, candidate: str) -> None:
        found = db.execute(
            "SELECT verdict FROM decisions WHERE file = ? AND candidate = ?", (self._file, candidate)
        ).fetchone()
        if found and found[0] in FINAL:
            raise Conflict(
                tr(
                    "这一条在别的窗口里已经审过，没有重复写入。",
                    "this one was decided in another window; nothing was written twice",
                )
            )

    def undo(self, candidate: str) -> Decision:
        """Take back the decision about `candidate`; an accepted row leaves the gold file.

        Raises Conflict where there is none, or where the row was changed in the file by other hands.
        """
        with opened(self._path, _SCHEMA) as db:
            found = db.execute(
                "SELECT candidate, verdict, row, at FROM decisions WHERE file = ? AND candidate = ?",
                (self._file, candidate),
            ).fetchone()
            if found is None:
                raise Conflict(tr("没有可撤销的决定。", "there is no decision to take back"))
            decision = _decision(*found)
            if decision.row is not None and not goldfile.remove(self.out, decision.row):
                raise Conflict(
                    tr(
                        f"{self.out} 里的 {decision.row['id']} 已被改动，请在文件中直接处理。",
                        f"{decision.row['id']} in {self.out} has been changed since; edit the file itself",
                    )
                )
            db.execute(
                "DELETE FROM decisions WHERE file = ? AND candidate = ?", (self._file, decision.candidate)
            )
        return decision


def _decision(candidate: str, verdict: str, row: str | None, at: str) -> Decision:
    return Decision(candidate, verdict, json.loads(row) if row else None, at)
