"""A run as tables and lines for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rag.cli.terminal import clean
from rag.messages import tr

from .report.words import stage
from .runs import Row, Run

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text


def table(figures: dict[str, Any]) -> Table:
    """The figures by kind, with the totals below."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    out = Table(box=SIMPLE_HEAD)
    out.add_column(tr("类别", "kind"))
    for title in (
        tr("题数", "n"),
        tr("正确", "right"),
        "%",
        tr("答对(不论引证)", "right answer"),
        tr("拒答", "refused"),
    ):
        out.add_column(title, justify="right")
    for kind, counts in figures["by_kind"].items():
        out.add_row(kind, *_cells(counts))
    out.add_section()
    out.add_row(tr("有答案的题", "answerable"), *_cells(figures["answerable"]), style="bold")
    out.add_row(tr("应拒答的题", "to be refused"), *_cells(figures["refusable"]), style="bold")
    return out


def lines(run: Run) -> list[str]:
    """What the table does not hold, a line each."""
    figures, mean = run.metrics, run.metrics["overall"]
    refusal, curve, ms = figures["refusal"], figures["risk_coverage"], figures["latency_ms"]
    lost = {stage: count for stage, count in figures["stages"].items() if count}
    out = [
        tr(
            f"答案:完全一致 {_percent(mean['em'])},字 F1 {_percent(mean['f1'])},数字 {_percent(mean['numbers'])},要点齐全 {_percent(mean['complete'])}",
            f"answers: exact match {_percent(mean['em'])}, character F1 {_percent(mean['f1'])}, numbers {_percent(mean['numbers'])}, completeness {_percent(mean['complete'])}",
        ),
        tr(
            f"引证:召回 {_percent(mean['cite_recall'])},精确 {_percent(mean['cite_precision'])};共 {figures['citations']} 处,与原文不符 {figures['violations']} 处",
            f"citations: recall {_percent(mean['cite_recall'])}, precision {_percent(mean['cite_precision'])}; {figures['citations']} checked, {figures['violations']} whose quote is not the source's text",
        ),
        tr(
            f"检索:recall@5 {_percent(mean['recall@5'])},recall@20 {_percent(mean['recall@20'])},nDCG@10 {_number(mean['ndcg@10'])},MRR {_number(mean['rr'])}",
            f"retrieval: recall@5 {_percent(mean['recall@5'])}, recall@20 {_percent(mean['recall@20'])}, nDCG@10 {_number(mean['ndcg@10'])}, MRR {_number(mean['rr'])}",
        ),
        tr(
            f"拒答:精确 {_percent(refusal['precision'])},召回 {_percent(refusal['recall'])},误拒 {_percent(refusal['false_refusals'])};风险–覆盖曲线下面积 {_number(curve['aurc'])}",
            f"refusals: precision {_percent(refusal['precision'])}, recall {_percent(refusal['recall'])}, false {_percent(refusal['false_refusals'])}; area under risk–coverage {_number(curve['aurc'])}",
        ),
        tr(
            f"用时:中位数 {_ms(ms['median'])},第 95 百分位 {_ms(ms['p95'])},冷启动 {run.meta['cold_start_s']:.1f} 秒,全部 {run.meta['seconds']:.1f} 秒",
            f"time: median {_ms(ms['median'])}, 95th percentile {_ms(ms['p95'])}, cold start {run.meta['cold_start_s']:.1f} s, all {run.meta['seconds']:.1f} s",
        ),
    ]
    if lost:
        out.append(
            tr("失误的环节:", "lost at: ")
            + tr(",", ", ").join(f"{tr(*stage(s).name)} {n}" for s, n in lost.items())
        )
    return out


def failure(row: Row) -> Text:
    """One row that is not right: question, expected, given, cited, reason and stage."""
    from rich.text import Text

    out = Text()
    lost = f" · {tr(*stage(row.stage).name)}" if row.stage else ""
    out.append(f"{row.id}", style="bold red").append(f"  {row.reason}{lost}\n")
    for question, reply in row.history:
        out.append(f"  … {clean(question)} / {clean(reply)}\n", style="dim")
    expected = tr("拒答", "a refusal") if row.refuse else " | ".join(" + ".join(a) for a in row.expected)
    parts = [
        (tr("问", "question"), row.question),
        (tr("应答", "expected"), expected),
        (tr("实答", "given"), row.answer["answer"]),
    ]
    parts += [
        (f"[{c['n']}]", f"{c['source']}: {' '.join(c['quote'].split())}") for c in row.answer["citations"]
    ]
    parts += [(tr("证据", "evidence"), f"{source}: {text}") for source, text in row.evidence]
    parts += [("!", violation) for violation in row.violations]
    for name, text in parts:
        out.append(f"  {name}: ", style="cyan").append(clean(text) + "\n")
    return out


def _cells(counts: dict[str, Any]) -> list[str]:
    share = "" if counts["share"] is None else f"{counts['share']:.1%}"
    return [str(counts["n"]), str(counts["right"]), share, str(counts["said"]), str(counts["refused"])]


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} ms"
