"""From the labels' scores of a row of tokens to spans, log-odds and verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .sheet import ANSWERS, END, INSIDE, NEITHER, SEVERAL, START, YES, Sheet

Floats = npt.NDArray[np.float32]
LONGEST = 96
"""Tokens of an answer."""
_EDGES = " ,。;:、!?\n\u3000，；：！？"


class Reading(NamedTuple):
    """What the reader makes of one passage.

    `start` and `end` bound the best span in characters of the passage, `spans` the answer's parts where it has several (else
    the best span alone). `span` is the log-probability of the best span, `answers` the log-odds that the passage answers at all,
    `several` that it does in several parts. `verdict` has the probabilities of yes, no and neither.
    """

    start: int
    end: int
    spans: tuple[tuple[int, int], ...]
    span: float
    answers: float
    several: float
    verdict: tuple[float, float, float]


NOTHING = Reading(0, 0, (), -np.inf, -np.inf, -np.inf, (0.0, 0.0, 1.0))
"""Of an empty passage."""


def log_softmax(scores: Floats) -> Floats:
    """Natural logarithm of the softmax over the last axis."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    result: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def reading(passage: str, sheet: Sheet, scores: Floats) -> Reading:
    """The reading of one row; `scores` is `(length, 8)` by `sheet.LABELS`.

    Start and end of the best span are chosen together, at most `LONGEST` tokens apart.
    """
    n = len(sheet.offsets)
    if not n:
        return NOTHING
    inner = scores[sheet.first : sheet.first + n]
    sums = log_softmax(inner[:, START])[:, None] + log_softmax(inner[:, END])[None, :]
    sums[np.tril_indices(n, -1)] = -np.inf
    sums[np.triu_indices(n, LONGEST)] = -np.inf
    first, last = divmod(int(np.argmax(sums)), n)
    start, end = trimmed(passage, sheet.offsets[first][0], sheet.offsets[last][1])
    several = float(scores[0, SEVERAL])
    spans = runs(passage, sheet, inner[:, INSIDE]) if several > 0 else ()
    yes, no, neither = np.exp(log_softmax(scores[0, YES : NEITHER + 1])).tolist()
    return Reading(start, end, spans if len(spans) > 1 else ((start, end),), float(sums[first, last]), float(scores[0, ANSWERS]), several, (yes, no, neither))


def runs(passage: str, sheet: Sheet, inside: Floats) -> tuple[tuple[int, int], ...]:
    """Spans of the tokens that are more likely than not part of the answer, one for each run of them."""
    found: list[tuple[int, int]] = []
    open_at: int | None = None
    for k, score in enumerate([*inside.tolist(), -1.0]):
        if score > 0 and open_at is None:
            open_at = k
        elif score <= 0 and open_at is not None:
            start, end = trimmed(passage, sheet.offsets[open_at][0], sheet.offsets[k - 1][1])
            if start < end:
                found.append((start, end))
            open_at = None
    return tuple(found)


def best(readings: Sequence[Reading]) -> Reading:
    """Of a passage's windows the reading that answers best: by the log-odds that it does and the span's own probability."""
    return max(readings, key=lambda one: (one.answers + one.span, one.answers), default=NOTHING)


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without blanks and stops at its ends."""
    while start < end and text[end - 1] in _EDGES:
        end -= 1
    while start < end and text[start] in _EDGES:
        start += 1
    return start, end
