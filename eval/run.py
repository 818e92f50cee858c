"""Asks every question of a gold set and scores what comes back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from rag.errors import InputError
from rag.session import Asks

from .rows import Gold
from .judge import Outcome, judge

if TYPE_CHECKING:
    from rag.types import Document


class Indexed(Protocol):
    """What scoring needs of an index: `rag.store.Snapshot`, or a stand-in in a test."""

    def document(self, source: str) -> Document:
        """One document as it was indexed."""


class Answers(Asks, Protocol):
    """A bot that shows its index."""

    @property
    def snapshot(self) -> Indexed:
        """The index that answers come from."""


def evaluate(bot: Answers, rows: Sequence[Gold]) -> Iterator[Outcome]:
    """Outcomes in the order of `rows`, each as soon as it is there."""
    raw = texts(bot.snapshot)
    for gold in rows:
        started = time.perf_counter()
        answer = bot.ask(gold.question, gold.history, id=gold.id)
        yield judge(gold, answer, raw, time.perf_counter() - started)


def texts(snapshot: Indexed) -> Callable[[str], str | None]:
    """The raw text of a source as indexed; None for one that is not."""

    @lru_cache(maxsize=64)
    def raw(source: str) -> str | None:
        try:
            return snapshot.document(source).raw
        except InputError:
            return None

    return raw
