"""Documents like those that are there, about other places or other years, to draw the search away."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from rag.messages import tr
from rag.text.fold import fold
from rag.text.places import find_places
from rag.text.regions import regions
from rag.text.times import find_times
from rag.types import Part

from ..evidence import find
from ..rows import Gold
from .kinds import Documents, Mutated, Skip, mutated
from .retelling import Elsewhere, Later, Retelling, retold, shifted, short_names
from .scope import YEAR, years_spoken_of
from .world import World

PREFIX = "distractor-"


def distractors(rows: Sequence[Gold], world: World, seed: str) -> Mutated:
    """Documents on the same themes about other places, with other figures, stand beside: same answer, same evidence.

    Only rows whose question names a place; the added documents name none of those.
    """
    rng = random.Random(seed)
    provinces, cities = world.unnamed("province"), world.unnamed("city")
    rng.shuffle(provinces)

    def about(part: Part) -> Elsewhere:
        if not provinces:
            raise Skip(tr("文档已提到所有省份", "the documents name all provinces"))
        provinces.append(provinces.pop(0))  # each document another one
        return Elsewhere(provinces, cities, short_names(part))

    kept, dropped = _choose(
        rows, lambda row: bool(_asked(row)), tr("问题没有指明地方", "the question names no place")
    )
    return _beside(kept, dropped, world, rng, about)


def distractor_years(rows: Sequence[Gold], world: World, seed: str) -> Mutated:
    """Documents on the same themes of the same places in other years, with other figures: same answer, same evidence.

    Only rows whose question names a year; the added documents name none of those.
    """
    rng = random.Random(seed)
    kept, dropped = _choose(
        rows,
        lambda row: not row.history and bool(_years_asked(row)),
        tr("问题没有指明年份", "the question names no year"),
    )
    taken = years_spoken_of(world, ()) | {year for row in kept for year in _years_asked(row)}
    return _beside(kept, dropped, world, rng, lambda part: Later(shifted(part, taken)))


def _choose(rows: Sequence[Gold], suits: Callable[[Gold], bool], why: str) -> tuple[list[Gold], Counter[str]]:
    kept = [row for row in rows if not row.refuse and suits(row)]
    refused = sum(row.refuse for row in rows)
    dropped = Counter(
        {tr("本应拒答", "is to be refused anyhow"): refused, why: len(rows) - refused - len(kept)}
    )
    return kept, +dropped


def _asked(row: Gold) -> set[str]:
    """Regions that a question, or one before it in the conversation, names."""
    said = [row.question, *(asked for asked, _ in row.history)]
    return {m.region for text in said for m in find_places(text) if m.region and m.level != "nation"}


def _years_asked(row: Gold) -> set[int]:
    """Years that a question names in figures."""
    named = [
        m.period
        for m in find_times(row.question, None)
        if m.kind not in ("title", "label") and m.period is not None
    ]
    literal = set(map(int, YEAR.findall(fold(row.question))))
    return {year for period in named for year in (period.first, period.last)} & literal


def _beside(
    rows: Sequence[Gold],
    dropped: Counter[str],
    world: World,
    rng: random.Random,
    about: Callable[[Part], Retelling],
) -> Mutated:
    added: dict[str, str] = {}
    why = tr("文档中没有可改写的句子", "no sentence of the documents can be told of something else")
    for n, ((source, number), part) in enumerate(world.parts.items(), 1):
        sentences = [s for s in world.sentences if (s.source, s.part) == (source, number)]
        try:
            text = retold(sentences, about(part), rng)
        except Skip as reason:
            why = str(reason)
            continue
        if text:
            added[f"{PREFIX}{n:02d}.txt"] = text
    if not added:
        return Mutated((), None, dropped + Counter({why: len(rows)}))
    pairs = [(row, mutated(row, f"{len(added)} distractors beside")) for row in rows]
    return Mutated(tuple(pairs), {**world.documents, **added}, dropped)


def is_beside(original: Gold, new: Gold, documents: Documents) -> str | None:
    """See `distractors`."""
    if broken := _same_row(original, new, documents):
        return broken
    asked = _asked(original)
    names = {
        name
        for key in asked
        for r in regions()
        if r.key in (key, key.partition("/")[0])
        for name in (r.short, r.name)
    }
    for text in _added(documents):
        if any(name in text for name in names):
            return tr("增加的文档提到了所问的地方", "an added document names the place that is asked about")
    return None if asked else tr("问题没有指明地方", "the question names no place")


def is_beside_in_time(original: Gold, new: Gold, documents: Documents) -> str | None:
    """See `distractor_years`."""
    if broken := _same_row(original, new, documents):
        return broken
    asked = set(YEAR.findall(fold(original.question)))
    if any(asked & set(YEAR.findall(fold(text))) for text in _added(documents)):
        return tr("增加的文档提到了所问的年份", "an added document names the year that is asked about")
    return None if asked else tr("问题没有指明年份", "the question names no year")


def _same_row(original: Gold, new: Gold, documents: Mapping[str, str]) -> str | None:
    if (original.question, original.answers, original.evidence, original.refuse) != (
        new.question,
        new.answers,
        new.evidence,
        new.refuse,
    ):
        return tr("问题、答案或依据变了", "question, answers or evidence were changed")
    if any(not find(text, documents[source]) for source, text in new.evidence):
        return tr("依据不在文档中", "the evidence is not in the document")
    return None if _added(documents) else tr("没有增加文档", "no document was added")


def _added(documents: Mapping[str, str]) -> list[str]:
    return [text for source, text in documents.items() if source.startswith(PREFIX)]
