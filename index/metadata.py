"""Says of a part what it is, when it was written, what years and regions it speaks of, sentence by sentence."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from rag.text.places import PlaceMention, find_places
from rag.text.sentences import split
from rag.text.times import STRONG, TimeMention, find_times, spoken_of, written_in
from rag.types import Document, Part, Period, Sentence

from . import frontmatter, headings, review

_CLAUSE_START = re.compile(r"(?:^|[,，。;；:：!！?？、(（“”\s]|其中|例如|比如)$")


def describe(document: Document, part: Part) -> Part:
    """`part` with title, region, period, date, author, publisher and sentences filled in.

    Looks at the raw text, too, where cleaning took away a date or a source line. Every line of the clean text is
    a paragraph; headings and the lines above the text are sentences like the rest, a heading's own path ending
    with itself.
    """
    lines = part.clean.split("\n")
    title, front = frontmatter.title(lines, part.title, document.title)
    sections = headings.paths(lines, front)
    run_ins = headings.run_in(lines, sections)
    published = frontmatter.published("\n".join(lines[:12])) or frontmatter.published(document.raw)
    publisher = frontmatter.publisher("\n".join(lines[:12])) or frontmatter.publisher(document.raw)
    body = "\n".join(line for i, line in enumerate(lines) if i not in front)
    distinct = [path[-1] for path in dict.fromkeys(sections) if path]
    period, written = review.period(title, body, published, distinct, document.raw)
    region = review.region(title, publisher, body, document.raw)
    described = dataclasses.replace(
        part, title=title, region=region, period=period, published=published, publisher=publisher,
        author=frontmatter.author(lines, sorted(front)),
    )  # fmt: skip
    anchor = written_in(described) if published or written is None else Period(written, written)
    sentences = _sentences(part.clean, sections, run_ins, described, anchor)
    return dataclasses.replace(described, sentences=tuple(sentences))


def _sentences(
    text: str, sections: Sequence[tuple[str, ...]], run_ins: dict[int, str], part: Part, anchor: Period | None
) -> list[Sentence]:
    found: list[Sentence] = []
    paragraph, counted = 0, 0
    when, where = _When(part.period, anchor), _Where(part.region)
    fresh = -1
    for start, end in split(text):
        paragraph += text.count("\n", counted, start)
        counted = start
        path = sections[paragraph]
        if paragraph in run_ins:
            path = (*path, run_ins[paragraph])
        if paragraph != fresh:
            fresh = paragraph
            when.paragraph(sections[paragraph])
            where.paragraph()
        sentence = text[start:end]
        period, explicit = when.sentence(sentence)
        found.append(Sentence(start, end, paragraph, path, period, explicit, where.sentence(sentence)))
    return found


_OF = re.compile(r"(?!将)[\u4e00-\u9fff]{0,10}的")
_PREPARED = re.compile(r"(?:谋划|部署|安排|做好|展望|研究)$")
_IN_HEADINGS = STRONG - {"plan"} | {"label"}
_FRAMES = ("year", "deictic", "range", "since")


def _opens(text: str, mention: TimeMention) -> bool:
    """Whether a mention sets the time of what follows: `2022年,…`, `省交通厅明年将…`."""
    return mention.start <= 2 or (mention.start <= 16 and text[mention.end : mention.end + 1] in ",，将")


def _attributive(text: str, mention: TimeMention) -> bool:
    """Whether the time is that of a thing in the sentence rather than its own: `抽检2021年底各地反馈的名录`.

    So does a time that work is only being prepared for (`研究谋划明年工作`).
    """
    before = text[max(0, mention.start - 10) : mention.start]
    if _CLAUSE_START.search(before[-2:]) or before.endswith(("在", "于", "截至", "自", "从")):
        return False
    return bool(_OF.match(text, mention.end) or _PREPARED.search(before))


class _When:
    """The years that each sentence speaks of, read in order."""

    def __init__(self, part: Period | None, anchor: Period | None) -> None:
        self._part = part
        self._anchor = anchor
        self._section = part
        self._frame: Period | None = None  # set by a sentence that opens with its time, for the paragraph
        self._cache: dict[tuple[str, ...], Period | None] = {}

    def paragraph(self, path: tuple[str, ...]) -> None:
        """Begin a paragraph under the headings `path`."""
        if path not in self._cache:
            self._cache[path] = self._heading_period(path)
        self._section = self._cache[path]
        self._frame = None

    def _heading_period(self, path: tuple[str, ...]) -> Period | None:
        for heading in reversed(path):
            mentions = [m for m in find_times(heading, self._anchor) if m.kind in _IN_HEADINGS]
            planned = review.plan_year(heading)
            if planned is not None:
                return Period(planned, planned)
            period, explicit = spoken_of(self._resolved(mentions, heading, self._part))
            if explicit:
                return period
        return self._part

    def sentence(self, text: str) -> tuple[Period | None, bool]:
        """Years of the next sentence, and whether it names them."""
        found = find_times(text, self._anchor)
        if any(m.kind in ("recent", "now") for m in found) and not any(m.kind in STRONG for m in found):
            self._frame = None
        default = self._frame or self._section
        mentions = self._resolved(found, text, default)
        period, explicit = spoken_of(mentions)
        if explicit and period is not None:
            if default is not None and all(_attributive(text, m) for m in mentions if m.kind in STRONG):
                return Period(min(period.first, default.first), max(period.last, default.last)), True
            opening = next((m for m in mentions if m.kind in STRONG), None)
            if opening is not None and opening.kind in _FRAMES and _opens(text, opening):
                self._frame = opening.period
            elif opening is not None:
                self._frame = None
            return period, True
        return period or default, False

    @staticmethod
    def _resolved(mentions: list[TimeMention], text: str, default: Period | None) -> list[TimeMention]:
        """Mentions whose year the context gives, with that year."""
        year = Period(default.last, default.last) if default else None
        out = []
        for mention in mentions:
            if year is not None and review.bare_date(mention, text):
                out.append(dataclasses.replace(mention, period=year))
            elif mention.kind == "past" and default is not None:
                out.append(dataclasses.replace(mention, period=default))
            else:
                out.append(mention)
        return out


_AUTONOMOUS = frozenset(("内蒙古", "广西", "西藏", "宁夏", "新疆"))


class _Where:
    """The regions that each sentence speaks of, read in order."""

    def __init__(self, region: str | None) -> None:
        self._default = (region,) if region and region != "全国" else ()
        self._levels = {"province", "area"} if region in _AUTONOMOUS else {"province"}
        self._carried: tuple[str, ...] = ()

    def paragraph(self) -> None:
        """Begin a paragraph: what an earlier one was about no longer holds."""
        self._carried = ()

    def sentence(self, text: str) -> tuple[str, ...]:
        """Regions of the next sentence: those named, and the document's unless another is its subject."""
        places = find_places(text)
        named: dict[str, None] = {}
        subject = own = False
        for i, mention in enumerate(places):
            starts = bool(_CLAUSE_START.search(text[max(0, mention.start - 2) : mention.start]))
            if mention.kind == "deictic" and not named and mention.level in self._levels:
                own = True
            subject_name = mention.kind == "in_name" and starts and text[mention.end : mention.end + 1] not in "”’》"
            if mention.kind == "name" or subject_name:
                if not _belongs_to_next(places, i):
                    named[mention.region] = None
                subject = subject or (starts and mention.kind == "name")
            elif mention.kind == "abbr":
                named[mention.region] = None
        if not named:
            if own or not self._carried:
                self._carried = () if own else self._carried
                return self._default
            return tuple(dict.fromkeys((*self._carried, *self._default)))
        if subject and not own:
            self._carried = tuple(region for region in named if region not in self._default)
            return tuple(named)
        return tuple(dict.fromkeys((*named, *self._default)))


def _belongs_to_next(places: Sequence[PlaceMention], i: int) -> bool:
    """Whether mention `i` is the province of the city named right after it (`辽宁省大连市`)."""
    if i + 1 >= len(places):
        return False
    here, there = places[i], places[i + 1]
    return here.end == there.start and there.region.startswith(here.region + "/")
