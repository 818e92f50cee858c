"""Retrieval against pieces of evidence: recall@k, reciprocal rank and nDCG@10, computed by `ir_measures`.

A question comes with pieces of evidence, and a passage may cover none, one or several of them, the same piece again
and again. TREC's measures know documents that are relevant or not, so the two are mapped like this:

- A piece counts where it is covered first; whatever covers only pieces that are known already is not relevant, as a
  passage without evidence is not.
- `rr` and `ndcg@10` take the pieces as items of gain 1 and each passage without a new one as an item of gain 0. A
  passage with two new pieces stands for two items, one behind the other. So the ideal is the same for every retriever
  (all pieces before anything else), a perfect ranking scores 1 however the pieces fall into passages, and nobody scores
  more. Where one passage covers several, later ones move down; the cut-off counts items, not passages.
- `recall@k` must not move anything: it is the share of pieces that the first k passages cover. Each piece is a query of
  its own with one relevant document, the passage that covers it first; the mean of their R@k is that share.

Recall and RR as in trec_eval; nDCG after Järvelin and Kekäläinen (2002) with the logarithm to base 2, as pytrec_eval
(Van Gysel and de Rijke 2018) computes it for ir_measures (MacAvaney et al. 2022).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean

from rag.errors import InputError

CUTOFFS = (1, 5, 10, 20)
DEPTH = 10
"""Cut-off of nDCG."""

Ranked = Sequence[Sequence[int]]
"""The numbers of the pieces that each passage covers, best rank first."""


def score(ranked: Ranked, pieces: int) -> dict[str, float]:
    """Measures of one question with evidence pieces `0..pieces-1`, all between 0 and 1.

    Keys are `recall@1`, `recall@5`, `recall@10`, `recall@20`, `rr`, `ndcg@10`. Raises InputError for a question
    without evidence or a piece that it does not have. For many questions `score_many` is faster.

    >>> score([[], [0, 1], [1], [2]], 3)["recall@5"], score([[], [0, 1]], 3)["rr"]
    (1.0, 0.5)
    """
    return score_many([(ranked, pieces)])[0]


def score_many(runs: Iterable[tuple[Ranked, int]]) -> list[dict[str, float]]:
    """Measures of many questions, each `(ranked, pieces)` as for `score`, in their order, in one computation."""
    import ir_measures
    from ir_measures import RR, R, nDCG

    qrels: dict[str, dict[str, int]] = {}
    run: dict[str, dict[str, float]] = {}
    counts: list[int] = []
    for n, (ranked, pieces) in enumerate(runs):
        new = _first_covers(ranked, pieces)
        counts.append(pieces)
        items = [
            item for rank, found in enumerate(new) for item in (map(_piece, found) if found else [f"p{rank}"])
        ]
        qrels[f"{n}"] = {_piece(i): 1 for i in range(pieces)}
        run[f"{n}"] = _scored(items)
        for i in range(pieces):
            qrels[f"{n}/{i}"] = {_piece(i): 1}
            run[f"{n}/{i}"] = _scored(
                [_piece(i) if i in found else f"p{rank}" for rank, found in enumerate(new)]
            )

    recalls = {R @ k: f"recall@{k}" for k in CUTOFFS}
    whole = {RR: "rr", nDCG @ DEPTH: f"ndcg@{DEPTH}"}
    values: dict[str, dict[str, float]] = {query: {} for query in qrels}
    # a piece's query is asked for recall alone, the question's for the rest; all at once is still the least work
    for metric in ir_measures.iter_calc([*recalls, *whole], qrels, run) if qrels else ():
        name = recalls.get(metric.measure) or whole[metric.measure]
        values[metric.query_id][name] = float(metric.value)
    return [
        {name: fmean(values[f"{n}/{i}"][name] for i in range(pieces)) for name in recalls.values()}
        | {name: values[f"{n}"][name] for name in whole.values()}
        for n, pieces in enumerate(counts)
    ]


def _first_covers(ranked: Ranked, pieces: int) -> list[list[int]]:
    """For each passage the pieces that none before it covers, in order."""
    if pieces < 1:
        raise InputError(
            f"pieces = {pieces}: a question without evidence has no measures of retrieval; leave it out"
        )
    seen: set[int] = set()
    new = []
    for rank, covered in enumerate(ranked, 1):
        wrong = [i for i in covered if not 0 <= i < pieces]
        if wrong:
            raise InputError(
                f"the passage at rank {rank} covers evidence {wrong[0]}; there is only 0 to {pieces - 1}"
            )
        new.append(sorted(set(covered) - seen))
        seen.update(covered)
    return new


def _piece(number: int) -> str:
    return f"e{number}"


def _scored(items: Sequence[str]) -> dict[str, float]:
    """A run: scores that fall with the rank, so that no tie is left to the order of names."""
    return {item: float(len(items) - rank) for rank, item in enumerate(items)}
