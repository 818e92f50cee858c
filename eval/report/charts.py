"""The plots of one run, each with what to see in it and its figures as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from rag.messages import tr

from . import plots, words
from .html import Html
from .tables import figure

if TYPE_CHECKING:
    from ..runs import Row, Run

DEPTHS = (1, 5, 10, 20)
MOST_LINES = 40
"""Lines of a table of figures behind a plot; a curve with more points is thinned out."""


class Tried(Protocol):
    """One combination of settings of a sweep (`eval.sweep.Point`)."""

    @property
    def label(self) -> str:
        """How it is told from the others."""

    @property
    def quality(self) -> float:
        """Share of questions that are right."""

    @property
    def ms(self) -> float:
        """Median milliseconds a question."""


def of_run(run: Run) -> list[Html]:
    """All plots that the run has figures for."""
    return [plot for plot in (stages(run.rows), retrieval(run), risk(run), latency(run)) if plot is not None]


def stages(rows: Sequence[Row]) -> Html | None:
    """Failures by stage, in the order in which evidence passes them; each bar leads to its failures."""
    failed = [row.stage or "" for row in rows if not row.right]
    if not failed:
        return None
    names = [*words.STAGES, *sorted(set(failed) - set(words.STAGES))]
    values = [
        (tr(*words.stage(name).name), failed.count(name), f"#stage-{name or 'unknown'}") for name in names
    ]
    name = tr("错在哪一步", "Where failures were lost")
    said = tr(
        f"{len(failed)} 道错题，每题只归一步：从上到下是依据经过的各步，最先丢掉依据的那步负责。",
        f"{len(failed)} failures, each with one stage: from top to bottom as evidence passes them, the first that lost it.",
    )
    head = [tr("步骤", "Stage"), tr("题数", "Failures")]
    return figure(plots.bars("stages", name, values), said, head, [(s, n) for s, n, _ in values], name)


def retrieval(run: Run) -> Html | None:
    """Recall at each depth."""
    overall = run.metrics.get("overall") or {}
    recall = [(k, v) for k in DEPTHS if (v := overall.get(f"recall@{k}")) is not None]
    if not recall:
        return None
    rr, ndcg = overall.get("rr"), overall.get("ndcg@10")
    said = tr(
        f"依据在前 k 段里的平均比例。首个依据名次倒数 {_three(rr)}，nDCG@10 {_three(ndcg)}。",
        f"Mean share of the evidence in the first k passages. Reciprocal rank {_three(rr)}, nDCG@10 {_three(ndcg)}.",
    )
    name = tr("检索：看前几段能见到依据", "Retrieval: recall by depth")
    rows = [(k, words.percent(share)) for k, share in recall]
    return figure(plots.retrieval(recall), said, ["k", tr("召回", "recall")], rows, name)


def _three(value: float | None) -> str:
    return "\u2013" if value is None else f"{value:.3f}"


def risk(run: Run) -> Html | None:
    """Risk against coverage, with the threshold in use."""
    curve = run.metrics.get("risk_coverage") or {}
    points = [(float(c), float(r), float(t)) for c, r, t in curve.get("points") or () if t > 0]
    if not points:
        return None
    settings = run.meta.get("settings") or {}
    name_of = "min_support" if settings.get("reader", "extractive") == "extractive" else "min_probability"
    threshold = float(settings.get(name_of, 0.5))
    coverage, share, _ = plots.present(points, threshold)
    area = curve.get("aurc")
    said = tr(
        f"{name_of} 越低，答得越多，错得也越多。现用 {threshold:g}：覆盖 {words.percent(coverage)}，其中错 {words.percent(share)}。曲线下面积 {_three(area)}，越小越好。曲线以外的题没有找到可答的内容，或名称、年份对不上，降低阈值也不会作答。",
        f"The lower {name_of}, the more is answered and the more of it is wrong. At {threshold:g} it covers {words.percent(coverage)}, of which {words.percent(share)} are wrong. Area {_three(area)}; less is better. Questions beyond the curve have nothing to answer with, or a name or year that does not match: no threshold answers them.",
    )
    name = tr("风险与覆盖：阈值该放哪", "Risk and coverage: where to put the threshold")
    head = [tr("覆盖", "coverage"), tr("风险", "risk"), tr("阈值", "threshold")]
    rows = [(words.percent(c), words.percent(r), f"{t:.3f}") for c, r, t in thin(sorted(points))]
    return figure(plots.risk_coverage(points, area, threshold), said, head, rows, name)


def thin(points: Sequence[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    """At most MOST_LINES of them, evenly, with the first and the last."""
    if len(points) <= MOST_LINES:
        return list(points)
    step = (len(points) - 1) / (MOST_LINES - 1)
    return [points[round(n * step)] for n in range(MOST_LINES)]


def latency(run: Run) -> Html | None:
    """How long questions took."""
    ms = [row.ms for row in run.rows]
    figures = run.metrics.get("latency_ms") or {}
    median, p95 = figures.get("median"), figures.get("p95")
    if not ms or median is None or p95 is None:
        return None
    cold = run.meta.get("cold_start_s")
    said = tr(
        f"从提问到答完。最慢一题 {words.duration(max(ms))}"
        + (f"；从启动到答出第一题 {cold:.1f} 秒。" if cold is not None else "。"),
        f"From question to whole answer. The slowest took {words.duration(max(ms))}"
        + (f"; from nothing loaded to the first answer {cold:.1f} s." if cold is not None else "."),
    )
    name = tr("每题耗时", "Time a question takes")
    ordered = sorted(ms)
    rows = [
        (label, words.duration(value))
        for label, value in (
            (tr("最快", "fastest"), ordered[0]),
            (tr("中位", "median"), median),
            (tr("平均", "mean"), figures.get("mean")),
            ("95%", p95),
            (tr("最慢", "slowest"), ordered[-1]),
        )
    ]
    return figure(plots.latency(ms, median, p95), said, ["", tr("耗时", "time")], rows, name)


def sweep(points: Sequence[Tried]) -> Html:
    """Quality against time of many settings."""
    tried = [(point.label, point.ms, point.quality) for point in points]
    best = set(plots.front([(ms, quality) for _, ms, quality in tried]))
    name = tr("各种设置：质量与耗时", "Settings tried: quality against time")
    said = tr(
        "越靠左上越好。连线上的设置，没有别的设置既更准又更快。",
        "Up and to the left is better. No other setting beats those on the line in both.",
    )
    head = [
        tr("设置", "Settings"),
        tr("正确率", "right"),
        tr("中位耗时", "median time"),
        tr("无可替代", "unbeaten"),
    ]
    rows = [
        (
            f"{n}. {label}",
            words.percent(quality),
            words.duration(ms),
            "\u2713" if (ms, quality) in best else "",
        )
        for n, (label, ms, quality) in enumerate(tried, 1)
    ]
    return figure(plots.sweep(tried), said, head, rows, name, open=len(rows) <= MOST_LINES)
