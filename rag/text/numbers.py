"""Quantities in text: their value, unit and the words that soften them (`2.15万对` = 21500 对)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from ..data import words
from .fold import fold

_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_SCALE = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}
UNITS = words("units.txt")
_UNIT = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
_ARABIC = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_MIXED = r"\d{1,4}亿\d{1,4}万(?:\d{4}|\d,\d{3})?(?!\d)|\d{1,4}[万亿](?:\d{4}|\d,\d{3}|[1-9]千)(?![\d万亿年]|\.\d)"  # `3万4,500`, `1万2千`, `2亿3000万`
_CHINESE = r"[零一二三四五六七八九十百千两〇][零一二三四五六七八九十百千万亿两〇]*"
QUANTITY = re.compile(
    rf"(?P<percent>百分之(?P<of>{_ARABIC}|{_CHINESE}))"
    rf"|(?P<number>(?:{_MIXED})|(?:{_ARABIC})|(?:{_CHINESE})|(?<=[近约超逾达足])[数几]?(?=[万亿千百]))"
    rf"[ \u00a0]?(?P<scale>[十百千万亿]*)(?P<more>余|多|来|几)?(?P<scale2>[万亿])?[ \u00a0]?(?P<unit>(?:{_UNIT})|%|‰)?(?P<after>余|多)?"
)
_APPROX = re.compile(r"(近|约|超过|超|逾|突破|不足|不到|至少|最多|接近|达到|达|以上|以下|左右)$")
_PERSON = {"人", "名", "位", "员"}
_MONEY = {"元", "块", "人民币", "美元", "港元", "欧元"}


class Quantity(NamedTuple):
    """A number with its unit at `[start, end)`. `value` is exact; a percentage keeps its number with unit `%`.

    `approx` holds the softening word before or after it (`近`, `余`, `超过`), empty where there is none.
    """

    start: int
    end: int
    value: Decimal
    unit: str
    approx: str

    @property
    def kind(self) -> str:
        """`money`, `percent`, `person` or the unit itself: what may answer for what."""
        if self.unit in _MONEY:
            return "money"
        if self.unit in ("%", "‰"):
            return "percent"
        return "person" if self.unit in _PERSON else self.unit


def parse_chinese(text: str) -> Decimal | None:
    """`一百二十` → 120, `二〇二二` → 2022, `3千` → 3000; None where it is no number."""
    total = section = Decimal(0)
    digit: Decimal | None = None
    if text and all(c in _DIGITS for c in text):
        return Decimal("".join(str(_DIGITS[c]) for c in text))
    for char in text:
        if char in _DIGITS:
            digit = Decimal(_DIGITS[char])
        elif char == "亿":
            total, section, digit = (total + section + (digit or 0)) * _SCALE[char], Decimal(0), None
        elif char == "万":
            total, section, digit = total + (section + (digit or 0)) * _SCALE[char], Decimal(0), None
        elif char in _SCALE:
            section += (Decimal(1) if digit is None else digit) * _SCALE[char]
            digit = None
        else:
            return None
    return total + section + (digit or 0)


def find_quantities(text: str) -> list[Quantity]:
    """All quantities of `text`, in order, with exact decimal values; a lone Chinese digit needs a unit to count."""
    folded = fold(text)
    found: list[Quantity] = []
    for match in QUANTITY.finditer(folded):
        quantity = _percent(match) if match["percent"] else _plain(folded, match)
        if quantity is not None:
            found.append(quantity)
    return found


def _number(text: str) -> Decimal | None:
    if not text[:1].isdigit():
        return parse_chinese(text)
    value = Decimal(0)
    for digits, scale in re.findall(r"([\d.]+)([亿万千百]?)", text.replace(",", "")):
        value += Decimal(digits) * _SCALE.get(scale, 1)
    return value


def _percent(match: re.Match[str]) -> Quantity | None:
    value = _number(match["of"])
    return None if value is None else Quantity(match.start(), match.end(), value, "%", "")


def _plain(folded: str, match: re.Match[str]) -> Quantity | None:
    number = match["number"]
    value = Decimal(1) if number in ("", "数", "几") else _number(number)
    if value is None:
        return None
    arabic = number[:1].isdigit()
    for char in (match["scale"] or "") + (match["scale2"] or ""):
        value *= _SCALE[char]
    unit = match["unit"] or ""
    if not arabic and not unit and (value < 10 or not set(number) & set(_SCALE)):
        return None  # `五一`, `三八` are names
    end = match.start() + len(match[0].rstrip())
    if unit in ("大", "方", "面", "样", "代", "员", "市", "县", "省", "国", "行", "把", "单", "起", "里", "时", "点", "级", "组", "队") and not arabic:
        return None
    before = _APPROX.search(folded[max(0, match.start() - 2) : match.start()])
    after = re.match(r"以上|以下|左右|以内", folded[end : end + 2])
    approx = (before[0] if before else "") or match["more"] or match["after"] or (after[0] if after else "")
    return Quantity(match.start(), end, value, unit, approx)


def same(a: Quantity, b: Quantity) -> bool:
    """Whether two quantities say the same: equal value, and units that agree where both have one."""
    return a.value == b.value and (not a.unit or not b.unit or a.kind == b.kind)
