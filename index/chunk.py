"""Chunks: runs of whole sentences of one section, measured in the embedder's own tokens."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import groupby

from rag.types import Chunk, Part, Period, Sentence

SPLIT_OVER = 4  # a sentence of more than so many chunks' tokens is no sentence; it is cut
_STOPS = ",;:!?\uff0c\uff1b\uff1a\uff01\uff1f、。"
_CLAUSE = re.compile(rf"[^{_STOPS}\s]*[{_STOPS}\s]*")

Count = Callable[[str], int]
Numbered = tuple[int, Sentence]


def chunk(
    part: Part, *, source: str, number: int, count_tokens: Count, max_tokens: int, overlap: int
) -> list[Chunk]:
    """Cut part `number` of `source` into chunks of up to `max_tokens`, `overlap` sentences shared by neighbours.

    No chunk crosses a heading; a heading with nothing under it but another heading goes with what that one heads.
    A sentence that is longer than `max_tokens` by itself is a chunk by itself; one of more than
    SPLIT_OVER times that is cut at the borders of its clauses. `chunk.text == part.clean[chunk.start:chunk.end]`.
    """
    out: list[Chunk] = []
    for section in _sections(part):
        for run in _pack(section, part.clean, count_tokens, max_tokens, overlap):
            first, last = run[0][0], run[-1][0]
            sentences = [sentence for _, sentence in run]
            for start, end in _spans(sentences, part.clean, count_tokens, max_tokens):
                out.append(
                    Chunk(
                        source,
                        number,
                        first,
                        last,
                        start,
                        end,
                        part.clean[start:end],
                        context(part, sentences),
                        _hull(sentences),
                        _regions(sentences, part),
                    )
                )
    return out


def context(part: Part, sentences: list[Sentence]) -> str:
    """Say where and when the sentences stand: title, headings, and the region and years that most of them share.

    What an earlier piece already says is left out.
    """
    said: list[str] = []
    places = Counter(region for s in sentences for region in s.regions).most_common(1)
    region = places[0][0] if places else part.region or ""
    years = Counter(str(s.period) for s in sentences if s.period is not None).most_common(1)
    year = years[0][0] if years else str(part.period or "")
    for piece in (part.title, *sentences[-1].heading, *region.split("/"), f"{year}年" if year else ""):
        text = " ".join(piece.split())
        if text and not any(text in earlier for earlier in said):
            said.append(text)
    return " ".join(said)


def _sections(part: Part) -> Iterator[list[Numbered]]:
    waiting: list[Numbered] = []  # headings that head no sentence of their own yet
    for path, group in groupby(enumerate(part.sentences), key=lambda item: item[1].heading):
        section = list(group)
        if waiting and path[: len(waiting[-1][1].heading)] != waiting[-1][1].heading:
            yield waiting
            waiting = []
        waiting += section
        text = _bare(part.clean[section[0][1].start : section[-1][1].end])
        if not path or text != _bare(path[-1]):
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _bare(text: str) -> str:
    return "".join(text.split())


def _pack(
    sentences: list[Numbered], clean: str, count: Count, limit: int, overlap: int
) -> Iterator[list[Numbered]]:
    """Fill chunks greedily; each begins with the last `overlap` sentences of the one before, if there is room."""
    sizes = {number: count(clean[s.start : s.end]) for number, s in sentences}
    run: list[Numbered] = []
    held = 0
    for item in sentences:
        size = sizes[item[0]]
        if run and held + size > limit:
            yield run
            run = run[len(run) - overlap :] if overlap else []
            while run and sum(sizes[n] for n, _ in run) + size > limit:
                run = run[1:]
            held = sum(sizes[n] for n, _ in run)
        run = [*run, item]
        held += size
    if run:
        yield run


def _spans(sentences: list[Sentence], clean: str, count: Count, limit: int) -> list[tuple[int, int]]:
    start, end = sentences[0].start, sentences[-1].end
    if len(sentences) > 1 or count(clean[start:end]) <= SPLIT_OVER * limit:
        return [(start, end)]
    spans: list[tuple[int, int]] = []
    at, held = start, 0
    for left, right, size in _clauses(clean, start, end, count, limit):
        if left > at and held + size > limit:
            spans.append((at, left))
            at, held = left, 0
        held += size
        if right == end:
            spans.append((at, end))
    return spans


def _clauses(clean: str, start: int, end: int, count: Count, limit: int) -> Iterator[tuple[int, int, int]]:
    """Clauses of `[start, end)` with their sizes, halved until each fits."""
    todo = [match.span() for match in _CLAUSE.finditer(clean, start, end) if match.end() > match.start()][
        ::-1
    ]
    while todo:
        left, right = todo.pop()
        size = count(clean[left:right])
        if size > limit and right - left > 1:
            middle = (left + right) // 2
            todo += [(middle, right), (left, middle)]
        else:
            yield left, right, size


def _hull(sentences: list[Sentence]) -> Period | None:
    periods = [s.period for s in sentences if s.period is not None]
    return Period(min(p.first for p in periods), max(p.last for p in periods)) if periods else None


def _regions(sentences: list[Sentence], part: Part) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(region for s in sentences for region in s.regions))
    return named or ((part.region,) if part.region else ())
