"""Articles that share a page: where one ends and the other goes on.

Three signals are taken for certain: a pointer `(上接第一版)` under a title of its own in the midst of running text,
a title below a pointer `(下转第三版)`, and headers of one pattern (title, then date or source) that come again. Where the host article resumes is told by
its section numbers; where the other one resumes, by the words that each of the two uses (a two-state Viterbi path
over clauses, Rabiner 1989, with log-odds of character pairs and triples as emissions).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.types import Edit

from .captions import CONTINUED
from .lines import BARRIER, HAN, Line, ends_sentence, is_byline, is_prose, is_title, split_lines, width

_SWITCH = 12.0  # nats: what it costs to change articles in mid-line
_AT_LINE = 6.0  # … at the start of a line
_AT_ECHO = 2.0  # … behind a clause that says the same twice, as where two columns were set into one line
_ECHO = re.compile(rf"([{HAN}]{{6,24}})[^，,。；]{{0,4}}\1")
_CLAUSE = re.compile(r"[^。！？；，,;!?\n]+[。！？；，,;!?”』」]*\n*")
_SECTION = re.compile(
    rf"(\d{{1,2}})[ 、.．]+(?=[{HAN}])|([一二三四五六七八九十]{{1,3}})、|[(（]([一二三四五六七八九十]{{1,3}})[)）]"
)
_DATE = re.compile(r"\d{4}\s*[-年/.]\s*\d{1,2}\s*[-月/.]\s*\d{1,2}")


@dataclass(frozen=True, slots=True)
class Piece:
    """One article of a page: its title where the page says so, and its spans in order."""

    title: str
    spans: tuple[tuple[int, int], ...]


def split(text: str) -> list[Piece]:
    """Find the articles of a text; one that covers all of it where nothing says that there are more."""
    lines = split_lines(text)
    guest = _guest(lines)
    if guest is not None:
        return _untangle(text, lines, guest)
    starts = _headers(lines)
    if starts:
        titles = [lines[i].body for i in starts]
        starts = starts[1:]  # what stands above the first title belongs to the first article
    else:
        starts = _turns(lines)
        titles = ["", *(lines[i].body for i in starts)]
    bounds = [0, *(lines[i].first for i in starts), len(text)]
    return [Piece(title, (span,)) for title, span in zip(titles or [""], pairwise(bounds), strict=True)]


def other_article(text: str, piece: Piece) -> list[Edit]:
    """Drop all but `piece`; a barrier marks where its spans were apart."""
    edits = []
    at = 0
    for low, high in piece.spans:
        if low > at:
            edits.append(Edit(at, low, f"\n{BARRIER}\n" if at else "", "other_article"))
        at = high
    if at < len(text):
        edits.append(Edit(at, len(text), "", "other_article"))
    return edits


def _guest(lines: Sequence[Line]) -> int | None:
    """Find the title line under which a second article goes on from another page."""
    first = running = 0  # where the head that the next line may end begins; running text above it
    for place, line in enumerate(lines):
        pointer = CONTINUED.match(line.body)
        comes = pointer and not re.search("[转轉]", pointer[0])
        if comes and place - 4 <= first < place and running >= 2:
            return first
        if not _heads(line.body):
            running += is_prose(line.body)
            first = place + 1
    return None


def _heads(body: str) -> bool:
    """Whether the line can stand in the head of an article: its title, subtitle or writer."""
    return is_byline(body) or (is_title(body) and not ends_sentence(body) and not is_prose(body))


def _untangle(text: str, lines: Sequence[Line], title: int) -> list[Piece]:
    resume = _resumption(lines, title)
    start = lines[title].first
    back = lines[resume].first if resume is not None else len(text)
    host, guest = text[:start], text[start:back]
    spans: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([(0, start)], [(start, back)])
    if resume is not None:
        odds = _Odds(host, guest)
        at, mine = back, 0
        for low, state in _path(text, back, odds):
            if state != mine:
                spans[mine].append((at, low))
                at, mine = low, state
        spans[mine].append((at, len(text)))
    return [Piece("", _tidy(spans[0])), Piece(lines[title].body, _tidy(spans[1]))]


def _tidy(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Drop empty spans and join those that touch."""
    out: list[tuple[int, int]] = []
    for low, high in spans:
        if low == high:
            continue
        if out and out[-1][1] == low:
            out[-1] = (out[-1][0], high)
        else:
            out.append((low, high))
    return tuple(out)


def _resumption(lines: Sequence[Line], title: int) -> int | None:
    """Find the line after the guest's title that bears the number after the host's last section."""
    last: dict[int, int] = {}
    for line in lines[:title]:
        if (section := _section(line.body)) and not ends_sentence(line.body):
            last[section[0]] = section[1]
    for place in range(title + 1, len(lines)):
        section = _section(lines[place].body)
        if section and last.get(section[0]) == section[1] - 1 and not is_prose(lines[place].body):
            return place
    return None


def _section(body: str) -> tuple[int, int] | None:
    """Read the style and the number of a section heading."""
    match = _SECTION.match(body)
    if match is None or match.lastindex is None:
        return None
    digits = match[match.lastindex]
    return match.lastindex, int(digits) if digits.isdigit() else _chinese(digits)


def _chinese(digits: str) -> int:
    values = {c: i for i, c in enumerate("一二三四五六七八九", 1)}
    tens, ten, ones = digits.rpartition("十")
    return (values.get(tens, 1) * 10 if ten else 0) + values.get(ones, 0)


class _Odds:
    """How much likelier a clause is in the guest than in the host, in nats, by its character pairs and triples."""

    def __init__(self, host: str, guest: str) -> None:
        self._host, self._guest = Counter(_grams(host)), Counter(_grams(guest))
        self._n_host, self._n_guest = sum(self._host.values()) + 1, sum(self._guest.values()) + 1

    def __call__(self, clause: str) -> float:
        total = 0.0
        for gram in set(_grams(clause)):
            guest = (self._guest[gram] + 0.3) / self._n_guest
            host = (self._host[gram] + 0.3) / self._n_host
            if self._guest[gram] or self._host[gram]:
                total += max(-2.0, min(2.0, math.log(guest / host)))
        return total / 2


def _grams(text: str) -> list[str]:
    runs = re.findall(f"[{HAN}]+", text)
    return [run[i : i + n] for run in runs for n in (2, 3) for i in range(len(run) - n + 1)]


def _path(text: str, start: int, odds: _Odds) -> list[tuple[int, int]]:
    """Tell for the start of each clause of `text[start:]` whose it is: 0 the host's, 1 the guest's.

    The likeliest path that begins in the host.
    """
    clauses = [(start + m.start(), start + m.end()) for m in _CLAUSE.finditer(text[start:])]
    score = [0.0, -math.inf]
    back: list[tuple[int, int]] = []
    echo = _SWITCH
    for low, high in clauses:
        gain = odds(text[low:high])
        cost = min(_AT_LINE if text[low - 1 : low] == "\n" else _SWITCH, echo)
        echo = _AT_ECHO if _ECHO.search(text, low, high) else _SWITCH
        came = (0 if score[0] >= score[1] - cost else 1, 1 if score[1] >= score[0] - cost else 0)
        score = [
            (score[0] if came[0] == 0 else score[1] - cost) - gain / 2,
            (score[1] if came[1] == 1 else score[0] - cost) + gain / 2,
        ]
        back.append(came)
    state = 0 if score[0] >= score[1] else 1
    states = []
    for came in reversed(back):
        states.append(state)
        state = came[state]
    return [(low, s) for (low, _), s in zip(clauses, reversed(states), strict=True)]


def _headers(lines: Sequence[Line]) -> list[int]:
    """Find the titles of articles set one after another: each has a date or source line of one pattern below it."""
    found: dict[str, list[int]] = {}
    for place, (line, after) in enumerate(pairwise(lines)):
        if not _DATE.search(after.body) or width(after.body) > 100 or is_prose(after.body):
            continue
        if is_title(line.body) and width(line.body) >= 12 and not _DATE.search(line.body):
            label = re.sub(r"\d+", "0", re.sub("[:：].*", "", after.body))
            found.setdefault(re.sub(f"[{HAN}A-Za-z]+", "字", label), []).append(place)
    for places in found.values():
        if len(places) >= 2 and all(_is_article(lines[a:b]) for a, b in pairwise([*places, len(lines)])):
            return places
    return []


def _is_article(lines: Sequence[Line]) -> bool:
    return sum(width(line.body) for line in lines) >= 200 and any(is_prose(line.body) for line in lines)


def _turns(lines: Sequence[Line]) -> list[int]:
    """Find the titles right below a pointer to another page, `(下转第三版)`, that have running text below them."""
    found = []
    for place, (line, after) in enumerate(pairwise(lines), 1):
        pointer = CONTINUED.search(line.body, max(0, len(line.body) - 40))
        if not pointer or pointer.end() < len(line.body) or not re.search("[转轉]", pointer[0]):
            continue
        if (
            is_title(after.body)
            and _heads(after.body)
            and any(is_prose(x.body) for x in lines[place : place + 5])
        ):
            found.append(place)
    return found
