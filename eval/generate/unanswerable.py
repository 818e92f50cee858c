"""Questions that the documents can't answer: of another year or place, or about something that no document names."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from rag.messages import tr
from rag.question.terms import SURNAMES
from rag.text.fold import fold
from rag.text.tokens import rarity

from ..mutate.kinds import Skip
from ..mutate.scope import is_other_place, is_other_year, other_place, other_year
from ..mutate.world import World
from ..rows import Gold
from .pieces import tokens

_QUOTED = re.compile(r"(?<=[\u201c\u300a])[\u4e00-\u9fff]{2,8}(?=[\u201d\u300b])")
_TRIES = 40
_NAME = 0.9  # how rare a word is that is taken for somebody's name
_FAMILY = "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国志红海波晓东文斌雪梅立新春燕庆宏宇"
Words = Mapping[tuple[int, str], Sequence[str]]
Change = Callable[[Gold, World, random.Random], Gold]


def unanswerable(rows: Sequence[Gold], world: World, n: int, rng: random.Random) -> Iterator[Gold]:
    """At most `n` rows to be refused, made of `rows`, each used once; the three kinds in turn, as far as they go."""
    known = words(world)
    ways: list[Change] = [
        _checked(other_year, is_other_year),
        _checked(other_place, is_other_place),
        lambda row, world, rng: other_name(row, world, rng, known),
    ]
    left = list(rows)
    rng.shuffle(left)
    made = 0
    while ways and made < n:
        way = ways.pop(0)
        for row in left:
            try:
                changed = way(row, world, rng)
            except Skip:
                continue
            left.remove(row)
            ways.append(way)
            made += 1
            yield replace(changed, origin="generated")
            break


def _checked(change: Change, holds: Callable[..., str | None]) -> Change:
    def checked(row: Gold, world: World, rng: random.Random) -> Gold:
        changed = change(row, world, rng)
        if broken := holds(row, changed, world.documents):
            raise Skip(broken)
        return changed

    return checked


def other_name(gold: Gold, world: World, rng: random.Random, known: Words) -> Gold:
    """A quoted name or a person of the question becomes one that no document holds: must be refused."""
    named: list[tuple[int, int, Callable[[str], str]]] = []
    for match in _QUOTED.finditer(gold.question):
        named.append((*match.span(), lambda said: _name(said, known, rng)))
    for token in tokens(gold.question):
        person = token.flag == "nr" and 2 <= len(token.text) <= 3 and token.text[0] in SURNAMES
        if person and rarity(token.text) > _NAME:
            named.append((token.start, token.end, lambda said: _person(said, rng)))
    rng.shuffle(named)
    for start, end, other in named:
        said = gold.question[start:end]
        for _ in range(_TRIES):
            new = other(said)
            if new != said and not world.has(new):
                question = gold.question[:start] + new + gold.question[end:]
                note = f"other_name: {said} > {new}"
                return replace(
                    gold, kind="absent", question=question, answers=(), evidence=(), refuse=True, note=note
                )
    raise Skip(tr("问题中没有名称", "no name in the question"))


def _name(said: str, known: Words, rng: random.Random) -> str:
    """`said` with one word of the documents in place of one of its own, as long and of the same part of speech."""
    found = list(tokens(said))
    token = rng.choice([t for t in found if len(t.text) > 1] or found)
    pool = known.get((len(token.text), token.flag[:1]), [said])
    return said[: token.start] + rng.choice(pool) + said[token.end :]


def _person(said: str, rng: random.Random) -> str:
    given = [c for c in _GIVEN if c not in said]
    return rng.choice([c for c in _FAMILY if c != said[0]]) + "".join(rng.sample(given, len(said) - 1))


def words(world: World) -> Words:
    """Words of the quoted names and titles of all documents, by length and part of speech."""
    pools: dict[tuple[int, str], set[str]] = {}
    for told in world.sentences:
        for match in _QUOTED.finditer(fold(told.text)):
            for token in tokens(match[0]):
                pools.setdefault((len(token.text), token.flag[:1]), set()).add(token.text)
    return {key: sorted(some) for key, some in pools.items()}
