"""Which sentences of the passages prove a statement.

One sentence that says all of it, where there is one. Else two or three of one passage, each of which says some of its
clauses, where nothing that a clause leaves out (who, when, where) is another thing in its sentence than in the clauses before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..question.terms import SURNAMES
from ..read import View
from ..text.fold import fold
from ..text.places import covers, display, find_places
from ..text.sentences import clauses
from ..text.times import STRONG, TimeMention, find_times
from ..text.tokens import Token, cut, pairs
from .attribution import Source, unattributed
from .check import Cited, Failure, plainly

if TYPE_CHECKING:
    from ..question.terms import Matcher

NEAR = 0.5  # share of a statement's character pairs that a sentence must hold to be what it rests on
MOST = 3  # sentences that a statement may rest on
ALTERED = 0.85  # share of a statement from which one sentence is its source, and it an altered one where that does not prove it

_FRAME = re.compile(r"[^,\uff0c。]{0,30}?记者[^,\uff0c。]{0,30}?(?:获悉|了解到|看到|注意到)[,\uff0c]?|据(?:了解|悉|介绍|统计|报道)[,\uff0c]")
_PRONOUN = re.compile("[他她它](?:们|俩)?|其|该|此|此举|这|这些|那些?|两者|二者")
_HE = re.compile("[他她](?!们)")


class _Candidate(NamedTuple):
    """Sentences that a clause may rest on, the last of which says it; `source` is what they say."""

    views: tuple[View, ...]
    source: Source
    pairs: set[str]


def prove(text: str, numbers: Sequence[int], passages: Sequence[Sequence[View]], matcher: Matcher) -> tuple[View, ...]:
    """The sentences that say what `text` says: of the passages cited by their `numbers` (from 1), else of the others.

    At most MOST, all of one passage, in the order of what they prove; empty where there are none.
    """
    cited = [n - 1 for n in numbers if 0 < n <= len(passages)]
    order = [*dict.fromkeys(cited), *(i for i in range(len(passages)) if i not in cited)]
    near = {i: _candidates(passages[i]) for i in order}
    alone = (found for i in order if (found := _proof(text, near[i], matcher)))
    return next(alone, ()) or next((found for i in order if (found := _together(text, near[i], matcher))), ())


def failures(text: str, numbers: Sequence[int], passages: Sequence[Sequence[View]], matcher: Matcher) -> list[Failure]:
    """What the passages do not say of `text`, clause by clause, each against the sentence nearest to it; empty where it is proved."""
    if prove(text, numbers, passages, matcher):
        return []
    known = [c for views in passages for c in _candidates(views) if len(c.views) == 1]
    found = {failure: None for part in _units(text) for failure in _against_nearest(part, known, matcher)}
    return list(found) or _against_nearest(text, known, matcher) or [Failure("uncited", text)]


def _against_nearest(text: str, known: Sequence[_Candidate], matcher: Matcher) -> list[Failure]:
    said = pairs(plainly(text))
    nearest = max(known, key=lambda c: len(said & c.pairs), default=None)
    return unattributed(text, [nearest.source] if nearest else [], matcher)


def _candidates(views: Sequence[View]) -> list[_Candidate]:
    """Each sentence, and each that opens with a pronoun with the name that it stands for in its place."""
    found = []
    for i, view in enumerate(views):
        found.append(_candidate((view,), view.text))
        if i and (he := _HE.match(view.text)):
            named = {t.text for t in views[i - 1].tokens if t.flag == "nr" and len(t.text) > 1 and t.text[0] in SURNAMES}
            if len(named) == 1:
                found.append(_candidate((views[i - 1], view), named.pop() + view.text[he.end() :]))
    return found


def _candidate(views: tuple[View, ...], text: str) -> _Candidate:
    view = views[-1]
    regions = view.sentence.regions or ((view.part.region,) if view.part.region else ())
    around = " ".join((view.part.title, *view.sentence.heading, *map(display, view.regions)))
    source = Source(Cited(text, view.sentence.period or view.part.period, regions), around)
    return _Candidate(views, source, pairs(plainly(text)))


def _nearest(text: str, candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Those that hold enough of `text`, the one that holds most first."""
    said = pairs(plainly(text))
    shared = [len(said & c.pairs) for c in candidates]
    near = [n for n, count in enumerate(shared) if said and count >= NEAR * len(said)]
    return [candidates[n] for n in sorted(near, key=lambda n: -shared[n])]


def _proof(text: str, candidates: Sequence[_Candidate], matcher: Matcher) -> tuple[View, ...]:
    """The sentence nearest to `text` that says all that it says; none where there is none."""
    return next((c.views for c in _nearest(text, candidates) if not unattributed(text, [c.source], matcher)), ())


def _together(text: str, candidates: Sequence[_Candidate], matcher: Matcher) -> tuple[View, ...]:
    """Sentences that together say what `text` says: as many clauses as one sentence proves, then the next."""
    units = _units(text)
    said = pairs(plainly(text))
    if len(units) < 2 or any(len(said & c.pairs) > ALTERED * len(said) for c in candidates):
        return ()
    if not all(_nearest(unit, candidates) for unit in units):
        return ()
    proof: list[View] = []
    first = 0
    while first < len(units):
        before = "".join(units[:first])
        for last in range(len(units), first, -1):
            part = "".join(units[first:last])
            new = (c for c in _nearest(part, candidates) if c.views[-1] not in proof)
            fit = (c for c in new if not before or _continues(part, before, proof[-1], c.views[-1]))
            if found := next((c for c in fit if not unattributed(part, [c.source], matcher)), None):
                break
        else:
            return ()
        proof += [view for view in found.views if view not in proof]
        first = last
    return tuple(proof) if len(proof) <= MOST else ()


def _units(text: str) -> list[str]:
    """The clauses of `text`, one without a verb (`2023年\uff0c`) with the one after it."""
    spans: list[tuple[int, int]] = []
    begun: int | None = None
    tokens = cut(text)
    for start, end in clauses(text):
        begun = start if begun is None else begun
        if any(t.flag.startswith("v") and start <= t.start < end for t in tokens):
            spans.append((begun, end))
            begun = None
    if begun is not None:
        spans = [*spans[:-1], (spans[-1][0] if spans else begun, len(text))]
    return [text[a:b] for a, b in spans]


def _continues(part: str, before: str, last: View, view: View) -> bool:
    """Whether clauses proved by `view` may follow clauses proved by `last`: what they leave out is the same in both."""
    return _same_thing(part, before, last, view) and _same_time(part, before, last, view) and _same_place(part, before, view)


def _same_thing(part: str, before: str, last: View, view: View) -> bool:
    """Whether the sentence speaks of what the statement speaks of: its subject is named in it, or is that of the sentence before."""
    said = fold(before + part)
    subject, own = _subject(view)
    if own:
        return all(noun in said for noun in subject)
    return view.index == last.index + 1 and all(noun in said for noun in _subject(last)[0])


def _subject(view: View) -> tuple[list[str], bool]:
    """Nouns that a sentence opens with, up to its verb, and whether they name its subject: a pronoun, or nothing, does not."""
    frame = _FRAME.match(view.text)
    begin = frame.end() if frame else 0
    nouns: list[str] = []
    for token in view.tokens:
        if token.start < begin:
            continue
        timed = token.flag == "t" or any(m.start <= token.start < m.end for m in view.times)
        if token.flag == "v" or _PRONOUN.fullmatch(token.text) or (nouns and (timed or token.flag in ("d", "p", "m"))):
            break
        if _is_noun(token) and not timed:
            nouns.append(token.text)
    return nouns, bool(nouns)


def _is_noun(token: Token) -> bool:
    return token.flag.startswith(("n", "j", "eng", "vn", "l", "i"))


def _same_time(part: str, before: str, last: View, view: View) -> bool:
    if find_times(part, None):
        return True  # its own, which has been held against the sentence
    ours = [m for m in find_times(before, last.sentence.period or last.part.period) if _dated(m)]
    theirs = [m for m in view.times if _dated(m)]
    return not ours or not theirs or any(_agree(a, b) for a in ours for b in theirs)


def _dated(mention: TimeMention) -> bool:
    return mention.month is not None or (mention.period is not None and mention.kind in STRONG)


def _agree(a: TimeMention, b: TimeMention) -> bool:
    days = a.month == b.month and a.day == b.day if a.month and b.month else True
    years = a.period.first <= b.period.last and b.period.first <= a.period.last if a.period and b.period else True
    return days and years


def _same_place(part: str, before: str, view: View) -> bool:
    if _regions(part):
        return True
    ours, theirs = _regions(before), [m.region for m in view.places]
    return not ours or not theirs or any(covers(a, b) or covers(b, a) for a in ours for b in theirs)


def _regions(text: str) -> list[str]:
    return [m.region for m in find_places(text) if m.kind not in ("in_name", "deictic") and m.region != "全国"]
