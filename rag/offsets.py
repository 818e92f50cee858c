"""Edits on a text, their composition, and the way back from clean to raw.

A list of edits is sorted, does not overlap, and counts in the text that it is applied to. Two edits may touch;
an insertion is an edit with `start == end`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from .types import Edit


def apply(text: str, edits: Iterable[Edit]) -> str:
    """Return `text` with `edits` made. Raises ValueError if they overlap or leave the text."""
    out: list[str] = []
    at = 0
    for edit in edits:
        if edit.start < at or edit.end < edit.start or edit.end > len(text):
            raise ValueError(f"edit out of order or range: {edit}")
        out += (text[at : edit.start], edit.replacement)
        at = edit.end
    out.append(text[at:])
    return "".join(out)


def compose(text: str, old: Sequence[Edit], new: Sequence[Edit]) -> list[Edit]:
    """Make one list of edits on `text` that does what `old` and then `new` do, in O(len(old) + len(new)) steps.

    `old` counts in `text`, `new` in `apply(text, old)`; both are valid lists. Edits that meet in the middle text
    (a new one rewrites what an old one wrote) become one, trimmed of what it leaves as it was, so that no edit
    holds more of `text` than it must. Its rule is `old+new`, or that of the edit which removed most if all that is
    left is a deletion.

    >>> compose("a b", [Edit(0, 1, "ab", "double")], [Edit(1, 3, "", "shorten")])
    [Edit(start=1, end=2, replacement='', rule='shorten')]
    """
    out: list[Edit] = []
    i = j = shift = 0  # place in the middle text + shift = place in `text`, after the first i old edits
    while j < len(new):
        if i == len(old) or not _meet(old[i], shift, new[j]):
            if i < len(old) and _written(old[i], shift)[1] <= new[j].start:
                out.append(old[i])
                shift -= _growth(old[i])
                i += 1
            else:
                edit = new[j]
                out.append(Edit(edit.start + shift, edit.end + shift, edit.replacement, edit.rule))
                j += 1
            continue
        first_old, first_new, before = i, j, shift
        last, shift = shift, shift - _growth(old[i])
        i, j = i + 1, j + 1
        while True:  # whatever meets the last of either list is rewritten together with it
            if i < len(old) and _meet(old[i], shift, new[j - 1]):
                last, shift = shift, shift - _growth(old[i])
                i += 1
            elif j < len(new) and _meet(old[i - 1], last, new[j]):
                j += 1
            else:
                break
        low = min(old[first_old].start, new[first_new].start + before)
        high = max(old[i - 1].end, new[j - 1].end + shift)
        out += _merged(text[low:high], old[first_old:i], new[first_new:j], low, before)
    out.extend(old[i:])
    return out


def _growth(edit: Edit) -> int:
    return len(edit.replacement) - (edit.end - edit.start)


def _written(edit: Edit, shift: int) -> tuple[int, int]:
    """Where the replacement of an old edit stands in the middle text."""
    start = edit.start - shift
    return start, start + len(edit.replacement)


def _meet(old: Edit, shift: int, new: Edit) -> bool:
    """Whether a new edit rewrites what an old one wrote, or spans the place of an old deletion."""
    start, end = _written(old, shift)
    return start < new.end and new.start < end


def _merged(span: str, old: Sequence[Edit], new: Sequence[Edit], low: int, shift: int) -> list[Edit]:
    """Make the one edit (or none) that does what `old` and `new` do to `span`, which begins at `low`."""
    at = low - shift
    middle = apply(span, [Edit(e.start - low, e.end - low, e.replacement, "") for e in old])
    result = apply(middle, [Edit(e.start - at, e.end - at, e.replacement, "") for e in new])
    head = _same(span, result)
    tail = _same(span[head:][::-1], result[head:][::-1])
    start, end, result = low + head, low + len(span) - tail, result[head : len(result) - tail]
    if start == end and not result:
        return []
    if result:
        rule = "+".join(dict.fromkeys(name for edit in (*old, *new) for name in edit.rule.split("+")))
    else:
        rule = max((*new, *old), key=lambda edit: edit.end - edit.start).rule
    return [Edit(start, end, result, rule)]


def _same(one: str, other: str) -> int:
    """Count the characters that two texts begin with alike."""
    return next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


class OffsetMap:
    """Maps spans of the clean text to spans of the raw text and back, in O(log edits)."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self._clean_start: list[int] = []
        self._clean_end: list[int] = []
        self._raw_start = [e.start for e in edits]
        self._raw_end = [e.end for e in edits]
        shift = 0
        for edit in edits:
            self._clean_start.append(edit.start + shift)
            shift += len(edit.replacement) - (edit.end - edit.start)
            self._clean_end.append(edit.end + shift)

    def to_raw(self, start: int, end: int) -> tuple[int, int]:
        """Find the smallest raw span that holds all of clean `[start, end)`.

        What was deleted at either edge is left out; what was deleted inside is inside. A span that
        begins or ends within a replacement takes the whole of what was replaced.
        """
        if end <= start:
            point = self._start(start)
            return point, point
        return self._start(start), self._end(end)

    def _start(self, at: int) -> int:
        # the last edit whose clean start is <= at
        i = bisect_right(self._clean_start, at) - 1
        if i < 0:
            return at
        if at < self._clean_end[i]:
            return self._raw_start[i]
        return self._raw_end[i] + (at - self._clean_end[i])

    def _end(self, at: int) -> int:
        # the last edit whose clean start is < at
        i = bisect_left(self._clean_start, at) - 1
        if i < 0:
            return at
        if at <= self._clean_end[i]:
            return self._raw_end[i]
        return self._raw_end[i] + (at - self._clean_end[i])

    def to_clean(self, start: int, end: int) -> tuple[int, int]:
        """Find the clean span that stands for raw `[start, end)`; empty where all of it was deleted."""
        low = self._clean(start, last=False)
        return low, max(low, self._clean(end, last=True))

    def _clean(self, at: int, *, last: bool) -> int:
        i = (bisect_left if last else bisect_right)(self._raw_start, at) - 1
        if i < 0:
            return at
        if at < self._raw_end[i] or (last and at == self._raw_end[i]):
            return self._clean_end[i] if last else self._clean_start[i]
        return self._clean_end[i] + (at - self._raw_end[i])
