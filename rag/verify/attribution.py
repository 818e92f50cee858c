"""Whether a sentence says what a statement says: the part of the proof that a language model's own wording needs.

`rag.verify.check` compares what can be compared to the letter: numbers, dates, places, titles. A model can leave all of
these as they are and still say something else: give a figure to the wrong thing, name another person, turn a sentence round, add a clause
of its own. So here every word of the statement must be accounted for in the source (its own word, a synonym, or a word near
it in meaning), every figure must stand beside what it stands beside there, and neither may be negated or turned without the
other. The idea, that a statement is attributed where its source says it and nothing of it is new, is that of Rashkin et al.
2023, "Measuring Attribution in Natural Language Generation Models"; the rules are our own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from ..question.terms import Matcher, Term, chinese_terms, stop_words
from ..text.fold import fold
from ..text.numbers import Quantity, find_quantities
from ..text.sentences import clauses
from ..text.times import find_times
from ..text.tokens import Token, cut, pairs, rarity
from .check import Cited, Failure, check, days_named
from .nuance import Change, changes, qualified, turned

NAMES = ("nr", "nz", "eng")
PLACES = ("ns", "nt")
TELLING = 0.55  # weight from which a noun can't be new
SUPPORTED = 0.5  # how well a word of the source must stand for one of the statement
LONGEST_UNSAID = 4  # characters of words in a row that nothing in the source stands for
UNSAID_IN_ALL, UNSAID_IN_CLAUSE = 0.25, 0.5  # shares of the weight of words that nothing in the source stands for
UNSAID_CHARACTERS, SAID_LEAST = 6, 0.3  # a clause of so many characters of which the source holds a smaller share is new
REACH = 60  # characters before a figure that say what it counts
AFTER = 6  # characters after it that do
LONGEST_REPLACED = 12  # characters in another's place; more than that is another way to put it

_YEAR_BEFORE = re.compile(r"[比较与](?:上年|去年)(?:同期)?(?:相比)?")  # another word for `同比`
_VARIANTS = str.maketrans("瞭甦藉", "了苏借")  # Traditional forms of words, which `fold` leaves since other words keep them
_CLOCK = re.compile(r"\d{1,3}:\d{1,3}")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?=年)")
_DAY = re.compile(r"(?<![\d月])(\d{1,2})日")
_BODY = re.compile(r"(公司|集团|总工会|工会|委员会|学院|大学|学校|中学|小学|医院|中心|协会|联合会|银行|基金会|合作社|法院|检察院|公安局|[厅局])$")
_OF_A_NAME = ("n", "b", "j", "vn")
_THINGS = ("n", "j", "b", "eng")
_DEEDS = ("v", "d", "a", "p", "c", "u", "zg")
_RUN = re.compile(r"[^\W_]{2,}")
LIGHT = frozenset([
    "是", "为", "有", "达", "达到", "达成", "共", "共有", "一共", "总共", "合计", "进行", "开展", "举行", "举办", "召开", "实施", "组织", "做", "作", "做出", "作出", "给予", "予以",
    "加以", "取得", "获得", "获", "得到", "成为", "属于", "包括", "包含", "涉及", "提供", "给出", "帮助", "协助", "加强", "强化", "促进", "推动", "推进", "共同", "一同", "一起", "继续", "使", "让", "表示", "指出", "说", "介绍", "称", "提出", "强调", "显示", "提到", "说明",
    "发布", "以及", "其中", "同时", "此外", "另外", "由于", "因为", "因此", "目前", "现在", "当时", "近日", "最近",
])  # fmt: skip
"""Words that carry little by themselves, and may be new, though not in the place of one that carries more: verbs that take their meaning
from what they are done to, verbs of saying, joints."""
_BREAK = re.compile(r"[\d\W]")


@dataclass(frozen=True)
class Source:
    """A sentence with what its document says of all of it (`around`: title, headings, names of its places)."""

    cited: Cited
    around: str = ""

    @cached_property
    def folded(self) -> str:
        """The sentence, folded."""
        return _folded(self.cited.text)

    @cached_property
    def whole(self) -> str:
        """The sentence and what stands around it, folded."""
        return f"{self.folded}\n{_folded(self.around)}"


def unattributed(statement: str, sources: Sequence[Source], matcher: Matcher) -> list[Failure]:
    """All of `statement` that the `sources` together do not say; empty where they say it."""
    found = check(statement, [s.cited for s in sources])
    if found:
        return found
    text = _YEAR_BEFORE.sub("同比", _folded(statement))
    source = _YEAR_BEFORE.sub("同比", "\n".join(s.folded for s in sources))
    whole = _YEAR_BEFORE.sub("同比", "\n".join(s.whole for s in sources))
    changed = changes(text, source)
    return [
        *qualified(text, source), *_other_years(text, sources), *turned(text, source, changed), *_misplaced(text, source),
        *_replaced(text, source, changed, matcher), *_unsaid(text, whole, matcher),
    ]  # fmt: skip


def _folded(text: str) -> str:
    return fold(text).translate(_VARIANTS)


def figures(text: str) -> list[Quantity]:
    """Quantities of `text` in digits that are no times."""
    times = [(m.start, m.end) for m in find_times(text, None)]
    return [q for q in find_quantities(text) if text[q.start].isdigit() and not any(a <= q.start < b for a, b in times)]


def _misplaced(text: str, source: str) -> Iterable[Failure]:
    """Figures that stand beside what another figure of their kind stands beside in the source, and beside nothing of their own."""
    ours, there = figures(text), figures(source)
    for quantity in ours:
        alike = [q for q in there if q.kind == quantity.kind]
        if len({q.value for q in alike}) < 2:
            continue
        said = _beside(text, quantity, ours)
        own = [_beside(source, q, there) for q in alike if q.value == quantity.value]
        others = [_beside(source, q, there) for q in alike if q.value != quantity.value]
        if own and any(all(said & (other - mine) and not said & (mine - other) for mine in own) for other in others):
            yield Failure("figure", text[quantity.start : quantity.end])


def _beside(text: str, quantity: Quantity, known: Sequence[Quantity]) -> set[str]:
    """Pairs of characters that say what a figure counts: before it, back to the last figure of its kind, and right after it."""
    before = max((q.end for q in known if q.kind == quantity.kind and q.end <= quantity.start), default=0)
    lead = text[max(0, before, quantity.start - REACH) : quantity.start]
    sentence = max(lead.rfind(mark) for mark in "。!?\n") + 1
    after = _BREAK.split(text[quantity.end : quantity.end + AFTER])[0]
    return {p for part in (lead[sentence:], after) for p in pairs(re.sub(r"\W+", "", part))}


def _replaced(text: str, source: str, changed: Sequence[Change], matcher: Matcher) -> Iterable[Failure]:
    """Nouns and names in the place of others, between words that are the same in both."""
    ours, there = cut(text), matcher.tokens(source)
    terms = [t for t in chinese_terms(text) if t.text not in stop_words("zh")]
    covered = _covered(text, source)
    for a, b, c, d in changed:
        between = (a > 1 and text[a - 2 : a] == source[c - 2 : c]) or (b + 2 <= len(text) and text[b : b + 2] == source[d : d + 2])
        if not between or max(b - a, d - c) > LONGEST_REPLACED:
            continue
        deeds = [t for t in there if t.start < d and c < t.end and t.flag.startswith("v") and len(t.text) > 1]
        if any(t.text in LIGHT and len(t.text) > 1 for t in ours if t.start < b and a < t.end) and any(t.text not in LIGHT and t.text not in text for t in deeds):
            yield Failure("word", text[a:b])
        if all(t.flag.startswith(_DEEDS) for part in (text[a:b], source[c:d]) for t in cut(part)) and min(b - a, d - c) > 1:
            continue
        lost = [t for t in there if t.start < d and c < t.end and t.flag.startswith(_THINGS) and text.count(t.text) < source.count(t.text)]
        broken = any(t.start < c or d < t.end for t in lost)
        new = any(t.start < b and a < t.end and t.flag.startswith(_THINGS) for t in ours)
        here = [t for t in terms if t.start < b and a < t.end and t.flag.startswith(_THINGS)]
        if lost and (broken or new) and not (here and all(_said(t, covered, source, there, matcher) for t in here)):
            yield Failure("word", text[a:b])


def _other_years(text: str, sources: Sequence[Source]) -> Iterable[Failure]:
    """Years that the sources neither write nor mean (`去年`); `check` holds the times themselves against them."""
    named = [m for m in _YEAR.findall(text) if not any(m in s.whole for s in sources)]
    if named:
        periods = [p for s in sources for p in (s.cited.period, *(m.period for m in find_times(s.cited.text, s.cited.period))) if p]
        yield from (Failure("date", f"{y}年") for y in named if not any(int(y) in (p.first, p.last) for p in periods))


def _unsaid(text: str, source: str, matcher: Matcher) -> Iterable[Failure]:
    """Names that the source does not hold, and words that nothing in it stands for, where they are too many."""
    covered = _covered(text, source)
    there = matcher.tokens(source)
    known = source.replace(" ", "")
    yield from (Failure("number", clock) for clock in _CLOCK.findall(text) if clock not in known)
    yield from (Failure("date", f"{month}月{day}日") for month, day in days_named(text) - days_named(known))
    yield from (Failure("date", m[0]) for m in _DAY.finditer(text) if not re.search(rf"(?<!\d){m[1]}(?:日|[至到、~\u2014-]\d+日)", known))
    yield from islice(_strangers(text, known, covered), 1)
    terms = [t for t in chinese_terms(text) if t.flag != "m" and t.text not in stop_words("zh")]
    unsaid = [t for t in terms if not _said(t, covered, source, there, matcher)]
    yield from islice(_new(unsaid, terms, text), 1)
    sizes = ((a, b, sum(map(len, _RUN.findall(text[a:b])))) for a, b in clauses(text))
    yield from islice((Failure("word", text[a:b]) for a, b, size in sizes if size >= UNSAID_CHARACTERS and sum(covered[a:b]) < SAID_LEAST * size), 1)


def _strangers(text: str, known: str, covered: Sequence[bool]) -> Iterable[Failure]:
    """Names of people, places and organisations that `known`, the source without blanks, does not hold."""
    tokens = cut(text)
    for i, token in enumerate(tokens):
        strict = token.flag.startswith(PLACES) or (token.flag.startswith(NAMES) and rarity(token.text) > 0.6)
        if strict and len(token.text) > 1 and token.text not in known and not all(covered[token.start : token.end]):
            yield Failure("name", token.text)
        if _BODY.search(token.text):
            first = i
            while first > 0 and tokens[first - 1].end == tokens[first].start and tokens[first - 1].flag.startswith(_OF_A_NAME):
                first -= 1
            if any(t.text not in known for t in tokens[first : i + 1]):
                yield Failure("name", text[tokens[first].start : token.end])
        following = tokens[i + 1] if i + 1 < len(tokens) else None
        if token.flag == "nr" and len(token.text) == 1 and following and following.start == token.end and text[token.start : following.end] not in known:
            yield Failure("name", text[token.start : following.end])  # the segmenter cut the surname off


def _new(unsaid: Sequence[Term], terms: Sequence[Term], text: str) -> Iterable[Failure]:
    """Words that nothing in the source stands for: one that tells anything by itself, several in a row, or too many."""
    for term in unsaid:
        if (len(term.text) > 1 and term.text not in LIGHT) or (term.flag.startswith("n") and term.weight >= TELLING):
            yield Failure("word", term.text)
    for first, last in _runs(unsaid):
        if last - first >= LONGEST_UNSAID:
            yield Failure("word", text[first:last])
    if sum(t.weight for t in unsaid) > UNSAID_IN_ALL * (sum(t.weight for t in terms) or 1.0):
        yield Failure("word", unsaid[0].text)
    for start, end in clauses(text):
        new = [t for t in unsaid if start <= t.start < end]
        weight = sum(t.weight for t in terms if start <= t.start < end)
        if weight > 0.5 and sum(t.weight for t in new) > UNSAID_IN_CLAUSE * weight:
            yield Failure("word", new[0].text)


def _runs(terms: Sequence[Term]) -> list[tuple[int, int]]:
    """Where terms follow each other with at most one character between them."""
    runs: list[tuple[int, int]] = []
    for term in terms:
        if runs and term.start - runs[-1][1] <= 1:
            runs[-1] = (runs[-1][0], term.end)
        else:
            runs.append((term.start, term.end))
    return runs


def _said(term: Term, covered: Sequence[bool], source: str, there: Sequence[Token], matcher: Matcher) -> bool:
    if all(covered[term.start : term.end]):
        return True
    return max((m.score for m in matcher.find(term, source, there)), default=0.0) >= SUPPORTED


def _covered(text: str, source: str) -> list[bool]:
    """Which characters of `text` are part of a run of two or more that `source` holds."""
    covered = [False] * len(text)
    for i in range(len(text) - 1):
        if text[i : i + 2] in source and text[i].isalnum() and text[i + 1].isalnum():
            covered[i] = covered[i + 1] = True
    return covered
