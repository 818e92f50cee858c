"""A document told again about other places or another year, with other figures and nobody's name in it."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Protocol

from rag.messages import tr
from rag.question.terms import SURNAMES
from rag.text.fold import fold, is_traditional
from rag.text.places import PlaceMention, find_places
from rag.text.regions import Region, abbreviations
from rag.text.times import find_times
from rag.text.tokens import cut, rarity
from rag.types import Part

from .figures import NUMERAL, changed
from .forms import to_simplified
from .kept import QUOTED
from .kinds import Skip
from .scope import YEAR, replaced
from .world import Told

_TITLE = re.compile(r"《[^》]*》")
_TELLING = 0.58  # how rare a character is that tells a province wherever it stands (\u8700, \u7696; not \u65b0, \u4e91)
_HEAD = 3  # paragraphs at the top in which the place and year of a document are looked for
# clock times, codes, numbers of headings
_NO_FIGURE = re.compile(r"\d+[:\uff1a]\d+(?:[:\uff1a]\d+)?|[A-Za-z][\w.-]*\d[\w.-]*|^\d+(?=[\s.\u3001])")


class Retelling(Protocol):
    """How a sentence is told of something else."""

    def rewrite(self, text: str) -> str | None:
        """The sentence of something else; None where that can't be done."""

    def titled(self, paragraphs: list[str], head: str) -> list[str]:
        """The paragraphs, with a line that says of what they are where `head` (the first of them) doesn't."""


def retold(sentences: Iterable[Told], about: Retelling, rng: random.Random) -> str:
    """The sentences that name nobody and nothing by name, of another place or year and with other figures."""
    paragraphs: list[str] = []
    for _, group in groupby(sentences, key=lambda s: s.paragraph):
        said = []
        for told in group:
            plain = to_simplified(told.text) if is_traditional(told.text) else told.text
            if _TITLE.search(plain) or _names_somebody(plain):
                continue
            new = about.rewrite(plain)
            if new is not None:
                said.append(_other_figures(new, rng))
        if said:
            paragraphs.append("".join(said))
    head = "\n".join(paragraphs[:_HEAD])
    return "\n\n".join(about.titled(paragraphs, head)) + "\n" if paragraphs else ""


def _names_somebody(text: str) -> bool:
    tokens = cut(text)
    if any(t.flag.startswith("nr") and len(t.text) > 1 and t.text[0] in SURNAMES for t in tokens):
        return True
    return "记者" in text or "通讯员" in text


def _other_figures(text: str, rng: random.Random) -> str:
    closed = [(m.start, m.end) for m in find_times(text, None)] + [m.span() for m in QUOTED.finditer(text)]
    closed += [m.span() for m in _NO_FIGURE.finditer(text)]
    out, at = [], 0
    for match in NUMERAL.finditer(text):
        if any(a < match.end() and match.start() < b for a, b in closed):
            continue
        new = changed(match[0], rng, lambda _: True)
        out += [text[at : match.start()], new or match[0]]
        at = match.end()
    return "".join([*out, text[at:]])


def short_names(part: Part) -> frozenset[str]:
    """One-character names of the provinces that a part speaks of, where they are hardly used otherwise."""
    spoken = {m.region.partition("/")[0] for m in find_places(part.clean)} | {
        (part.region or "").partition("/")[0]
    }
    return frozenset(
        char for char, key in abbreviations().items() if key in spoken and rarity(char) >= _TELLING
    )


@dataclass
class Elsewhere:
    """Says of other places what a document says of its own; each place becomes the same other one throughout."""

    provinces: list[Region]
    cities: list[Region]
    short: frozenset[str]  # one-character names of the old provinces
    _instead: dict[str, Region] = field(default_factory=dict)

    def rewrite(self, text: str) -> str | None:
        """`text` about the other places; None where an old one would be left."""
        mentions = [m for m in find_places(text) if m.region and m.level != "nation"]
        if any(m.kind == "abbr" for m in mentions):
            return None
        new = text
        for mention in reversed(mentions):
            other = self._for(mention)
            said = replaced(new, mention, other) if other else None
            if said is None:
                return None
            new = said
        wanted = {self._instead[m.region].key for m in mentions}
        left = {m.region for m in find_places(new) if m.region and m.level != "nation"}
        plain = _without(new, find_places(new))
        return new if left <= wanted and not self.short & set(plain) else None

    def _for(self, mention: PlaceMention) -> Region | None:
        province = mention.region.partition("/")[0]
        if province not in self._instead:
            used = {region.key for region in self._instead.values()}
            free = [region for region in self.provinces if region.key not in used]
            if not free:
                return None
            self._instead[province] = free[0]
        home = self._instead[province].key
        if mention.region not in self._instead:
            used = {region.key for region in self._instead.values()}
            free = [c for c in self.cities if c.key.startswith(home + "/") and c.key not in used]
            if not free:
                return None
            self._instead[mention.region] = free[0]
        return self._instead[mention.region]

    def titled(self, paragraphs: list[str], head: str) -> list[str]:
        """The paragraphs under a line that names the place, where none of the first does."""
        if any(m.region and m.level != "nation" for m in find_places(head)):
            return paragraphs
        place = next(iter(self._instead.values()), self.provinces[0])
        return [f"{place.name}工作情况", *paragraphs]


def _without(text: str, mentions: Iterable[PlaceMention]) -> str:
    for mention in mentions:
        text = text[: mention.start] + "\x00" * (mention.end - mention.start) + text[mention.end :]
    return text


@dataclass
class Later:
    """Says of another year what a document says of its own: all years shifted by as many."""

    shift: tuple[int, int]  # the year that the document is about, and by how many it is shifted

    def rewrite(self, text: str) -> str | None:
        """`text` of the other years; None for what belongs to its own (plans, jubilees)."""
        if any(m.kind in ("plan", "title", "label") for m in find_times(text, None)):
            return None
        return YEAR.sub(lambda m: str(int(m[0]) + self.shift[1]), fold(text))

    def titled(self, paragraphs: list[str], head: str) -> list[str]:
        """The paragraphs, with the year in a line of the head where there is none."""
        if YEAR.search(head):
            return paragraphs
        return [paragraphs[0], f"——{sum(self.shift)}年工作综述", *paragraphs[1:]]


def shifted(part: Part, taken: set[int]) -> tuple[int, int]:
    """The year of a part and the least shift that takes all years that it names out of `taken`. Raises Skip."""
    own = set(map(int, YEAR.findall(fold(part.clean))))
    year = (
        part.period.last
        if part.period
        else int(part.published[:4])
        if part.published
        else max(own, default=0)
    )
    if not year:
        raise Skip(tr("文档没有年份", "a document tells no year"))
    span = {year, *own, *(range(part.period.first, part.period.last + 1) if part.period else ())}
    for shift in sorted(range(-40, 41), key=abs):
        if not {y + shift for y in span} & taken and min(span) + shift >= 1900 and max(span) + shift < 2100:
            return year, shift
    raise Skip(tr("没有未提到的年份", "no year is left of which nothing is said"))
