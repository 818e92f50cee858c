"""The evidence taken out of the documents: what was answered before must now be refused."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rag.messages import tr
from rag.question.query import Kind as Asked
from rag.question.query import Query, understand
from rag.text.fold import fold
from rag.text.places import covers
from rag.types import Period

from ..evidence import find
from ..rows import Gold
from .kinds import Documents, Mutated, Skip, mutated
from .scope import must_refuse
from .stated import quantities, states, states_any, strings
from .world import Told, World

_MOST = 8  # sentences that may be taken out for one question
_RIVAL = 0.6  # share of the question's weight from which on a sentence may answer it, too
_COUNTED = (Asked.QUANTITY, Asked.MONEY, Asked.PERCENT)
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Cut:
    """What has to go for one row: raw spans by source."""

    row: Gold
    spans: dict[str, set[Span]]


def evidence_removed(rows: Sequence[Gold], world: World, seed: str) -> Mutated:
    """Every sentence that states the answer is taken out of every document: the question must be refused.

    A row is left out where the answer stands in many sentences, or where another sentence comes so near to the
    question that it may be taken for an answer.
    """
    dropped: Counter[str] = Counter()
    cuts: list[_Cut] = []
    for row in rows:
        try:
            cuts.append(_cut(row, world))
        except Skip as reason:
            dropped[str(reason)] += 1
    gone: dict[str, set[Span]] = {}
    for cut in cuts:
        for source, spans in cut.spans.items():
            gone.setdefault(source, set()).update(spans)
    texts = {source: without(text, gone.get(source, ())) for source, text in world.documents.items()}
    pairs = [
        (
            cut.row,
            mutated(
                cut.row,
                "evidence_removed",
                kind="absent",
                answers=(),
                evidence=(),
                refuse=True,
                derived=False,
            ),
        )
        for cut in cuts
    ]
    return Mutated(tuple(pairs), texts, dropped)


def _cut(row: Gold, world: World) -> _Cut:
    if row.refuse:
        raise Skip(tr("本应拒答", "is to be refused anyhow"))
    if row.history:
        raise Skip(tr("是追问", "follows another question"))
    if row.derived:  # what the documents would say it with is not known
        raise Skip(tr("没有原样的答案", "there is no answer in the words of the document"))
    wanted = strings(row)
    spans: dict[str, set[Span]] = {}
    for source, text in row.evidence:
        found = find(text, world.documents[source])
        spans.setdefault(source, set()).update(found)
        spans[source].update((s.start, s.end) for s in world.overlapping(source, found))
    stating = [s for s in world.sentences if states_any(s.text, wanted)]
    for told in stating:
        spans.setdefault(told.source, set()).add((told.start, told.end))
    if sum(map(len, spans.values())) > _MOST:
        raise Skip(tr("答案在许多句子里都有", "many sentences state the answer"))
    if states_any(world.between, wanted):
        raise Skip(tr("句子以外还有答案", "the answer stands outside of all sentences, too"))
    taken = {(source, span) for source, some in spans.items() for span in some}
    rest = [s for s in world.sentences if (s.source, (s.start, s.end)) not in taken]
    if _rival(understand(row.question), rest):
        raise Skip(tr("另有句子近似可答", "another sentence may be taken for an answer"))
    return _Cut(row, spans)


def _rival(query: Query, sentences: Iterable[Told]) -> bool:
    """Whether a sentence of the right time and place names most of what the question asks about, with a figure if it asks for one."""
    weight = sum(term.weight for term in query.terms)
    for told in sentences:
        if query.period and told.period and not _overlap(query.period, told.period):
            continue
        here = [*told.regions, *([told.region] if told.region else [])]
        if (
            query.regions
            and here
            and not any(covers(a, b) or covers(b, a) for a in query.regions for b in here)
        ):
            continue
        text = fold(told.text)
        named = sum(
            term.weight
            for term in query.terms
            if any(word in text for word, score in term.variants if score >= 0.8)
        )
        counted = query.kind not in _COUNTED or any(q.unit or q.value >= 10 for q in quantities(told.text))
        if counted and (not weight or named >= _RIVAL * weight):
            return True
    return False


def _overlap(a: Period, b: Period) -> bool:
    return a.first <= b.last and b.first <= a.last


def without(text: str, spans: Iterable[Span]) -> str:
    """`text` less `spans`, which may overlap; no run of more than two line feeds is left by it."""
    at, out = 0, []
    for start, end in sorted(spans):
        if end <= at:
            continue
        out.append(text[at : max(at, start)])
        at = end
    out.append(text[at:])
    return re.sub(r"\n{3,}", "\n\n", "".join(out)) if len(out) > 1 else text


def is_removed(original: Gold, new: Gold, documents: Documents) -> str | None:
    """See `evidence_removed`."""
    if original.refuse or not new.refuse or new.answers or new.evidence:
        return must_refuse(original, new) or ""
    if original.question != new.question:
        return tr("问题变了", "the question was changed")
    for source, text in documents.items():
        for wanted in strings(original):
            if states(text, wanted):
                return tr("文档中仍有答案", "a document still states the answer")
        if any(name == source and find(words, text) for name, words in original.evidence):
            return tr("文档中仍有依据", "a document still holds the evidence")
    return None
