"""The same question about another year or place, of which no document speaks: it must be refused."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from functools import lru_cache

from rag.messages import tr
from rag.text.fold import fold
from rag.text.places import PlaceMention, covers, display, find_places
from rag.text.regions import Region, by_key
from rag.text.times import TimeMention, find_times

from ..rows import Gold
from .kinds import Documents, Skip, mutated
from .world import World

YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_ASKED = re.compile(r"多少|几|哪|谁|什么时候|how (?:many|much)|what|when|which|who", re.IGNORECASE)
_NAMED = ("year", "until", "since")
_BEFORE, _AFTER = 8, 5  # how far from the year that was asked for another one may be
_CHOICES = 3


def other_year(gold: Gold, world: World, rng: random.Random) -> Gold:
    """The year of the question becomes one of which no document about its place speaks: must be refused."""
    mention = _one_year(gold)
    year = int(YEAR.findall(fold(gold.question)[mention.start : mention.end])[0])
    spoken = years_spoken_of(
        world, [m.region for m in find_places(gold.question) if m.region and m.level != "nation"]
    )
    free = [y for y in range(year - _BEFORE, year + _AFTER + 1) if y not in spoken and y != year]
    if not free:
        raise Skip(tr("前后各年文档中都有", "the documents speak of all years about it"))
    new = rng.choice(sorted(free, key=lambda y: (abs(y - year), y))[:_CHOICES])
    at = mention.start + next(YEAR.finditer(fold(gold.question)[mention.start : mention.end])).start()
    question = gold.question[:at] + str(new) + gold.question[at + 4 :]
    return _refused(gold, "wrong_year", f"other_year: {year} > {new}", question)


def _one_year(gold: Gold) -> TimeMention:
    """The one mention of time in a question that has an answer, a single year in figures. Raises Skip."""
    _alone(gold)
    mentions = [m for m in find_times(gold.question, None) if m.period is not None or m.kind == "date"]
    if len(mentions) != 1 or mentions[0].kind not in _NAMED:
        raise Skip(tr("问题没有指明唯一的年份", "the question does not name a single year"))
    if len(YEAR.findall(fold(gold.question))) != 1 or not YEAR.search(
        fold(gold.question)[mentions[0].start : mentions[0].end]
    ):
        raise Skip(tr("问题没有指明唯一的年份", "the question does not name a single year"))
    return mentions[0]


def _alone(gold: Gold) -> None:
    """Raise Skip for a row without an answer, a follow-up, and one of several things, of which some may stay answerable."""
    if gold.refuse or gold.history:
        raise Skip(tr("本应拒答,或是追问", "is to be refused, or follows another question"))
    regions = {m.region for m in find_places(gold.question) if m.region and m.level != "nation"}
    if len(regions) > 1 or len(_ASKED.findall(gold.question)) > 1:
        raise Skip(tr("问了不止一件事", "asks for more than one thing"))


def years_spoken_of(world: World, about: Sequence[str]) -> set[int]:
    """Years of which some sentence speaks that may be about the regions `about` (any region where it is empty)."""
    years: set[int] = set()
    for told in world.sentences:
        here = [*told.regions, *([told.region] if told.region else [])]
        if about and here and not any(covers(a, b) or covers(b, a) for a in about for b in here):
            continue
        years |= set(map(int, YEAR.findall(fold(told.text))))
        if told.period is not None:
            years |= set(range(told.period.first, told.period.last + 1))
    return years


def _refused(gold: Gold, kind: str, note: str, question: str) -> Gold:
    return mutated(
        gold, note, kind=kind, question=question, answers=(), evidence=(), refuse=True, derived=False
    )


def must_refuse(original: Gold, new: Gold) -> str | None:
    """Whether a row that had an answer asks something else now and is to be refused; None where it does."""
    if original.refuse or not new.refuse or new.answers or new.evidence:
        return tr("应当拒答", "is to be refused")
    return None if original.question != new.question else tr("问题没有变", "the question was not changed")


def is_other_year(original: Gold, new: Gold, documents: Documents) -> str | None:
    """See `other_year`."""
    if broken := must_refuse(original, new):
        return broken
    before, after = YEAR.findall(fold(original.question)), YEAR.findall(fold(new.question))
    if len(before) != 1 or len(after) != 1 or before == after:
        return tr("年份没有变", "the year was not changed")
    if YEAR.sub("", fold(original.question)) != YEAR.sub("", fold(new.question)):
        return tr("年份以外也变了", "more than the year was changed")
    about = {
        m.region.partition("/")[0] for m in find_places(new.question) if m.region and m.level != "nation"
    }
    for text in documents.values():
        if (not about or about & _mostly(text)) and after[0] in YEAR.findall("".join(fold(text).split())):
            return tr("文档提到了换上的年份", "a document speaks of the new year")
    return None


@lru_cache(maxsize=256)
def _mostly(text: str) -> frozenset[str]:
    """The province that a text names most often."""
    named = [m.region.partition("/")[0] for m in find_places(text) if m.region and m.level != "nation"]
    return frozenset({max(sorted(set(named)), key=named.count)}) if named else frozenset()


def other_place(gold: Gold, world: World, rng: random.Random) -> Gold:
    """The place of the question becomes another of its level that no document names: must be refused."""
    _alone(gold)
    named = [m for m in find_places(gold.question) if m.level != "nation"]
    if len(named) != 1 or named[0].kind != "name":
        raise Skip(tr("问题没有指明唯一的地方", "the question does not name a single place"))
    options = world.unnamed(named[0].level)
    rng.shuffle(options)
    for region in options:
        question = replaced(gold.question, named[0], region)
        if question is None:
            continue
        again = [m for m in find_places(question) if m.level != "nation"]
        if [m.region for m in again] == [region.key] and again[0].kind == "name":
            return _refused(
                gold, "wrong_place", f"other_place: {display(named[0].region)} > {region.name}", question
            )
    raise Skip(tr("没有文档未提到的地方可换", "the documents name every place that could be asked for"))


def replaced(text: str, mention: PlaceMention, region: Region) -> str | None:
    """`text` with `region` named where `mention` stands, in the same language and as fully; None where it has no such name."""
    said = text[mention.start : mention.end]
    old = by_key()[mention.region]
    if said.isascii():
        if not region.english:
            return None
        tail = re.search(r"\s+(?:province|city|prefecture|municipality)$", said, re.IGNORECASE)
        name = " ".join(word.capitalize() for word in region.english[0].split()) + (tail[0] if tail else "")
    else:
        whole = fold(said) == old.name or (
            fold(said) != old.short and fold(said).endswith(("省", "市", "区", "州"))
        )
        name = region.name if whole else region.short
        if (
            not whole
            and text[mention.end : mention.end + 1] in ("省", "市")
            and not region.name.endswith(text[mention.end])
        ):
            return None
    return text[: mention.start] + name + text[mention.end :]


def is_other_place(original: Gold, new: Gold, documents: Documents) -> str | None:
    """See `other_place`."""
    if broken := must_refuse(original, new):
        return broken
    before = [m.region for m in find_places(original.question) if m.level != "nation"]
    after = [m.region for m in find_places(new.question) if m.level != "nation"]
    if len(before) != 1 or len(after) != 1 or before == after:
        return tr("地方没有变", "the place was not changed")
    region = by_key()[after[0]]
    for text in documents.values():
        plain = "".join(fold(text).split())
        if any(name in plain for name in (region.name, region.short)):
            return tr("文档提到了换上的地方", "a document names the new place")
    return None
