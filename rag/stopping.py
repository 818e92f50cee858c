"""Ending a question early: whoever asked has gone, or its time is up.

A thread can't be ended from outside, so the long ways look for themselves, at each step, whether anyone still waits.
The condition travels as a context variable and not as an argument: it concerns who waits, not what is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from .errors import Stopped

Condition = Callable[[], bool]

_condition: ContextVar[Condition | None] = ContextVar("stop", default=None)


@contextmanager
def stoppable(stop: Condition) -> Iterator[None]:
    """What runs inside, in this thread, ends with Stopped at its next step once `stop()` is true."""
    token = _condition.set(stop)
    try:
        yield
    finally:
        _condition.reset(token)


def condition() -> Condition | None:
    """The condition under which to stop, for a part that works in a thread of its own; None for never."""
    return _condition.get()


def check() -> None:
    """Go on, or raise Stopped where nobody waits any more."""
    stop = _condition.get()
    if stop is not None and stop():
        raise Stopped("the question was stopped: whoever asked has gone, or its time is up")
