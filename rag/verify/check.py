"""The verifier: what a statement says must be in what it cites. It takes no model's word for anything.

Checked in a statement against the cited text: every number with its unit, every date, every quoted title, every
name of a place, and every Latin word or code. What the documents were found to be about (period, region) counts as
cited text for the label of a statement, since it was read off the same document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..text.fold import fold
from ..text.numbers import Quantity, find_quantities, same
from ..text.places import covers, find_places
from ..text.times import TimeMention, find_times
from ..types import Period

_TITLES = re.compile(r"《[^》]+》|“[^”]+”|「[^」]+」")
_LATIN = re.compile(r"[a-z][a-z0-9][a-z0-9.\-]*|[a-z]+\d[a-z0-9.\-]*")
_WORDING = re.compile(r"(?<!\d)\.|\.(?!\d)|[^\w.%]|_")
_PLAIN = re.compile(r"[\W_]+")
_NEGATION = re.compile(r"(?<![是否能])(没有|未能|尚未|并未|不再|不得|禁止|严禁|取消|停止|不予|无法|不能|不是|并非)")
# in this order: `不超过` holds `超过` and says the opposite
_BOUND = {
    "most": re.compile(r"不得?(超过|超出|高于|多于|大于)|至多|最多|最高|以内|封顶|上限"),
    "least": re.compile(r"不得?(少于|低于|小于)|至少|最低|下限"),
    "more": re.compile(r"超过|超|逾|突破|以上|多于|高于|余|多"),
    "less": re.compile(r"不足|不到|以下|低于|少于"),
    "near": re.compile(r"近|接近|约|左右"),
}


@dataclass(frozen=True, slots=True)
class Cited:
    """Clean text of what a statement cites, and what its document was found to speak of there."""

    text: str
    period: Period | None = None
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """What of a statement its citations do not say."""

    kind: str  # number, date, place, title, word, negation, uncited
    text: str


def check(statement: str, cited: Sequence[Cited]) -> list[Failure]:
    """All that `statement` says and `cited` does not; empty where it is proved.

    A statement with no citation fails as a whole.
    """
    if not cited:
        return [Failure("uncited", statement)]
    source = " ".join(c.text for c in cited)
    return [
        *_numbers(statement, source, cited),
        *_dates(statement, cited),
        *_places(statement, cited),
        *_titles(statement, source),
        *_words(statement, source),
        *_negations(statement, source),
    ]


def _numbers(statement: str, source: str, cited: Sequence[Cited]) -> Iterable[Failure]:
    times = [(m.start, m.end) for m in find_times(statement, None)]
    dated = [(m.start, m.end) for m in find_times(source, None)]
    known = [q for q in find_quantities(source) if q.unit or not any(a <= q.start < b for a, b in dated)]
    for quantity in find_quantities(statement):
        if any(a <= quantity.start < b for a, b in times):
            continue
        counted = [q for q in known if not quantity.unit or _of_a_code(source, q) == _of_a_code(statement, quantity)]
        if not any(same(quantity, other) and _softened(statement, quantity, source, other) for other in counted):
            yield Failure("number", statement[quantity.start : quantity.end])


def _of_a_code(text: str, quantity: Quantity) -> bool:
    """Whether a number is the end of a name such as `P60`, which counts nothing."""
    before = text[max(0, quantity.start - 1) : quantity.start]
    return before.isascii() and before.isalpha() and text[quantity.start].isdigit()


def _softened(statement: str, said: Quantity, source: str, proof: Quantity) -> bool:
    """`不足` may not become `超过`: the words around two equal numbers must not contradict each other."""
    a, b = _bound(statement, said), _bound(source, proof)
    if b in ("most", "least") and a != b:
        return False  # a limit told as a plain figure is another statement
    return not a or not b or a == b or ({a, b} == {"near", "more"} and "余" in source[proof.start : proof.end + 1])


def _bound(text: str, q: Quantity) -> str:
    around = fold(text[max(0, q.start - 4) : q.start]) + " " + fold(text[q.start : q.end + 2])
    return next((name for name, pattern in _BOUND.items() if pattern.search(around)), "")


def _dates(statement: str, cited: Sequence[Cited]) -> Iterable[Failure]:
    for mention in find_times(statement, None):
        if mention.kind in ("title", "label") or (mention.period is None and mention.month is None):
            continue
        if _the_year_before(mention, statement):
            continue  # `比上年同期` is another word for `同比`
        if not any(_dated(mention.period, mention.month, mention.day, c) for c in cited):
            yield Failure("date", statement[mention.start : mention.end])


def _dated(period: Period | None, month: int | None, day: int | None, cited: Cited) -> bool:
    if period is None:  # a month or a day without its year
        named = any(m.month == month and (day is None or m.day == day) for m in find_times(cited.text, cited.period))
        return named or (month, day) in days_named(cited.text)
    if month is None and cited.period is not None and (period == cited.period or period.last == cited.period.last):
        return True
    for other in find_times(cited.text, cited.period):
        if _the_year_before(other, cited.text):
            continue  # `比上年`: what is told is not of that year
        if month is not None and (other.month != month or (day is not None and other.day != day)):
            continue
        named = bool(re.search(r"\d{4}", cited.text[other.start : other.end]))
        if month is not None and not named and cited.period is not None and period.last in (cited.period.first, cited.period.last):
            return True  # the date is there, and its year is the year that the text speaks of
        if other.period is not None and (other.period == period or (period.first == period.last and period.last in (other.period.first, other.period.last))):
            return True
    return False


def _the_year_before(mention: TimeMention, text: str) -> bool:
    """Whether something is only measured against it, and it names no year: `比上年`."""
    return mention.kind == "compare" and not re.search(r"\d", text[mention.start : mention.end])


_DAYS = re.compile(r"(?<!\d)(\d{1,2})月(\d{1,2})日?(?:[至到~\u2014\u2013-](\d{1,2})日)?")


def days_named(text: str) -> set[tuple[int, int]]:
    """Month and day of every day in `text`, the last of a range among them (`8月5日至12日`)."""
    return {(int(m[1]), int(day)) for m in _DAYS.finditer(fold(text)) for day in (m[2], m[3]) if day}


def _places(statement: str, cited: Sequence[Cited]) -> Iterable[Failure]:
    for mention in find_places(statement):
        if mention.kind in ("in_name", "deictic") or mention.region == "全国":
            continue
        spoken = [r for c in cited for r in (*c.regions, *(m.region for m in find_places(c.text)))]
        if not any(covers(mention.region, r) for r in spoken):
            yield Failure("place", statement[mention.start : mention.end])


def _titles(statement: str, source: str) -> Iterable[Failure]:
    plain = plainly(source)
    for match in _TITLES.finditer(statement):
        if plainly(match[0]) not in plain:
            yield Failure("title", match[0])


def _words(statement: str, source: str) -> Iterable[Failure]:
    known = set(_LATIN.findall(fold(source)))
    for word in _LATIN.findall(fold(statement)):
        if word not in known:
            yield Failure("word", word)


def _negations(statement: str, source: str) -> Iterable[Failure]:
    folded = fold(source)
    for match in _NEGATION.finditer(fold(statement)):
        if match[1] not in folded:
            yield Failure("negation", match[1])


def wording(text: str) -> str:
    """As `plainly`, with what makes a figure another one left in: `3.5%` is not `35`."""
    return _WORDING.sub("", fold(text))


def plainly(text: str) -> str:
    """Folded text without punctuation and spaces, for comparing what was said letter by letter."""
    return _PLAIN.sub("", fold(text))
