"""How well each leg of retrieval, and their fusion, finds the documents that a benchmark holds for relevant.

Measures are computed by ir-measures (MacAvaney et al. 2022), differences are tested by paired randomisation
(Smucker et al. 2007).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from rag.question.query import understand
from rag.retrieve.search import lexical_terms, retrieve

from ..statistics import paired
from .result import Figure, Progress, Section, mean

if TYPE_CHECKING:
    from rag.config import Settings
    from rag.encoder.embed import Embedder
    from rag.retrieve.rerank import Reranker
    from rag.store import Snapshot
    from rag.types import Chunk

    from .memory import Memory

LEGS = ("BM25", "dense", "fusion")
TESTED = "nDCG@10"  # the measure whose differences are tested
MOST = 200  # passages that `retrieve` gives at most

Ranking = list[str]
Qrels = Mapping[str, Mapping[str, int]]
"""Relevance (0: not relevant) by question and document."""


def evaluate(
    snapshot: Snapshot | Memory, embedder: Embedder, settings: Settings, questions: Mapping[str, str], qrels: Qrels,
    measures: Sequence[str], depth: int, progress: Progress, reranker: Reranker | None = None, *, not_itself: bool = False,
) -> Section:  # fmt: skip
    """One row a leg: the mean of each measure, and p for the difference in nDCG@10 to the other two.

    `depth` is how many chunks of each leg are looked at; a document stands where its first chunk does. With
    `not_itself` a document of the question's own id does not count (BEIR's rule for ArguAna and Quora). A question for
    which nothing is found scores 0.
    """
    deep = settings.replace(pool_k=max(settings.pool_k, depth), top_k=min(MOST, max(settings.top_k, depth)))
    ranked: dict[str, dict[str, Ranking]] = {leg: {} for leg in LEGS}
    for id_ in progress(list(qrels), "retrieval"):
        for leg, ranking in rankings(
            cast("Snapshot", snapshot), embedder, deep, questions[id_], reranker
        ).items():
            ranked[leg][id_] = [name for name in ranking if not (not_itself and name == id_)]
    scores = {leg: scored(ranked[leg], qrels, (*measures, TESTED)) for leg in LEGS}
    section: Section = {}
    for leg in LEGS:
        row: dict[str, Figure] = {"n": len(qrels)}
        row |= {measure: mean(scores[leg][measure].values()) for measure in measures}
        row |= {
            f"p, {other}": _p(scores[leg][TESTED], scores[other][TESTED])
            for other in LEGS[:2]
            if other != leg
        }
        section[leg] = row
    return section


def rankings(
    snapshot: Snapshot,
    embedder: Embedder,
    settings: Settings,
    question: str,
    reranker: Reranker | None = None,
) -> dict[str, Ranking]:
    """Documents, best first, by words, by meaning, and as the bot retrieves them (fused, weighed, without doubles)."""
    legs = chunks_by_leg(snapshot, embedder, settings, question, reranker)
    return {leg: _documents(chunk.source for chunk in chunks) for leg, chunks in legs.items()}


def chunks_by_leg(
    snapshot: Snapshot,
    embedder: Embedder,
    settings: Settings,
    question: str,
    reranker: Reranker | None = None,
) -> dict[str, list[Chunk]]:
    """What each of LEGS finds, best first."""
    query = understand(question)
    by_words = snapshot.search_lexical(lexical_terms(query), settings.pool_k)
    by_meaning = snapshot.search_dense(embedder.encode_queries([query.text])[0], settings.pool_k)
    return {
        "BM25": [snapshot.chunk(hit.chunk) for hit in by_words],
        "dense": [snapshot.chunk(hit.chunk) for hit in by_meaning],
        "fusion": [found.chunk for found in retrieve(query, snapshot, embedder, settings, reranker)],
    }


def _documents(sources: Iterable[str]) -> Ranking:
    return list(dict.fromkeys(sources))


def scored(
    ranked: Mapping[str, Ranking], qrels: Qrels, measures: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Every measure (in ir-measures' spelling) of every question.

    >>> scored({"q": ["b", "a"]}, {"q": {"a": 1}}, ["R@1", "R@2", "RR"])
    {'R@1': {'q': 0.0}, 'R@2': {'q': 1.0}, 'RR': {'q': 0.5}}
    """
    import ir_measures

    parsed = {ir_measures.parse_measure(name): name for name in measures}
    wanted = [
        ir_measures.Qrel(id_, name, grade) for id_, grades in qrels.items() for name, grade in grades.items()
    ]
    run = [
        ir_measures.ScoredDoc(id_, name, float(-rank))  # ties of scores would be broken by name
        for id_, ranking in ranked.items()
        for rank, name in enumerate(ranking)
    ]
    out: dict[str, dict[str, float]] = {name: dict.fromkeys(qrels, 0.0) for name in measures}
    if run:
        for value in ir_measures.iter_calc(list(parsed), wanted, run):
            out[parsed[value.measure]][value.query_id] = float(value.value)
    return out


def _p(mine: Mapping[str, float], other: Mapping[str, float]) -> float | None:
    return paired([other[id_] for id_ in mine], list(mine.values())).p if mine else None
