"""The nouns of the project, as plain immutable values.

Coordinates: `raw` offsets count characters (code points) of the decoded document; `clean` offsets
count characters of one part's clean text. `rag.offsets` maps between the two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .errors import InputError


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Years that something speaks of, first to last, both included."""

    first: int
    last: int

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read `2022` or `2018-2023`. Raises InputError for anything else."""
        match = re.fullmatch(r"(\d{4})(?:-(\d{4}))?", text)
        if match is None:
            raise InputError(f"not a period: {text!r}; write 2022 or 2018-2023")
        return cls(int(match[1]), int(match[2] or match[1]))

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"

    def __contains__(self, year: int) -> bool:
        return self.first <= year <= self.last


@dataclass(frozen=True, slots=True)
class Edit:
    """`raw[start:end]` stands as `replacement` in the clean text, because of `rule`."""

    start: int
    end: int
    replacement: str
    rule: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a part, in clean coordinates.

    `period` is what it speaks of, named in it (`explicit`) or inherited from section or document;
    `regions` likewise ("辽宁", or "辽宁/大连" for a city; empty where unknown).
    """

    start: int
    end: int
    paragraph: int
    heading: tuple[str, ...] = ()
    period: Period | None = None
    period_explicit: bool = False
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A document, or one of the articles in it when a page carries several.

    `clean` is `raw` with `edits` applied (sorted, not overlapping); whatever belongs to other parts
    is edited away, so every part maps back by itself.
    """

    title: str
    clean: str
    edits: tuple[Edit, ...]
    sentences: tuple[Sentence, ...] = ()
    region: str | None = None
    period: Period | None = None
    published: str | None = None  # ISO date, as far as known: 2023-10-08, 2023-10, 2023
    author: str | None = None
    publisher: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One file as it was read. `raw` is the text that citations count in.

    `version` is "sha256:" and the digest of `raw` in UTF-8. `pages` holds the raw offset at which each page starts
    (empty where the format has none).
    """

    source: str
    raw: str
    version: str
    media_type: str = "text/plain"
    encoding: str | None = None
    pages: tuple[int, ...] = ()
    title: str | None = None  # what the format itself says (HTML title, DOCX properties)
    unread: tuple[str, ...] = ()  # what of the file could not be read, for whoever indexes it
    edits: tuple[Edit, ...] = ()  # what the format itself says must be read otherwise: struck text, cells behind their headings


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of whole sentences of one section of one part: the unit of retrieval.

    `context` (title, heading path, region, period) is prepended to what is embedded and searched, never to what is quoted.
    """

    source: str
    part: int
    first: int  # sentence numbers in the part, last included
    last: int
    start: int  # clean coordinates of the part
    end: int
    text: str
    context: str
    period: Period | None = None
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk number of the open generation with its score, higher is better."""

    chunk: int
    score: float


@dataclass(frozen=True, slots=True)
class Citation:
    """Proof: `raw[start:end] == quote` of that version of that source."""

    n: int
    source: str
    title: str
    quote: str
    start: int
    end: int
    version: str
    marks: tuple[tuple[int, int], ...] = ()  # raw spans inside the quote that prove the short answer
    page: int | None = None
    published: str | None = None
    publisher: str | None = None
    region: str | None = None
    period: str | None = None
    part: int = 0


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of an answer and the numbers of the citations that prove it.

    `generated` where a language model wrote it, in its own words; they are proved like any other.
    """

    text: str
    citations: tuple[int, ...]
    generated: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """What a language model did for an answer.

    `state`: writing (more may come), done, declined (it says that the sources do not hold the answer), unproved (nothing
    of what it wrote is proved), failed (`note` says why), late (its time was up, or whoever asked stopped it: `note` says
    which). `cut` statements were left out for want of proof, `repaired` were put right when it was asked again.
    """

    model: str
    state: str
    cut: int = 0
    repaired: int = 0
    note: str | None = None


@dataclass(frozen=True, slots=True)
class RelatedPassage:
    """A retrieved passage as shown to a user: raw offsets, clean text."""

    source: str
    start: int
    end: int
    text: str
    score: float
    title: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question comes back with. `to_dict` is the public contract (`rag/answer.schema.json`)."""

    question: str
    answer: str
    short: str | None = None
    refused: bool = False
    reason: str | None = None
    statements: tuple[Statement, ...] = ()
    citations: tuple[Citation, ...] = ()
    passages: tuple[RelatedPassage, ...] = ()
    generation: str | None = None
    timing_ms: dict[str, float] = field(default_factory=dict)
    understood: dict[str, object] = field(default_factory=dict)  # years, regions, terms, rewritten question
    id: str | None = None
    written: Written | None = None  # absent where no language model was asked
    confidence: float | None = None  # the probability that it answers, of a refusal that of the best that was found; None where no reader gave one
