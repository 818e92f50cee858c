"""Compare an embedding model with BM25: nDCG@10, recall@5 and recall@20, and English-Chinese matching.

Run: python train/evaluate.py --data ../shared/data --model rag/models/embedder

`cmrc_dev` is for reporting alone: no setting was ever chosen by it. `law_dev`, `cmrc_trial` and `en_zh_dev` are
development sets.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from packs import fold, read_pack, simplify
from pairs import DEV_SOURCE

Ranking = NDArray[np.int64]
"""(queries, depth): passage numbers, best first."""


@dataclasses.dataclass(frozen=True)
class Task:
    """Queries, passages and, for each query, the numbers of its right passages."""

    name: str
    queries: list[str]
    passages: list[str]
    gold: list[set[int]]


def retrieval_tasks(data: Path) -> list[Task]:
    """The three Chinese retrieval sets."""
    trained = list(read_pack(data, "reader_train"))
    laws = list(read_pack(data, "law_retrieval_dev_corpus"))
    asked = list(read_pack(data, "law_retrieval_dev_queries", training=False))
    place = {row["id"]: number for number, row in enumerate(laws)}
    gold = [{place[name] for name in row["gold"]} for row in asked]
    tasks = [
        _reading_task("cmrc_dev", list(read_pack(data, "reader_test_cmrc_dev", training=False))),
        _reading_task("cmrc_trial", [r for r in trained if r["source"] == DEV_SOURCE], trained),
        Task("law_dev", [row["query"] for row in asked], [row["text"] for row in laws], gold),
    ]
    kept = [number for number, row in enumerate(asked) if row["labour"]]
    law = tasks[-1]
    picked = [law.queries[number] for number in kept]
    return [*tasks, Task("law_dev_labour", picked, law.passages, [law.gold[number] for number in kept])]


def _reading_task(name: str, rows: Sequence[dict[str, Any]], more: Sequence[dict[str, Any]] = ()) -> Task:
    passages = list(dict.fromkeys(row["context"] for row in (*rows, *more)))
    place = {text: number for number, text in enumerate(passages)}
    return Task(name, [row["question"] for row in rows], passages, [{place[row["context"]]} for row in rows])


def measure(ranking: Ranking, gold: Sequence[set[int]]) -> dict[str, float]:
    """Mean nDCG@10 (Järvelin and Kekäläinen 2002, binary gains), recall@5 and recall@20.

    >>> measure(np.array([[7, 3, 5]]), [{3}])["recall@5"]
    1.0
    """
    sums = {"nDCG@10": 0.0, "recall@5": 0.0, "recall@20": 0.0}
    for row, right in zip(ranking, gold, strict=True):
        hits = [int(number) in right for number in row]
        ideal = sum(1 / np.log2(rank + 2) for rank in range(min(10, len(right))))
        sums["nDCG@10"] += sum(1 / np.log2(rank + 2) for rank, hit in enumerate(hits[:10]) if hit) / ideal
        sums["recall@5"] += sum(hits[:5]) / len(right)
        sums["recall@20"] += sum(hits[:20]) / len(right)
    return {name: float(total) / len(gold) for name, total in sums.items()}


def fuse(first: Ranking, second: Ranking, depth: int = 20, constant: int = 60) -> Ranking:
    """Reciprocal rank fusion (Cormack, Clarke and Büttcher 2009) of two rankings of the same queries."""
    fused = []
    for rankings in zip(first, second, strict=True):
        scores: dict[int, float] = {}
        for ranking in rankings:
            for rank, number in enumerate(ranking.tolist()):
                scores[number] = scores.get(number, 0.0) + 1 / (constant + rank + 1)
        fused.append(sorted(scores, key=lambda number: -scores[number])[:depth])
    return np.array(fused, np.int64)


def bm25_ranking(task: Task, depth: int = 100) -> Ranking:
    """BM25 (bm25s, its defaults) over jieba words of folded, Simplified text."""
    import bm25s
    import jieba

    jieba.setLogLevel(logging.WARNING)

    def words(texts: list[str]) -> list[list[str]]:
        return [[word for word in jieba.lcut(fold(simplify(text))) if word.isalnum()] for text in texts]

    index = bm25s.BM25()
    index.index(words(task.passages), show_progress=False)
    found, _ = index.retrieve(words(task.queries), k=min(depth, len(task.passages)), show_progress=False)
    ranking: Ranking = np.asarray(found, np.int64)
    return ranking


def dense_ranking(
    task: Task, encode: Callable[[list[str]], NDArray[np.float32]], depth: int = 100
) -> Ranking:
    """Cosine ranking; `encode` gives unit vectors `(n, dim)`."""
    scores = encode(task.queries) @ encode(task.passages).T
    ranking: Ranking = np.argsort(-scores, axis=1, kind="stable")[:, :depth]
    return ranking


def matching(data: Path, encode: Callable[[list[str]], NDArray[np.float32]]) -> dict[str, float]:
    """Share of the development sentence pairs that are each other's nearest, by direction, within each source."""
    rows = list(read_pack(data, "en_zh_dev", training=False))
    result: dict[str, float] = {}
    for source in dict.fromkeys(row["source"] for row in rows):
        kept = [row for row in rows if row["source"] == source]
        scores = encode([row["en"] for row in kept]) @ encode([row["zh"] for row in kept]).T
        here = np.arange(len(kept))
        result[f"{source} en->zh"] = float((scores.argmax(axis=1) == here).mean())
        result[f"{source} zh->en"] = float((scores.argmax(axis=0) == here).mean())
    return result


def main() -> None:
    """Print the table; with --json also write it."""
    parser = argparse.ArgumentParser(description="Dense retrieval against BM25.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of data packs")
    parser.add_argument("--model", type=Path, default=Path("rag/models/embedder"))
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    options = parser.parse_args()
    import torch
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(options.model), device="cpu")

    def encode(texts: list[str]) -> NDArray[np.float32]:
        vectors = np.asarray(model.encode(texts, batch_size=256, show_progress_bar=False), np.float32)
        unit: NDArray[np.float32] = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        return unit

    figures: dict[str, Any] = {}
    for task in retrieval_tasks(options.data):
        dense, sparse = dense_ranking(task, encode), bm25_ranking(task)
        print(f"\n{task.name}: {len(task.queries):,} queries, {len(task.passages):,} passages")
        print(f"{'':10}{'nDCG@10':>10}{'recall@5':>10}{'recall@20':>10}")
        for name, ranking in (("dense", dense), ("bm25", sparse), ("rrf", fuse(dense, sparse))):
            row = measure(ranking, task.gold)
            figures[f"{task.name} {name}"] = row
            print(f"{name:10}" + "".join(f"{value:10.3f}" for value in row.values()))
    figures["matching"] = matching(options.data, encode)
    print("\nen_zh_dev matching accuracy")
    for name, value in figures["matching"].items():
        print(f"{name:20}{value:8.3f}")
    texts = [row["context"] for row in read_pack(options.data, "reader_test_cmrc_dev", training=False)]
    torch.set_num_threads(1)
    began = time.perf_counter()
    model.encode(texts, batch_size=256, show_progress_bar=False)
    speed = sum(map(len, texts)) / (time.perf_counter() - began)
    print(f"\nencoding: {speed:,.0f} characters a second (torch on one thread)")
    figures["characters_per_second"] = round(speed)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
