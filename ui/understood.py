"""What a question was understood to ask for, in parts that a click takes out, and years and places that it changes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.question.query import TOPIC, Query, understand
from rag.text.places import display
from rag.types import Answer, Period

KINDS = ("years", "regions", "titles", "terms")
CHANGED = ("years", "regions")
"""Kinds of which there are others to choose from."""
MOST_TERMS = 6
_JOIN = "和与跟及、或,\uff0c"
_YEAR = re.compile(r"(?:19|20)\d\d")
_LOOSE = re.compile(r"\s*\b(?:in|of|for|from|at)\s*(?=[?.]|$)|\s+(?=[?.,!])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One thing understood: `value` as the answer tells it, `shown` as a reader writes it."""

    kind: str
    value: str
    shown: str


def parts(answer: Answer) -> list[Part]:
    """Years, places, titles and the weightiest terms, each once."""
    told = answer.understood
    out: list[Part] = []
    for kind in KINDS:
        values = told.get(kind)
        if not isinstance(values, (list, tuple)):
            continue
        for value in values[: MOST_TERMS if kind == "terms" else 8]:
            shown = display(str(value)) if kind == "regions" else str(value)
            noise = kind == "terms" and len(shown) == 1 and not shown.isascii()  # a syllable that the cutter left over
            if not noise and not any(shown == other.shown for other in out):
                out.append(Part(kind, str(value), shown))
    return out


def standing(answer: Answer) -> str:
    """The question as it was answered, completed from the conversation."""
    rewritten = answer.understood.get("rewritten")
    return rewritten.replace(TOPIC, "") if isinstance(rewritten, str) and rewritten else answer.question


def without(question: str, kind: str, value: str, *, anchor: Period | None = None) -> str:
    """`question` with one thing that was understood taken out of its wording; the same where it does not stand there.

    `anchor` is what `今年` refers to. A question of which nothing would be left stays as it is.
    """
    query = understand(question, anchor=anchor)
    text = query.text
    spans = sorted(_spans(query, kind, value), reverse=True)
    for first, last in spans:
        start, end = first, last
        if text[end : end + 1] in ("了", "的") or (text[end : end + 1] and text[end] in _JOIN):
            end += 1  # what joined it to its neighbour goes with it
        elif start and text[start - 1] in _JOIN:
            start -= 1
        text = text[:start] + text[end:]
    text = _LOOSE.sub("", " ".join(text.split())).strip()
    left = understand(text)
    return text if spans and (left.terms or left.regions or left.years or left.titles) else question


def instead(question: str, kind: str, value: str, wanted: str, *, anchor: Period | None = None) -> str:
    """`question` with one year or place changed to `wanted`, a year or a region; the same where it does not stand there.

    >>> instead("去年四川省有多少会员", "years", "2022", "2021", anchor=Period(2023, 2023))
    '2021年四川省有多少会员'
    """
    if kind == "years":
        if not _YEAR.fullmatch(wanted):
            return question
    elif kind != "regions" or wanted not in understand(display(wanted)).regions:
        return question
    query = understand(question, anchor=anchor)
    text = query.text
    for start, end in sorted(_spans(query, kind, value), reverse=True):
        chinese = not text[start:end].isascii() or (kind == "years" and text[end : end + 1] == "年")
        shown = wanted if kind == "years" else display(wanted)
        if kind == "years" and chinese and text[end : end + 1] != "年":
            shown += "年"
        text = text[:start] + shown + text[end:]
    return text


def _spans(query: Query, kind: str, value: str) -> Iterator[tuple[int, int]]:
    if kind == "years":
        yield from ((a, b) for a, b, period in query.times if value.isdecimal() and int(value) in (period.first, period.last))
    elif kind == "regions":
        yield from ((a, b) for a, b, region in query.places if region == value)
    elif kind == "terms":
        yield from ((t.start, t.end) for t in query.terms if t.text == value)
    elif kind == "titles":
        yield from (
            (m.start(), m.end()) for m in re.finditer(rf"[《“\"「]?{re.escape(value)}[》”\"」]?", query.text)
        )
