"""The numbers that Word writes before paragraphs by itself (ECMA-376, part 1, section 17.9)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MOST = 9  # levels
_DEEPEST = 12  # styles that are based on one another


class Numbering:
    """Counts the numbered paragraphs of one document, in order."""

    def __init__(self, numbering: Any, styles: Any) -> None:
        self._styles = {style.get(f"{_W}styleId"): style for style in styles.iter(f"{_W}style")} if styles is not None else {}
        self._default = next((key for key, style in self._styles.items() if style.get(f"{_W}type") == "paragraph" and style.get(f"{_W}default") in ("1", "true")), None)
        self._abstract: dict[str, Any] = {}
        self._lists: dict[str, Any] = {}
        if numbering is not None:
            self._abstract = {node.get(f"{_W}abstractNumId"): node for node in numbering.iter(f"{_W}abstractNum")}
            self._lists = {node.get(f"{_W}numId"): node for node in numbering.iter(f"{_W}num")}
        self._counts: dict[str, list[int | None]] = {}
        self._begun: set[str] = set()

    def label(self, paragraph: Any) -> str:
        """What Word shows before `paragraph` (`第三条 `, `3.2 `); "" where it has no number, or a bullet."""
        number, level = self._place(paragraph)
        node = self._lists.get(number)
        if node is None or not 0 <= level < _MOST:
            return ""
        key, levels = self._levels(node)
        if level not in levels:
            return ""
        self._count(number, key, level, levels)
        return self._shown(self._counts[key], level, levels)

    def _place(self, paragraph: Any) -> tuple[str, int]:
        """The list of a paragraph and its level in it, its own or its style's."""
        own = paragraph.find(f"{_W}pPr/{_W}numPr")
        named = _value(paragraph.find(f"{_W}pPr/{_W}pStyle")) or self._default or ""
        number, level = _value(_child(own, "numId")), _value(_child(own, "ilvl"))
        style = named
        for _ in range(_DEEPEST):
            node = self._styles.get(style)
            if node is None or (number and level):
                break
            its = node.find(f"{_W}pPr/{_W}numPr")
            level = level or _value(_child(its, "ilvl"))
            if not number and (number := _value(_child(its, "numId"))):
                level = level or self._level_of(number, style)
            style = _value(node.find(f"{_W}basedOn"))
        return number, int(level) if level.isdecimal() else 0

    def _level_of(self, number: str, style: str) -> str:
        node = self._lists.get(number)
        levels = self._levels(node)[1] if node is not None else {}
        return next((str(level) for level, one in levels.items() if _value(one.find(f"{_W}pStyle")) == style), "0")

    def _levels(self, node: Any) -> tuple[str, dict[int, Any]]:
        """The list's own name, by which it counts, and its levels."""
        key = _value(node.find(f"{_W}abstractNumId"))
        abstract = self._abstract.get(key)
        link = _value(_child(abstract, "numStyleLink"))
        if link and link in self._styles:  # the levels stand with the list of a style
            other = self._lists.get(_value(self._styles[link].find(f"{_W}pPr/{_W}numPr/{_W}numId")))
            key = _value(_child(other, "abstractNumId")) or key
            abstract = self._abstract.get(key)
        levels = {_whole(one.get(f"{_W}ilvl")): one for one in abstract.iter(f"{_W}lvl")} if abstract is not None else {}
        for override in node.iter(f"{_W}lvlOverride"):
            if (own := override.find(f"{_W}lvl")) is not None:
                levels[_whole(override.get(f"{_W}ilvl"))] = own
        return key, levels

    def _count(self, number: str, key: str, level: int, levels: dict[int, Any]) -> None:
        counts = self._counts.setdefault(key, [None] * _MOST)
        if number not in self._begun:
            self._begun.add(number)
            for override in self._lists[number].iter(f"{_W}lvlOverride"):
                if _child(override, "startOverride") is not None:
                    counts[_whole(override.get(f"{_W}ilvl")) % _MOST] = None
        now = counts[level]
        counts[level] = self._start(number, level, levels) if now is None else now + 1
        counts[level + 1 :] = [None] * (_MOST - level - 1)

    def _start(self, number: str, level: int, levels: dict[int, Any]) -> int:
        for override in self._lists[number].iter(f"{_W}lvlOverride"):
            if _whole(override.get(f"{_W}ilvl")) == level and (start := _child(override, "startOverride")) is not None:
                return _whole(_value(start))
        return _whole(_value(levels[level].find(f"{_W}start")) or "1")

    @staticmethod
    def _shown(counts: list[int | None], level: int, levels: dict[int, Any]) -> str:
        own = levels[level]
        if _value(own.find(f"{_W}numFmt")) in ("bullet", "none"):
            return ""
        legal = own.find(f"{_W}isLgl") is not None

        def number(found: re.Match[str]) -> str:
            at = int(found[1]) - 1
            if at not in levels or at > level:
                return ""
            count = counts[at] if counts[at] is not None else _whole(_value(levels[at].find(f"{_W}start")) or "1")
            return _told(count or 0, "decimal" if legal else _value(levels[at].find(f"{_W}numFmt")))

        text = re.sub(r"%(\d)", number, _value(own.find(f"{_W}lvlText")))
        apart = _value(own.find(f"{_W}suff")) != "nothing" and text[-1:] not in "、，)）】"
        return f"{text} " if text and apart else text


def _child(node: Any, name: str) -> Any:
    return node.find(f"{_W}{name}") if node is not None else None


def _value(node: Any) -> str:
    return (node.get(f"{_W}val") or "") if node is not None else ""


def _whole(text: str | None) -> int:
    return int(text) if text and re.fullmatch(r"\d{1,6}", text) else 0


def _letters(count: int) -> str:
    return chr(96 + (count - 1) % 26 + 1) * ((count - 1) // 26 + 1) if 0 < count <= 260 else str(count)


_ROMAN = ("m", "cm", "d", "cd", "c", "xc", "l", "xl", "x", "ix", "v", "iv", "i")


def _roman(count: int) -> str:
    if not 0 < count < 4000:
        return str(count)
    told = ""
    for value, sign in zip((1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1), _ROMAN, strict=True):
        told += sign * (count // value)
        count %= value
    return told


def chinese(count: int, digits: str = "零一二三四五六七八九", ranks: str = "千百十") -> str:
    """A number below ten thousand in Chinese: 12 → 十二, 105 → 一百零五."""
    if not 0 < count < 10_000:
        return digits[0] if count == 0 else str(count)
    told = ""
    for place, figure in zip((*ranks, ""), f"{count:04d}", strict=True):
        if figure != "0":
            told += digits[int(figure)] + place
        elif told and not told.endswith(digits[0]):
            told += digits[0]
    told = told.rstrip(digits[0])
    return told[1:] if told.startswith(digits[1] + ranks[-1]) and ranks[-1] == "十" else told


def _circled(count: int) -> str:
    return chr(0x2460 + count - 1) if 0 < count <= 20 else str(count)


def _cycle(signs: str) -> Callable[[int], str]:
    return lambda count: signs[(count - 1) % len(signs)] if count > 0 else str(count)


_FORMATS: dict[str, Callable[[int], str]] = {
    "decimalZero": lambda count: f"{count:02d}",
    "lowerLetter": _letters, "upperLetter": lambda count: _letters(count).upper(),
    "lowerRoman": _roman, "upperRoman": lambda count: _roman(count).upper(),
    "decimalEnclosedCircle": _circled, "decimalEnclosedCircleChinese": _circled,
    "ideographTraditional": _cycle("甲乙丙丁戊己庚辛壬癸"), "ideographZodiac": _cycle("子丑寅卯辰巳午未申酉戌亥"),
    "ideographDigital": lambda count: "".join("〇一二三四五六七八九"[int(figure)] for figure in str(count)),
    "chineseLegalSimplified": lambda count: chinese(count, "零壹贰叁肆伍陆柒捌玖", "仟佰拾"),
    "ideographLegalTraditional": lambda count: chinese(count, "零壹貳參肆伍陸柒捌玖", "仟佰拾"),
    "decimalEnclosedParen": lambda count: f"({count})", "decimalEnclosedFullstop": lambda count: f"{count}.",
}  # fmt: skip
_COUNTED = ("chineseCounting", "chineseCountingThousand", "taiwaneseCounting", "taiwaneseCountingThousand", "japaneseCounting", "koreanCounting")


def _told(count: int, form: str) -> str:
    if form in _COUNTED:
        return chinese(count)
    return _FORMATS.get(form, str)(count)
