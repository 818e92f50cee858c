"""Does a text state an answer? Numbers count by value, scripts and punctuation don't count."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from functools import lru_cache

from rag.text.numbers import Quantity, find_quantities

from .metrics.answers import contains, normalise

CLOSE = Decimal("0.05")
"""How far a rounded figure may be from the exact one, as a share of it."""

_ENGLISH = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_WORDED = re.compile(rf"(\d[\d,]*(?:\.\d+)?)\s*({'|'.join(_ENGLISH)})s?\b", re.IGNORECASE)
_DIGITS = re.compile(r"\d+(?:\.\d+)?")


def stated(wanted: str, texts: Iterable[str]) -> bool:
    """Whether one of `texts` holds `wanted`: its words in order, and its numbers by value.

    >>> stated("21500对", ["結對2.15萬對"]), stated("103家", ["共有103个单位"]), stated("104家", ["共有103个单位"])
    (True, True, False)
    """
    return any(_states(text, wanted) for text in texts)


def unstated_numbers(wanted: str, texts: Iterable[str]) -> list[str]:
    """The figures of `wanted` that no text has, neither exactly nor exactly enough to be rounded to them.

    >>> unstated_numbers("6.6万,共31", ["65969人"])
    ['31']
    """
    texts, written = list(texts), _spelt(wanted)
    wrong = []
    for quantity in find_quantities(written):
        share = quantity.kind == "percent"
        text = written[quantity.start : quantity.end]
        if not _known(quantity, text, {value for known in texts for value in _values(known, percent=share)}):
            wrong.append(text)
    return wrong


def letters(text: str) -> str:
    """`text` as it is compared, without punctuation.

    >>> letters("“五小”成果4.1万个?")
    '五小成果4.1万个'
    """
    plain = normalise(text)
    return "".join(
        c
        for at, c in enumerate(plain)
        if unicodedata.category(c)[0] not in "PSZ" or c == "%" or (c == "." and _inside_number(plain, at))
    )


def _inside_number(text: str, at: int) -> bool:
    return text[at - 1 : at].isdecimal() and text[at + 1 : at + 2].isdecimal()


def _states(text: str, wanted: str) -> bool:
    if contains(normalise(text), normalise(wanted)) or contains(letters(text), letters(wanted)):
        return True
    written = _spelt(wanted)
    quantities = find_quantities(written)
    if not quantities or unstated_numbers(wanted, [text]):
        return False
    rest, at = [], 0
    for quantity in quantities:
        rest.append(written[at : quantity.start])
        at = quantity.end
    return all(letters(run) in letters(text) for run in (*rest, written[at:]))


def _spelt(text: str) -> str:
    """`text` with English number words worked out: `1.5 million` is 1500000."""
    return _WORDED.sub(
        lambda m: f"{Decimal(m[1].replace(',', '')).scaleb(_ENGLISH[m[2].lower()]):f}",
        unicodedata.normalize("NFKC", text),
    )


@lru_cache(maxsize=4096)
def _values(text: str, *, percent: bool) -> frozenset[Decimal]:
    spelt = _spelt(text)
    found = [*find_quantities(spelt), *find_quantities(normalise(spelt))]
    if percent:
        return frozenset(quantity.value for quantity in found if quantity.kind == "percent")
    bare = {Decimal(m[0]) for m in _DIGITS.finditer(spelt)}  # also of dates and names: 2021, 12351
    return frozenset(bare | {quantity.value for quantity in found})


def _known(quantity: Quantity, text: str, values: set[Decimal]) -> bool:
    if quantity.value in values:
        return True
    step = _step(quantity, text)
    return any(
        value
        and abs(value - quantity.value) <= CLOSE * value
        and quantity.value
        in {(value / step).to_integral_value(how) * step for how in (ROUND_FLOOR, ROUND_HALF_UP)}
        for value in values
    )


def _step(quantity: Quantity, text: str) -> Decimal:
    """What the last digit written is worth: 100 in `1900`, 1000 in `6.6万`."""
    found = re.match(r"[\d,]+(?:\.\d+)?", text)
    if found is None or not quantity.value:
        return Decimal(1)
    number = Decimal(found[0].replace(",", ""))
    _, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int) or not number:
        return Decimal(1)
    if exponent == 0:  # the zeros at the end of a whole number may stand for anything
        exponent = len(digits) - len("".join(map(str, digits)).rstrip("0"))
    return Decimal(1).scaleb(exponent) * (quantity.value / number)
