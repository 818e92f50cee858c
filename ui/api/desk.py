"""Where questions are answered: so many at a time, so many waiting, none for longer than it may.

A question has a worker thread only while it is being answered. Waiting for its turn, sending it and reading the answer
are the event loop's, so a slow or vanished client holds no thread; `rag.stopping` ends the work of one that is gone.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Generic, TypeVar

from rag.errors import Stopped
from rag.stopping import check, stoppable

T = TypeVar("T")
_FIRST_GUESS = 1.0  # seconds an answer takes, before any was given
_WEIGHT = 0.1  # of the latest answer in the running mean


class BusyError(Exception):
    """As many questions as may wait are waiting; `after` is in how many seconds it is worth another try."""

    def __init__(self, after: int) -> None:
        super().__init__("too many questions at once")
        self.after = after


class OutOfTimeError(Exception):
    """The question took longer than a question may."""


class Desk:
    """Answers at most `at_once` questions at a time, lets `waiting` more wait, gives each `seconds` in all."""

    def __init__(self, *, at_once: int, waiting: int, seconds: float) -> None:
        self._at_once, self._most, self._seconds = at_once, at_once + waiting, seconds
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="zhiyin-ask")
        self._lock = threading.Lock()
        self._taken = 0
        self._mean = _FIRST_GUESS

    @property
    def places(self) -> int:
        """Questions that may be here at the same time, waiting ones included."""
        return self._most

    @property
    def answering(self) -> int:
        """Questions that have a worker."""
        return min(self._taken, self._at_once)

    @property
    def waiting(self) -> int:
        """Questions that wait for one."""
        return max(0, self._taken - self._at_once)

    def take(self, steps: Callable[[], Iterator[T]], late: Callable[[T], T | None] = lambda _: None) -> Work[T]:
        """Start, or line up, the work of `steps`. Call it on the event loop. Raises BusyError.

        `late` makes of the last step what is told instead of OutOfTimeError, None where that step is worth nothing.
        """
        with self._lock:
            if self._taken >= self._most:
                raise BusyError(max(1, math.ceil(self._mean * self._most / self._at_once)))
            self._taken += 1
        work = Work[T](self._seconds, late)
        work.future = self._pool.submit(contextvars.copy_context().run, work.do, steps)
        work.future.add_done_callback(self._over)
        return work

    def _over(self, future: Future[float]) -> None:
        with self._lock:
            self._taken -= 1
            if not future.cancelled():
                self._mean += _WEIGHT * (future.result() - self._mean)


class Work(Generic[T]):
    """One question under way: written by its worker thread, read on the event loop that took it."""

    future: Future[float]

    def __init__(self, seconds: float, late: Callable[[T], T | None]) -> None:
        self._late = late
        self._loop = asyncio.get_running_loop()
        self._told: asyncio.Queue[T | BaseException | None] = asyncio.Queue()  # None: done
        self._left = threading.Event()
        self._until = time.monotonic() + seconds

    def do(self, steps: Callable[[], Iterator[T]]) -> float:
        """Run in the worker: tell each step; returns the seconds it took."""
        started = time.monotonic()
        try:
            with stoppable(self._unwanted):
                check()  # it may have waited too long
                for step in steps():
                    self._tell(step)
                    check()
            self._tell(None)
        except BaseException as error:
            self._tell(error)
        return time.monotonic() - started

    def leave(self) -> None:
        """Nobody waits any more: a question in the line is dropped, one that is being answered ends at its next step."""
        self._left.set()
        self.future.cancel()

    async def steps(self, silence: float = math.inf) -> AsyncIterator[T | None]:
        """What the work tells; None after each `silence` seconds without. Raises OutOfTimeError, or what the work raised."""
        last: T | None = None
        try:
            while (left := self._until - time.monotonic()) > 0:
                try:
                    told = await asyncio.wait_for(self._told.get(), min(left, silence))
                except TimeoutError:
                    if silence < left:
                        yield None
                    continue
                if told is None:
                    return
                if isinstance(told, Stopped):  # and not because nobody waits: here we are
                    break
                if isinstance(told, BaseException):
                    raise told
                last = told
                yield told
            if last is None or (rest := self._late(last)) is None:
                raise OutOfTimeError
            yield rest
        finally:
            self.leave()

    async def last(self) -> T:
        """The last step. Raises as `steps` does."""
        found = None
        async for step in self.steps():
            found = step
        if found is None:
            raise OutOfTimeError
        return found

    def _unwanted(self) -> bool:
        return self._left.is_set() or time.monotonic() > self._until

    def _tell(self, what: T | BaseException | None) -> None:
        with suppress(RuntimeError):  # the loop has closed: the service is going down
            self._loop.call_soon_threadsafe(self._told.put_nowait, what)
