"""Conversations as they were held, person by person, in `conversations.sqlite` under `$ZHIYIN_HOME`.

Whose a conversation is stands in every query: the name of another person's is as unknown as one that never was.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.answer import from_dict, to_dict
from rag.database import opened
from rag.errors import InputError
from rag.retrieve.filters import Filters, parse

from .reading import MissingError
from .render import Turn

FILE = "conversations.sqlite"
MAX_TITLE = 80  # characters
MOST = 1000  # conversations of a person; beyond, the one not used for longest goes
UNDO = 600.0  # seconds for which a deleted conversation can be had back
_SCHEMA = """
CREATE TABLE conversations (
    id TEXT PRIMARY KEY, person TEXT NOT NULL, title TEXT NOT NULL, changed REAL NOT NULL, deleted REAL) WITHOUT ROWID;
CREATE INDEX conversations_of ON conversations (person, changed);
CREATE TABLE turns (
    conversation TEXT NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (conversation, number)) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Summary:
    """A line of the list; `changed` is seconds since 1970."""

    id: str
    title: str
    changed: float


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation with its turns, oldest first."""

    id: str
    title: str
    turns: tuple[Turn, ...]
    changed: float = 0.0  # seconds since 1970; 0 where that is not known


class ConversationStore:
    """Conversations in the file `path`, made with the first. Safe to share between threads and processes.

    Every method raises StoreError where the file can't be read or written, MissingError for a conversation that this
    person does not have.
    """

    def __init__(self, path: Path, *, max_mb: int = 1024) -> None:
        self.path = path
        self._max_mb = max_mb

    def _open(self) -> Any:
        return opened(self.path, _SCHEMA, max_mb=self._max_mb)

    def all(self, person: str) -> list[Summary]:
        """Conversations of this person, the last used first."""
        if not self.path.exists():
            return []
        with self._open() as db:
            rows = db.execute(
                "SELECT id, title, changed FROM conversations WHERE person = ? AND deleted IS NULL "
                "ORDER BY changed DESC, id",
                (person,),
            ).fetchall()
        return [Summary(*row) for row in rows]

    def get(self, person: str, name: str) -> Conversation:
        """The whole conversation."""
        with self._open() as db:
            title = _require(db, person, name)
            (changed,) = db.execute("SELECT changed FROM conversations WHERE id = ?", (name,)).fetchone()
            rows = db.execute(
                "SELECT number, body FROM turns WHERE conversation = ? ORDER BY number", (name,)
            ).fetchall()
        return Conversation(name, title, tuple(_turn(number, json.loads(body)) for number, body in rows), changed)

    def keep(self, person: str, name: str | None, turn: Turn) -> str:
        """Store `turn` in the place of the one of its number and of all after it; returns the conversation's id.

        Without a name, or where the conversation was deleted meanwhile, a new one begins, called after the question.
        """
        now = time.time()
        with self._open() as db:
            _purge(db, now)
            if name is None or not _has(db, person, name):
                name = secrets.token_hex(16)
                db.execute(
                    "INSERT INTO conversations VALUES (?, ?, ?, ?, NULL)",
                    (name, person, titled(turn.question), now),
                )
                _drop_oldest(db, person)
            db.execute("UPDATE conversations SET changed = ? WHERE id = ?", (now, name))
            db.execute("DELETE FROM turns WHERE conversation = ? AND number >= ?", (name, turn.number))
            db.execute("INSERT INTO turns VALUES (?, ?, ?)", (name, turn.number, _body(turn)))
        return name

    def rename(self, person: str, name: str, title: str) -> str:
        """Give it another title; returns it as kept. Raises InputError for an empty one."""
        kept = titled(title)
        if not kept:
            raise InputError("a title should be a text that is not empty")
        with self._open() as db:
            _require(db, person, name)
            db.execute("UPDATE conversations SET title = ? WHERE id = ?", (kept, name))
        return kept

    def delete(self, person: str, name: str) -> None:
        """Take it off the list; `restore` has it back for `UNDO` seconds, then it is gone for good."""
        with self._open() as db:
            _require(db, person, name)
            db.execute("UPDATE conversations SET deleted = ? WHERE id = ?", (time.time(), name))
            _purge(db, time.time())

    def restore(self, person: str, name: str) -> None:
        """Undo `delete`."""
        with self._open() as db:
            _purge(db, time.time())
            done = db.execute(
                "UPDATE conversations SET deleted = NULL WHERE id = ? AND person = ?", (name, person)
            )
            if done.rowcount != 1:
                raise MissingError("there is no such conversation")


def titled(text: str) -> str:
    """A title out of a question: one line, of at most `MAX_TITLE` characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= MAX_TITLE else line[: MAX_TITLE - 1] + "…"


def _has(db: sqlite3.Connection, person: str, name: str) -> bool:
    found = "SELECT 1 FROM conversations WHERE id = ? AND person = ? AND deleted IS NULL"
    return db.execute(found, (name, person)).fetchone() is not None


def _require(db: sqlite3.Connection, person: str, name: str) -> str:
    found = "SELECT title FROM conversations WHERE id = ? AND person = ? AND deleted IS NULL"
    row = db.execute(found, (name, person)).fetchone()
    if row is None:
        raise MissingError("there is no such conversation")
    return str(row[0])


def _purge(db: sqlite3.Connection, now: float) -> None:
    """Remove for good what was deleted more than `UNDO` seconds ago."""
    for (name,) in db.execute("SELECT id FROM conversations WHERE deleted < ?", (now - UNDO,)).fetchall():
        _remove(db, name)


def _drop_oldest(db: sqlite3.Connection, person: str) -> None:
    rows = db.execute(
        "SELECT id FROM conversations WHERE person = ? ORDER BY changed DESC, id LIMIT -1 OFFSET ?", (person, MOST)
    )
    for (name,) in rows.fetchall():
        _remove(db, name)


def _remove(db: sqlite3.Connection, name: str) -> None:
    db.execute("DELETE FROM turns WHERE conversation = ?", (name,))
    db.execute("DELETE FROM conversations WHERE id = ?", (name,))


def _body(turn: Turn) -> str:
    body = {
        "question": turn.question,
        "answer": None if turn.answer is None else to_dict(turn.answer),
        "error": turn.error,
        "history": turn.history,
        "filters": turn.filters.to_dict(),
    }
    return json.dumps(body, ensure_ascii=False)


def _turn(number: int, body: dict[str, Any]) -> Turn:
    error = body["error"]
    return Turn(
        number,
        body["question"],
        None if body["answer"] is None else from_dict(body["answer"]),
        done=True,
        error=None if error is None else (error[0], error[1]),
        history=tuple((question, answer) for question, answer in body["history"]),
        filters=parse(body["filters"]) if body["filters"] else Filters(),
    )
