"""What a gate says of a rule, in one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from rag.messages import tr

from .change import Change
from .compare_words import interval, points, probability
from .report.words import STAGES, figure, percent
from .report.words import stage as named
from .rules import Rule
from .runs import Row


def about(rule: Rule) -> str:
    """The name of a rule: its measure or stage, and of which questions."""
    where = [*rule.kinds, *([rule.rows] if rule.rows else [])]
    return (rule.metric or rule.stage) + (f" ({', '.join(where)})" if where else "")


def worth(rule: Rule, value: float) -> str:
    """A figure of the rule's measure, or a number of answers."""
    return f"{value:g}" if rule.stage else figure(rule.metric, value)


def against(rule: Rule, value: float, limit: float) -> str:
    """A figure beside its limit, with as many digits as it takes to see which is larger."""
    sign = "=" if abs(value - limit) < 1e-9 else "<" if value < limit else ">"
    shown = [worth(rule, x) for x in (value, limit)]
    if sign != "=" and shown[0] == shown[1]:
        shown = [f"{x:.9g}" for x in (value, limit)]
    return f"{shown[0]} {sign} {shown[1]}"


def compared(change: Change, p: float, several: int, margin: float) -> str:
    """A change of a share with its interval, p and what is allowed; `p` is adjusted for `several` rules."""
    adjusted = tr(f"（按 {several} 条规则校正）", f" (adjusted for {several} rules)") if several > 1 else ""
    return tr(
        f"{percent(change.before)} → {percent(change.after)}（{points(change.difference)} 个百分点，{interval(change)}；"
        f"单侧 {probability(p)}{adjusted}；容许 {margin * 100:g} 个百分点；{change.n} 题中变差 {change.lost}、变好 {change.won}）",
        f"{percent(change.before)} → {percent(change.after)} ({points(change.difference)} points, {interval(change)}; "
        f"one-sided {probability(p)}{adjusted}; {margin * 100:g} points allowed; of {change.n}: {change.lost} worse, {change.won} better)",
    )


def grown(counts: Mapping[str, tuple[int, int]]) -> str:
    """The stage that loses most more rows than before, with the others that do; nothing where none does."""
    more = [(after - before, name) for name, (before, after) in counts.items() if after > before]
    more.sort(
        key=lambda found: (-found[0], list(STAGES).index(found[1]) if found[1] in STAGES else len(STAGES))
    )
    if not more:
        return ""
    (most, name), rest = more[0], more[1:]
    others = ", ".join(f"{other} +{n}" for n, other in rest)
    return tr(
        f"；主要原因：多 {most} 题丢在「{tr(*named(name).name)}」（{name}）"
        + (f"，其他：{others}" if others else ""),
        f"; main reason: {most} more rows lost at {name}" + (f", others: {others}" if others else ""),
    )


def most_lost(rows: Sequence[Row]) -> str:
    """The stage that lost most of the rows that are wrong."""
    counts = Counter(str(row.stage) for row in rows if not row.right and row.stage)
    if not counts:
        return ""
    name, n = counts.most_common(1)[0]
    return tr(
        f"；错题多丢在「{tr(*named(name).name)}」（{name}，{n} 题）",
        f"; most wrong rows are lost at {name} ({n})",
    )


def single() -> str:
    """Why a rule that is broken by one question is kept all the same."""
    return tr(
        "：与基准相比只有一题变差，不因一题判负",
        ": a single question is worse than in the baseline, which is not held against it",
    )
