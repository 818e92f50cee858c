"""A list in an answer, taken apart into its items."""

from __future__ import annotations

import re

from rag.types import Answer, Statement

from .inline import bare

_CLAUSES = re.compile(r"[,;:。?!\n\uff0c\uff1b\uff1a\uff1f\uff01]")
_AND = re.compile(r"和|以及|及|与")
_SORTS = re.compile(r".等.")  # `罗阳等专题`: what follows belongs to all items
_PAIRS = (("“", "”"), ("《", "》"), ("(", ")"), ("\uff08", "\uff09"), ("「", "」"), ("‘", "’"))
_ENDS = "。.,; \uff0c\uff1b"
_LONGEST = 40  # characters of an item


def items(answer: Answer) -> tuple[Statement, ...]:
    """Two or more items, each with the citations that prove it; none where the answer is no list.

    Each statement is an item where there are several; a single one is cut at `、` where the question asked for a list.
    """
    statements, short = answer.statements, answer.short or ""
    asked = answer.understood.get("kind") == "list"
    if len(statements) > 1:
        joined = "、".join(bare(s.text) for s in statements) == bare(short)
        return statements if asked or joined else ()
    if not asked or not statements:
        return ()
    return tuple(Statement(item, statements[0].citations) for item in cut(short))


def cut(text: str) -> list[str]:
    """The items that `、` and a last `和` join, [] where the text is more than these.

    A clause round the list would stick to its first and last item: it shows in items of very different length.

    >>> cut("沈阳、大连、辽阳和盘锦"), cut("分组奔赴各地调研的有沈阳、大连")
    (['沈阳', '大连', '辽阳', '盘锦'], [])
    """
    text = text.strip(_ENDS)
    found = [item.strip() for item in text.split("、")]
    if len(found) < 2 or _CLAUSES.search(text) or _SORTS.search(found[-1]):
        return []
    if not any(_AND.search(item) for item in found[:-1]):
        found[-1:] = _AND.split(found[-1]) if len(_AND.findall(found[-1])) == 1 else found[-1:]
    lengths = sorted(map(len, found))
    whole = all(item.count(a) == item.count(b) for item in found for a, b in _PAIRS)
    return found if whole and lengths[0] and lengths[-1] <= min(3 * lengths[0] + 4, _LONGEST) else []
