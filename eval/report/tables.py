"""The tables of the report: by kind, all measures, every question, and what stands behind a plot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rag.messages import tr

from . import plots, words
from .headline import wilson
from .html import Child, Html, details, join, table, tag

if TYPE_CHECKING:
    from ..runs import Row

SHOWN = ("answered", "cited", "recall@10")
"""Measures that stand in the table by kind; all are in the table of measures."""


def kinds(by_kind: Mapping[str, Mapping[str, Any]], rows: Sequence[Row]) -> Html:
    """A line a kind: how many, how many right as a bar with its confidence interval, measures, where the rest was lost."""
    refusing = {row.kind for row in rows if row.refuse} - {row.kind for row in rows if not row.refuse}
    ordered = sorted(by_kind, key=lambda kind: kind in refusing)  # stable: the gold set's order within each
    head = [
        tr("类别", "Kind"),
        tr("正确率", "Right"),
        tr("题数", "Questions"),
        *map(words.metric, SHOWN),
        tr("错在哪一步", "Lost where"),
    ]
    body = [_kind(kind, by_kind[kind], [row for row in rows if row.kind == kind]) for kind in ordered]
    return table(
        head, body, caption=tr("各类题的结果", "Results by kind"), numbers=(2, 3, 4, 5), class_="kinds"
    )


def _kind(kind: str, figures: Mapping[str, Any], rows: Sequence[Row]) -> list[Child]:
    n, right = len(rows), sum(row.right for row in rows)
    share = right / n if n else None
    name = words.kind(kind)
    lost = [
        tag("span", tr(*words.stage(stage).name), f" {len(some)}", class_="lost")
        for stage, some in words.by_stage(rows).items()
    ]
    due = (
        tag("small", tr("应拒答", "to be refused"), class_="tag") if all(row.refuse for row in rows) else None
    )
    return [
        (name, tag("div", tag("small", kind, class_="raw") if name != kind else None, due)),
        tag("span", plots.share_bar(share, *wilson(right, n)), words.percent(share), class_="share"),
        f"{right} / {n}",
        *(words.figure(measure, figures.get(measure)) for measure in SHOWN),
        lost or "\u2013",
    ]


def measures(overall: Mapping[str, Any], by_kind: Mapping[str, Mapping[str, Any]]) -> Html:
    """Every measure with what it says, over all questions and for each kind."""
    names = [name for name in overall if overall[name] is not None]
    head = [tr("指标", "Measure"), tr("含义", "What it says"), tr("全部", "All"), *map(words.kind, by_kind)]
    body = [
        [
            words.metric(name),
            words.explained(name),
            tag("b", words.figure(name, overall[name])),
            *(
                words.figure(name, figures.get("share" if name == "right" else name))
                for figures in by_kind.values()
            ),
        ]
        for name in names
    ]
    numbers = range(2, 3 + len(by_kind))
    return table(head, body, caption=tr("全部指标", "All measures"), numbers=numbers, class_="dense")


def questions(rows: Iterable[Row], anchors: Mapping[str, str]) -> Html:
    """Every question with its answer; those that failed lead to their card (`anchors`: id to anchor)."""
    head = [
        tr("编号", "Id"),
        tr("类别", "Kind"),
        tr("问题", "Question"),
        tr("回答", "Answer"),
        tr("结果", "Result"),
        tr("耗时", "Time"),
    ]
    body = [
        [
            tag("a", row.id, href=f"#{anchors[row.id]}") if row.id in anchors else row.id,
            words.kind(row.kind),
            clip(row.question, 80),
            clip(given(row), 60),
            tag("span", tr("正确", "right"), class_="ok")
            if row.right
            else tag("span", tr(*words.stage(row.stage).name), class_="bad"),
            words.duration(row.ms),
        ]
        for row in rows
    ]
    return table(head, body, caption=tr("全部题目", "All questions"), numbers=(5,), class_="all")


def given(row: Row) -> str:
    """What the answer said, in short."""
    if row.refused:
        return tr("（拒答）", "(refused)")
    return str(row.answer.get("short") or row.answer.get("answer") or "")


def clip(value: str, most: int) -> str:
    """The beginning of a text in one line."""
    line = " ".join(value.split())
    return line if len(line) <= most else line[: most - 1] + "\u2026"


def figure(
    plot: Html,
    caption: Child,
    head: Iterable[Child],
    rows: Iterable[Iterable[Child]],
    name: str,
    *,
    open: bool = False,
) -> Html:
    """A plot with what to see in it, and its figures in a table that any reader can open."""
    cells = [list(row) for row in rows]
    data = table(list(head), cells, caption=name, numbers=range(1, max(map(len, cells), default=1)))
    return tag(
        "figure",
        tag("h3", name),
        plot,
        tag("figcaption", caption),
        details(tr("图中数据", "The figures"), data, open=open, class_="data"),
    )


def facts(pairs: Iterable[tuple[Child, Child]]) -> Html:
    """Names and values, a line each."""
    return tag("dl", join((tag("dt", name), tag("dd", value)) for name, value in pairs), class_="facts")
