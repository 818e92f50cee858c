"""Every failure as a card: what was asked, expected and given, where it was lost, and the proof side by side."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rag.messages import tr

from . import proof, words
from .html import Child, Html, details, join, tag
from .marks import pieces
from .tables import clip

if TYPE_CHECKING:
    from ..runs import Row

_MARK = re.compile(r"\[\d+\]")
LONG = 60
"""An answer of more characters is no headline."""


def anchors(rows: Sequence[Row]) -> dict[str, str]:
    """The anchor of each failure's card, by the id of its question."""
    return {row.id: f"q{n}" for n, row in enumerate(rows, 1) if not row.right}


def section(stage: str, rows: Sequence[Row], where: Mapping[str, str], *, open: bool) -> Html:
    """All failures of one stage, with what that stage is and what to mend there."""
    said = words.stage(stage)
    sorts = Counter(words.verdict(row) for row in rows)
    order = list(sorts)
    ordered = sorted(
        rows, key=lambda row: order.index(words.verdict(row))
    )  # stable: the gold set's order within each
    summary = tr("\uff1b", "; ").join(f"{sort} {n}" for sort, n in sorts.items())
    return tag(
        "section",
        tag("h3", tr(*said.name), tag("span", len(rows), class_="count")),
        tag("p", tr(*said.means)),
        tag("p", tag("b", tr("该改什么：", "What to mend: ")), tr(*said.mend), class_="mend"),
        tag("p", summary, class_="note") if len(rows) > 1 else None,
        [card(row, where[row.id], open=open) for row in ordered],
        id=f"stage-{stage or 'unknown'}",
        class_="stage",
    )


def card(row: Row, anchor: str, *, open: bool = True) -> Html:
    """One failure; `open` shows the proof at once."""
    answer = row.answer
    head = tag(
        "header",
        tag("a", row.id, href=f"#{anchor}", class_="id"),
        tag("span", words.kind(row.kind), class_="tag"),
        tag("span", words.verdict(row), class_="bad"),
    )
    return tag(
        "article",
        head,
        _history(row.history),
        tag("h4", row.question),
        _understood(answer.get("understood") or {}),
        tag(
            "div",
            tag("div", tag("h5", tr("应有", "Expected")), _expected(row), class_="side"),
            tag("div", tag("h5", tr("给出", "Given")), _given(row), class_="side"),
            class_="pair",
        ),
        tag("p", _way(row), class_="way"),
        [tag("p", violation, class_="violation") for violation in row.violations],
        details(proof.title(row), proof.side_by_side(row), open=open, class_="proof"),
        proof.ranks(row),
        id=anchor,
        class_="card",
        data_kind=row.kind,
    )


def _history(history: Sequence[tuple[str, str]]) -> Html | None:
    if not history:
        return None
    turns = [
        (tag("dt", tr("先问", "Asked before")), tag("dd", q), tag("dt", tr("已答", "Answered")), tag("dd", a))
        for q, a in history
    ]
    return tag("dl", turns, class_="history")


def _understood(understood: Mapping[str, Any]) -> Html | None:
    """How the question was read: a misread year or place explains much."""
    said: list[str] = [str(understood[key]) for key in ("rewritten",) if understood.get(key)]
    for key, name in (
        ("years", ("年份", "years")),
        ("regions", ("地区", "places")),
        ("terms", ("关键词", "words")),
    ):
        values = understood.get(key)
        if isinstance(values, (list, tuple)) and values:
            said.append(f"{tr(*name)} " + tr("、", ", ").join(map(str, values)))
    return tag("p", tr("理解：", "Understood: "), " \u00b7 ".join(said), class_="meta") if said else None


def _expected(row: Row) -> Html:
    if row.refuse:
        return tag("p", tr("拒答：资料里没有答案", "a refusal: the documents do not say"), class_="short")
    ways = [tr("、", ", ").join(alternative) for alternative in row.expected]
    several = any(len(alternative) > 1 for alternative in row.expected)
    every = tag("p", tr("每一项都要说到", "every one of these"), class_="meta") if several else None
    rest = tag("p", tr("或：", "or: "), " / ".join(ways[1:]), class_="meta") if ways[1:] else None
    return join((_short(ways[0] if ways else "\u2013"), every, rest))


def _given(row: Row) -> Html:
    answer = row.answer
    said = str(answer.get("answer") or "")
    if row.refused:
        return join(
            (
                tag("p", tr("拒答", "a refusal"), class_="short"),
                tag("p", said, class_="meta") if said else None,
            )
        )
    short = str(answer.get("short") or "")
    if not short:
        return tag("p", proof.quote(pieces(said)), class_="short long")
    whole = tag("p", proof.quote(pieces(said)), class_="meta") if _bare(said) != _bare(short) else None
    return join((_short(short), whole))


def _short(said: str) -> Html:
    return tag("p", said, class_="short" if len(said) <= LONG else "short long")


def _bare(said: str) -> str:
    return _MARK.sub("", said).rstrip(" .\u3002")


def _way(row: Row) -> Child:
    """How far the evidence came, in one sentence of this very question."""
    ranks = [n for n, passage in enumerate(row.retrieved, 1) if passage.evidence]
    covered = {i for passage in row.retrieved for i in passage.evidence}
    said: list[str] = []
    if row.refuse:
        pass
    elif ranks:
        said.append(tr(f"依据在检索结果第 {ranks[0]} 位", f"the evidence came at rank {ranks[0]}"))
        if len(covered) < len(row.evidence):
            said.append(
                tr(
                    f"{len(row.evidence)} 处依据只检索到 {len(covered)} 处",
                    f"{len(covered)} of {len(row.evidence)} pieces were retrieved",
                )
            )
    elif row.evidence and (row.retrieved or "passages" in row.answer):  # a slim run keeps neither
        n = len(row.retrieved)
        said.append(
            tr(f"检索到的 {n} 段里没有依据", f"none of the {n} passages retrieved holds the evidence")
        )
    said.append(tr(f"支持度 {row.support:.2f}", f"support {row.support:.2f}"))
    if row.refused and row.candidate:
        right = tr("对的", "right") if row.candidate_right else tr("不对", "wrong")
        said.append(
            tr(
                f"不设阈值会答「{clip(row.candidate, 60)}」（{right}）",
                f"without a threshold: \u201c{clip(row.candidate, 60)}\u201d ({right})",
            )
        )
    whole = tr("\uff1b", "; ").join(said)
    return whole[:1].upper() + whole[1:] + tr("。", ".")
