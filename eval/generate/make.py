"""Candidates: every sentence of every document asked for what it says, and why those left out were."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rag.messages import tr
from rag.offsets import OffsetMap
from rag.text.fold import fold, is_traditional
from rag.text.times import written_in
from rag.types import Part, Sentence

from ..metrics.answers import contains, normalise
from ..mutate.world import Indexed
from ..rows import Gold
from .compose import Setting, compose
from .pieces import pieces
from .rivals import Rivals
from .slots import slots
from .standing import leaning

_FINAL = "\u3002\uff01!.;\uff1b\u201d\u2019\u300d"
_SHORT, _LONG = 12, 400  # characters of a sentence that is asked
_SHARES = 4  # times its even share that a document may give
_LEAST = 12


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question with its answer and where that stands.

    `spot` is the raw span of the answer, `evidence` the raw text of the clause that gives it, `sentence` the clean
    sentence round it, for a language model to word the question anew.
    """

    question: str
    form: str
    answers: tuple[tuple[str, ...], ...]
    source: str
    evidence: str
    spot: tuple[int, int]
    sentence: str
    setting: Setting
    kind: str = "fact"

    def gold(self, name: str = "candidate", note: str = "") -> Gold:
        """The row of a gold set."""
        return Gold(
            name,
            self.kind,
            self.question,
            self.answers,
            ((self.source, self.evidence),),
            origin="generated",
            note=note,
        )


@dataclass
class Found:
    """Candidates, and by reason how many were left out."""

    candidates: list[Candidate] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    made: int = 0


def candidates(snapshot: Indexed, most: int | None = None, rng: random.Random | None = None) -> Found:
    """Questions that stand by themselves and have one answer in the collection: all, or about `most`.

    With `most`, documents come in an order by chance, each gives its share at most, and the rest are only looked at for
    sentences that answer the same questions otherwise.
    """
    found, rivals = Found(), Rivals()
    sources = [info.source for info in snapshot.sources()]
    (rng or random.Random(0)).shuffle(sources)
    for source in sources:
        limit = float("inf")
        if most is not None:
            share = max(_LEAST, _SHARES * most // len(sources))
            limit = min(most, len(found.candidates) + share)
        raw = snapshot.document(source).raw
        for part in snapshot.parts(source):
            offsets = OffsetMap(part.edits)
            for sentence in part.sentences:
                text = part.clean[sentence.start : sentence.end]
                rivals.add(text, sentence.period, _region(sentence, part))
                if len(found.candidates) < limit and not asks_nothing(text, sentence):
                    _take(found, _of_sentence(source, raw, offsets, part, sentence))
    found.candidates = list(_unambiguous(found.candidates, rivals, found.dropped))
    return found


def _take(found: Found, made: Iterable[Candidate]) -> None:
    for candidate in made:
        found.made += 1
        why = leaning(candidate.question) or _unfit(candidate)
        if why:
            found.dropped[tr(f"不能独立成题:{why}", f"not self-contained: {why}")] += 1
        else:
            found.candidates.append(candidate)


def asks_nothing(text: str, sentence: Sentence) -> bool:
    """Whether a sentence is a heading, a fragment, or too long to be one."""
    heading = bool(sentence.heading) and text.strip() == sentence.heading[-1].strip()
    return heading or not _SHORT <= len(text) <= _LONG or text.rstrip()[-1] not in _FINAL


def _of_sentence(
    source: str, raw: str, offsets: OffsetMap, part: Part, sentence: Sentence
) -> Iterator[Candidate]:
    text = part.clean[sentence.start : sentence.end]
    script = "trad" if is_traditional(text) else "fact"
    plain = fold(text) if script == "trad" else text
    anchor = written_in(part)
    setting = Setting(sentence.period, _region(sentence, part), anchor, part.title)
    taken = pieces(plain)
    for slot in slots(plain, anchor or sentence.period):
        made = compose(taken, slot, setting)
        if made is None:
            continue
        question, clause = made
        start, end = offsets.to_raw(sentence.start + clause[0], sentence.start + clause[1])
        spot = offsets.to_raw(sentence.start + slot.start, sentence.start + slot.end)
        kind = "list" if slot.form == "list" else script
        yield Candidate(question, slot.form, slot.answers, source, raw[start:end], spot, text, setting, kind)


def _region(sentence: Sentence, part: Part) -> str | None:
    """The place of a sentence: its own if it is one, else the document's."""
    named = [r for r in sentence.regions if r != "全国"]
    home = part.region if part.region != "全国" else None
    return home if home in named or not named else named[0] if len(named) == 1 else None


def _unfit(candidate: Candidate) -> str | None:
    """Whether the answer can't be one: it stands in the question, or the evidence is too thin to be found."""
    asked = normalise(candidate.question)
    if any(contains(asked, normalise(part)) for parts in candidate.answers for part in parts):
        return tr("答案已在问题中", "the answer is in the question")
    return tr("依据过短", "too little evidence") if len(candidate.evidence.strip()) < 4 else None


def _unambiguous(found: Sequence[Candidate], rivals: Rivals, dropped: Counter[str]) -> Iterator[Candidate]:
    """Those to whose question no other sentence, and no other candidate, gives another answer."""
    same: dict[str, set[tuple[tuple[str, ...], ...]]] = {}
    for candidate in found:
        same.setdefault(_letters(candidate.question), set()).add(candidate.answers)
    for candidate in found:
        if len(same[_letters(candidate.question)]) > 1 or rivals.has(candidate):
            dropped[tr("另有说法也可作答", "ambiguous: something else answers it, too")] += 1
        else:
            yield candidate


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", fold(text))
