"""Vectors for the benchmark of scale: of real text, repeated with noise, or round random centres."""

from __future__ import annotations

import json
import lzma
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.errors import InputError

Floats = NDArray[np.float32]

PIECE = 220
"""Characters of a piece of text, about those of a passage of the default `chunk_tokens`."""

QUESTION = 40  # characters of a query, taken from a piece that is left out of the index
BATCH = 1024
SAMPLE = 1000
CENTRES = 1000
SPREAD = 1.2  # length of the noise round a centre, relative to the centre's


@dataclass(frozen=True, slots=True)
class Source:
    """What the vectors were made of: `text` or `synthetic`, how many different texts, seconds of embedding.

    `cosine` is that of a repeated vector with the one it was made from: the median of a piece with its nearest other.
    """

    name: str
    dim: int
    texts: int = 0
    cosine: float | None = None
    seconds: float = 0.0


def make(folder: Path, chunks: int, data: Path | None, queries: int) -> Source:
    """Write `vectors.npy` `(chunks, dim)` and `queries.npy` `(queries, dim)`, L2-normalised, into `folder`.

    Deterministic. Raises InputError where `data` holds too little text.
    """
    from rag.config import BUNDLED_FAST, Settings
    from rag.encoder.embed import load_embedder

    model = load_embedder(Settings(embedder=BUNDLED_FAST))
    out = np.lib.format.open_memmap(
        folder / "vectors.npy", mode="w+", dtype=np.float32, shape=(chunks, model.dim)
    )
    random = np.random.default_rng(0)
    if data is None:
        np.save(folder / "queries.npy", _synthetic(out, queries, random))
        return Source("synthetic", model.dim)
    texts = list(dict.fromkeys(pieces(data)))
    if len(texts) < 2 * queries:
        raise InputError(
            f"{data} holds {len(texts)} pieces of text, too few for {queries} queries; "
            "give a folder of .jsonl or .jsonl.xz files with a text a row"
        )
    every = len(texts) // queries
    asked, kept = texts[::every][:queries], [t for n, t in enumerate(texts) if n % every]
    if len(kept) > chunks:  # a sample of all files alike
        kept = [kept[n * len(kept) // chunks] for n in range(chunks)]
    np.save(folder / "queries.npy", model.encode_queries([text[:QUESTION] for text in asked]))
    started = time.perf_counter()
    for at in range(0, len(kept), BATCH):
        out[at : at + BATCH][: len(kept) - at] = model.encode_passages(kept[at : at + BATCH])
    seconds = time.perf_counter() - started
    cosine = _nearest(out[: len(kept)], random)
    _repeat(out, len(kept), cosine, random)
    return Source("text", model.dim, len(kept), round(cosine, 3), round(seconds, 1))


def pieces(data: Path) -> Iterator[str]:
    """Whole sentences of up to about PIECE characters, of every row with a `text` in the files of `data`."""
    for path in sorted(data.iterdir()):
        if not path.name.endswith((".jsonl", ".jsonl.xz")):
            continue
        with lzma.open(path, "rt", encoding="utf-8") if path.suffix == ".xz" else path.open(encoding="utf-8") as rows:
            for row in rows:
                text = json.loads(row).get("text")
                if not isinstance(text, str):
                    break  # another kind of file
                yield from _cut(text)


def _cut(text: str) -> Iterator[str]:
    held = ""
    for sentence in re.split(r"(?<=[。！？；\n])", text):
        if held and len(held) + len(sentence) > PIECE:
            yield held
            held = ""
        held += sentence.strip()
    if len(held) > QUESTION:
        yield held


def _nearest(vectors: Floats, random: np.random.Generator) -> float:
    """The median cosine of a piece with its nearest other, from a sample."""
    some = np.sort(random.choice(len(vectors), min(SAMPLE, len(vectors)), replace=False))
    asked = vectors[some]
    best = np.full(len(some), -1.0, np.float32)
    for at in range(0, len(vectors), 65_536):
        scores = asked @ vectors[at : at + 65_536].T
        own = (some >= at) & (some < at + 65_536)
        scores[np.flatnonzero(own), some[own] - at] = -1.0
        best = np.maximum(best, scores.max(axis=1))
    return float(np.median(best))


def _repeat(out: Floats, known: int, cosine: float, random: np.random.Generator) -> None:
    """Fill the rows from `known` on with the first ones, turned so far that they have `cosine` with them."""
    turn = float(np.sqrt(max(0.0, 1 / max(cosine, 0.05) ** 2 - 1)) / np.sqrt(out.shape[1]))
    for at in range(known, len(out), BATCH):
        numbers = np.arange(at, min(at + BATCH, len(out))) % known
        noisy = out[numbers] + turn * random.standard_normal((len(numbers), out.shape[1]), dtype=np.float32)
        out[at : at + len(numbers)] = _unit(noisy)


def _synthetic(out: Floats, queries: int, random: np.random.Generator) -> Floats:
    """Fill `out` with points round random centres, and return queries of the same kind."""
    dim = out.shape[1]
    centres = _unit(random.standard_normal((CENTRES, dim), dtype=np.float32))
    spread = SPREAD / float(np.sqrt(dim))

    def points(count: int) -> Floats:
        noise = spread * random.standard_normal((count, dim), dtype=np.float32)
        return _unit(centres[random.integers(CENTRES, size=count)] + noise)

    for at in range(0, len(out), BATCH):
        count = min(BATCH, len(out) - at)
        out[at : at + count] = points(count)
    return points(queries)


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), dtype=np.float32)
