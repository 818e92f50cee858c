"""What became of one measure between two runs, and what may be said of it.

Times are compared by their ratio question by question, of which the median is taken: a question that takes twice as
long does so whether it is short or long, and one pause of the machine must not decide.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

import numpy as np

from .bootstrap import SAMPLES
from .figures import MEASURES
from .runs import Row
from .statistics import holm, paired

ALPHA = 0.05
RIGHT, TIME, LENGTH = "right", "ms", "chars"
LESS_IS_BETTER = frozenset({TIME, LENGTH})

Pair = tuple[Row, Row]
Scale = Literal["share", "count", "ratio"]


class Verdict(StrEnum):
    """What can be said of a change."""

    WORSE = "worse"
    SAME = "same"  # no reliable difference; not a proof that there is none
    BETTER = "better"


@dataclass(frozen=True, slots=True)
class Change:
    """One measure, over all questions or those of one `kind`.

    `difference` and its 95 % interval `low` to `high` are after - before, of a `share` (0.02 is two points) or a
    `count`; of a `ratio` they are after / before. `p` is two-sided, `p_holm` adjusted, `p_worse` one-sided for a loss,
    `p_full` as the randomisation test was published (`statistics.Patterns`). `left_out` questions have a value in one
    run only.
    """

    metric: str
    kind: str | None
    scale: Scale
    n: int
    before: float
    after: float
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    p_worse: float
    p_full: float
    won: int
    lost: int
    tied: int
    left_out: int
    verdict: Verdict


def measure(
    pairs: Sequence[Pair], name: str, *, kind: str | None = None, samples: int = SAMPLES, seed: int = 0
) -> Change | None:
    """The change of one measure over `pairs`, p not adjusted; None where no question has it in both runs."""
    both = [(value(x, name), value(y, name)) for x, y in pairs]
    values = [(x, y) for x, y in both if x is not None and y is not None]
    if not values:
        return None
    x, y = np.array(values, dtype=np.float64).T
    out: Callable[[float], float] = float
    scale: Scale = "count" if name == LENGTH else "share"
    if name == TIME:
        figures = paired(np.log(x), np.log(y), statistic="median", samples=samples, seed=seed)
        out, scale = math.exp, "ratio"
    else:
        figures = paired(x, y, samples=samples, seed=seed)
    less = name in LESS_IS_BETTER
    middle = np.median if name == TIME else np.mean
    change = Change(
        metric=name,
        kind=kind,
        scale=scale,
        n=figures.n,
        before=float(middle(x)),
        after=float(middle(y)),
        difference=out(figures.difference),
        low=out(figures.low),
        high=out(figures.high),
        p=figures.p,
        p_holm=figures.p,
        p_worse=figures.p_higher if less else figures.p_lower,
        p_full=figures.p_full,
        won=figures.lower if less else figures.higher,
        lost=figures.higher if less else figures.lower,
        tied=figures.equal,
        left_out=sum((x is None) != (y is None) for x, y in both),
        verdict=Verdict.SAME,
    )
    return _judged(change, figures.p)


def value(row: Row, name: str) -> float | None:
    """A measure of a row; None where it does not apply. A time has to be more than nothing."""
    found = float(row.right) if name == RIGHT else row.metrics.get(name)
    if found is None or not math.isfinite(found) or (name == TIME and found <= 0):
        return None
    return float(found)


def measures(rows: Iterable[Row]) -> list[str]:
    """The measures that some row has, in the order of tables."""
    found = {RIGHT: None} | {name: None for row in rows for name, v in row.metrics.items() if v is not None}
    order = {name: i for i, name in enumerate(MEASURES)}
    return sorted(found, key=lambda name: order.get(name, len(order)))


def _judged(change: Change, p: float) -> Change:
    worse = change.p_worse < 0.5
    verdict = Verdict.SAME if p >= ALPHA else Verdict.WORSE if worse else Verdict.BETTER
    return replace(change, p_holm=p, verdict=verdict)


def adjusted(changes: Sequence[Change]) -> list[Change]:
    """The same changes judged as one family: their p values adjusted for how many there are (Holm)."""
    return [_judged(c, p) for c, p in zip(changes, holm([c.p for c in changes]), strict=True)]
