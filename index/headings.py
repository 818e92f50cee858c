"""Headings of a plain text: which lines are one, how they nest, and those that run into their paragraph."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set

from .clean.lines import is_row

_NUMERAL = r"[一二三四五六七八九十百零〇]{1,4}"
_NUMBERED: tuple[tuple[int, re.Pattern[str]], ...] = tuple(
    (level, re.compile(pattern))
    for level, pattern in (
        (1, rf"#\s|第(?:{_NUMERAL}|\d{{1,3}})(?:[编編篇章]|部分)"),
        (2, rf"##\s|第(?:{_NUMERAL}|\d{{1,3}})[节節](?!课)"),
        (3, rf"###\s|{_NUMERAL}[、.．]|(?:Chapter|Part)\s+(?:\d+|[IVX]+)\b"),
        (4, rf"####+\s|[(（]{_NUMERAL}[)）]"),
        (5, r"\d{1,2}(?:\.\d{1,2}){0,3}[、.．]?\s*(?=[^\d\s.,%％年月日万亿余多个项家名人次])"),
        (6, r"[(（]\d{1,2}[)）]|[①-⑳]"),
    )
)
_PLAIN = 8  # below every numbered level
_ARTICLE = re.compile(
    rf"第(?:{_NUMERAL}|\d{{1,4}})[条條](?:之{_NUMERAL})?(?:\s|(?=[【(（]))\s*(?:[【(（][^】)）]{{1,30}}[】)）])?"
)
_RUN_IN = re.compile(r"[^。！？!?，,;；:：“”\d]{3,24}。")
_ORDINAL = re.compile(
    r"(?:[一二三四五六七八九十]{1,2}(?:要|是)|[(（]\d{1,2}[)）]|\d{1,2}[.、])[^。！？!?;；:：]{3,40}。"
)
_ENDS = "。！!；;，,、：:….|>"
_NOT_HEADING = re.compile(
    r"(?:记者|記者|通讯员|通訊員|责编|責編|编辑[:：]|来源[:：]|來源[:：]|摄[)）]?$|攝[)）]?$|摄影[:：]|制图|图片由|https?:|www\.|©|@|版权|版權"
    r"|\d{4}[-/年]\d{1,2}[-/月]\d{1,2})"
)
_FIGURE = re.compile(r"[\d.,]+\S{0,4}$")
_FINISHED = re.compile(r"[。！？!?；;.][”’」』)）]?$")
LONG = 40
"""A line of so many characters, or one that ends a sentence, is a paragraph."""


def is_paragraph(line: str) -> bool:
    """Whether a line is running text."""
    return len(line) >= LONG or bool(_FINISHED.search(line))


def level(line: str, following: str) -> int | None:
    """Tell the level of a heading line, 1 the highest, or None. `following` is the next line ("" at the end)."""
    text = line.strip()
    if not 2 <= len(text) <= 70 or text[-1] in _ENDS or _NOT_HEADING.search(text) or is_row(text):
        return None
    numbered = next((n for n, pattern in _NUMBERED if pattern.match(text)), None)
    if numbered is not None:
        return numbered if re.search(r"[^\W\d]{2}", text) else None
    short = len(text) <= 36 or (text.isascii() and len(text) <= 70)
    if not short or text.count(",") + text.count("，") > 1 or not re.search(r"[^\W\d_]{2}", text):
        return None
    if text[0] in "，,、。；;：:)）」』”】" or _FIGURE.match(text):
        return None
    if any(text.count(a) != text.count(b) for a, b in ("“”", "()", "（）", "《》")):
        return None
    if not following or (len(following) < LONG and level(following, "x" * LONG) is None):
        return None
    return _PLAIN


def paths(lines: Sequence[str], front: Set[int]) -> list[tuple[str, ...]]:
    """Give for each line the headings over it, outermost first; a heading's own path ends with itself.

    Lines whose number is in `front` (title, byline, date) stand under none.
    """
    open_: list[tuple[int, str]] = []
    found: list[tuple[str, ...]] = []
    previous = -1  # the line number of the last unnumbered heading
    for i, line in enumerate(lines):
        following = lines[i + 1] if i + 1 < len(lines) else ""
        article = _ARTICLE.match(line)
        rank = None if i in front else 7 if article else level(line, following)
        if rank == _PLAIN and previous == i - 1:
            rank += 1  # directly under another: a heading of its own below it
        elif rank == _PLAIN:
            previous = i
        if rank is not None:
            while open_ and open_[-1][0] >= rank:
                open_.pop()
            open_.append((rank, (article[0] if article else line).strip().lstrip("#").strip()))
        found.append(() if i in front else tuple(text for _, text in open_))
    return found


def run_in(lines: Sequence[str], sections: Sequence[tuple[str, ...]]) -> dict[int, str]:
    """Headings that open a paragraph: `精准帮扶困难职工。深入实施…` → {line number: heading}.

    A numbered one (`一要切实改进工作作风。`) always counts; a plain one only beside another, since many a
    paragraph just begins with a short sentence.
    """
    candidates: dict[int, str] = {}
    for i, line in enumerate(lines):
        match = _ORDINAL.match(line) or _RUN_IN.match(line)
        if match and len(line) - match.end() >= LONG // 2:
            candidates[i] = match[0].rstrip("。")

    def beside_another(i: int) -> bool:
        return any(n in candidates and sections[n] == sections[i] for n in (i - 1, i + 1))

    return {i: text for i, text in candidates.items() if _ORDINAL.match(lines[i]) or beside_another(i)}
