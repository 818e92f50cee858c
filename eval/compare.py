"""Two runs of the same questions: what got better, what got worse, and whether it is more than chance.

Three things are asked, and each is allowed a false alarm in 20: whether `right` changed, by its own p; whether any
other measure did, and whether `right` changed in any kind of question, by p values adjusted for how many were looked
at (Holm). A verdict goes by p; the interval says how large the change may be. Times stand apart: all questions of a run
share the state of the machine, so that their p says only that the two runs differ, not that the settings do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rag.errors import InputError
from rag.messages import tr

from .bootstrap import SAMPLES
from .change import RIGHT, TIME, Change, Pair, adjusted, measure, measures
from .runs import Row, Run

_OF_EACH_RUN = frozenset({"started", "seconds", "cold_start_s", "note"})


@dataclass(frozen=True, slots=True)
class Flip:
    """A question that is right in one run and not in the other. `reason` and `stage` are of the run that is wrong."""

    id: str
    kind: str
    question: str
    before: str
    after: str
    reason: str
    stage: str | None


@dataclass(frozen=True, slots=True)
class Changed:
    """A setting, version or other part of what made the runs that is not the same; None where one does not have it."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """Run `before` against run `after` over the questions of both; `stages` counts the wrong ones, before and after."""

    before: str
    after: str
    n: int
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    rejudged: tuple[str, ...]
    changes: tuple[Change, ...]
    by_kind: tuple[Change, ...]
    won: tuple[Flip, ...]
    lost: tuple[Flip, ...]
    stages: dict[str, tuple[int, int]]
    changed: tuple[Changed, ...]

    def change(self, metric: str) -> Change | None:
        """The change of one measure over all questions."""
        return next((c for c in self.changes if c.metric == metric), None)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


MUTATED = "mutated"
"""The origin of rows that ask a question of another set in other words."""


def compare(
    a: Run, b: Run, metrics: Sequence[str] | None = None, *, samples: int = SAMPLES, seed: int = 0
) -> Comparison:
    """Compare run `b` with run `a`, which came before; `metrics` are all where none is given.

    Raises InputError where no question is in both, where one stands in both under the same id in other words, and for
    a measure that neither run has.
    """
    pairs = pair(a, b)
    known = measures(row for both in pairs for row in both)
    names = list(dict.fromkeys(metrics)) if metrics else known
    for name in names:
        if name not in known:
            raise InputError(
                tr(f"运行结果里没有指标 {name!r}", f"no measure {name!r} in these runs")
                + nearest(name, known)
            )
    found = [c for name in names if (c := measure(pairs, name, samples=samples, seed=seed))]
    alone = [c for c in found if c.metric in (RIGHT, TIME)]
    others = adjusted([c for c in found if c not in alone])
    kinds: dict[str, list[Pair]] = {}
    for both in pairs:
        kinds.setdefault(both[1].kind, []).append(both)
    by_kind = [measure(some, RIGHT, kind=kind, samples=samples, seed=seed) for kind, some in kinds.items()]
    ids = {row.id for _, row in pairs}
    return Comparison(
        before=a.name,
        after=b.name,
        n=len(pairs),
        only_before=tuple(row.id for row in a.rows if row.id not in ids),
        only_after=tuple(row.id for row in b.rows if row.id not in ids),
        rejudged=tuple(y.id for x, y in pairs if _key(x) != _key(y)),
        changes=tuple(sorted(alone + others, key=lambda c: names.index(c.metric))),
        by_kind=tuple(adjusted([c for c in by_kind if c])),
        won=tuple(_flip(x, y, x) for x, y in pairs if y.right and not x.right),
        lost=tuple(_flip(x, y, y) for x, y in pairs if x.right and not y.right),
        stages=stage_counts(pairs),
        changed=changed(a.meta, b.meta),
    )


def pair(a: Run, b: Run, *, alike: bool = False) -> list[Pair]:
    """The rows of both runs by id, in the order of `b`; with `alike`, only those that ask and expect the same.

    A mutated row (`zhiyin eval mutate`) keeps the id of the row it was made of and is paired with it. Raises InputError
    where none is left and, without `alike`, where an id stands for another question.
    """
    first = {row.id: row for row in a.rows}
    pairs = [(first[row.id], row) for row in b.rows if row.id in first]
    if alike:
        pairs = [(x, y) for x, y in pairs if _asked(x) == _asked(y) and _key(x) == _key(y)]
    other = [
        f"{x.id}: {x.question} / {y.question}"
        for x, y in pairs
        if _asked(x) != _asked(y) and MUTATED not in (x.origin, y.origin)
    ]
    if other:
        more = tr(f"；另有 {len(other) - 5} 题", f"; and {len(other) - 5} more") if len(other) > 5 else ""
        raise InputError(
            tr("同一编号在两次运行里不是同一个问题：", "the same id is not the same question in both runs: ")
            + "; ".join(other[:5])
            + more
            + tr("。改了问题就换一个编号", ". Give a question that was reworded an id of its own")
        )
    if not pairs:
        raise InputError(
            tr(
                f"{a.name} 和 {b.name} 没有共同的题；请用同一标准题集各运行一次",
                f"{a.name} and {b.name} have no question in common; run both on the same gold set",
            )
        )
    return pairs


def stage_counts(pairs: Iterable[Pair]) -> dict[str, tuple[int, int]]:
    """How many rows each stage lost, before and after."""
    counts: dict[str, tuple[int, int]] = {}
    for both in pairs:
        for i, row in enumerate(both):
            if row.stage is not None and not row.right:
                x, y = counts.get(row.stage, (0, 0))
                counts[str(row.stage)] = (x + (i == 0), y + (i == 1))
    return counts


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Changed, ...]:
    """What is not the same in the meta data of two runs, but for what is another at every run; names are dotted."""
    x, y = dict(_flat(before)), dict(_flat(after))
    return tuple(
        Changed(name, x.get(name), y.get(name))
        for name in dict.fromkeys((*x, *y))
        if x.get(name) != y.get(name) and name not in _OF_EACH_RUN
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a message about a name that does not exist: the one that was meant, or all."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return tr(f"；是不是 {near[0]!r}？", f"; did you mean {near[0]!r}?")
    return tr(f"；可用：{', '.join(known)}", f"; known: {', '.join(known)}")


def _asked(row: Row) -> object:
    return row.question, row.history


def _key(row: Row) -> object:
    return row.expected, row.evidence, row.refuse


def _flip(before: Row, after: Row, wrong: Row) -> Flip:
    x, y = (str(row.answer.get("answer", "")) for row in (before, after))
    return Flip(after.id, after.kind, after.question, x, y, wrong.reason, wrong.stage)


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for name, found in values.items():
        if isinstance(found, Mapping):
            yield from _flat(found, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", found
