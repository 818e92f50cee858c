"""Whether a run is good enough to release: its rules, held against it and against a baseline.

A loss breaks a rule where it is more than chance and at least as large as the rule allows for. A floor or a number of
wrong answers is absolute; but where the baseline kept it and a single question is worse than there, that question
does not break it by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rag.errors import ConfigError, InputError
from rag.messages import tr

from .bootstrap import SAMPLES
from .change import Pair, measure, measures
from .compare import Changed, changed, nearest, pair
from .gate_checks import Result, Status, floor, loss, most, ratio, violations
from .rules import Rule, Rules
from .runs import Row, Run
from .statistics import holm


@dataclass(frozen=True, slots=True)
class Gate:
    """All results, what should be known besides, and what is not the same in what made the two runs."""

    run: str
    baseline: str | None
    results: tuple[Result, ...]
    notes: tuple[str, ...]
    changed: tuple[Changed, ...]

    @property
    def broken(self) -> tuple[Result, ...]:
        """The results that fail the gate; none where it passes."""
        return tuple(r for r in self.results if r.status is Status.BROKEN)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"passed": not self.broken, **asdict(self)}


def check(run: Run, rules: Rules, baseline: Run | None = None, *, samples: int = SAMPLES) -> Gate:
    """Hold `rules` against `run`; those about a loss or a ratio need the `baseline`.

    Of a baseline over another gold set only the questions count that ask and expect the same in both. Raises
    ConfigError for a measure or kind that the run does not have, InputError where less than half can be compared.
    """
    _exist(run, rules)
    pairs, notes = _pairs(run, baseline)
    results = [violations(run, rules.violations)] if rules.violations is not None else []
    losses = [measure(_chosen(pairs, r), r.metric, samples=samples) for r in rules.rules if r.loss]
    p = [1.0 if change is None else change.p_worse for change in losses]
    judged = iter(zip(losses, holm(p) if rules.adjust else p, strict=True))
    several = len(losses) if rules.adjust else 1
    for rule in rules.rules:
        rows = [row for row in run.rows if _applies(rule, row)]
        both = _chosen(pairs, rule)
        if rule.loss is not None:
            results.append(loss(rule, *next(judged), several, both, baseline))
        if rule.floor is not None:
            results.append(floor(rule, rows, both, samples))
        if rule.max_ratio is not None:
            change = measure(both, rule.metric, samples=samples)
            results.append(ratio(rule, change, run, baseline))
        if rule.max is not None:
            results.append(most(rule, rows, both))
    known = changed(baseline.meta, run.meta) if baseline else ()
    return Gate(run.name, baseline.name if baseline else None, tuple(results), notes, known)


def _exist(run: Run, rules: Rules) -> None:
    known, kinds = measures(run.rows), sorted({row.kind for row in run.rows})
    for number, rule in enumerate(rules.rules, 1):
        where = tr(f"第 {number} 条规则：", f"rule {number}: ")
        if rule.metric and rule.metric not in known:
            said = tr(f"运行结果里没有指标 {rule.metric!r}", f"the run has no measure {rule.metric!r}")
            raise ConfigError(where + said + nearest(rule.metric, known))
        for kind in rule.kinds:
            if kind not in kinds:
                said = tr(f"运行结果里没有题类 {kind!r}", f"the run has no questions of kind {kind!r}")
                raise ConfigError(where + said + nearest(kind, kinds))


def _pairs(run: Run, baseline: Run | None) -> tuple[list[Pair], tuple[str, ...]]:
    if baseline is None:
        return [], ()
    same = run.meta.get("gold_sha256") == baseline.meta.get("gold_sha256")
    pairs = pair(baseline, run, alike=not same)
    here, there, shared = len(run.rows), len(baseline.rows), len(pairs)
    said = tr(
        f"基准 {there} 题，本次 {here} 题，只比较相同的 {shared} 题",
        f"the baseline has {there} questions, this run {here}; only the {shared} that are the same are compared",
    )
    if 2 * shared < max(here, there):
        raise InputError(
            said
            + tr(
                "，不到一半；请用现在的题集重做基准",
                ", less than half: make a new baseline with today's gold set",
            )
        )
    if same and here == there == shared:
        return pairs, ()
    another = "" if same else tr("基准用的是另一份题集：", "the baseline is over another gold set: ")
    return pairs, (another + said,)


def _applies(rule: Rule, row: Row) -> bool:
    return (not rule.kinds or row.kind in rule.kinds) and (
        not rule.rows or row.refuse == (rule.rows == "refusable")
    )


def _chosen(pairs: Sequence[Pair], rule: Rule) -> list[Pair]:
    return [both for both in pairs if _applies(rule, both[1])]
