"""An evaluation as JSON values and as tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rag.answer import to_dict
from rag.messages import tr
from rag.terminal import clean

from .judge import Outcome, by_kind, latency, tally

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """All figures: by kind, totals, citations, retrieval and latency. Shares of nothing are null."""
    answerable = [o for o in outcomes if not o.gold.refuse]
    refusals = [o for o in outcomes if o.gold.refuse]
    several = [o for o in answerable if o.spots > 1]
    spots, covered = sum(o.spots for o in several), sum(o.covered for o in several)
    retrieved = sum(o.retrieved for o in answerable)
    return {
        "n": len(outcomes),
        "answerable": _counts(answerable),
        "refusals": _counts(refusals),
        "by_kind": {kind: _counts(some) for kind, some in by_kind(outcomes).items()},
        "citations": {
            "checked": sum(len(o.answer.citations) for o in outcomes),
            "violations": sum(len(o.violations) for o in outcomes),
        },
        "evidence_of_several_spots": {
            "spots": spots,
            "cited": covered,
            "share": covered / spots if spots else None,
        },
        "retrieved": {
            "n": len(answerable),
            "all_evidence": retrieved,
            "share": retrieved / len(answerable) if answerable else None,
        },
        "latency_ms": latency(outcomes),
    }


def details(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """A row a question: what was expected, what came, and why it is not right."""
    return [
        {
            "id": o.gold.id,
            "kind": o.gold.kind,
            "right": o.right,
            "reason": o.reason or None,
            "answered": o.answered,
            "cited": o.cited,
            "spots": o.spots,
            "covered": o.covered,
            "retrieved": o.retrieved,
            "violations": list(o.violations),
            "ms": round(o.seconds * 1000, 1),
            "expected": [list(a) for a in o.gold.answers],
            "refuse": o.gold.refuse,
            "answer": to_dict(o.answer),
        }
        for o in outcomes
    ]


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
    out.add_row(tr("应拒答的题", "to be refused"), *_cells(figures["refusals"]), style="bold")
    return out


def lines(figures: dict[str, Any]) -> list[str]:
    """What the table does not hold, a line each."""
    cites, several, found, ms = (
        figures[k] for k in ("citations", "evidence_of_several_spots", "retrieved", "latency_ms")
    )
    return [
        tr(
            f"引证:共 {cites['checked']} 处,与原文不符 {cites['violations']} 处",
            f"citations: {cites['checked']} checked, {cites['violations']} whose quote is not the source's text",
        ),
        tr(
            f"多处证据的题:{several['spots']} 处中引用了 {several['cited']} 处{_percent(several['share'], ' ({})')}",
            f"rows with several pieces of evidence: {several['cited']} of {several['spots']} cited"
            f"{_percent(several['share'], ' ({})')}",
        ),
        tr(
            f"检索:{found['n']} 题中 {found['all_evidence']} 题的证据全在返回的段落里{_percent(found['share'], ' ({})')}",
            f"retrieval: all evidence in the returned passages for {found['all_evidence']} of {found['n']} rows"
            f"{_percent(found['share'], ' ({})')}",
        ),
        tr(
            f"用时:中位数 {_ms(ms['median'])},第 95 百分位 {_ms(ms['p95'])}",
            f"time an answer: median {_ms(ms['median'])}, 95th percentile {_ms(ms['p95'])}",
        ),
    ]


def failure(outcome: Outcome) -> Text:
    """One row that is not right: question, expected, given, cited, reason."""
    from rich.text import Text

    gold, answer = outcome.gold, outcome.answer
    out = Text()
    out.append(f"{gold.id}", style="bold red").append(f"  {outcome.reason}\n")
    for question, reply in gold.history:
        out.append(f"  … {clean(question)} / {clean(reply)}\n", style="dim")
    expected = tr("拒答", "a refusal") if gold.refuse else " | ".join(" + ".join(a) for a in gold.answers)
    rows = [
        (tr("问", "question"), gold.question),
        (tr("应答", "expected"), expected),
        (tr("实答", "given"), answer.answer),
    ]
    rows += [(f"[{c.n}]", f"{c.source}: {' '.join(c.quote.split())}") for c in answer.citations]
    rows += [(tr("证据", "evidence"), f"{source}: {text}") for source, text in gold.evidence]
    rows += [("!", violation) for violation in outcome.violations]
    for name, text in rows:
        out.append(f"  {name}: ", style="cyan").append(clean(text) + "\n")
    return out


def _counts(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    counts = tally(outcomes)
    return asdict(counts) | {"share": counts.share}


def _cells(counts: dict[str, Any]) -> list[str]:
    return [
        str(counts["n"]),
        str(counts["right"]),
        _percent(counts["share"]),
        str(counts["answered"]),
        str(counts["refused"]),
    ]


def _percent(share: float | None, form: str = "{}") -> str:
    return "" if share is None else form.format(f"{share:.1%}")


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} ms"
