"""Lists that run over several sentences: `重点做好五件事:` and the items that follow, `一是…`, `二是…`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..text.fold import half_width
from .candidates import Span
from .views import View

MOST = 12  # items
_INTRODUCES = re.compile(r"[::]$|如下|以下|几个方面|[二两三四五六七八九十]+(?:件事|个方面|项(?:重点)?(?:任务|工作|措施|要求|内容)|点|条)[^,]{0,8}[。::]?$")
_ITEM = re.compile(r"^\s*(?:[一二三四五六七八九十]+(?:是|要|、)|[((][一二三四五六七八九十\d]+[))]|\d{1,2}[.、.)](?!\d)|第[一二三四五六七八九十]+[,、,]|[①-⑳])")
_HEAD = re.compile(r"[^。;\uff1b]{1,80}")


def blocks(views: Sequence[View]) -> list[View]:
    """A view of each introducing sentence among `views` with all items that follow it."""
    found = []
    for view in views:
        sentences, clean = view.part.sentences, view.part.clean
        if not _INTRODUCES.search(view.folded.strip()):
            continue
        items, last = 0, view.index
        for i in range(view.index + 1, min(view.index + 4 * MOST, len(sentences))):
            text = half_width(clean[sentences[i].start : sentences[i].end])
            if _ITEM.match(text):
                items += 1
                last = i
            elif items == 0 or sentences[i].paragraph != sentences[last].paragraph:
                break
            else:
                last = i
        if items >= 2:
            found.append(View(view.source, view.version, view.number, view.part, view.index, last))
    return found


def items(view: View) -> tuple[Span, int]:
    """The whole block as one answer, each item by its first statement; and how many items it has."""
    sentences, clean = view.part.sentences, view.part.clean
    heads = []
    for sentence in sentences[view.index + 1 : (view.last or view.index) + 1]:
        text = clean[sentence.start : sentence.end].strip()
        head = _HEAD.match(text)
        if _ITEM.match(half_width(text)) and head:
            heads.append(head[0])
    start = sentences[view.index].end - view.sentence.start
    return Span(min(start, len(view.text) - 1), len(view.text), 1.1, ";".join(heads)), len(heads)
