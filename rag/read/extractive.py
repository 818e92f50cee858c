"""The model-free reader: choose the sentence, find the span by the kind of answer, say how well it is supported."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..question.query import Kind, Query
from ..question.terms import Match, Matcher, Term
from ..retrieve.relevance import period_match
from ..text.designators import find_designators, speaks_of_another
from ..text.fold import fold
from ..text.places import covers, find_places
from ..text.tokens import Token
from ..types import Period
from ..verify.check import plainly
from .align import (
    BEFORE,
    HEADING,
    LEAD,
    TITLE,
    TWO_BEFORE,
    VALUES,
    Support,
    aligned,
    measured,
    supports,
    tightness,
)
from .blocks import blocks, items, under_heading
from .candidates import BEGINS, ENDS, FALL, RISE, Span, candidates, expected_items, how_much_more
from .views import View

if TYPE_CHECKING:
    from ..retrieve.search import Retrieved
    from ..store import Snapshot


@dataclass(frozen=True, slots=True)
class Finding:
    """A possible answer: `span` of `view`, its `score` for ranking, and the share of the question that is supported.

    `focus` is the support of the thing asked for; `missing` the words without support; `hard_missing` those of them
    that must stand there to the letter.
    """

    view: View
    span: Span
    score: float
    support: float
    focus: float
    missing: tuple[str, ...]
    hard_missing: tuple[str, ...]
    period: Period | None
    regions: tuple[str, ...]
    more: tuple[tuple[View, Span], ...] = ()  # what belongs to the answer besides: further items of a list, or sentences
    proposed: bool = False  # by the learned reader
    verdict: str = ""  # yes or no, where the question wants one
    probability: float | None = None  # that it answers, where that is known (`rag.read.decide`)

    @property
    def text(self) -> str:
        """The short answer."""
        return self.span.text or self.view.text[self.span.start : self.span.end].strip()

    @property
    def pieces(self) -> tuple[tuple[View, Span], ...]:
        """All that the answer consists of, in order."""
        return ((self.view, self.span), *self.more)


class Reader(Protocol):
    """Finds answers in sentences."""

    def read(self, query: Query, views: Sequence[View], retrieved: Sequence[Retrieved] = (), *, any_time: bool = False,
             any_place: bool = False) -> list[Finding]:
        """Possible answers, best first, out of `views`, the sentences of the passages `retrieved` and those beside them.

        `any_time` and `any_place` leave out what the question says of year and place.
        """
        ...


class Context(NamedTuple):
    """What a reader is made of for one question over `snapshot`.

    `importance` gives 0–1 for how much a term tells in the collection (1: rare), `known` whether it occurs in it, `view` a
    sentence by source, part and number.
    """

    matcher: Matcher
    importance: Callable[[Term], float]
    known: Callable[[Term], bool]
    snapshot: Snapshot
    view: Callable[[Snapshot, str, int, int], View]


def load_extractive(context: Context) -> ExtractiveReader:
    """The reader without a model, for the entry point."""
    return ExtractiveReader(context.matcher, context.importance, context.known)


class ExtractiveReader:
    """Word alignment between question and sentence; no model but the word vectors of `matcher`.

    `importance` gives 0–1 for how much a term tells in this collection (1: rare), `known` whether it occurs in it.
    """

    def __init__(self, matcher: Matcher, importance: Callable[[Term], float], known: Callable[[Term], bool]) -> None:
        self._matcher = matcher
        self._importance = importance
        self._known = known

    def read(self, query: Query, views: Sequence[View], retrieved: Sequence[Retrieved] = (), *, any_time: bool = False,
             any_place: bool = False) -> list[Finding]:
        """See Reader."""
        weights = self._weights(query)
        findings: list[Finding] = []
        for view in [*views, *(blocks(views) if query.kind is Kind.LIST else ())]:
            found = supports(query.terms, view, self._around(view), self._matcher)
            found = [
                Support((Match(0, len(view.text), 0.9),), 0.0) if t.text in query.titles and _spelled_out(t.text, view) else s
                for t, s in zip(query.terms, found, strict=True)
            ]
            if under_heading(view):  # what its items say besides is not what they are a list of
                end = view.sentence.end - view.sentence.start
                found = [Support(tuple(m for m in s.matches if m.end <= end), s.around) for s in found]
            findings += self._in_view(query, view, found, weights, any_time=any_time, any_place=any_place)
            if query.kind in _SUBJECTS and (_leads(view) or _referred(view)):
                # the subject that a paragraph opens with is the subject of what it goes on to say; so is who `他` is
                later = supports(query.terms, view, self._after(view), self._matcher)
                if any(b.best > a.best for a, b in zip(found, later, strict=True)):
                    findings += self._in_view(query, view, later, weights, any_time=any_time, any_place=any_place, opening=True)
        return sorted(findings, key=_order)

    def weigh(self, query: Query, view: View, span: Span) -> Finding:
        """A span that another reader proposes, weighed as one of its own, but for year and place."""
        found = supports(query.terms, view, self._around(view), self._matcher)
        (finding,) = self._in_view(query, view, found, self._weights(query), any_time=True, any_place=True, proposed=span)
        return finding

    def _in_view(self, query: Query, view: View, found: Sequence[Support], weights: Sequence[float], *, any_time: bool, any_place: bool,
                 opening: bool = False, proposed: Span | None = None) -> list[Finding]:
        support = sum(w * s.best for w, s in zip(weights, found, strict=True))
        if support < 0.3 and query.terms and proposed is None:
            return []
        missing = [t for t, s in zip(query.terms, found, strict=True) if s.best < 0.3]
        hard = [t.text for t in missing if t.hard or (_INSTITUTION.search(t.text) and not self._known(t))] + self._titles_missing(query, view) + self._others(query, view)
        focus = self._focus(query, view, found)
        if proposed is None and query.kind in (Kind.TEXT, Kind.NAME, Kind.LIST) and view.last is None and _is_heading(view):
            return []
        spans = [proposed] if proposed is not None else [items(view)[0]] if view.last is not None else [s for s in candidates(query, view) if not opening or s.start <= 2 or _referred(view)]
        judged = [measured(view, s) for s in spans] if query.kind in VALUES else spans
        tight = [tightness(view, s, found, query.focus, fold(query.text)) for s in judged] if query.kind in VALUES else [(1.0, True)] * len(spans)
        named = any(counted for _, counted in tight)
        findings = []
        for span, by, (narrow, counted) in zip(spans, judged, tight, strict=True):
            if query.kind in VALUES:
                period, regions = view.period_at(span.start)[0], view.regions_at(span.start)
            else:
                period, regions = view.period_at(span.start)[0], view.regions
            time = 1.0 if any_time else time_fit(query, period, view, span)
            place = 1.0 if any_place else place_fit(query, regions, view)
            score = aligned(query, view, by, found, weights) * span.fit * time * place * narrow * _echo(query, view, span)
            if query.kind in VALUES:
                score *= (1.0 if counted or not query.focus or how_much_more(query.text) else 0.65 if named else 0.88) * _narrowed(query, view, span, found)
                score *= _risen(query, view, span, found)
            if query.kind is Kind.DATE:
                score *= _of_event(query, view, span, found)
            if query.kind is Kind.PERSON:
                score *= _in_office(query, view, span, found)
            if query.kind is Kind.PERSON and query.titles:
                score *= _by_title(query, view, span)
            if query.kind is Kind.NAME:
                score *= _beside(query, view, span, found)
            if query.kind is Kind.ORGANISATION:
                score *= _affiliation(query, span, found) * (1.0 + 0.001 * min(span.end - span.start, 40))
            score *= _numbered(query, view, span) * _counted_as_asked(query, view, span)
            if score > 0.05 or proposed is not None:
                findings.append(Finding(view, span, score, support, focus, tuple(t.text for t in missing), tuple(hard), period, regions))
        return findings

    @staticmethod
    def _focus(query: Query, view: View, found: Sequence[Support]) -> float:
        """Support of the thing asked for: where it stands, or, weaker, in what leads to it."""
        if not query.focus:
            return 1.0
        best = 0.0
        for i in query.focus:
            said = max((m.score for m in found[i].matches), default=0.0)
            best = max(best, said, (0.4 if query.kind in VALUES else 1.0) * found[i].around)
        return best

    def _weights(self, query: Query) -> list[float]:
        raw = [t.weight * self._importance(t) * (1.4 if i in query.focus else 1.0) for i, t in enumerate(query.terms)]
        # how something is said varies more than what is spoken of: a verb that the documents never use weighs little
        raw = [w * (0.4 if t.flag[:1] in ("v", "a", "d", "i") and t.flag != "vn" and not t.hard and i not in query.focus and not self._known(t) else 1.0)
               for i, (w, t) in enumerate(zip(raw, query.terms, strict=True))]
        total = sum(raw) or 1.0
        return [w / total for w in raw]

    def _after(self, view: View) -> list[tuple[float, str, list[Token]]]:
        part, sentences, i = view.part, view.part.sentences, view.index
        texts = [(0.7, " ".join(view.sentence.heading))]
        for ahead in range(i + 1, min(i + 7, len(sentences))):
            if sentences[ahead].paragraph != view.sentence.paragraph:
                break
            texts.append((0.9, part.clean[sentences[ahead].start : sentences[ahead].end]))
        return [(worth, fold(text), self._matcher.tokens(text)) for worth, text in texts if text]

    def _around(self, view: View) -> list[tuple[float, str, list[Token]]]:
        part, sentences, i = view.part, view.part.sentences, view.index
        texts = [(HEADING, " ".join(view.sentence.heading)), (TITLE, part.title)]
        paragraph = view.sentence.paragraph
        for back, worth in ((1, BEFORE), (2, TWO_BEFORE)):
            if i >= back and sentences[i - back].paragraph == paragraph:
                texts.append((worth, part.clean[sentences[i - back].start : sentences[i - back].end]))
        lead = i
        while lead > 0 and sentences[lead - 1].paragraph == paragraph:
            lead -= 1
        if lead < i - 2:
            texts.append((LEAD, part.clean[sentences[lead].start : sentences[lead].end]))
        return [(worth, fold(text), self._matcher.tokens(text)) for worth, text in texts if text]

    def _titles_missing(self, query: Query, view: View) -> list[str]:
        if not query.titles and not query.codes:
            return []
        part, i = view.part, view.index
        near = part.sentences[max(0, i - 3) : i + 5]
        place = plainly(part.title + "".join(view.sentence.heading) + "".join(part.clean[s.start : s.end] for s in near))
        missing = [t for t in (*query.titles, *query.codes) if not (t.isascii() and query.language == "en") and plainly(t) not in place and not _spelled_out(t, view)]
        here = {plainly(m) for m in re.findall(r"《([^》]+)》", view.text)}
        if here:  # the sentence is about other works than the one asked about
            books = [plainly(m) for m in re.findall(r"《([^》]+)》", query.text)]
            missing += [t for t in books if not any(t in h or h in t for h in here)]
        return missing

    @staticmethod
    def _others(query: Query, view: View) -> list[str]:
        """What the question asks about by number (`2号厂`) where the view is about another of its kind."""
        if not query.designators:
            return []
        part, paragraph = view.part, view.sentence.paragraph
        before = [part.clean[s.start : s.end] for s in reversed(part.sentences[max(0, view.index - 3) : view.index]) if s.paragraph == paragraph]
        texts = [view.text, *before, *reversed(view.sentence.heading), part.title]
        return [query.text[d.start : d.end] for d in query.designators if speaks_of_another(d, map(fold, texts))]


def _numbered(query: Query, view: View, span: Span) -> float:
    """Less where the nearest number of its kind before the span is another's (`第1车间5期,第2车间7期`)."""
    for wanted in query.designators:
        before = [d for d in find_designators(view.folded[: span.start]) if d.noun == wanted.noun]
        if before and before[-1].number != wanted.number:
            return 0.5
    return 1.0


def _order(finding: Finding) -> tuple[float, int, str, int, int]:
    """Best first; of equals, what speaks of the latest year; then a fixed order."""
    last = finding.period.last if finding.period else 0
    return -round(finding.score, 4), -last, finding.view.source, finding.view.index, finding.span.start


def _is_heading(view: View) -> bool:
    """Whether the sentence is a heading or the title itself: it names what is asked about and says nothing of it."""
    said = plainly(view.text)
    return said in plainly(view.part.title) or (bool(view.sentence.heading) and said == plainly(view.sentence.heading[-1]) and not re.search(r"[。;]$", view.folded.strip()))


def _leads(view: View) -> bool:
    return view.index == 0 or view.part.sentences[view.index - 1].paragraph != view.sentence.paragraph


_CATEGORY = re.compile(r"主题|口号|品牌|平台|活动|行动|工程|项目|计划|基金|电影|影片|专题片|协议|文件|办法|条例|奖|称号|作品|栏目|热线")


def _beside(query: Query, view: View, span: Span, found: Sequence[Support]) -> float:
    """Less for a name that has none of the question's words next to it (`“……”主题活动`, `主题为“……”`).

    Where the question says what is named (its theme, a film), that word should be the one next to it.
    """
    around = view.folded[max(0, span.start - 6) : span.start] + " " + view.folded[span.end : span.end + 6]
    kinds = set(_CATEGORY.findall(query.text))
    if kinds:
        return 1.0 if any(k in around for k in kinds) else 0.8
    near = any(0 <= m.start - span.end <= 5 or 0 <= span.start - m.end <= 4 for s in found for m in s.matches if m.score >= 0.5)
    return 1.0 if near else 0.85


_INSTITUTION = re.compile(r"[\u4e00-\u9fff](馆|宫|法院|检察院|医院|银行|大学|学院|派出所|幼儿园|养老院|敬老院|福利院)$")
"""Kinds of institution: what one of them did is not what another did, and one that no document names did nothing that they tell."""

_MORE = {verb: re.compile(rf"(?:{side})了?(?:近|约|超过|超)?$") for side in (RISE, FALL) for verb in side.split("|")}


def _risen(query: Query, view: View, span: Span, found: Sequence[Support]) -> float:
    """Little for a figure that is not the rise (or fall) asked for: `接待186万人次,增长12%` grew by the latter.

    Less, too, where the sentence does not itself name what grew: there are many rises in a report.
    """
    asked = how_much_more(query.text)
    if asked is None:
        return 1.0
    grew = [max((m.score for m in s.matches), default=0.0) for t, s in zip(query.terms, found, strict=True) if t.end <= asked.start()]
    if grew and sum(score >= 0.5 for score in grew) < 0.7 * len(grew):
        return 0.35
    return 1.0 if _MORE[asked["verb"]].search(view.folded[max(0, span.start - 8) : span.start]) else 0.35


def _of_event(query: Query, view: View, span: Span, found: Sequence[Support]) -> float:
    """Less for a date in another clause than what is asked for, where that has a date of its own in its clause."""
    if ENDS.search(query.text) or BEGINS.search(query.text):
        return 1.0  # which end of it is asked for, the dates tell themselves
    dated = {view.clause_of(m.start) for m in view.times}
    events = {view.clause_of(m.start) for i in query.focus for m in found[i].matches if m.score >= 0.8}
    return 0.7 if events & dated and view.clause_of(span.start) not in events else 1.0


_OFFICE = re.compile(r"(长|书记|主任|经理|联系人|负责人|主席|总监|总裁|董事|主编)$")
_ANY_OFFICE = re.compile(r"(?:[\u4e00-\u9fff]长|书记|主任|经理|联系人|负责人|主席|总监|总裁|董事|主编)[:\uff1a]?\s?$")


def _in_office(query: Query, view: View, span: Span, found: Sequence[Support]) -> float:
    """Less for a person who stands behind another office than the one asked for (`馆长赵启明,副馆长周立新`)."""
    offices = [i for i in query.focus if _OFFICE.search(query.terms[i].text)]
    if not offices or not _ANY_OFFICE.search(view.folded, max(0, span.start - 4), span.start):
        return 1.0
    for i in offices:
        deputy = query.terms[i].text.startswith("副") or query.text[max(0, query.terms[i].start - 1) : query.terms[i].start] == "副"
        for match in found[i].matches:
            own = view.folded[match.start - 1 : match.start] == "副" or view.folded[match.start] == "副"
            if match.score >= 0.8 and 0 <= span.start - match.end <= 2:
                return 1.0 if own == deputy else 0.0  # the vice dean is not the dean
    return 0.6


def _by_title(query: Query, view: View, span: Span) -> float:
    """Less for a person whom the quoted title does not stand next to (`“电力技能大师”蒙媛`)."""
    for title in query.titles:
        at = view.folded.find(fold(title))
        if at >= 0:
            apart = "、" in view.folded[span.end : at]  # the title of the next in a list
            beside = -1 <= span.start - at - len(title) <= 3 or (-1 <= at - span.end <= 12 and not apart)
            return 1.0 if beside else 0.75
    return 1.0


def _referred(view: View) -> bool:
    """Whether the next sentence goes on about a person of this one."""
    following = view.part.sentences[view.index + 1 : view.index + 2]
    return bool(following) and view.part.clean[following[0].start : following[0].start + 4].lstrip("“").startswith(("他", "她"))


def _affiliation(query: Query, span: Span, found: Sequence[Support]) -> float:
    """Chinese names a person's unit before the person (`顺丰公司快递员姚凯`), so a unit behind the name is rarely it."""
    names = [m.start for t, s in zip(query.terms, found, strict=True) if t.hard and t.flag.startswith("nr") for m in s.matches]
    return 0.6 if names and span.start > min(names) else 1.0


def _spelled_out(title: str, view: View) -> bool:
    """Whether an abbreviation of the asker (`“六有”`) is the list that stands here (`有队伍、有机构、……`)."""
    match = re.fullmatch(r"([二两三四五六七八九十])(\S)", title)
    if match is None:
        return False
    items = re.findall(rf"(?:^|[“‘,、;::照以过])({match[2]}[^,。;、”]{{1,14}})", view.folded)
    return len(items) == expected_items(f"“{title}”")


def _narrowed(query: Query, view: View, span: Span, found: Sequence[Support]) -> float:
    """Less for a figure of a part (`新业态会员41万`) where the question asks for the whole (`会员总数`)."""
    if not query.focus or not _WHOLE.search(query.text):
        return 1.0
    covered = [(m.start, m.end) for s in found for m in s.matches if m.score >= 0.5]
    heads = [m for i in query.focus for m in found[i].matches if m.score >= 0.5 and m.end <= span.start]
    if not heads:
        return 1.0
    head = max(heads, key=lambda m: m.start)
    run = [t for t in view.tokens if t.end <= head.start]
    at, extra = head.start, 0
    while run and run[-1].end == at and run[-1].flag[:1] in ("n", "v", "b", "a", "j", "l"):
        token = run.pop()
        at = token.start
        extra += token.text not in _WIDE and not any(a < token.end and token.start < b for a, b in covered)
    return 0.4 if extra >= 2 else 1.0


_WHOLE = re.compile(r"总数|总量|总人数|全省|全市|全国|所有|全部|total|overall|altogether", re.IGNORECASE)
_WIDE = frozenset(["全省", "全市", "全国", "累计", "共有", "工会", "总计", "达到", "拥有", "全部", "覆盖", "现有", "已有"])
_SUBJECTS = (Kind.ORGANISATION, Kind.PERSON, Kind.PLACE)


def time_fit(query: Query, period: Period | None, view: View, span: Span) -> float:
    """1 where the year asked about, if any, is that of the span; 0 where it is another, between them where none is known."""
    if query.period is None:
        return 1.0
    if period is not None and (period_match(query.period, period) or (query.since and period.first == query.period.first)):
        return 1.0
    if query.kind not in VALUES:  # the year may be part of a name (`2021年“年度人物”`)
        first, last = view.clause_of(span.start), view.clause_of(max(span.start, span.end - 1))
        within = (view.clauses[first][0], view.clauses[last][1])
        if any(m.period and within[0] <= m.start < within[1] and period_match(query.period, m.period) for m in view.times):
            return 1.0
    return 0.7 if period is None else 0.0


def place_fit(query: Query, regions: tuple[str, ...], view: View) -> float:
    """The same of the places."""
    if not query.regions and query.homes and view.part.region and view.part.region.split("/")[0] not in query.homes:
        return 0.3
    if not query.regions:
        return 0.9 if any("/" in r for r in regions) and query.kind is not Kind.PLACE else 1.0
    if len(query.regions) > 1:  # a relation between places: each must be spoken of
        near = {*regions, *view.sentence.regions, *(m.region for m in find_places(view.text)), *((view.part.region,) if view.part.region else ())}
        return 1.0 if all(any(covers(asked, r) for r in near) for asked in query.regions) else 0.0
    (asked,) = query.regions
    if not regions:  # of no place that is known: not a figure of the one asked about, unless its document speaks of that
        spoken = _spoken_of(view.part.clean) | _spoken_of(f"{view.part.title} {view.source}")
        return 0.6 if any(covers(asked, r) for r in spoken) else 0.0
    if asked in regions:
        return 1.0
    if any(covers(asked, spoken) for spoken in regions):
        named = any(covers(asked, m.region) and asked != m.region and m.start <= 40 for m in view.places)
        return 0.8 if not named else 0.7
    return 0.0


@lru_cache(maxsize=64)
def _spoken_of(text: str) -> frozenset[str]:
    """The places that a text names."""
    return frozenset(m.region for m in find_places(text) if m.region)


_ASKED = re.compile(r"(?:多少|几)[名个家位项场人件户所次]?(?=[\u4e00-\u9fff]{4})")
_SHARED = re.compile(r"[\u4e00-\u9fff]*")


def _counted_as_asked(query: Query, view: View, span: Span) -> float:
    """More for the figure that stands before the very words that the question counts (`180名四川工匠` among other craftsmen)."""
    wanted = _counted_in(query.text) if query.kind is Kind.QUANTITY else ""
    here = _SHARED.match(view.folded, span.end) if wanted else None
    if here is None:
        return 1.0
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(wanted, here[0], strict=False)))
    return 1.0 + 0.02 * min(shared, 5) if shared >= 4 else 1.0


@lru_cache(maxsize=64)
def _counted_in(question: str) -> str:
    """The words that follow the question's `how many`, or nothing."""
    folded = fold(question)
    asked = _ASKED.search(folded)
    wanted = _SHARED.match(folded, asked.end()) if asked else None
    return wanted[0] if wanted else ""


def _echo(query: Query, view: View, span: Span) -> float:
    """Little for a name that the question itself said: it can't be what was asked for."""
    if query.kind in (Kind.TEXT, Kind.LIST):
        return 1.0
    said = plainly(span.text or view.text[span.start : span.end])
    return 0.15 if said and said in plainly(query.text) else 1.0
