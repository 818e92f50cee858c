"""The figures of a run out of its rows: means, by kind, refusals, risk and coverage, latency, stages."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from .metrics import refusal, speed
from .runs import Row
from .stages import Stage

RETRIEVAL = ("recall@1", "recall@5", "recall@10", "recall@20", "rr", "ndcg@10")
ANSWERS = ("answered", "em", "f1", "numbers", "complete")
CITATIONS = ("cited", "cite_recall", "cite_precision", "spans")
MEASURES = ("right", *ANSWERS, *CITATIONS, *RETRIEVAL, "ms", "chars")
"""All measures of a row, in the order of tables."""


def figures(rows: Sequence[Row]) -> dict[str, Any]:
    """All figures of `metrics.json`; shares of nothing are None."""
    answerable = [r for r in rows if not r.refuse]
    refusable = [r for r in rows if r.refuse]
    kinds: dict[str, list[Row]] = {}
    for row in rows:
        kinds.setdefault(row.kind, []).append(row)
    return {
        "n": len(rows),
        "overall": means(rows),
        "answerable": counts(answerable),
        "refusable": counts(refusable),
        "by_kind": {kind: means(some) | counts(some) for kind, some in kinds.items()},
        "refusal": refusal.scores(
            [r.refuse for r in rows], [r.refused for r in rows], [r.right for r in rows]
        ),
        "risk_coverage": refusal.risk_coverage([r.support for r in rows], [r.candidate_right for r in rows]),
        "latency_ms": speed.latency([r.ms for r in rows]),
        "stages": {stage.value: sum(r.stage == stage for r in rows) for stage in Stage},
        "citations": sum(len(r.answer.get("citations", ())) for r in rows),
        "violations": sum(len(r.violations) for r in rows),
    }


def counts(rows: Sequence[Row]) -> dict[str, Any]:
    """How many rows there are, are right, say what is expected, and are refused; the share of right ones."""
    right = sum(r.right for r in rows)
    return {
        "n": len(rows),
        "right": right,
        "share": right / len(rows) if rows else None,
        "said": sum(r.metrics.get("answered") == 1.0 for r in rows),
        "refused": sum(r.refused for r in rows),
    }


def means(rows: Sequence[Row]) -> dict[str, float | None]:
    """The mean of each measure over the rows to which it applies."""
    out: dict[str, float | None] = {}
    for name in MEASURES:
        values = [v for r in rows if (v := r.metrics.get(name)) is not None]
        out[name] = fmean(values) if values else None
    return out
