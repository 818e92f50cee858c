"""Passages for a question: found by words and by meaning, fused by score, then weighed by period and region."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..config import Settings
from ..question.query import Kind, Query
from ..text.fold import fold
from ..text.tokens import index_terms, pairs
from ..types import Chunk
from .relevance import period_match, region_match

if TYPE_CHECKING:
    from ..encoder.embed import Embedder
    from ..store import Snapshot
    from ..store.vectors import Mask
    from .rerank import Reranker

MISMATCH = {"period": 0.55, "region": 0.4}  # what a passage keeps of its score when it speaks of another year or place

Floats = NDArray[np.float32]

_FIGURE = re.compile(r"\d+(?:\.\d+)?")
NAMED = 2.0  # what a passage gains by naming, in quotes, the work that the question names


@dataclass(frozen=True, slots=True)
class Retrieved:
    """A chunk with its fused score; `chunk_id` counts in the generation."""

    chunk_id: int
    chunk: Chunk
    score: float


def fuse(covered: Floats, near: Floats, weight: float) -> Floats:
    """Score of each candidate, `(n,)`: what share of the question's words it covers, and `weight` times its cosine.

    A weighted sum of scores, after Bruch, Gai and Ingber 2023, An Analysis of Fusion Functions for Hybrid Retrieval (ACM
    TOIS 42.1), which beat ranks there and here (`train/README.md`). Unlike theirs, the words' score is a share of the
    most that it *could* be, not of what the best passage has. So it weighs itself: words that the documents use decide,
    and where they use others (lay words for law, another language) all shares are small, and meaning does.

    Every candidate has both scores, whichever search proposed it. A cosine below zero says no more than one of zero.
    """
    return (covered + weight * np.maximum(near, 0)).astype(np.float32)


def lexical_terms(query: Query) -> list[str]:
    """What the lexical leg looks for: the question's index terms, or the translations of its words."""
    terms = index_terms(query.text)
    for term in query.terms:
        if query.language == "en":
            for word, score in term.variants[:4]:
                if score > 0.7:
                    terms += index_terms(word)
        else:
            for word, _ in term.variants[1:4]:
                terms.append(fold(word))
    if query.kind is Kind.CONTACT:
        terms += ["联系人", "联系", "电话", "联系电话", "邮箱", "地址"]
    return terms


def retrieve(
    query: Query, snapshot: Snapshot, embedder: Embedder | None, settings: Settings, reranker: Reranker | None = None, *,
    allowed: Mask | None = None,
) -> list[Retrieved]:
    """The best `settings.top_k` passages, best first, near-duplicates left out; `allowed` limits both legs to some chunks."""
    terms = lexical_terms(query) if settings.lexical else []
    hits = [*snapshot.search_lexical(terms, settings.pool_k, allowed)]
    vector = None
    if settings.dense and embedder is not None:
        vector = embedder.encode_queries([query.text])[0]
        hits += snapshot.search_dense(vector, settings.pool_k, allowed)
    found = sorted({hit.chunk for hit in hits})
    near = np.zeros(len(found), np.float32) if vector is None else snapshot.likeness(vector, found)
    scores = fuse(snapshot.coverage(terms, found), near, settings.dense_weight)
    scored = (Retrieved(i, snapshot.chunk(i), float(score)) for i, score in zip(found, scores, strict=True))
    weighed = sorted((_weigh(query, r) for r in scored), key=lambda r: (-r.score, r.chunk_id))
    kept = _distinct(weighed, settings.top_k if reranker is None else settings.top_k * 3)
    if reranker is not None and kept:
        scores = reranker.score(query.text, [r.chunk.text for r in kept])
        order = sorted(range(len(kept)), key=lambda i: (-float(scores[i]), i))
        kept = [kept[i] for i in order[: settings.top_k]]
    return kept


def _weigh(query: Query, found: Retrieved) -> Retrieved:
    score = found.score
    text = fold(found.chunk.text)
    for title in query.titles:
        quoted = (f"《{fold(title)}》", f"“{fold(title)}”")
        score *= NAMED if any(q in text for q in quoted) else 1.0
    if query.period and found.chunk.period and not period_match(query.period, found.chunk.period, loose=True):
        score *= MISMATCH["period"]
    if query.regions and found.chunk.regions and not region_match(query.regions, found.chunk.regions):
        score *= MISMATCH["region"]
    return Retrieved(found.chunk_id, found.chunk, score)


def _distinct(found: Sequence[Retrieved], limit: int) -> list[Retrieved]:
    """Drop a passage whose character pairs are nearly all in a better one (Jaccard over 0.85) that has its figures, too.

    Copies that differ in a figure contradict each other, and both have to be seen.
    """
    kept: list[tuple[Retrieved, set[str], set[str]]] = []
    for candidate in found:
        text = fold(candidate.chunk.text)
        own = pairs(text)
        figures = set(_FIGURE.findall(text))
        if any(len(own & other) > 0.85 * len(own | other) and figures <= theirs for _, other, theirs in kept):
            continue
        kept.append((candidate, own, figures))
        if len(kept) == limit:
            break
    return [candidate for candidate, _, _ in kept]
