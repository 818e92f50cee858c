"""What cleaning took out of a document: whoever indexes it is told where that is more than furniture."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rag.messages import tr
from rag.types import Document, Edit, Part

MOST = 0.02
"""Share of a document's characters that may go without a word."""
_SHOWN = 5  # figures, and stretches of text, that are named
_LONGEST = 24  # characters shown of a stretch
# what is no content by the format's own word, or by its place on the pages
_NO_CONTENT = frozenset({"markup", "table", "picture", "running_head", "page_numbers"})
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")


def lost(document: Document, parts: Sequence[Part]) -> str:
    """Say what of `document` stands in none of its parts, where that is more than `MOST` or holds a figure; "" otherwise."""
    raw = document.raw
    gone = [(start, end) for start, end in _gone(len(raw), parts) if raw[start:end].strip()]
    characters = sum(len("".join(raw[start:end].split())) for start, end in gone)
    share = characters / max(1, len("".join(raw.split())))
    figures = list(dict.fromkeys(figure[0] for start, end in gone for figure in _FIGURE.finditer(raw, start, end)))
    if share <= MOST and not figures:
        return ""
    pieces = list(dict.fromkeys(" ".join(raw[start:end].split()) for start, end in gone))[:_SHOWN]
    shown = "、".join(f"「{piece if len(piece) <= _LONGEST else piece[:_LONGEST] + '…'}」" for piece in pieces)
    named = "、".join(figures[:_SHOWN])
    return tr(
        f"清洗去掉了 {characters} 个字符（{share:.1%}）{f'，其中有数字 {named}' if named else ''}：{shown}；全部见 zhiyin index --explain，不要清洗用设置 clean = \"gentle\"",
        f"cleaning took out {characters} characters ({share:.1%}){f', figures among them ({named})' if named else ''}: {shown}; "
        'all of it: zhiyin index --explain; to keep it: clean = "gentle" in the settings',
    )


def _gone(length: int, parts: Sequence[Part]) -> Iterable[tuple[int, int]]:
    """The stretches of the raw text that every part leaves out, for a reason that counts."""
    kept = bytearray(length)
    for part in parts:
        at = 0
        for edit in (edit for edit in part.edits if _takes_out(edit)):
            kept[at : edit.start] = b"\1" * max(0, edit.start - at)
            at = edit.end
        kept[at:] = b"\1" * (length - at)
    return ((found.start(), found.end()) for found in re.finditer(b"\0+", bytes(kept)))


def _takes_out(edit: Edit) -> bool:
    return not edit.replacement.strip() and not set(edit.rule.split("+")) <= _NO_CONTENT
