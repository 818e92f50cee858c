"""A comparison in words and as tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rag.cli.terminal import clean
from rag.messages import tr

from .change import LENGTH, RIGHT, TIME, Change, Verdict
from .compare import Changed, Comparison, Flip
from .report.words import figure, kind, metric, percent, stage

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

FEW = 20
"""With fewer questions an interval is too narrow to be relied on, and only a large change shows."""

_VERDICTS = {
    Verdict.WORSE: ("确定变差", "surely worse"),
    Verdict.SAME: ("没有可靠差别", "no reliable difference"),
    Verdict.BETTER: ("确定变好", "surely better"),
}
# not "surely": the questions of a run share the state of the machine, which no test over questions can see
_SPEED = {Verdict.WORSE: ("测得变慢", "slower"), Verdict.BETTER: ("测得变快", "faster")}
_LENGTH = {Verdict.WORSE: ("确定变长", "surely longer"), Verdict.BETTER: ("确定变短", "surely shorter")}
_COLOURS = {Verdict.WORSE: "red", Verdict.SAME: "", Verdict.BETTER: "green"}
_SHOWN = 60  # characters of an answer
_LOSSES = 20  # settings that differ


def verdict(change: Change) -> str:
    """What can be said of a change."""
    if not change.won and not change.lost:
        return tr("没有变化", "no change")
    own = _SPEED if change.metric == TIME else _LENGTH if change.metric == LENGTH else {}
    return tr(*own.get(change.verdict, _VERDICTS[change.verdict]))


def headline(found: Comparison) -> str:
    """The result in a sentence, for someone who reads nothing else; empty where `right` was not compared."""
    change = found.change(RIGHT)
    if change is None:
        return ""
    if not change.won and not change.lost:
        return tr(
            f"没有差别：{change.n} 题中每一题的对错都和原来一样（答对 {percent(change.before)}）。",
            f"No difference: of {change.n} questions each is as right or wrong as before ({percent(change.before)} right).",
        )
    said = tr(
        f"{verdict(change)}：{change.n} 题中答对的从 {percent(change.before)} 到 {percent(change.after)}"
        f"（{points(change.difference)} 个百分点，{interval(change)}；{probability(change.p)}）。"
        f"原来对、现在错 {change.lost} 题；原来错、现在对 {change.won} 题。",
        f"{verdict(change).capitalize()}: {percent(change.before)} of {change.n} questions right before, {percent(change.after)} after "
        f"({points(change.difference)} points, {interval(change)}; {probability(change.p)}). "
        f"{change.lost} were right and no longer are; {change.won} are that were not.",
    )
    if change.verdict is Verdict.SAME:
        said += tr(
            "这样的差别凭运气也会出现；要分清就得有更多的题。",
            " Chance alone makes such a difference; telling them apart takes more questions.",
        )
        if change.low > 0 or change.high < 0:
            said += tr(
                f"变了的只有 {change.won + change.lost} 题，这时区间偏窄，以 p 为准。",
                f" Only {change.won + change.lost} questions changed: the interval is too narrow then, go by p.",
            )
    elif change.n < FEW:
        said += tr("题很少，幅度不可靠。", " With so few questions its size is not to be relied on.")
    return said


def points(difference: float) -> str:
    """A difference of shares in points, with its sign.

    >>> points(0.0312), points(-0.2), points(0.0001)
    ('+3.1', '−20.0', '0.0')
    """
    text = f"{difference * 100:+.1f}".replace("-", "\u2212")
    return "0.0" if text[1:] == "0.0" else text


def probability(p: float) -> str:
    """P as it is written.

    >>> probability(0.0321), probability(0.5), probability(0.00004)
    ('p = 0.032', 'p = 0.50', 'p < 0.001')
    """
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def amount(change: Change, value: float) -> str:
    """A difference in the measure's own unit: points, characters, or times."""
    if change.scale == "ratio":
        return f"\u00d7{value:.2f}"
    return points(value) if change.scale == "share" else f"{value:+.0f}".replace("-", "\u2212")


def interval(change: Change) -> str:
    """The 95 % interval of a change."""
    low, high = amount(change, change.low), amount(change, change.high)
    return tr(f"95% 区间 {low} 到 {high}", f"95% interval {low} to {high}")


def table(changes: Sequence[Change], *, by_kind: bool = False) -> Table:
    """A row a change; what is certain in colour."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    out = Table(box=SIMPLE_HEAD, padding=0)
    out.add_column(tr("类别", "kind") if by_kind else tr("指标", "measure"), min_width=10)
    for title in (
        *(tr("题数", "n"), tr("前", "before"), tr("后", "after"), tr("差", "change")),
        *(tr("95% 区间", "95% interval"), "p", tr("好/坏", "+/\u2212")),
    ):
        out.add_column(title, justify="right", no_wrap=True)
    out.add_column(tr("判断", "verdict"), no_wrap=True)
    same = [c for c in changes if by_kind and not c.won and not c.lost]
    for c in changes:
        if c in same:
            continue
        cells = [
            kind(c.kind or "") if by_kind else metric(c.metric),
            str(c.n),
            figure(c.metric, c.before),
            figure(c.metric, c.after),
            amount(c, c.difference),
            f"{amount(c, c.low)} … {amount(c, c.high)}",
            probability(c.p_holm).removeprefix("p ").removeprefix("= "),
            f"{c.won}/{c.lost}",
            tr("没有可靠差别", "not reliable") if verdict(c) == tr(*_VERDICTS[Verdict.SAME]) else verdict(c),
        ]
        out.add_row(*map(clean, cells), style=_COLOURS[c.verdict])
    if same:
        out.caption = tr("没有变化：", "no change: ") + ", ".join(clean(kind(c.kind or "")) for c in same)
        out.caption_justify = "left"
    return out


def flips(found: Sequence[Flip], *, lost: bool, shown: int) -> Text:
    """A question a paragraph: what was said before and after, and why it is wrong; `shown` at most, 0 for all."""
    from rich.text import Text

    out = Text()
    title = (
        tr("原来对、现在错", "right before, wrong now")
        if lost
        else tr("原来错、现在对", "wrong before, right now")
    )
    out.append(
        tr(f"{title}：{len(found)} 题\n", f"{title}: {len(found)}\n"),
        style="bold red" if lost else "bold green",
    )
    for flip in found[: shown or None]:
        out.append(f"  {clean(flip.id)} ", style="cyan").append(f"{clean(flip.question)}\n")
        out.append(f"    {_short(flip.before)} \u2192 {_short(flip.after)}\n")
        if flip.reason or flip.stage:
            at = tr(*stage(flip.stage).name) + (f" ({flip.stage})" if flip.stage else "")
            why = tr(f"{'错在' if lost else '原错在'}：{at}", f"{'lost at' if lost else 'was lost at'}: {at}")
            out.append(f"    {clean(why)}{'; ' + clean(flip.reason) if flip.reason else ''}\n", style="dim")
    if shown and len(found) > shown:
        rest = len(found) - shown
        out.append(
            tr(f"  另有 {rest} 题（--show 0 全部列出）\n", f"  and {rest} more (--show 0 lists all)\n"),
            style="dim",
        )
    return out


def notes(found: Comparison) -> list[str]:
    """What else should be known, a line each."""
    out = []
    if len(found.changes) > 1 or len(found.by_kind) > 1:
        out.append(
            tr(
                "看的指标和类别多了，总有碰巧的：表中的 p 已按个数校正（Holm）；「正确」一行和耗时除外。",
                "Of many measures and kinds some differ by luck: p in the tables is adjusted for their number (Holm), but for right and time.",
            )
        )
    for run, ids in ((found.before, found.only_before), (found.after, found.only_after)):
        if ids:
            some = ", ".join(ids[:5]) + (" …" if len(ids) > 5 else "")
            out.append(
                tr(
                    f"只在 {run} 里的题 {len(ids)} 道，未计入：{some}",
                    f"{len(ids)} questions are in {run} alone and not counted: {some}",
                )
            )
    if found.rejudged:
        some = ", ".join(found.rejudged[:5]) + (" …" if len(found.rejudged) > 5 else "")
        out.append(
            tr(
                f"{len(found.rejudged)} 题的标准答案或依据改过，对错不是按同一标准判的：{some}",
                f"{len(found.rejudged)} questions have other expected answers or evidence now, so they were not judged alike: {some}",
            )
        )
    if any(c.left_out for c in found.changes):
        some = ", ".join(f"{metric(c.metric)} {c.left_out}" for c in found.changes if c.left_out)
        out.append(
            tr(
                f"只有一次运行里有值、未计入的题数：{some}",
                f"questions with a value in one run only, not counted: {some}",
            )
        )
    if found.change(TIME):
        out.append(
            tr(
                "用时还取决于机器当时忙不忙：同一设置先后测两次，也可能差出几成甚至一倍。",
                "Times also depend on how busy the machine was: the same settings measured twice may differ by half, or twofold.",
            )
        )
    return out


def what_changed(changes: Sequence[Changed], shown: int = _LOSSES) -> list[str]:
    """What made the runs differently, a line each."""
    lines = [f"{c.name}: {_value(c.before)} \u2192 {_value(c.after)}" for c in changes[:shown]]
    if len(changes) > shown:
        lines.append(tr(f"另有 {len(changes) - shown} 项", f"and {len(changes) - shown} more"))
    return lines


def moved(stages: dict[str, tuple[int, int]]) -> list[str]:
    """How many wrong answers each stage lost before and after, a line each."""
    return [f"{tr(*stage(name).name)} ({name}): {x} \u2192 {y}" for name, (x, y) in stages.items()]


def _short(text: str) -> str:
    text = " ".join(clean(text).split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _value(value: Any) -> str:
    text = "\u2013" if value is None or value == "" else str(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
