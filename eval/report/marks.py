"""Which characters of two texts are the same, and how a long text is cut so that these stay in sight."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby, pairwise

from rag.text.fold import fold

Span = tuple[int, int]
LEAST, ALIKE = 4, 0.5
"""Fewest characters in a row that count as the same: two texts on one matter share many words of two. Where such runs
make up the share ALIKE of the shorter text, half as many do."""
COMPARED = 1500
"""Characters of a text that are compared; the matching is quadratic."""
PLAIN, MARKED, ALONE = 160, 600, 360
"""Characters shown of a plain stretch between marked ones, of a marked one, and of a text without marks."""
SPARE = 40
"""Fewer characters than these are not worth hiding."""

_LETTER = re.compile(r"\w", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Piece:
    """Text with what is said of it: `same` as the other text, `key` to the answer; `hidden` until asked for."""

    text: str
    same: bool = False
    key: bool = False
    hidden: bool = False


def common(a: str, b: str) -> list[tuple[Span, Span]]:
    """Stretches of `a` and `b` that are the same but for script, width, case and white space, in order.

    Ratcliff and Obershelp's matching blocks (1988, by way of difflib) over the folded texts without white space, as
    pairs of spans in characters of `a` and `b`. Short blocks, and those of punctuation alone, are left out. Only the first COMPARED characters are looked at.

    >>> common("共有 103 個單位", "一共有103个单位推报")
    [((0, 10), (1, 9))]
    """
    one, two = _letters(a), _letters(b)
    first, second = fold(a), fold(b)
    letters = "".join(first[i] for i in one), "".join(second[i] for i in two)
    blocks = SequenceMatcher(None, *letters, autojunk=False).get_matching_blocks()
    whole = sum(m.size for m in blocks if m.size >= LEAST)
    least = LEAST // 2 if whole >= ALIKE * min(len(one), len(two)) else LEAST
    return [
        ((one[m.a], one[m.a + m.size - 1] + 1), (two[m.b], two[m.b + m.size - 1] + 1))
        for m in blocks
        if m.size >= least and _LETTER.search(a, one[m.a], one[m.a + m.size - 1] + 1)
    ]


def _letters(value: str) -> list[int]:
    return [i for i, c in enumerate(value[:COMPARED]) if not c.isspace()]


def size(spans: Iterable[Span]) -> int:
    """Characters in all spans."""
    return sum(end - start for start, end in spans)


def places(value: str, words: Iterable[str]) -> list[Span]:
    """Where any of `words` stands in `value`, whatever the script, width and case, and cutting no number short.

    >>> places("2023年有3項，共13項", ["3项"])
    [(6, 8)]
    """
    folded = fold(value)
    return [
        m.span() for word in words if word.strip() for m in re.finditer(_whole(fold(word.strip())), folded)
    ]


def _whole(word: str) -> str:
    before, after = r"(?<!\d)" * word[0].isdecimal(), r"(?!\d)" * word[-1].isdecimal()
    return before + re.escape(word) + after


def pieces(value: str, same: Sequence[Span] = (), key: Sequence[Span] = ()) -> list[Piece]:
    """`value` in pieces: joined, they are `value`. Spans outside of it are ignored."""
    cuts = {0, len(value)}
    for start, end in (*same, *key):
        cuts |= {min(max(start, 0), len(value)), min(max(end, 0), len(value))}
    said = [(_within(start, same), _within(start, key)) for start, _ in pairwise(sorted(cuts))]
    runs = groupby(zip(said, pairwise(sorted(cuts)), strict=True), key=lambda one: one[0])
    return [
        Piece("".join(value[start:end] for _, (start, end) in spans), same_here, key_here)
        for (same_here, key_here), spans in runs
    ]


def _within(at: int, spans: Iterable[Span]) -> bool:
    return any(start <= at < end for start, end in spans)


def shorten(whole: Sequence[Piece], alone: int = ALONE) -> list[Piece]:
    """The pieces with the middle of every long one hidden; joined, they are still the whole text.

    `alone` characters are shown of a text in which nothing is marked.
    """
    out: list[Piece] = []
    for n, piece in enumerate(whole):
        marked = piece.same or piece.key
        most = MARKED if marked else alone if len(whole) == 1 else PLAIN
        if len(piece.text) <= most + SPARE:
            out.append(piece)
            continue
        head, tail = most - most // 3, most // 3
        if (
            not marked and len(whole) > 1
        ):  # at the ends of a text only what touches a marked stretch is needed
            head, tail = (0 if n == 0 else most // 2), (0 if n == len(whole) - 1 else most // 2)
        end = len(piece.text) - tail
        parts = ((piece.text[:head], False), (piece.text[head:end], True), (piece.text[end:], False))
        out += [Piece(t, piece.same, piece.key, hidden) for t, hidden in parts if t]
    return out
