"""The proof of a failure: evidence beside what was cited or retrieved, with what is the same in both marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rag.messages import tr

from .html import Child, Html, details, join, table, tag
from .marks import ALONE, Piece, Span, common, pieces, places, shorten, size

if TYPE_CHECKING:
    from ..runs import Ranked, Row

NEAR, EXCERPT = 2, 120
"""Retrieved passages that are shown where the answer cites nothing and none of them holds evidence, and how much of each."""
RANKS = 10
"""Ranks of a failure that are listed; those that hold evidence always are."""


def title(row: Row) -> str:
    """What the comparison of a row is called."""
    if row.refuse:
        return tr("它引了什么", "What it cites")
    return (
        tr("依据与引文对照", "Evidence and cited text")
        if _cited(row)
        else tr("依据与检索结果对照", "Evidence and what was retrieved")
    )


def _cited(row: Row) -> list[dict[str, Any]]:
    return list(row.answer.get("citations") or ())


def side_by_side(row: Row) -> Html:
    """Evidence to the left, what is cited (or else what was retrieved) to the right, the same characters marked."""
    cited = _cited(row)
    shown = cited or _nearest(row)
    texts = [str(one.get("quote", one.get("text", ""))) for one in shown]
    same = [[common(text, other) for other in texts] for _, text in row.evidence]
    wanted = [part for alternative in row.expected for part in alternative]
    left = [
        _box(source, None, pieces(text, _best(row_of), places(text, wanted)), _place(row, n))
        for n, ((source, text), row_of) in enumerate(zip(row.evidence, same, strict=True))
    ]
    right = [
        _box(
            str(one.get("source", "")),
            one.get("n"),
            pieces(text, [pair[1] for line in same for pair in line[n]], _marks(one)),
            _where(one),
            name=str(one.get("title") or ""),
            alone=ALONE if cited else EXCERPT,
        )
        for n, (one, text) in enumerate(zip(shown, texts, strict=True))
    ]
    nothing = tr("没有：这道题本该拒答。", "None: this should have been refused.")
    none = (
        tr("没有引文，也没有检索到段落。", "Nothing is cited and nothing was retrieved.")
        if "citations" in row.answer
        else tr("这次运行没有保存引文和段落。", "This run kept no quotes and no passages.")
    )
    heading = tr("引文", "Cited") if cited else tr("检索到的段落", "Retrieved")
    return tag(
        "div",
        tag(
            "div", tag("h5", tr("依据", "Evidence")), left or tag("p", nothing, class_="meta"), class_="side"
        ),
        tag("div", tag("h5", heading), right or tag("p", none, class_="meta"), class_="side"),
        class_="pair",
    )


def _nearest(row: Row) -> list[Mapping[str, Any]]:
    """Passages for the side of an answer without citations: those that hold evidence, else the first few."""
    passages: list[Mapping[str, Any]] = list(row.answer.get("passages") or ())
    places = [at for at in row.evidence_at if at is not None]
    holding = [
        p
        for p in passages
        if any(p["source"] == at.source and p["start"] < at.end and at.start < p["end"] for at in places)
    ]
    return holding or passages[:NEAR]


def _best(matches: Sequence[Sequence[tuple[Span, Span]]]) -> list[Span]:
    """What of a piece of evidence is in the text that repeats most of it."""
    return max(([here for here, _ in match] for match in matches), key=size, default=[])


def _marks(one: Mapping[str, Any]) -> list[Span]:
    """The spans that prove the short answer, in characters of the quote."""
    start = int(one.get("start") or 0)
    return [(int(a) - start, int(b) - start) for a, b in one.get("marks") or ()]


def _place(row: Row, n: int) -> str:
    at = row.evidence_at[n] if n < len(row.evidence_at) else None
    if at is None:
        return tr("不在已索引的文档里", "in no indexed document")
    return tr(f"字符 {at.start}–{at.end}", f"characters {at.start}\u2013{at.end}")


def _where(one: Mapping[str, Any]) -> str:
    return tr(
        f"字符 {one.get('start')}–{one.get('end')}", f"characters {one.get('start')}\u2013{one.get('end')}"
    )


def _box(
    source: str, n: object, body: Sequence[Piece], where: str, name: str = "", alone: int = ALONE
) -> Html:
    number = tag("span", n, class_="n") if n is not None else None
    about = tag(
        "p",
        number,
        tag("span", name) if name else None,
        tag("code", source),
        tag("span", where),
        class_="meta source",
    )
    return tag("blockquote", tag("div", quote(body, alone), class_="quote"), about)


def quote(body: Sequence[Piece], alone: int = ALONE) -> Html:
    """Pieces of a text with what is the same marked, and long stretches to be opened."""
    out: list[Child] = []
    for piece in shorten(body, alone):
        inner: Child = piece.text
        if piece.key:
            inner = tag("b", inner)
        if piece.same or piece.key:
            inner = tag(
                "mark", inner, class_="same" if not piece.key else "same key" if piece.same else "key"
            )
        if piece.hidden:
            n = len(piece.text)
            inner = details(
                tr(f"…… 中略 {n} 字 ……", f"\u2026 {n} characters \u2026"), tag("span", inner), class_="more"
            )
        out.append(inner)
    return join(out)


def ranks(row: Row) -> Html | None:
    """What was retrieved, by rank: where the evidence stands among it."""
    if not row.retrieved:
        return None
    listed = [(n, p) for n, p in enumerate(row.retrieved, 1) if n <= RANKS or p.evidence]
    return details(
        tr(f"检索到的 {len(row.retrieved)} 段", f"The {len(row.retrieved)} passages retrieved"),
        table(
            [
                tr("名次", "Rank"),
                tr("文档", "Document"),
                tr("位置", "Characters"),
                tr("分数", "Score"),
                tr("含依据", "Evidence"),
            ],
            [_rank(n, passage) for n, passage in listed],
            caption=tr("检索结果", "Retrieved passages"),
            numbers=(2, 3),
            class_="dense",
        ),
        class_="ranks",
    )


def _rank(n: int, passage: Ranked) -> list[Child]:
    holds = tr("、", ", ").join(f"#{i + 1}" for i in passage.evidence)
    return [
        n,
        tag("code", passage.source),
        f"{passage.start}\u2013{passage.end}",
        f"{passage.score:.4f}",
        holds or "\u2013",
    ]
