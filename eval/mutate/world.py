"""The documents that a gold set is about, as they were indexed: their text, and what each sentence speaks of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Protocol

from rag.offsets import OffsetMap
from rag.text.fold import fold
from rag.text.places import find_places
from rag.text.regions import NATION, Region, covers, regions
from rag.types import Document, Part, Period

if TYPE_CHECKING:
    from rag.store.corpus import SourceInfo

_PLAIN = (".txt", ".md")


class Indexed(Protocol):
    """What is needed of an index: `rag.store.Snapshot`, or a stand-in in a test."""

    def sources(self) -> list[SourceInfo]:
        """All documents."""

    def document(self, source: str) -> Document:
        """One of them."""

    def parts(self, source: str) -> list[Part]:
        """Its articles."""


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence: clean `text`, `[start, end)` in the raw document, and what it speaks of."""

    source: str
    part: int
    paragraph: int
    start: int
    end: int
    text: str
    period: Period | None = None
    regions: tuple[str, ...] = ()
    region: str | None = None  # of the whole article


@dataclass(frozen=True)
class World:
    """Raw texts by source, and their sentences in order.

    A document that is no plain text (PDF, DOCX, HTML) goes on as the text read from it; `renamed` maps its source to
    the name that this has.
    """

    documents: Mapping[str, str]
    sentences: tuple[Told, ...]
    parts: Mapping[tuple[str, int], Part] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, snapshot: Indexed) -> World:
        """Read all documents of an index."""
        documents: dict[str, str] = {}
        renamed: dict[str, str] = {}
        parts: dict[tuple[str, int], Part] = {}
        sentences: list[Told] = []
        for info in snapshot.sources():
            name = (
                info.source if PurePosixPath(info.source).suffix.lower() in _PLAIN else f"{info.source}.txt"
            )
            renamed[info.source] = name
            documents[name] = snapshot.document(info.source).raw
            for number, part in enumerate(snapshot.parts(info.source)):
                parts[name, number] = part
                sentences += _told(name, number, part)
        return cls(documents, tuple(sentences), parts, renamed)

    @cached_property
    def letters(self) -> str:
        """All documents, folded and without white space, for looking a word up."""
        return "\n".join("".join(fold(text).split()) for text in self.documents.values())

    def has(self, word: str) -> bool:
        """Whether some document holds `word`, in whatever script and spacing."""
        return "".join(fold(word).split()) in self.letters

    @cached_property
    def _unnamed(self) -> tuple[Region, ...]:
        spoken = {m.region for s in self.sentences for m in find_places(s.text)}
        spoken |= {region for s in self.sentences for region in (*s.regions, s.region or "")} - {"", NATION}
        free = []
        for region in regions():
            near = any(
                covers(region.key, other) or covers(other, region.key) for other in spoken - {"", NATION}
            )
            if (
                not near
                and len(region.short) > 1
                and not self.has(region.short)
                and not self.has(region.name)
            ):
                free.append(region)
        return tuple(free)

    def unnamed(self, level: str) -> list[Region]:
        """Provinces (with `level` "city": prefectures) that no document names, nor any place in or above them."""
        return [region for region in self._unnamed if ("/" in region.key) == (level == "city")]

    @cached_property
    def between(self) -> str:
        """All that stands in no sentence: what cleaning took for page furniture."""
        rest = []
        for source, text in self.documents.items():
            at = 0
            for told in sorted((s for s in self.sentences if s.source == source), key=lambda s: s.start):
                rest.append(text[at : max(at, told.start)])
                at = max(at, told.end)
            rest.append(text[at:])
        return "\n".join(rest)

    def overlapping(self, source: str, spans: Iterable[tuple[int, int]]) -> list[Told]:
        """The sentences of `source` that share a character with one of the raw `spans`."""
        wanted = list(spans)
        return [
            s
            for s in self.sentences
            if s.source == source and any(s.start < end and start < s.end for start, end in wanted)
        ]


def _told(source: str, number: int, part: Part) -> Iterable[Told]:
    offsets = OffsetMap(part.edits)
    for s in part.sentences:
        start, end = offsets.to_raw(s.start, s.end)
        yield Told(
            source, number, s.paragraph, start, end, part.clean[s.start : s.end], s.period, s.regions, part.region
        )  # fmt: skip
