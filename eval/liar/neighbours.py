"""Statements that rest on two neighbouring sentences of a passage: true ones, and ones that mix the two up."""

from __future__ import annotations

import random
import re

from rag.read import View
from rag.text.sentences import clauses
from rag.text.tokens import cut
from rag.verify.attribution import figures

from .lies import bodies, people

LONGEST = 70  # characters of a sentence's opening

_OPENS = re.compile("(?:同时|此外|另外|而且|并且|然后|接着|目前)[\uff0c,]?")
_UNCLEAR = re.compile("[这此其该他她它上对据\u201d]|前者|后者|但|而|不过|然而|因此|所以")
_TIED = re.compile("如果|如|若|除|不仅|虽|只有|分别|即|因|由于|[:\uff1a]|显示|称|表示|认为|据")
_HANGING = re.compile("(?:[时后中前下际]|来看|以来|基础上|期间|告诉记者|介绍|公布|透露|获悉|了解到|提醒)$")
_NAMED = ("nr", "nt", "nz", "ns", "eng")


def joined(view: View, after: View, rng: random.Random) -> str | None:
    """The openings of both sentences as one, or that of the second with the name that its pronoun stands for."""
    first, second = _opening(view.text), _opening(after.text)
    if first is None or second is None:
        return None
    if second[0] in "他她":
        named = set(people(view.text))
        return f"{named.pop()}{second[1:]}。" if len(named) == 1 and second[1:2] != "们" and not re.search("[他她]", view.text) else None
    if _UNCLEAR.match(second):
        return None
    subject = _subject(first)
    if subject and subject == _subject(second):
        return f"{first}\uff0c{rng.choice(('并', ''))}{second.removeprefix(subject)}。"
    return first + rng.choice("\uff0c\uff1b") + second + "。"


def crossed(view: View, after: View, rng: random.Random) -> str | None:
    """A figure, a name or a predicate of one sentence with the things of the other."""
    first, second = _opening(view.text), _opening(after.text)
    if first is None or second is None or _UNCLEAR.match(second):
        return None
    ways = [_figures_crossed, _names_crossed, _predicate_crossed]
    made = (way(first, second, view, after, rng) for way in rng.sample(ways, len(ways)))
    return next((text for text in made if text), None)


def _figures_crossed(first: str, second: str, view: View, after: View, rng: random.Random) -> str | None:
    pairs = [(a, b) for a in figures(first) for b in figures(second) if a.unit and a.unit == b.unit and a.value != b.value]
    pairs = [(a, b) for a, b in pairs if second[b.start : b.end] not in view.text and first[a.start : a.end] not in after.text]
    if not pairs:
        return None
    a, b = rng.choice(pairs)
    one = first[: a.start] + second[b.start : b.end] + first[a.end :]
    other = second[: b.start] + first[a.start : a.end] + second[b.end :]
    return rng.choice((f"{one}。", f"{other}。", f"{one}\uff0c{other}。"))


def _names_crossed(first: str, second: str, view: View, after: View, rng: random.Random) -> str | None:
    kinds = ((people(first), people(second)), (bodies(first), bodies(second)))
    pairs = [(a, b) for ours, theirs in kinds for a in ours for b in theirs if b not in view.text and a not in after.text and a[-4:] != b[-4:]]
    if not pairs:
        return None
    a, b = rng.choice(pairs)
    one, other = first.replace(a, b), second.replace(b, a)
    return rng.choice((f"{one}。", f"{other}。", f"{one}\uff0c{other}。"))


def _predicate_crossed(first: str, second: str, view: View, after: View, rng: random.Random) -> str | None:
    """What a later clause of the second sentence says of its subject, said of another, which the first opens with."""
    mine, theirs = _subject(first), _subject(second)
    if not mine or not theirs or mine in after.text or theirs in view.text:
        return None
    pieces = [after.text[a:b].rstrip("\uff0c,\uff1b;。") for a, b in clauses(after.text)[1:]]
    pieces = [p for p in pieces if 6 <= len(p) <= 40 and cut(p) and cut(p)[0].flag[0] in "vd" and _balanced(p) and p not in view.text]
    return f"{first}\uff0c{rng.choice(pieces)}。" if pieces else None


def _opening(text: str) -> str | None:
    """The first clauses of a sentence, as many as hold a verb; None where they can't stand alone."""
    text = text[lead.end() :] if (lead := _OPENS.match(text)) else text
    for _, end in clauses(text):
        said = text[:end].rstrip("\uff0c,\uff1b;。!?\uff01\uff1f")
        if len(said) >= 10 and not _HANGING.search(said) and any(t.flag == "v" for t in cut(said)):
            return said if len(said) <= LONGEST and _balanced(said) and not _TIED.search(said) else None
    return None


def _subject(text: str) -> str:
    """The name that a sentence opens with, empty where it opens with none."""
    tokens = cut(text)
    until = 0
    for token in tokens[:4]:
        if token.start != until or token.flag[0] not in "nje" or (token.flag == "eng" and token.start):
            break
        until = token.end
    named = bool(tokens) and (tokens[0].flag.startswith(_NAMED) or bool(bodies(text[:until])))
    return text[:until] if named and until > 1 else ""


def _balanced(text: str) -> bool:
    return all(text.count(a) == text.count(b) for a, b in ("“”", "《》", "‘’", "\uff08\uff09", "()", "「」"))
