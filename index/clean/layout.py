"""Rules for newspaper columns and wrapped lines: sentences that the page cut are whole again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.types import Edit

from .captions import openings
from .lines import (
    BARRIER,
    CLOSERS,
    HAN,
    Line,
    ends_sentence,
    is_byline,
    is_numbered,
    is_prose,
    is_row,
    split_lines,
    width,
)
from .words import crosses

_EDGE = re.compile("[^\n。！？，、,；;]{1,8}(?=[，、,；;])")
_FUNCTION = re.compile("[的和与與及在将將是对對为為把被向从從由以并或等了着著]$")
_CLAUSE = re.compile("[，,。；;]")
_STOPPED = re.compile("[，。、；！？,;!?）》」』”’)]")
_LATIN_END = re.compile(r"[A-Za-z0-9,;:%)'’”\"]$")
_LATIN_START = re.compile(r"[A-Za-z0-9(“\"']")


@dataclass(slots=True)
class _Paragraph:
    """What the lines joined so far hold: width, clause marks, and brackets left open."""

    size: int = 0
    clauses: int = 0
    opened: int = 0

    def add(self, body: str) -> None:
        self.size += width(body)
        self.clauses += len(_CLAUSE.findall(body))
        self.opened += openings(body)


def overlaps(text: str) -> list[Edit]:
    """Drop what a column repeats of the end of the one before: `…送温暖资金。¶金,各级…` → `…送温暖资金,各级…`."""
    edits = []
    for line, after in pairwise(split_lines(text)):
        edge = _EDGE.match(after.body)
        if edge and line.body.endswith(edge[0] + "。"):
            edits.append(Edit(line.end - 1, after.start + edge.end(), "", "overlaps"))
    return edits


def columns(text: str) -> list[Edit]:
    """Join lines that were broken inside a sentence, also across blank lines.

    A line goes on in the next if it stops before its sentence does and is running text (or as wide as the wrapped
    lines of the document), or if a word, quotation marks or a phrase of the document lies across the break. Headings,
    numbered lines and bylines stay by themselves.
    """
    lines = split_lines(text)
    seams = _seams(text, lines)
    wrapped = _wrap_width(lines)
    edits = []
    paragraph = _Paragraph()
    for line, after in pairwise(lines):
        paragraph.add(line.body)
        if _goes_on(line.body, after.body, paragraph, wrapped) or (
            line.start in seams and not is_byline(line.body) and not is_numbered(after.body) and not is_row(line.body) and not is_row(after.body)
        ):
            glue = " " if _LATIN_END.search(line.body) and _LATIN_START.match(after.body) else ""
            if glue and re.search(f"[{HAN}]", line.body[-2:] + after.body[:2]):
                glue = ""
            edits.append(Edit(line.end, after.start, glue, "columns"))
        else:
            paragraph = _Paragraph()
    return edits


def _goes_on(a: str, b: str, paragraph: _Paragraph, wrapped: int) -> bool:
    """Whether the form of two lines says that a sentence goes on from one to the other."""
    if BARRIER in (a, b) or is_byline(a) or is_byline(b) or is_row(a) or is_row(b):
        return False
    if _STOPPED.match(b) and not (ends_sentence(a) and b[0] not in CLOSERS):
        return True
    if ends_sentence(a) or (is_numbered(b) and paragraph.opened <= 0):
        return False
    if a.endswith(("，", ",", "、", "(", "（", "《", "“", "‘")) or (paragraph.opened > 0 > openings(b)):
        return True
    full = bool(wrapped) and width(a) >= 0.82 * wrapped
    if a[-1].isascii() and a[-1].isalpha() and b[0].isascii() and b[0].isalpha():
        return full or (b[0].islower() and paragraph.size >= 30)
    if is_numbered(a) and paragraph.clauses <= 2 and paragraph.size <= 110:
        return False
    running = paragraph.clauses > 0 and (paragraph.size >= 80 or "。" in a)
    return full or running or bool(_FUNCTION.search(a) and paragraph.size >= 12 and is_prose(b))


def _wrap_width(lines: Sequence[Line]) -> int:
    """Find the width at which the document's lines are wrapped; 0 where they are not."""
    sizes = sorted(
        width(a.body) for a, b in pairwise(lines) if b.first - a.last == 1 and not ends_sentence(a.body)
    )
    if len(sizes) < 6:
        return 0
    wide = sizes[int(len(sizes) * 0.9)]
    near = sum(0.8 * wide <= size <= wide + 4 for size in sizes)
    return wide if 40 <= wide <= 180 and near >= 0.6 * len(sizes) else 0


def _seams(text: str, lines: Sequence[Line]) -> set[int]:
    """Find lines whose last word and the next line's first are one word, or a phrase that the document uses."""
    asked: dict[str, list[int]] = {}
    found = set()
    for line, after in pairwise(lines):
        a, b = line.body, after.body
        if ends_sentence(a) or is_numbered(a) or not is_prose(b) or width(a) < 12:
            continue
        if crosses(a[-8:], b[:8]):
            found.add(line.start)
        elif re.fullmatch(f"[{HAN}]{{4}}", a[-2:] + b[:2]):
            asked.setdefault(a[-2:] + b[:2], []).append(line.start)
    for phrase in _occurring(text, asked):
        found.update(asked[phrase])
    return found


def _occurring(text: str, phrases: Iterable[str]) -> set[str]:
    """Find those of the phrases, four characters each, that stand in `text`; in one pass."""
    wanted = set(phrases)
    return {text[i : i + 4] for i in range(len(text) - 3) if text[i : i + 4] in wanted} if wanted else set()


def paragraphs(text: str) -> list[Edit]:
    """Leave one paragraph a line: no blank lines, no blanks at the ends of lines, nothing before or after."""
    lines = [line for line in split_lines(text) if line.body != BARRIER]
    if not lines:
        return [Edit(0, len(text), "", "paragraphs")] if text else []
    edits = [Edit(0, lines[0].start, "", "paragraphs")]
    for line, after in pairwise(lines):
        newline = text.index("\n", line.end)
        edits += [Edit(line.end, newline, "", "paragraphs"), Edit(newline + 1, after.start, "", "paragraphs")]
    edits.append(Edit(lines[-1].end, len(text), "", "paragraphs"))
    return [edit for edit in edits if edit.start < edit.end]
