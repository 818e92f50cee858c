"""The result in words, as one would say it to a colleague."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rag.messages import tr

from .words import by_stage, duration, percent, stage

if TYPE_CHECKING:
    from ..runs import Run


def wilson(right: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's score interval for a share (JASA 22, 1927), by default at 95%; (0, 1) of no trials.

    >>> tuple(round(end, 3) for end in wilson(8, 10))
    (0.49, 0.943)
    """
    if not n:
        return 0.0, 1.0
    p, square = right / n, z * z
    middle = (p + square / (2 * n)) / (1 + square / n)
    half = z / (1 + square / n) * math.sqrt(p * (1 - p) / n + square / (4 * n * n))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def title(run: Run) -> str:
    """The result in one line."""
    n, right = len(run.rows), sum(row.right for row in run.rows)
    if not n:
        return tr("这次没有题目", "There were no questions")
    share = percent(right / n)
    if right == n:
        return tr(f"{n} 道题全部正确", f"All {n} questions right")
    return tr(f"{n}\u00a0道题，{right}\u00a0道正确（{share}）", f"{right} of {n} questions right ({share})")


def sentences(run: Run) -> list[str]:
    """What else is to be known at a glance: how sure that is, both halves, refusals, where it fails, proof, speed."""
    n, right = len(run.rows), sum(row.right for row in run.rows)
    if not n:
        return []
    low, high = wilson(right, n)
    said = [
        tr(
            f"按 {n} 道题推算，同样的问题答对的比例在 {percent(low, 0)} 到 {percent(high, 0)} 之间（95% 置信区间）。",
            f"Going by {n} questions, of such questions between {percent(low, 0)} and {percent(high, 0)} are answered rightly (95% confidence).",
        ),
        *_halves(run),
    ]
    worst = _worst(run)
    checked = run.metrics.get("citations", 0)
    proof = tr(
        f"{checked} 处引文与原文逐字一致。", f"All {checked} quotes are the source's text to the letter."
    )
    sound = [proof] if checked and not run.metrics.get("violations") else []
    return [*said, *([worst] if worst else []), *sound, *_speed(run.metrics)]


def _halves(run: Run) -> list[str]:
    answerable, refusable = [[r for r in run.rows if r.refuse is due] for due in (False, True)]
    out = []
    if answerable:
        right, refused = sum(r.right for r in answerable), sum(r.refused for r in answerable)
        out.append(
            tr(
                f"资料里有答案的 {len(answerable)} 题，答对 {right} 题"
                + (f"，误拒 {refused} 题。" if refused else "，没有误拒。"),
                f"Of {len(answerable)} questions that the documents answer, {right} were answered rightly and "
                + (f"{refused} refused." if refused else "none refused."),
            )
        )
    if refusable:
        right = sum(r.right for r in refusable)
        out.append(
            tr(
                f"资料里没有答案的 {len(refusable)} 题，拒答 {right} 题"
                + (f"，另 {len(refusable) - right} 题不该答而答了。" if right < len(refusable) else "。"),
                f"Of {len(refusable)} that they do not answer, {right} were refused"
                + (
                    f"; {len(refusable) - right} were answered all the same."
                    if right < len(refusable)
                    else "."
                ),
            )
        )
    return out


def _worst(run: Run) -> str:
    counts = {name: len(some) for name, some in by_stage(run.rows).items()}
    if not counts:
        return ""
    name = max(counts, key=lambda s: counts[s])
    total, most = sum(counts.values()), counts[name]
    zh, en = stage(name).name
    return tr(
        f"错的 {total} 题里，最多的是「{zh}」（{most} 题），从这里改起收效最大。",
        f"Of the {total} failures most ({most}) are \u201c{en}\u201d: mending that pays most.",
    )


def alarm(run: Run) -> str:
    """What must not be: quotes that are not the source's text. Empty where there are none."""
    checked, wrong = run.metrics.get("citations", 0), run.metrics.get("violations", 0)
    if not wrong:
        return ""
    return tr(
        f"{checked} 处引文中有 {wrong} 处与原文不符：这类引文不能当作依据。",
        f"Of {checked} quotes {wrong} are not the source's text: they prove nothing.",
    )


def _speed(metrics: Mapping[str, Any]) -> list[str]:
    ms = metrics.get("latency_ms") or {}
    if ms.get("median") is None:
        return []
    median, p95 = duration(ms["median"]), duration(ms.get("p95"))
    return [
        tr(
            f"一半的题在 {median} 内答完，95% 在 {p95} 内。",
            f"Half of the questions took up to {median}, 95% up to {p95}.",
        )
    ]
