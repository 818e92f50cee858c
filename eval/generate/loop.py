"""From candidates to a gold set: spread over the documents, none twice, each found again in the full index."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from rag.errors import InputError
from rag.messages import tr
from rag.session import Asks
from rag.text.tokens import pairs as character_pairs
from rag.verify.check import plainly

from ..judge import judge
from ..mutate.world import Indexed, World
from ..rows import Gold
from .make import Candidate, candidates
from .model import worded
from .unanswerable import unanswerable

if TYPE_CHECKING:
    from rag.generate import Generator

NEAR = 0.85
"""From this likeness on two questions count as one."""

_MADE = 8  # candidates for each question that is wanted: some are lost, and the rest should be spread

REFUSED = 0.2
"""Share of a generated set that is to be refused."""


@dataclass
class Generated:
    """A generated set: `rows` as kept, `failed` as the round trip lost them (note: why), and counts by reason."""

    rows: list[Gold] = field(default_factory=list)
    failed: list[Gold] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


def generate(
    bot: Asks,
    snapshot: Indexed,
    n: int,
    seed: int = 0,
    *,
    generator: Generator | None = None,
    step: Callable[[], None] = lambda: None,
) -> Generated:
    """A set of at most `n` questions about the documents of `snapshot`, which `bot` answers from.

    A fifth of them are to be refused. The same seed, documents and settings give the same set. `step` is called for
    each question that is asked. Raises InputError where no question can be made.
    """
    if n < 1:
        raise InputError(f"n = {n}; ask for at least one question")
    rng = random.Random(seed)
    found = candidates(snapshot, _MADE * n, rng)
    if not found.candidates:
        raise InputError(
            "no sentence of these documents makes a question; give documents with whole sentences and facts"
        )
    raw = texts(snapshot)
    out = Generated()
    lost: Counter[str] = Counter()
    wanted = n - round(n * REFUSED)
    twice = Twice()
    for candidate in spread(found.candidates, rng):
        if len(out.rows) >= wanted:
            break
        if not twice.new(candidate):
            continue
        step()
        for option in _options(candidate, generator):
            row = option.gold(
                note=f"{option.form}; {'model' if option.question != candidate.question else 'rule'}"
            )
            outcome = judge(row, bot.ask(row.question), raw)
            if outcome.right:
                twice.keep(option)
                out.rows.append(row)
                break
        else:
            reason = outcome.reason.partition(":")[0]
            lost[reason] += 1
            out.failed.append(replace(row, note=f"{row.note}; round trip: {outcome.reason}"))
    answered = len(out.rows)
    share = round(answered * REFUSED / (1 - REFUSED))
    out.rows += unanswerable(out.rows, World.of(snapshot), min(n - answered, share), rng)
    out.rows = [replace(row, id=f"gen-{i:04d}") for i, row in enumerate(out.rows, 1)]
    out.failed = [replace(row, id=f"failed-{i:04d}") for i, row in enumerate(out.failed, 1)]
    out.counts = {
        tr("造出的题", "made"): found.made,
        **dict(found.dropped.most_common()),
        tr("重复", "duplicates"): twice.dropped,
        **{
            tr(f"往返检验未通过:{why}", f"round trip failed: {why}"): count
            for why, count in lost.most_common()
        },
        tr("保留", "kept"): answered,
        tr("另加应拒答的题", "to be refused, added"): len(out.rows) - answered,
    }
    return out


def _options(candidate: Candidate, generator: Generator | None) -> Iterator[Candidate]:
    """The language model's question, where there is one and it passes, then the one made by rule."""
    if generator is not None and (better := worded(generator, candidate)) is not None:
        yield better
    yield candidate


def texts(snapshot: Indexed) -> Callable[[str], str | None]:
    """The raw text of a source, the last ones remembered."""

    @lru_cache(maxsize=64)
    def raw(source: str) -> str | None:
        return snapshot.document(source).raw

    return raw


class Twice:
    """Knows what has been asked: an answer is asked for once, and no question twice in nearly the same words."""

    def __init__(self) -> None:
        self._spots: set[tuple[str, int, int]] = set()
        self._kept: list[frozenset[str]] = []
        self.dropped = 0

    def new(self, candidate: Candidate) -> bool:
        """Whether neither the answer nor the question was there before; if not, it is counted."""
        spot = (candidate.source, *candidate.spot)
        own = pairs(candidate.question)
        if spot in self._spots or any(alike(own, other) >= NEAR for other in self._kept):
            self.dropped += 1
            return False
        return True

    def keep(self, candidate: Candidate) -> None:
        """Remember a question and where its answer stands."""
        self._spots.add((candidate.source, *candidate.spot))
        self._kept.append(pairs(candidate.question))


def pairs(text: str) -> frozenset[str]:
    """Neighbouring characters of a question, folded and without punctuation, for comparing it with another."""
    return frozenset(character_pairs(plainly(text)))


def alike(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard's index of two sets of character pairs, 0 to 1 (Broder 1997, on the resemblance of documents).

    >>> alike(pairs("\u57f9\u8bad\u591a\u5c11\u4eba"), pairs("\u57f9\u8bad\u591a\u5c11\u4eba?"))
    1.0
    """
    return len(one & other) / len(one | other) if one | other else 1.0


def spread(found: Sequence[Candidate], rng: random.Random) -> list[Candidate]:
    """In turn one of each document and form, each of them shuffled, so that the first n are spread over all."""
    groups: dict[tuple[str, str], list[Candidate]] = {}
    for candidate in found:
        groups.setdefault((candidate.source, candidate.form), []).append(candidate)
    lists = list(groups.values())
    for group in lists:
        rng.shuffle(group)
    rng.shuffle(lists)
    return [
        group[turn] for turn in range(max(map(len, lists), default=0)) for group in lists if turn < len(group)
    ]
