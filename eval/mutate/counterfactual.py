"""A second version of a document, with another figure: the answer must show both, each with its source."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from rag.messages import tr
from rag.text.fold import half_width

from ..evidence import find
from ..rows import Gold
from .figures import NUMERAL, changed
from .kinds import Documents, Mutated, Skip, mutated
from .stated import figure, states
from .world import World

Span = tuple[int, int]


def counterfactual(rows: Sequence[Gold], world: World, seed: str) -> Mutated:
    """A copy of the document, put beside it, gives another figure: the answer must show both, with both sources.

    Only rows whose answer is one figure that its document states once. The new one has as many digits and stands in
    the copy alone.
    """
    rng = random.Random(seed)
    dropped: Counter[str] = Counter()
    found: list[tuple[Gold, int, Span]] = []
    new: dict[tuple[str, Span], str] = {}
    taken: set[str] = set()

    def free(numeral: str) -> bool:
        return numeral not in taken and not any(_stands(numeral, text) for text in world.documents.values())

    for row in rows:
        try:
            number, span = _numeral(row, world)
            source = row.evidence[number][0]
            if (source, span) not in new:
                said = changed(half_width(world.documents[source][slice(*span)]), rng, free)
                if said is None:
                    raise Skip(tr("找不到别处没有的数字", "no other figure is free"))
                new[source, span] = said
                taken.add(said)
            found.append((row, number, span))
        except Skip as reason:
            dropped[str(reason)] += 1
    copies = {
        source: _written(text, {s: n for (at, s), n in new.items() if at == source})
        for source, text in world.documents.items()
    }
    pairs = [(row, _both(row, number, span, copies, world, new)) for row, number, span in found]
    sources = {source for source, _ in new}
    texts = {**world.documents, **{copy_of(source): copies[source] for source in sorted(sources)}}
    return Mutated(tuple(pairs), texts, dropped)


def copy_of(source: str) -> str:
    """The name of the second version of a document: `a/b.txt` to `a/b.copy.txt`."""
    path = PurePosixPath(source)
    return str(path.with_name(f"{path.stem}.copy{path.suffix}"))


def _stands(numeral: str, text: str) -> bool:
    return re.search(rf"(?<![\d.]){re.escape(numeral)}(?!\.?\d)", half_width(text)) is not None


def _numeral(row: Gold, world: World) -> tuple[int, Span]:
    """Which piece of evidence holds the figure, and the raw span of its digits. Raises Skip."""
    if row.refuse or row.derived:
        raise Skip(tr("没有原样的答案", "there is no answer in the words of the document"))
    if (
        any(len(alternative) != 1 for alternative in row.answers)
        or figure([a for (a,) in row.answers]) is None
    ):
        raise Skip(tr("答案不是一个数", "the answer is not one figure"))
    wanted = {n for (text,) in row.answers for n in NUMERAL.findall(half_width(text))}
    found: list[tuple[int, Span]] = []
    for number, (source, text) in enumerate(row.evidence):
        spans = find(text, world.documents[source])
        if len(spans) != 1:
            raise Skip(tr("依据在文档中不止一处", "the evidence stands more than once"))
        start, end = spans[0]
        written = half_width(world.documents[source])
        found += [(number, m.span()) for m in NUMERAL.finditer(written, start, end) if m[0] in wanted]
    if len(found) != 1:
        raise Skip(
            tr("依据中的数字不止一个或写法不同", "the evidence has the figure not once, or written otherwise")
        )
    return found[0]


def _written(text: str, changes: dict[Span, str]) -> str:
    for (start, end), said in changes.items():
        text = text[:start] + said + text[end:]  # as long as what it replaces
    return text


def _both(
    row: Gold, number: int, span: Span, copies: dict[str, str], world: World, new: dict[tuple[str, Span], str]
) -> Gold:
    source, text = row.evidence[number]
    old, said = half_width(world.documents[source][slice(*span)]), new[source, span]
    start, end = find(text, world.documents[source])[0]
    answers = [
        (text, half_width(text).replace(old, said))
        for (text,) in row.answers
        if NUMERAL.findall(half_width(text)) == [old]
    ]
    evidence = (*row.evidence, (copy_of(source), copies[source][start:end]))
    return mutated(row, f"counterfactual: {old} > {said}", answers=tuple(answers), evidence=evidence)


def is_counterfactual(original: Gold, new: Gold, documents: Documents) -> str | None:
    """See `counterfactual`."""
    if new.refuse or not new.answers or new.question != original.question:
        return tr("问题或答案变了", "the question was changed, or the answer is gone")
    source, text = new.evidence[-1]
    originals = [s for s, _ in original.evidence]
    if source not in documents or not find(text, documents[source]) or copy_of(originals[0]) not in documents:
        return tr("依据不在文档中", "the evidence is in no document")
    for alternative in new.answers:
        if len(alternative) != 2 or (alternative[0],) not in original.answers:
            return tr("答案不是两个数", "the answer is not two figures")
        old, said = alternative
        if states(documents[source], old):
            return tr("原数字在文档的别处还有", "the document states the old figure elsewhere, too")
        if [s for s, t in documents.items() if states(t, said)] != [source]:
            return tr("新数字不是只在副本中", "the new figure is not in the copy alone")
        if not any(states(documents[s], old) for s in originals):
            return tr("原数字不在原文档中", "the old figure is not in the original")
    return None
