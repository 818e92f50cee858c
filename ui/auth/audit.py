"""The log of who asked what and when, which documents were cited, and how it ended: `audit.sqlite` in this home."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from rag.database import opened
from rag.errors import InputError, StoreError
from rag.messages import tr

if TYPE_CHECKING:
    from collections.abc import Generator

    from rag.access import Scope
    from rag.retrieve.filters import Filters
    from rag.types import Answer

    from ..ports import Answerer, History, Library

FILE = "audit.sqlite"
KEY = "audit.key"
DAY = 86_400.0
SWEEP = 3600.0  # seconds between two looks at what is too old
MAX_MB = 1024
_SCHEMA = """
CREATE TABLE events (
    number INTEGER PRIMARY KEY, at REAL NOT NULL, person TEXT NOT NULL, action TEXT NOT NULL, question TEXT,
    digest TEXT, sources TEXT NOT NULL, refused INTEGER, reason TEXT, generation TEXT, status INTEGER NOT NULL);
CREATE INDEX events_by_time ON events (at);
"""
_log = logging.getLogger("zhiyin.audit")


@dataclass(frozen=True, slots=True)
class Event:
    """One line. `at` is seconds since 1970; `question` is None unless the log keeps texts, `digest` its keyed hash."""

    at: float
    person: str
    action: str
    question: str | None
    digest: str | None
    sources: tuple[str, ...]
    refused: bool | None
    reason: str | None
    generation: str | None
    status: int

    def to_dict(self) -> dict[str, Any]:
        """The line as JSON values; `at` in ISO 8601, UTC."""
        row = {name: getattr(self, name) for name in self.__slots__}
        return row | {"at": datetime.fromtimestamp(self.at, UTC).isoformat(timespec="seconds"), "sources": list(self.sources)}


class AuditLog:
    """Lines in `audit.sqlite` in the folder `home`. Safe to share between threads and processes.

    `keep` is `hash` (the question as HMAC-SHA256 under a key of this home, which tells whether two are the same and
    nothing else), `text`, or `off`. Lines older than `days` go; where the file reaches `max_mb`, the oldest tenth.
    """

    def __init__(self, home: Path, keep: str = "hash", *, days: int = 180, max_mb: int = MAX_MB, clock: Callable[[], float] = time.time) -> None:
        self.path = home / FILE
        self._key_path, self._keep, self._days, self._max_mb, self._clock = home / KEY, keep, days, max_mb, clock
        self._key: bytes | None = None
        self._swept = 0.0

    def note(
        self,
        person: str,
        action: str,
        question: str | None = None,
        answer: Answer | None = None,
        *,
        status: int = 200,
    ) -> None:
        """Write a line. Raises StoreError where it can't be written."""
        if self._keep == "off":
            return
        now = self._clock()
        row = (
            now,
            person[:300],
            action,
            question if self._keep == "text" else None,
            None if question is None else self.digest(question),
            json.dumps(list(dict.fromkeys(c.source for c in answer.citations)) if answer else [], ensure_ascii=False),
            answer.refused if answer else None,
            answer.reason if answer else None,
            answer.generation if answer else None,
            status,
        )
        try:
            self._write(row, now)
        except StoreError:
            self._shrink()
            self._write(row, now)

    def lost(self, action: str) -> None:
        """Tell the operator that a line could not be written."""
        _log.error("a line of the audit log was lost (%s): %s can't be written", action, self.path)

    def events(self, person: str | None = None, since: float = 0.0, limit: int = 1000) -> list[Event]:
        """The newest lines, newest first."""
        if not self.path.exists():
            return []
        with opened(self.path, _SCHEMA, max_mb=self._max_mb) as db:
            rows = db.execute(
                "SELECT at, person, action, question, digest, sources, refused, reason, generation, status FROM events "
                "WHERE (:person IS NULL OR person = :person) AND at >= :since ORDER BY number DESC LIMIT :limit",
                {"person": person, "since": since, "limit": limit},
            ).fetchall()
        return [
            Event(r[0], r[1], r[2], r[3], r[4], tuple(json.loads(r[5])), None if r[6] is None else bool(r[6]), r[7], r[8], r[9])
            for r in rows
        ]

    def digest(self, question: str) -> str:
        """The keyed hash of a question, by which lines about the same one can be found."""
        return hmac.new(self._secret(), question.strip().encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    def _write(self, row: Sequence[Any], now: float) -> None:
        with opened(self.path, _SCHEMA, max_mb=self._max_mb) as db:
            if now - self._swept > SWEEP:
                db.execute("DELETE FROM events WHERE at < ?", (now - self._days * DAY,))
                self._swept = now
            db.execute(f"INSERT INTO events VALUES (NULL{',?' * len(row)})", row)

    def _shrink(self) -> None:
        with opened(self.path, _SCHEMA, max_mb=self._max_mb + 8) as db:  # a deletion needs pages of its own
            db.execute("DELETE FROM events WHERE number <= (SELECT min(number) + (max(number) - min(number)) / 10 FROM events)")

    def _secret(self) -> bytes:
        if self._key is None:
            try:
                self._key_path.parent.mkdir(parents=True, exist_ok=True)
                try:
                    handle = os.open(self._key_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                except FileExistsError:
                    pass
                else:
                    with os.fdopen(handle, "w", encoding="ascii") as file:
                        file.write(secrets.token_hex(32))
                self._key = bytes.fromhex(self._key_path.read_text(encoding="ascii"))
            except (OSError, ValueError) as error:
                raise StoreError(tr(f"不能读写 {self._key_path}：{error}", f"can't read or write {self._key_path}: {error}")) from error
        return self._key


class Audited:
    """A bot whose every streamed answer is written down before it is given; where it can't be, none is given."""

    def __init__(self, bot: Answerer, log: AuditLog) -> None:
        self._bot, self._log = bot, log

    @property
    def snapshot(self) -> Library:
        """See Answerer."""
        return self._bot.snapshot

    def library(self, scope: Scope | None = None) -> Library:
        """See Answerer."""
        return self._bot.library(scope)

    def ask(
        self, question: str, history: History = (), *, id: str | None = None, scope: Scope | None = None, filters: Filters | None = None
    ) -> Answer:
        """See Answerer. Not written down: people's questions are streamed, these are the page's own trials."""
        return self._bot.ask(question, history, id=id, scope=scope, filters=filters)

    def stream(
        self, question: str, history: History = (), *, scope: Scope | None = None, filters: Filters | None = None
    ) -> Iterator[Answer]:
        """See Answerer."""
        last: Answer | None = None
        status = 499  # whoever asked went away before the end
        # one step is held back, so that the whole answer is written down before it is given
        with closing(cast("Generator[Answer, None, None]", self._bot.stream(question, history, scope=scope, filters=filters))) as growing:
            try:
                for answer in growing:
                    if last is not None:
                        yield last
                    last = answer
                status = 200
            except GeneratorExit:
                raise
            except Exception as error:
                status = _status(error)
                raise
            finally:
                self._log.note(_asker(scope), "ask", question, last, status=status)
        if last is not None:
            yield last


def _asker(scope: Scope | None) -> str:
    return scope.asker if scope else ""


def _status(error: Exception) -> int:
    return 422 if isinstance(error, InputError) else 503 if isinstance(error, StoreError) else 500
