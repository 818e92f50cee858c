"""What a language model's text says: statements with the numbers of the sources that they cite, or none."""

from __future__ import annotations

import re

from ..text.sentences import split

NOT_FOUND = {"zh": "资料中没有找到答案。", "en": "The sources do not hold the answer."}
"""What a model is told to reply where the sources hold no answer."""

# some models begin to think in the prompt already, and write the end of it alone
_THOUGHT = re.compile(r"\A(?:(?!<think>).)*</think>|<think>.*?(?:</think>|\Z)", re.DOTALL)
_SHAPE = re.compile(r"\*\*|__|~~|`|</?[A-Za-z][^<>\n]{0,60}>")  # Markdown and HTML that change how a sentence is shown, not what it says
# Markdown's headings, list items and quotations, and the number of a list's item; `3、4月` begins no list
_LEAD = re.compile(
    r"^[ \t]*(?:(?:#{1,6}|[-*+•·]|>)[ \t]+)*"
    r"(?:\d{1,2}(?:[.\uff0e][ \t]+|、(?!\d{1,2}(?!\d))|[)\uff09])[ \t]*|[(\uff08]\d{1,2}[)\uff09][ \t]*|[\u2460-\u2473][ \t]*)?"
)
_MARK = re.compile(
    r"[ \t]*[\[［【〔][ \t]*(?:资料|来源|資料|來源|sources?)?[ \t]*"
    r"(\d{1,2}(?:[ \t]*[,，、;；~～–-][ \t]*\d{1,2})*)[ \t]*[\]］】〕](?:[ \t]+(?=[。，；：！？、]))?",
    re.IGNORECASE,
)
_RANGE = re.compile(r"(\d+)[ \t]*[~～–-][ \t]*(\d+)|(\d+)")


def statements(text: str) -> list[tuple[str, tuple[int, ...]]]:
    """Split what a model wrote into statements, each with the numbers that it cites, in order, none twice.

    A mark (`[1]`, `[1][2]`, `[1,2]`, `[1-3]`, `【1】`) belongs to the sentence that it ends or follows, at
    the start of a line to the one that it precedes. Markdown, numbers of list items and a
    reasoning model's thoughts are taken off.

    >>> statements("新建书屋318家[1]。服务12万人次。[1][2]")
    [('新建书屋318家。', (1,)), ('服务12万人次。', (1, 2))]
    """
    found: list[tuple[str, tuple[int, ...]]] = []
    for line in without_thoughts(text).splitlines():
        plain, marks = _unmark(_LEAD.sub("", _SHAPE.sub("", line)))
        spans = split(plain)
        begin = 0
        for i, (start, end) in enumerate(spans):
            last = len(plain) if i == len(spans) - 1 else spans[i + 1][0]
            cited = dict.fromkeys(n for at, n in marks if begin < at < last or at == begin == 0 or at == last)
            found.append((plain[start:end], tuple(cited)))
            begin = last
        if not spans and marks and found:  # a line of marks alone goes with the line before
            found[-1] = (found[-1][0], tuple(dict.fromkeys((*found[-1][1], *(n for _, n in marks)))))
    return found


def without_thoughts(text: str) -> str:
    """`text` without what a reasoning model thinks first, `<think>…</think>`, ended or not."""
    return _THOUGHT.sub("", text)


def declines(text: str) -> bool:
    """Tell whether a model's text says, as it was told to, that the sources hold no answer."""
    plain = re.sub(r"[\W_]+", "", _MARK.sub("", without_thoughts(text))).lower()
    return not plain or any(re.sub(r"[\W_]+", "", said).lower() in plain for said in NOT_FOUND.values())


def _unmark(line: str) -> tuple[str, list[tuple[int, int]]]:
    """Take the marks out of `line`: the rest, and for each cited number where in the rest its mark stood."""
    rest: list[str] = []
    marks: list[tuple[int, int]] = []
    at = size = 0
    for mark in _MARK.finditer(line):
        rest.append(line[at : mark.start()])
        size += mark.start() - at
        at = mark.end()
        for first, last, single in _RANGE.findall(mark[1]):
            numbers = range(int(first), int(last) + 1) if first else [int(single)]
            marks += ((size, number) for number in numbers if number)
    return "".join([*rest, line[at:]]), marks
