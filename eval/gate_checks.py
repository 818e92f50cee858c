"""What each thing that a rule asks for comes to: kept, broken or not checked, and a line that says why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

import numpy as np

from rag.messages import tr

from .bootstrap import interval, share_interval
from .change import TIME, Change, Pair, value
from .compare import stage_counts
from .gate_words import about, against, compared, grown, most_lost, single, worth
from .rules import Rule
from .runs import Row, Run


class Status(StrEnum):
    """What became of a rule."""

    KEPT = "kept"
    BROKEN = "broken"
    SKIPPED = "skipped"  # could not be checked, `said` says why


@dataclass(frozen=True, slots=True)
class Result:
    """One thing that a rule asks for. `said` is one line with the figures."""

    name: str
    status: Status
    said: str


def violations(run: Run, limit: int) -> Result:
    """Whether no more than `limit` quotes are not the source's text."""
    rows = [row for row in run.rows if row.violations]
    count = sum(len(row.violations) for row in rows)
    said = tr(f"与原文不符的引文 {count} 处", f"{count} quotes that are not the source's text")
    said += tr(f"（容许 {limit} 处）", f" ({limit} allowed)")
    if rows:
        said += tr("：", ": ") + ", ".join(row.id for row in rows[:5])
    return Result("violations", Status.BROKEN if count > limit else Status.KEPT, said)


def _no_value(name: str) -> Result:
    return Result(
        name,
        Status.BROKEN,
        tr("没有一题有这个指标，无从判断", "no question has this measure: nothing to judge by"),
    )


def _no_baseline(name: str) -> Result:
    return Result(name, Status.SKIPPED, tr("没有基准，未检查", "not checked without a baseline"))


def loss(
    rule: Rule, change: Change | None, p: float, several: int, both: Sequence[Pair], baseline: Run | None
) -> Result:
    """Whether the measure got no worse than chance and the margin explain; `p` is adjusted for `several` rules."""
    name = f"{about(rule)}: loss"
    if baseline is None:
        return _no_baseline(name)
    if change is None:
        return _no_value(name)
    # a mean that is just two points lower may be 0.0199999 by the arithmetic of floating point
    broken = p < (rule.loss or 0.0) and -change.difference >= rule.margin - 1e-9
    said = compared(change, p, several, rule.margin)
    if broken:
        said += grown(stage_counts(both))
    return Result(name, Status.BROKEN if broken else Status.KEPT, said)


def floor(rule: Rule, rows: Sequence[Row], both: Sequence[Pair], samples: int) -> Result:
    """Whether the mean, or an end of its interval, is no lower than the floor."""
    name, limit = f"{about(rule)}: floor", rule.floor or 0.0
    values = [v for row in rows if (v := value(row, rule.metric)) is not None]
    if not values:
        return _no_value(name)

    def reached(some: Sequence[float]) -> float:
        return _bound(some, rule.bound, samples)

    got = reached(values)
    broken = got < limit - 1e-9
    said = against(rule, got, limit)
    if rule.bound != "mean":
        mean = worth(rule, float(np.mean(values)))
        said += tr(f"（这是区间的{'上' if rule.bound == 'upper' else '下'}端，均值 {mean}）", f" (the {rule.bound} end of the interval; the mean is {mean})")
    said += tr(f"（{len(values)} 题）", f" (of {len(values)})")
    if broken and _one_question(rule, values, both, lambda before: reached(before) >= limit - 1e-9):
        return Result(name, Status.KEPT, said + single())
    return Result(name, Status.BROKEN if broken else Status.KEPT, said + (most_lost(rows) if broken else ""))


def _bound(values: Sequence[float], bound: str, samples: int) -> float:
    if bound == "mean":
        return float(np.mean(values))
    if set(values) <= {0.0, 1.0}:
        ends = share_interval(int(sum(values)), len(values))
    else:
        low, high = interval(values, samples=samples)
        ends = float(low[0]), float(high[0])
    return ends[0] if bound == "lower" else ends[1]


def _one_question(
    rule: Rule, values: Sequence[float], both: Sequence[Pair], kept: Callable[[Sequence[float]], bool]
) -> bool:
    """Whether the baseline, over the very same questions, kept the rule, and no more than one is worse than there."""
    found = [(value(x, rule.metric), value(y, rule.metric)) for x, y in both]
    before = [x for x, y in found if x is not None and y is not None]
    worse = sum(x is not None and y is not None and y < x for x, y in found)
    return len(before) == len(values) and worse <= 1 and kept(before)


def ratio(rule: Rule, change: Change | None, run: Run, baseline: Run | None) -> Result:
    """Whether time or length grew no more than so many times."""
    name, limit = f"{about(rule)}: max_ratio", rule.max_ratio or 1.0
    if baseline is None:
        return _no_baseline(name)
    if change is None:
        return _no_value(name)
    if rule.metric == TIME and run.meta.get("machine") != baseline.meta.get("machine"):
        said = tr(
            "基准是在另一台机器上测的，用时不可比",
            "the baseline ran on another machine, so times do not compare",
        )
        return Result(name, Status.SKIPPED, said)
    if change.scale == "ratio":
        times = change.difference
    else:
        times = change.after / change.before if change.before else 1.0 if not change.after else float("inf")
    broken = times > limit
    said = f"{worth(rule, change.before)} \u2192 {worth(rule, change.after)}: "
    said += (
        tr(f"{times:.2f} 倍", f"{times:.2f} times")
        + f" {'>' if broken else '<' if times < limit else '='} {limit:g}"
    )
    return Result(name, Status.BROKEN if broken else Status.KEPT, said)


def most(rule: Rule, rows: Sequence[Row], both: Sequence[Pair]) -> Result:
    """Whether no more rows are lost at a stage, or no more time or length is taken."""
    name, limit = f"{about(rule)}: max", rule.max or 0.0
    if rule.stage:
        got = float(sum(not row.right and row.stage == rule.stage for row in rows))
        before, after = stage_counts(both).get(rule.stage, (0, 0))
        one = len(both) == len(rows) and before <= limit and after - before <= 1
    else:
        values = [v for row in rows if (v := value(row, rule.metric)) is not None]
        if not values:
            return _no_value(name)
        got, one = median(values) if rule.metric == TIME else float(np.mean(values)), False
    broken = got > limit
    said = against(rule, got, limit)
    if broken and one:
        return Result(name, Status.KEPT, said + single())
    return Result(name, Status.BROKEN if broken else Status.KEPT, said)
