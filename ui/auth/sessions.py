"""Sessions and used tokens in SQLite; what is kept of a session's name is its hash."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rag.database import opened

from ..who import Person

FILE = "sessions.sqlite"
_SCHEMA = """
CREATE TABLE sessions (
    key TEXT PRIMARY KEY, way TEXT NOT NULL, person TEXT NOT NULL, name TEXT NOT NULL, groups TEXT NOT NULL,
    admin INTEGER NOT NULL, stamp TEXT NOT NULL, expires REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX sessions_by_expiry ON sessions (expires);
CREATE TABLE used (key TEXT PRIMARY KEY, expires REAL NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Session:
    """Someone who has proved who it is. `way` is how; `stamp` ends the session when what proved it changes."""

    way: str
    person: Person
    stamp: str
    expires: float  # seconds since 1970


class SessionStore:
    """Sessions in the file `path`. Safe to share between threads and processes; methods raise StoreError."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self.clock = clock

    def start(self, session: Session) -> str:
        """Keep a session and return its name, which is new and says nothing: 256 random bits."""
        name = secrets.token_urlsafe(32)
        person = session.person
        with opened(self.path, _SCHEMA) as db:
            db.execute("DELETE FROM sessions WHERE expires <= ?", (self.clock(),))
            db.execute(
                "INSERT INTO sessions VALUES (?,?,?,?,?,?,?,?)",
                (_key(name), session.way, person.id, person.name, json.dumps(sorted(person.groups)), person.admin, session.stamp, session.expires),
            )
        return name

    def find(self, name: str) -> Session | None:
        """The session of that name, while it lasts."""
        if not self.path.exists():
            return None
        with opened(self.path, _SCHEMA) as db:
            row = db.execute(
                "SELECT way, person, name, groups, admin, stamp, expires FROM sessions WHERE key = ? AND expires > ?",
                (_key(name), self.clock()),
            ).fetchone()
        if row is None:
            return None
        return Session(row[0], Person(row[1], row[2], frozenset(json.loads(row[3])), bool(row[4])), row[5], row[6])

    def end(self, name: str) -> None:
        """Forget a session; nothing where there is none."""
        if self.path.exists():
            with opened(self.path, _SCHEMA) as db:
                db.execute("DELETE FROM sessions WHERE key = ?", (_key(name),))

    def use(self, token: str, expires: float) -> bool:
        """Note that a token that can be used once was used; False where it was before. Kept until it has expired."""
        with opened(self.path, _SCHEMA) as db:
            db.execute("DELETE FROM used WHERE expires <= ?", (self.clock(),))
            return db.execute("INSERT OR IGNORE INTO used VALUES (?,?)", (_key(token), expires)).rowcount == 1


def _key(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
