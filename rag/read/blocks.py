"""Lists that run over several sentences: `重点做好五件事:` and the items that follow, `一是…`, `二是…`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..text.fold import fold, half_width
from .candidates import Span
from .views import View

MOST = 12  # items
_INTRODUCES = re.compile(r"[::]$|如下|以下|几个方面|[二两三四五六七八九十]+(?:件事|个方面|项(?:重点)?(?:任务|工作|措施|要求|内容)|点|条)[^,]{0,8}[。::]?$")
_MARKS = [re.compile(rf"\s*{mark}") for mark in (
    r"[一二三四五六七八九十]+(?:是|要)", r"[一二三四五六七八九十]+、", r"[((][一二三四五六七八九十]+[))]", r"[((]\d{1,2}[))]",
    r"\d{1,2}[.、.)](?!\d)", r"第[一二三四五六七八九十]+[,、,]", r"[①-⑳]")]
_LONGEST_HEADING = 30  # characters
_HEAD = re.compile(r"[^。;\uff1b]{1,80}")


def blocks(views: Sequence[View]) -> list[View]:
    """A view of each introducing sentence among `views` with all items that follow it."""
    found = []
    for view in views:
        sentences, clean = view.part.sentences, view.part.clean
        own = _mark(view.text)
        first = None
        items, last = 0, view.index
        if not _introduces(view) and not _heads_items(view, own):
            continue
        for i in range(view.index + 1, min(view.index + 4 * MOST, len(sentences))):
            mark = _mark(clean[sentences[i].start : sentences[i].end])
            if mark is not None and mark == own:
                break  # the next heading of the same rank
            if mark is not None and first in (None, mark):
                first = mark
                items += 1
            elif items == 0 or (mark is None and sentences[i].paragraph != sentences[last].paragraph):
                break
            last = i
        if items >= 2:
            found.append(View(view.source, view.version, view.number, view.part, view.index, last))
    return found


def under_heading(view: View) -> bool:
    """Whether a block's items stand under a heading, which names what they are, and not behind a sentence that counts them up."""
    return view.last is not None and not _introduces(view)


def _introduces(view: View) -> bool:
    return bool(_INTRODUCES.search(fold(view.part.clean[view.sentence.start : view.sentence.end]).strip()))


def _mark(text: str) -> int | None:
    """Which kind of numbering a sentence begins with; None for none."""
    text = half_width(text)
    return next((n for n, pattern in enumerate(_MARKS) if pattern.match(text)), None)


def _heads_items(view: View, own: int | None) -> bool:
    """Whether a sentence is a heading right before the first of some items."""
    text, following = view.text.strip(), view.part.sentences[view.index + 1 : view.index + 2]
    if not following or following[0].paragraph == view.sentence.paragraph or len(text) > _LONGEST_HEADING or text[-1:] in "。;\uff1b":
        return False
    mark = _mark(view.part.clean[following[0].start : following[0].end])
    return mark is not None and mark != own


def items(view: View) -> tuple[Span, int]:
    """The whole block as one answer, each item by its first statement; and how many items it has."""
    heads = [item.text[span.start : span.end] for item, span in parts(view)]
    start = view.sentence.end - view.sentence.start
    return Span(min(start, len(view.text) - 1), len(view.text), 1.1, ";".join(heads)), len(heads)


def parts(view: View) -> list[tuple[View, Span]]:
    """Each item of a block: its own sentence, and where its first statement stands in that."""
    found = []
    first = None
    for i in range(view.index + 1, (view.last or view.index) + 1):
        item = View(view.source, view.version, view.number, view.part, i)
        mark = _mark(item.text)
        lead = len(item.text) - len(item.text.lstrip())
        if mark is not None and first in (None, mark) and (head := _HEAD.match(item.text, lead)):
            first = mark
            found.append((item, Span(lead, len(head[0].rstrip()) + lead, 1.0)))
    return found
