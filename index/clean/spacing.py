"""Rules for blanks that typesetting and export put where none belong.

Blanks that mean something stay: between the halves of a headline or a slogan, between names, between Latin words.
"""

from __future__ import annotations

import re

from rag.types import Edit

from .draft import substitute
from .lines import HAN, UNIT, is_byline, is_numbered, is_prose, split_lines
from .words import crosses, in_words

_RUN = re.compile(" {2,}")
_POINT = re.compile(r"(?<=\d) +\. *(?=\d)|(?<=\d)\. +(?=\d+ *[%％万萬亿億倍元])|(?<=\d) +(?=[%％])")
_THOUSANDS = re.compile(rf"(?<![\d.,])(?<![\d.,] )\d{{1,3}}(?: \d{{3}})+(?= ?[{HAN}%％])(?! ?年)")
# digits set apart one by one, with a unit behind them; figures side by side in a table have more than one digit
_COUNTED = f"{UNIT}座张册台栋幢本辆套部"
_DIGITS = re.compile(
    rf"(?<![\d.,:\-])(?<![\d.] )(?:\d(?: \d)+(?: ?\. ?\d(?: \d)*)?|\d ?\. ?\d(?: \d)+)(?= ?(?:[{_COUNTED}%％]|[余多] ?[{_COUNTED}]))(?! ?[、,，])"
)
_BEFORE_MARK = re.compile(
    rf"(?<=[{HAN}A-Za-z0-9%％”’》）)]) +(?=[，。、；：！？）》」』】〉”’])|(?<=[{HAN}”》）)%]) +(?=[,;:!?)])"
)
_AFTER_MARK = re.compile(
    rf"(?<=[，。、；：！？（《「『【〈“‘]) +(?=[{HAN}A-Za-z0-9“‘《（(])|(?<=[,;!?(]) +(?=[{HAN}“‘《])"
)
_NUMBER = re.compile(rf"(?<=[\d%％]) +(?=[{HAN}])|(?<=[{HAN}]) +(?=\d)")
_LATIN = re.compile(rf"(?<=[A-Za-z]) +(?=[{HAN}])|(?<=[{HAN}]) +(?=[A-Za-z])")
_TOKEN = re.compile(r"\S+")
_MARKS = "，。、；：！？,;:!?%％"
_SHORT = re.compile(rf"[{_MARKS}]?(?:[{HAN}]|\d+(?:\.\d+)?[%％]?)[{_MARKS}]?|[{_MARKS}]")
_BETWEEN = re.compile(rf"(?<=[{HAN}]) (?=[{HAN}])")
_PAIR = re.compile(rf"(?<!\S)[{HAN}]( )[{HAN}](?![^\s：:])")
_QUOTED = re.compile("[“‘「『《〈][^”’」』》〉\n]{0,60}[”’」』》〉]")
_HAN = re.compile(f"[{HAN}]")


def runs_of_spaces(text: str) -> list[Edit]:
    """Make one space of several."""
    return substitute(_RUN, text, " ", "runs_of_spaces")


def spaced_numbers(text: str) -> list[Edit]:
    """Close up a number: `2 .18`, `98.76 %`, `12 345 人`, `3 6 0 0 人`."""
    spans = {(match.start(), match.end()) for match in _POINT.finditer(text)}
    apart = [match.span() for pattern in (_THOUSANDS, _DIGITS) for match in pattern.finditer(text)]
    spans = {(start, end) for start, end in spans if not any(a <= start and end <= b for a, b in apart)}
    edits = [Edit(start, end, text[start:end].strip(), "spaced_numbers") for start, end in spans]
    edits += [Edit(at, at + 1, "", "spaced_numbers") for start, end in apart for at in range(start, end) if text[at] == " "]
    return sorted({(edit.start, edit.end): edit for edit in edits}.values(), key=lambda edit: edit.start)


def spaced_out(text: str) -> list[Edit]:
    """Close up runs of single characters with a blank between each two: `筹 集 9944 万 元` → `筹集9944万元`.

    At least two characters must stand alone between blanks, and what comes of it must be words; so names and halves
    of headlines keep theirs.
    """
    edits = []
    for line in split_lines(text):
        if " " not in line.body or is_byline(line.body):
            continue
        tokens = list(_TOKEN.finditer(line.body))
        lone = all(_HAN.fullmatch(token.group()) for token in tokens)
        first = 0
        while first < len(tokens) - 1:
            last = first + 1  # what stands between the first and the last is short
            while last < len(tokens) - 1 and _SHORT.fullmatch(tokens[last].group()):
                last += 1
            alone = sum(bool(_HAN.search(token.group())) for token in tokens[first + 1 : last])
            apart = line.body[tokens[first].start() : tokens[last].end()].replace(" ", "")
            closed = (alone >= 2 or lone) and in_words(apart[-200:]) >= 0.5
            for i in range(first, last) if closed else ():
                heading = i == 0 and is_numbered(line.body)
                if not heading and _closable(tokens[i].group()[-1], tokens[i + 1].group()[0]):
                    start, end = line.start + tokens[i].end(), line.start + tokens[i + 1].start()
                    edits.append(Edit(start, end, "", "spaced_out"))
            first = last
    return edits


def _closable(left: str, right: str) -> bool:
    """Whether a blank may go: never one between two Latin letters or two digits."""
    return not (left.isascii() and left.isalnum() and right.isascii() and right.isalnum())


def spaced_punctuation(text: str) -> list[Edit]:
    """Close up blanks before and after Chinese punctuation."""
    spans = {match.span() for pattern in (_BEFORE_MARK, _AFTER_MARK) for match in pattern.finditer(text)}
    return [Edit(start, end, "", "spaced_punctuation") for start, end in sorted(spans)]


def spaced_units(text: str) -> list[Edit]:
    """Close up a number and the Chinese round it: `2.18 万家`; the number of a heading keeps its blank."""
    edits = []
    for line in split_lines(text):
        if " " not in line.body:
            continue
        prose, numbered = is_prose(line.body), is_numbered(line.body)
        for match in _NUMBER.finditer(line.body):
            if numbered and re.fullmatch(r"[\d.]{1,8}", line.body[: match.start()]):
                continue
            if prose or re.match(
                rf"[{UNIT}]|\d+(?:\.\d+)? ?[{UNIT}]", line.body[match.end() : match.end() + 24]
            ):
                edits.append(Edit(line.start + match.start(), line.start + match.end(), "", "spaced_units"))
    return edits


def spaced_latin(text: str) -> list[Edit]:
    """Close up Latin and Chinese in running text: `企业 APP 铺设`; blanks between Latin words stay."""
    return [
        Edit(line.start + match.start(), line.start + match.end(), "", "spaced_latin")
        for line in split_lines(text)
        if " " in line.body and is_prose(line.body)
        for match in _LATIN.finditer(line.body)
    ]


def spaced_words(text: str) -> list[Edit]:
    """Close up a word of running text: `全省工 会`; not between words, nor within quotation marks.

    Of a heading, only a word of two characters set apart: `第一章 总 则`.
    """
    edits = []
    for line in split_lines(text):
        if " " not in line.body:
            continue
        if not is_prose(line.body):
            edits += [
                Edit(line.start + match.start(1), line.start + match.end(1), "", "spaced_words")
                for match in _PAIR.finditer(line.body)
                if not is_byline(line.body) and crosses(match[0][0], match[0][-1])
            ]
            continue
        quoted = [match.span() for match in _QUOTED.finditer(line.body)]
        for match in _BETWEEN.finditer(line.body):
            at = match.start()
            if any(start < at < end for start, end in quoted):
                continue
            before, after = line.body[max(0, at - 12) : at], line.body[at + 1 : at + 13]
            if crosses(before.replace(" ", ""), after.replace(" ", "")):
                edits.append(Edit(line.start + at, line.start + at + 1, "", "spaced_words"))
    return edits
