"""What a change of spelling must leave as it was: numbers, times, places, quoted names, codes."""

from __future__ import annotations

import re

from rag.messages import tr
from rag.question.terms import SURNAMES
from rag.text.fold import fold, half_width
from rag.text.numbers import find_quantities
from rag.text.places import find_places
from rag.text.regions import regions
from rag.text.times import find_times
from rag.text.tokens import Token, cut, rarity

from ..rows import Gold

HAN = re.compile(r"[\u3400-\u9fff]")
QUOTED = re.compile(r"《[^》]*》|“[^”]*”|‘[^’]*’|「[^」]*」|\"[^\"]*\"")
LATIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")
ASKING = re.compile(r"多[少大高长久]|几|哪|什么|啥|谁|何|怎|如何|咋|吗|呢|是否|有没有|能否")
_NAMES = ("nr", "ns", "nt", "nz", "m", "t", "eng", "x")
_LEAST_RARE = 0.97  # a word that jieba's dictionary hardly knows may be a name


def is_english(text: str) -> bool:
    """Whether `text` has more Latin words than Chinese characters."""
    return len(re.findall(r"[A-Za-z]+", half_width(text))) > len(HAN.findall(text))


def numbers(text: str) -> list[tuple[str, str]]:
    """Values and units of all figures, sorted, figures of dates left out."""
    times = [(m.start, m.end) for m in find_times(text, None)]
    return sorted(
        (str(q.value.normalize()), q.unit)
        for q in find_quantities(text)
        if not any(start <= q.start < end for start, end in times)
    )


def times(text: str) -> list[tuple[str, int | None, int | None]]:
    """Period, month and day of all times that are named, sorted."""
    return sorted((str(m.period), m.month, m.day) for m in find_times(text, None) if m.period is not None)


def places(text: str) -> list[str]:
    """Regions of all places that are named, and names of the gazetteer that may only be words here (`海北`), sorted."""
    folded = fold(text)
    return sorted(
        [m.region for m in find_places(text) if m.region] + [r.short for r in regions() if r.short in folded]
    )


def disturbed(before: str, after: str) -> str | None:
    """What of numbers, times, places and names of `before` is not the same in `after`; None where all is."""
    names = (
        (tr("数字", "a number"), numbers),
        (tr("时间", "a time"), times),
        (tr("地名", "a place"), places),
        (tr("引号中的名称", "a quoted name"), QUOTED.findall),
    )
    for name, read in names:
        if read(before) != read(after):
            return tr(f"{name}变了", f"{name} was changed")
    return None


def same_demand(original: Gold, mutated: Gold) -> str | None:
    """Whether a question asked in other words still demands what it did; None where it does."""
    if (original.answers, original.evidence, original.refuse) != (
        mutated.answers,
        mutated.evidence,
        mutated.refuse,
    ):
        return tr("答案或依据变了", "answers or evidence were changed")
    if original.question == mutated.question:
        return tr("问题没有变", "the question was not changed")
    return None


def fragile(text: str) -> set[int]:
    """Positions of `text` that no slip may touch."""
    spans = [(m.start, m.end) for m in find_times(text, None)]
    spans += [(m.start, m.end) for m in find_places(text)]
    spans += [(q.start, q.end) for q in find_quantities(text)]
    spans += [m.span() for pattern in (QUOTED, LATIN, ASKING) for m in pattern.finditer(text)]
    return {at for start, end in spans for at in range(start, end)}


def words(text: str) -> list[Token]:
    """The plain words of two to four characters in `text`: no names, numbers, question words, nothing quoted.

    A word that no dictionary knows, or that stands behind a surname of one character, may be a name and is left out.
    """
    closed = fragile(text)
    tokens = cut(text)
    out = []
    for i, token in enumerate(tokens):
        before = tokens[i - 1] if i else None
        named = before is not None and before.end == token.start and before.text in SURNAMES
        known = rarity(token.text) < _LEAST_RARE
        plain = HAN.match(token.text) and 2 <= len(token.text) <= 4 and not token.flag.startswith(_NAMES)
        if plain and known and not named and not closed & set(range(token.start, token.end)):
            out.append(token)
    return [t for t in out if fold(text[t.start : t.end]) == text[t.start : t.end]]


def letters(text: str) -> str:
    """`text` folded, without punctuation and white space."""
    return re.sub(r"[\W_]+", "", fold(text))
