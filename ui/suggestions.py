"""Questions to go on with, each tried before it is shown: one that would be refused is never offered."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool

from rag.access import Scope
from rag.errors import InputError, ZhiyinError
from rag.retrieve.filters import Filters, parse

from .examples import suggest
from .limits import MAX_QUESTION
from .ports import Answerer, Library
from .who import scope_of

SHOWN = 3
_TRYING = 1.5  # seconds
_TRIED = 12
_BEGIN = 4  # examples on the first page
_FIRST = 4.0  # seconds to find them: the first question of all also loads the models
_SAMPLED = 12  # documents that they are taken from
_KEPT = 64  # views of the documents whose examples are remembered
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?=\s?年)")
_busy = threading.BoundedSemaphore(2)
"""Trials at one time: people's own questions come first, so further pages get no suggestions."""


def add(app: FastAPI, bot: Answerer) -> None:
    """Add the routes to `app`."""
    examples = Examples(bot)

    @app.get("/api/examples", include_in_schema=False)
    def begin(request: Request) -> dict[str, list[str]]:
        return {"questions": examples.of(scope_of(request))}

    @app.post("/api/suggestions", include_in_schema=False)
    async def suggestions(request: Request) -> dict[str, list[str]]:
        wanted = _wanted(await request.body())
        if not _busy.acquire(blocking=False):
            return {"questions": []}
        try:
            return {"questions": await run_in_threadpool(go_on, bot, scope=scope_of(request), **wanted)}
        finally:
            _busy.release()


class Examples:
    """Questions to begin with, for each view of the documents; found once a generation."""

    def __init__(self, bot: Answerer) -> None:
        self._bot = bot
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, Scope], list[str]] = OrderedDict()

    def of(self, scope: Scope) -> list[str]:
        """Up to `_BEGIN` questions that are answered within `scope`; none where there is no index."""
        try:
            library = self._bot.library(scope)
            key = (library.generation, scope)
            with self._lock:
                if key in self._known:
                    return self._known[key]
            found = self._find(library, scope)
        except ZhiyinError:
            return []
        with self._lock:
            self._known[key] = found
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return found

    def _find(self, library: Library, scope: Scope) -> list[str]:
        """Choose from a sample of the documents, trying for `_FIRST` seconds."""
        sources = [s for s in library.sources() if s.parts]
        step = max(1, len(sources) // _SAMPLED)
        sampled = (library.part(s.source, 0) for s in sources[: step * _SAMPLED : step])
        until = time.monotonic() + _FIRST
        answered: list[str] = []
        for question in suggest(sampled, limit=4 * _BEGIN):
            if len(answered) == _BEGIN or time.monotonic() > until:
                break
            if not self._bot.ask(question, scope=scope).refused:
                answered.append(question)
        return answered


def go_on(
    bot: Answerer,
    *,
    question: str,
    asked: Sequence[str],
    cited: Sequence[tuple[str, int]],
    filters: Filters,
    scope: Scope,
    seconds: float = _TRYING,
) -> list[str]:
    """Up to `SHOWN` questions that the bot answers, found within `seconds`, none of them asked before.

    First the same question about other years that the cited documents speak of, then what else they count.
    """
    until = time.monotonic() + seconds
    known = {_plain(q) for q in (*asked, question)}
    out: list[str] = []
    try:
        for candidate in _candidates(bot.library(scope), question, cited):
            if len(out) == SHOWN or time.monotonic() > until:
                break
            if _plain(candidate) in known:
                continue
            known.add(_plain(candidate))
            if not bot.ask(candidate, scope=scope, filters=filters or None).refused:
                out.append(candidate)
    except ZhiyinError:
        return out
    return out


def _candidates(library: Library, question: str, cited: Sequence[tuple[str, int]]) -> Iterator[str]:
    infos = {s.source: s for s in library.sources()}
    here = [(source, n) for source, n in dict.fromkeys(cited) if source in infos and 0 <= n < infos[source].parts]
    named = set(_YEAR.findall(question))
    if len(named) == 1:
        spoken = {year for info in infos.values() for period in info.periods for year in period.split("-")}
        for year in sorted(spoken - named, reverse=True)[:3]:
            yield _YEAR.sub(year, question)
    yield from suggest((library.part(source, n) for source, n in here), limit=_TRIED)


def _plain(question: str) -> str:
    return re.sub(r"[\s?？。.!！]", "", question).lower()


def _wanted(body: bytes) -> dict[str, Any]:
    try:
        row = json.loads(body)
        question, asked, cited = row["question"], row.get("asked", []), row["cited"]
        places = [(c["source"], c.get("part", 0)) for c in cited]
        texts = [question, *asked, *(source for source, _ in places)]
        fits = len(asked) <= 50 and len(places) <= 20 and all(isinstance(t, str) and len(t) <= MAX_QUESTION for t in texts)
        if not fits or not all(type(n) is int for _, n in places):
            raise TypeError
        "".join(texts).encode()
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError) as error:
        raise InputError('the request should be {"question", "cited": [{"source", "part"}], "asked"?, "filters"?}') from error
    return {"question": question, "asked": asked, "cited": places, "filters": parse(row.get("filters"))}
