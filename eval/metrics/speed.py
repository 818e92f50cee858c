"""How long an answer takes, and how much of it there is to read."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from statistics import fmean, median
from typing import TypedDict

from rag.types import Answer

_MARK = re.compile(r"\[\d+\]")


class Latency(TypedDict):
    """Milliseconds an answer; None of no answers."""

    median: float | None
    p95: float | None
    mean: float | None


def latency(ms: Sequence[float]) -> Latency:
    """Median, 95th percentile and mean of the milliseconds that answers took.

    The median of an even number is the mean of the two in the middle; the percentile is a time that was measured.

    >>> latency([10, 30, 20, 40])
    {'median': 25.0, 'p95': 40, 'mean': 25.0}
    """
    if not ms:
        return Latency(median=None, p95=None, mean=None)
    return Latency(median=median(ms), p95=percentile(ms, 0.95), mean=fmean(ms))


def percentile(values: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile: the least value that `share` of all values do not exceed; None of none.

    Hyndman and Fan (1996), "Sample Quantiles in Statistical Packages", definition 1.
    """
    return sorted(values)[max(math.ceil(share * len(values)), 1) - 1] if values else None


def cold_start(load_s: float, first_ms: float) -> float:
    """Seconds from nothing loaded to the first answer: the bot's making, and its first question in milliseconds.

    The first question belongs to it because models and dictionaries are loaded where they are first used.
    """
    return load_s + first_ms / 1000


def shown(answer: Answer) -> int:
    """Characters that a person is given to read: the answer without its marks, and the passages quoted as proof.

    White space does not count; a passage that is cited twice is shown once. A refusal counts its message.
    """
    texts = [
        _MARK.sub("", answer.answer),
        *{(c.source, c.start, c.end): c.quote for c in answer.citations}.values(),
    ]
    return sum(not char.isspace() for text in texts for char in text)
