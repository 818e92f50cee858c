"""The kinds of vector index that FAISS builds for us, which one is taken, and how hard it looks.

| kind | what it is | source |
|---|---|---|
| flat | every vector is compared | |
| hnsw | a graph of near vectors | Malkov and Yashunin 2016, "Efficient and robust approximate nearest neighbor search" |
| ivf | vectors in lists by k-means, some lists are read | Sivic and Zisserman 2003, "Video Google" |
| ivfpq | the same with codes of `PQ_BYTES` in the lists | Jégou et al. 2011, "Product quantization" |
| rabitq | the same with a bit a number in the lists | Gao and Long 2024, "RaBitQ" |

Scores of the last two are estimates; so they propose `REFINE` times as many candidates as are asked for, which are
then scored with the stored vectors.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

KINDS = ("flat", "hnsw", "ivf", "ivfpq", "rabitq")
LISTED = ("ivf", "ivfpq", "rabitq")
CODED = ("ivfpq", "rabitq")

FLAT_MAX = 50_000
"""Most vectors that are compared one by one; see docs/adr/0005-vector-index.md."""

HNSW_LINKS = 32
HNSW_BUILD = 100
HNSW_SEARCH = 128
TRAIN_POINTS = 64  # vectors a list that k-means looks at
TRAIN_ROUNDS = 10
MIN_POINTS = 39  # fewer a list, and FAISS warns
PROBE_SHARE = 8  # one list in so many is read
PROBE_MIN = 24
PQ_BYTES = 64
PQ_TRAIN_MIN = 256 * MIN_POINTS  # vectors that a codebook of 256 entries is learned from
PQ_TRAIN_POINTS = 64
REFINE = 8


def choose(wish: str, size: int) -> str:
    """Choose a kind for `size` vectors, unless `wish` already names one."""
    if wish != "auto":
        return wish
    return "flat" if size <= FLAT_MAX else "rabitq"


def make(kind: str, vectors: NDArray[np.float32]) -> Any:
    """Build the FAISS index of `vectors`, `(n, dim)`, L2-normalised, by inner product.

    Too few vectors to train a kind on give a flat one.
    """
    import faiss

    size, dim = vectors.shape
    metric = faiss.METRIC_INNER_PRODUCT
    index: Any
    if kind == "hnsw":
        index = faiss.IndexHNSWFlat(dim, HNSW_LINKS, metric)
        index.hnsw.efConstruction = HNSW_BUILD
    elif kind in LISTED and size >= MIN_POINTS:
        lists = max(1, min(int(2 * math.sqrt(size)), size // MIN_POINTS))
        coarse = faiss.IndexFlatIP(dim)
        if kind == "rabitq":
            index = faiss.IndexIVFRaBitQ(coarse, dim, lists, metric)
        elif kind == "ivfpq" and size >= PQ_TRAIN_MIN:
            index = faiss.IndexIVFPQ(coarse, dim, lists, _parts(dim), 8, metric)
            index.pq.cp.max_points_per_centroid, index.pq.cp.niter = PQ_TRAIN_POINTS, TRAIN_ROUNDS
        else:
            index = faiss.IndexIVFFlat(coarse, dim, lists, metric)
        index.cp.max_points_per_centroid, index.cp.niter = TRAIN_POINTS, TRAIN_ROUNDS
        index.train(vectors)
        index.nprobe = max(1, min(lists, max(PROBE_MIN, lists // PROBE_SHARE)))
    else:
        index = faiss.IndexFlatIP(dim)
    index.add(vectors)
    return index


def proposals(kind: str, k: int) -> int:
    """How many candidates to ask an index for, so that the best `k` are among them."""
    return k * REFINE if kind in CODED else k


def parameters(index: Any, wanted: int, effort: int, selector: Any) -> tuple[Any, bool]:
    """What FAISS is to search with, and whether more effort could find more.

    `effort` multiplies how much of the index is looked at; `selector` limits it to some vectors, None for all.
    """
    import faiss

    library: Any = faiss
    chosen: dict[str, Any] = {} if selector is None else {"sel": selector}
    if isinstance(index, faiss.IndexHNSW):
        looked = effort * max(HNSW_SEARCH, 2 * wanted)
        return library.SearchParametersHNSW(efSearch=looked, **chosen), looked < index.ntotal
    if isinstance(index, faiss.IndexIVF):
        probed = min(index.nlist, effort * index.nprobe)
        kind: Any = library.SearchParametersIVF
        if isinstance(index, faiss.IndexIVFRaBitQ):
            kind = library.IVFRaBitQSearchParameters
        elif isinstance(index, faiss.IndexIVFPQ):
            kind = library.IVFPQSearchParameters
        return kind(nprobe=probed, **chosen), probed < index.nlist
    return library.SearchParameters(**chosen), False


def _parts(dim: int) -> int:
    """Into how many bytes a vector is coded: at most PQ_BYTES, and a divisor of `dim`."""
    return next(parts for parts in range(min(PQ_BYTES, dim), 0, -1) if dim % parts == 0)
