"""Sentences and clauses of Chinese (and English) prose, as spans.

A sentence ends at `。！？` or a line break, closing quotes and brackets staying with it; `；` ends none, unless the
sentence would be longer than `LONGEST`.
What follows a quotation and only says who spoke (`”赵海艳说。`) belongs to the quotation. Numbers, addresses
and abbreviations are not broken.
"""

from __future__ import annotations

import re

_END = re.compile(r"[。！？!?｡]+|…{2,}|[.．]+")
_CLOSERS = "”’」』）)】〕》〉］]\"'"
_SPOKE = re.compile(
    r"[^。！？!?“”「」\n]{0,44}?(?:说|說|道|表示|介绍|介紹|坦言|告诉记者|告訴記者|感慨|感叹|感嘆|回忆|回憶|称|稱)"
    r"(?:[。！!]|(?=\n|$))"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|st|no|nos|vol|fig|vs|etc|e\.g|i\.e|inc|ltd|co|corp|dept|approx|jan|feb|mar|apr|jun|jul"
    r"|aug|sept?|oct|nov|dec)|\b[a-z](?:\.[a-z])*|^\W*\d{1,3})$",
    re.IGNORECASE,
)
_LINE = re.compile(r"[^\n\r\u2028\u2029]+")
_OPEN, _CLOSE = "（(【〔[［", "）)】〕]］"
_CLAUSE = re.compile(r"[，,；;：:。！？!?]+")
_ITEM = re.compile(r"[，,；;：:。！？!?、]+")
_PAIRS = dict(zip("《〈（(“「『‘【", "》〉）)”」』’】", strict=True))
_THOUSANDS = re.compile(r"\d{3}(?!\d)")
_CODE = re.compile(r"[A-Za-z0-9/]")
_SLOGAN = 30
LONGEST = 500
"""Characters of a sentence at most: what runs on without a stop, as lists and logs do, is cut at its weaker marks."""
_WEAK = (re.compile(r"[；;]"), re.compile(r"[，,、]|\s"))


def split(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences of `text`, in order, without the white space round them; none is empty.

    >>> [(a, b) for a, b in split("增长2.15万。“好！”他说。")]
    [(0, 8), (8, 15)]
    """
    spans: list[tuple[int, int]] = []
    for line in _LINE.finditer(text):
        start = line.start()
        for end in _ends(text, line.start(), line.end()):
            _add_short(spans, text, start, end)
            start = end
        _add_short(spans, text, start, line.end())
    return spans


def _add_short(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    """Add the span, in pieces no longer than `LONGEST`."""
    while end - start > LONGEST:
        half, limit = start + LONGEST // 2, start + LONGEST
        found = next((marks for weak in _WEAK if (marks := [mark.end() for mark in weak.finditer(text, half, limit)])), None)
        at = found[-1] if found else limit
        _add(spans, text, start, at)
        start = at
    _add(spans, text, start, end)


def _ends(text: str, start: int, stop: int) -> list[int]:
    """Where sentences end within one line, its own end left out."""
    ends: list[int] = []
    inside = _bracketed(text, start, stop)
    begun = start
    for mark in _END.finditer(text, start, stop):
        if mark.start() in inside or not _final(text, mark, begun, stop):
            continue
        end = mark.end()
        while end < stop and text[end] in _CLOSERS and not _opens_again(text, end, start):
            end += 1
        if end > mark.end():
            spoke = _SPOKE.match(text, end, stop)
            if spoke:
                continue
        if end < stop:
            ends.append(end)
            begun = end
    return ends


def _final(text: str, mark: re.Match[str], begun: int, stop: int) -> bool:
    """Whether this mark ends a sentence, judged by what stands round it."""
    after = text[mark.end() : mark.end() + 2] if mark.end() < stop else ""
    before = text[begun : mark.start()]
    first = mark[0][0]
    if first in "!?":  # part of an address such as `page?id=1`, or a code
        return not (after[:1].isascii() and after[:1].isalnum()) and after[:1] not in ("=", "&", "/")
    if first == "．":
        return bool(before) and not before[-1].isdigit() and "\u3400" <= before[-1] <= "\u9fff"
    if first == ".":
        begins = after[1:].isupper() or after[1:] in ("“", '"', "(")
        follows = after[:1] in _CLOSERS or (after[:1].isspace() and begins)
        if len(mark[0]) > 1:
            return follows and after[1:].isupper()
        return bool(after) and follows and not _ABBREVIATION.search(before[-12:])
    if first == "…":  # a pause rather than an end, unless a new sentence plainly begins
        return after[:1] not in ("，", ",", "、", "；", "。") and after[:1] not in _CLOSERS
    return True


def _opens_again(text: str, at: int, line: int) -> bool:
    """Whether a straight quote at `at` opens the next quotation instead of closing this one."""
    quote, after = text[at], text[at + 1 : at + 2]
    return quote in "\"'" and bool(after.strip()) and text.count(quote, line, at) % 2 == 0


def _bracketed(text: str, start: int, stop: int, longest: int = 80) -> set[int]:
    """Positions inside short, closed brackets of one line, where no sentence ends."""
    inside: set[int] = set()
    opened: list[int] = []
    for i in range(start, stop):
        if text[i] in _OPEN:
            opened.append(i)
        elif text[i] in _CLOSE and opened:
            first = opened.pop()
            if i - first <= longest:
                inside.update(range(first, i))
    return inside


def clauses(text: str, *, items: bool = False) -> list[tuple[int, int]]:
    """Cut `text` into comma-level clauses: spans, each with its closing mark, that cover it but for spaces.

    With `items`, the members of a list (`、`) are clauses, too. Titles, brackets, short quotations, numbers
    (`14,347`) and times (`10:23`) are not broken.

    >>> text = "培训14,347人,其中《甲,乙》3项"
    >>> [text[a:b] for a, b in clauses(text)]
    ['培训14,347人,', '其中《甲,乙》3项']
    """
    kept = _kept_whole(text)
    spans: list[tuple[int, int]] = []
    start = 0
    for mark in (_ITEM if items else _CLAUSE).finditer(text):
        at, end = mark.span()
        if at in kept or _in_number(text, at, end):
            continue
        while end < len(text) and text[end] in _CLOSERS and text[end] not in "\"'":
            end += 1
        _add(spans, text, start, end)
        start = end
    _add(spans, text, start, len(text))
    return spans


def _in_number(text: str, at: int, end: int) -> bool:
    """Whether a mark stands within a figure or an address."""
    if at == 0 or end - at != 1:
        return False
    if text[at] == ",":  # thousands, not a list of figures
        return text[at - 1].isdigit() and _THOUSANDS.match(text, end) is not None
    return text[at] in ":：" and _CODE.match(text[at - 1]) is not None and _CODE.match(text, end) is not None


def _kept_whole(text: str) -> set[int]:
    """Positions inside titles and brackets, and inside quotations short enough to be a name or slogan."""
    kept: set[int] = set()
    opened: list[int] = []
    for i, char in enumerate(text):
        if char in _PAIRS:
            opened.append(i)
        elif opened and char == _PAIRS[text[opened[-1]]]:
            first = opened.pop()
            quotation = text[first] in "“「『‘"
            speech = quotation and text[i - 1] in "。！？!?，,"
            if i - first <= (_SLOGAN if quotation else 200) and not speech:
                kept.update(range(first, i))
    return kept


def _add(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    if start < end:
        spans.append((start, end))
