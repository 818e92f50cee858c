"""The comparison of a run with an earlier one: what changed for certain, and which questions were won and lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rag.messages import tr

from . import plots, words
from .html import Child, Html, details, join, table, tag
from .tables import clip

if TYPE_CHECKING:
    from ..change import Change
    from ..compare import Comparison, Flip

VERDICTS: Mapping[str, words.Pair] = {
    "worse": ("变差", "worse"),
    "same": ("看不出差别", "unclear"),
    "better": ("变好", "better"),
}
LISTED = 60
"""Characters of an answer in the lists of what was won and lost."""


def section(comparison: Comparison, anchors: Mapping[str, str]) -> Html:
    """Everything that the comparison says; a question that was lost leads to its card (`anchors`: id to anchor)."""
    right = comparison.change("right")
    unit = tr(
        "「点」是百分点；耗时看两次之比的中位数，小于 1 就是变快。结论按 p 值（已就指标个数校正），「看不出差别」不等于没有差别。",
        "pt: percentage points; of times the median ratio is given, below 1 is faster. Verdicts go by p, adjusted for the number of measures; unclear does not mean that nothing changed.",
    )
    return join(
        (
            tag("p", _headline(comparison, right), class_="lead") if right else None,
            [tag("p", note, class_="note") for note in _notes(comparison)],
            _changes(comparison.changes, tr("各项指标的变化", "Change of every measure")),
            tag("p", unit, class_="note"),
            details(
                tr("各类题正确率的变化", "Change by kind"),
                _changes(comparison.by_kind, tr("各类题的变化", "Change by kind")),
                class_="data",
            ),
            tag(
                "div",
                _flips(comparison.lost, tr("变错的题", "Lost"), anchors),
                _flips(comparison.won, tr("变对的题", "Won"), {}),
                class_="lists",
            ),
            _stages(comparison.stages),
            _settings(comparison),
        )
    )


def _headline(comparison: Comparison, right: Change) -> str:
    verdict, between = str(right.verdict), f"{_points(right.low)} \u2013 {_points(right.high)}"
    said = tr(
        {"worse": "确实变差", "better": "确实变好", "same": "看不出可靠的差别"}[verdict],
        {"worse": "it got worse", "better": "it got better", "same": "no reliable difference"}[verdict],
    )
    return tr(
        f"与「{comparison.before}」相比，{right.n} 道共同的题{said}：正确率 {words.percent(right.before)} → {words.percent(right.after)}"
        f"（{_points(right.difference)}，95% 置信区间 {between}，p = {right.p:.3f}）；变对 {len(comparison.won)} 题，变错 {len(comparison.lost)} 题。",
        f"Against \u201c{comparison.before}\u201d on {right.n} common questions: {said}. Right {words.percent(right.before)} \u2192 "
        f"{words.percent(right.after)} ({_points(right.difference)}, 95% interval {between}, p = {right.p:.3f}); {len(comparison.won)} won, {len(comparison.lost)} lost.",
    )


def _notes(comparison: Comparison) -> list[str]:
    out = []
    for ids, (zh, en) in (
        (comparison.only_before, ("只在前一次运行里的题", "questions of the earlier run alone")),
        (comparison.only_after, ("只在这次运行里的题", "questions of this run alone")),
        (comparison.rejudged, ("标准答案改过的题", "questions whose expected answer was changed")),
    ):
        if ids:
            shown = tr("、", ", ").join(ids[:10]) + ("\u2026" if len(ids) > 10 else "")
            out.append(f"{tr(zh, en)} ({len(ids)}): {shown}")
    return out


def _points(difference: float) -> str:
    return f"{difference * 100:+.1f}".replace("-", "\u2212") + tr("点", " pt")


def _difference(change: Change) -> tuple[str, str]:
    """The difference and its interval, as this measure's scale has it."""
    if change.scale == "ratio":
        return f"\u00d7{change.difference:.2f}", f"{change.low:.2f} \u2013 {change.high:.2f}"
    if change.scale == "count":
        return f"{change.difference:+.1f}", f"{change.low:+.1f} \u2013 {change.high:+.1f}"
    return _points(change.difference), f"{_points(change.low)} \u2013 {_points(change.high)}"


def _changes(changes: Sequence[Change], name: str) -> Html:
    """A forest plot with its figures: one scale for all shares, so that the lines can be compared by eye."""
    shares = [c for c in changes if c.scale == "share"]
    most = max((max(abs(c.low), abs(c.high)) for c in shares), default=1.0)
    head = [
        tr("指标", "Measure"),
        tr("之前", "Before"),
        tr("之后", "After"),
        tr("差", "Difference"),
        tr("95% 置信区间", "95% interval"),
        tag("span", [tag("span", end) for end in (_points(-most), "0", _points(most))], class_="ends"),
        "p",
        tr("胜 / 负", "Won / lost"),
        tr("结论", "Verdict"),
    ]
    return table(
        head, [_line(c, most) for c in changes], caption=name, numbers=(1, 2, 3, 4, 6, 7), class_="changes"
    )


def _line(change: Change, most: float) -> list[Child]:
    difference, between = _difference(change)
    verdict = str(change.verdict)
    look = {"worse": "bad", "better": "ok"}.get(verdict)
    return [
        words.metric(change.metric) if change.kind is None else words.kind(change.kind),
        words.figure(change.metric, change.before),
        words.figure(change.metric, change.after),
        difference,
        between,
        plots.interval(change.difference, change.low, change.high, most, verdict)
        if change.scale == "share"
        else None,
        f"{change.p_holm:.3f}",
        f"{change.won} / {change.lost}",
        tag("span", tr(*VERDICTS[verdict]), class_=look),
    ]


def _flips(flips: Sequence[Flip], name: str, anchors: Mapping[str, str]) -> Html:
    items = [
        tag(
            "li",
            tag("a", flip.id, href=f"#{anchors[flip.id]}") if flip.id in anchors else tag("code", flip.id),
            " ",
            tag("b", flip.question),
            tag("p", clip(flip.before, LISTED), " \u2192 ", clip(flip.after, LISTED), class_="meta"),
            tag("span", tr(*words.stage(flip.stage).name), class_="tag") if flip.stage else None,
        )
        for flip in flips
    ]
    return tag(
        "div",
        tag("h3", name, tag("span", len(flips), class_="count")),
        tag("ul", items) if items else tag("p", tr("没有", "none"), class_="meta"),
    )


def _stages(stages: Mapping[str, tuple[int, int]]) -> Html | None:
    if not stages:
        return None
    order = list(words.STAGES)
    names = sorted(stages, key=lambda name: order.index(name) if name in order else len(order))
    head = [tr("错在哪一步", "Lost where"), tr("之前", "Before"), tr("之后", "After")]
    body = [(tr(*words.stage(name).name), *stages[name]) for name in names]
    name = tr("各步的错题数", "Failures by stage")
    return details(name, table(head, body, caption=name, numbers=(1, 2)), class_="data")


def _settings(comparison: Comparison) -> Html | None:
    if not comparison.changed:
        return None
    head = [tr("不同之处", "What differs"), tr("之前", "Before"), tr("之后", "After")]
    body = [[tag("code", c.name), _value(c.before), _value(c.after)] for c in comparison.changed]
    name = tr("两次运行的不同之处", "What is not the same in the two runs")
    return details(f"{name} ({len(body)})", table(head, body, caption=name, class_="dense"), class_="data")


def _value(value: object) -> str:
    return "\u2013" if value is None or value == "" else clip(str(value), 80)
