"""What a kind of mutation is: it makes rows (and documents), promises something of them, and checks the promise."""

from __future__ import annotations

import inspect
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rag.messages import tr

from ..rows import Gold
from .world import World

Documents = Mapping[str, str]
"""Raw texts by source, as a mutated row will be asked over them."""

Check = Callable[[Gold, Gold, Documents], str | None]
"""(original, mutated, documents) to what of the promise does not hold, None where it does."""


class Skip(Exception):
    """A row can't be mutated in this way; the message says why."""


@dataclass(frozen=True, slots=True)
class Mutated:
    """What a kind made of a gold set.

    `pairs` are (original, mutated), `documents` all texts that the mutated rows are asked over (None: those that were
    there), `dropped` counts by reason the rows that could not be mutated.
    """

    pairs: tuple[tuple[Gold, Gold], ...]
    documents: dict[str, str] | None = None
    dropped: Counter[str] = field(default_factory=Counter)


Make = Callable[[Sequence[Gold], World, str], Mutated]
"""(rows, documents, seed) to what became of them. The same seed gives the same result."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of mutation; `promise` is the docstring of the function that makes it."""

    name: str
    make: Make
    holds: Check
    promise: str

    def apply(self, rows: Sequence[Gold], world: World, seed: int) -> Mutated:
        """Mutate what can be mutated, drop and count what can't or does not keep the promise.

        A mutated row keeps the id of its original, so that a run on it can be compared question by question.
        """
        known = [moved(row, world) for row in rows]
        made = self.make([row for row in known if row is not None], world, f"{seed}:{self.name}")
        documents = world.documents if made.documents is None else made.documents
        dropped = Counter(made.dropped)
        if missing := sum(row is None for row in known):
            dropped[tr("依据不在这些文档中", "the evidence is not in these documents")] += missing
        kept = []
        for original, mutated in made.pairs:
            broken = self.holds(original, mutated, documents)
            if broken:
                dropped[broken] += 1
            else:
                kept.append((original, mutated))
        return Mutated(tuple(kept), made.documents, dropped)


def moved(row: Gold, world: World) -> Gold | None:
    """`row` with its evidence under the names that the documents have here; None where one is not here."""
    evidence = tuple((world.renamed.get(source, source), text) for source, text in row.evidence)
    if any(source not in world.documents for source, _ in evidence):
        return None
    return replace(row, evidence=evidence)


def each(change: Callable[[Gold, World, random.Random], Gold]) -> Make:
    """A kind that changes rows one by one, over the documents as they are; `change` may raise Skip."""

    def make(rows: Sequence[Gold], world: World, seed: str) -> Mutated:
        pairs: list[tuple[Gold, Gold]] = []
        dropped: Counter[str] = Counter()
        for row in rows:
            try:
                pairs.append((row, change(row, world, dice(seed, row))))
            except Skip as reason:
                dropped[str(reason)] += 1
        return Mutated(tuple(pairs), None, dropped)

    return make


def dice(seed: str, row: Gold) -> random.Random:
    """Chance of its own for each row, so that adding rows changes nothing of the others."""
    return random.Random(f"{seed}:{row.id}")


def question(name: str, change: Callable[[Gold, World, random.Random], Gold], holds: Check) -> Kind:
    """A kind that changes one row at a time."""
    return Kind(name, each(change), holds, promise(change))


def documents(name: str, make: Make, holds: Check) -> Kind:
    """A kind that changes the documents."""
    return Kind(name, make, holds, promise(make))


def promise(function: Callable[..., object]) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(function) or "").split("\n\n")[0].split())


def mutated(row: Gold, note: str, **changes: object) -> Gold:
    """`row` with `changes`, marked as mutated; `note` says what was done."""
    return replace(row, origin="mutated", note=note, **changes)  # type: ignore[arg-type]
