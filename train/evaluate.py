"""Measure retrieval as the bot does it: nDCG@10, recall@5 and recall@20 of BM25, of the embedder and of their fusion.

Run: python train/evaluate.py --data ../shared/data

The legs are those of `rag.retrieve.search` itself, over chunks cut as the index cuts them; a passage stands where its first
chunk does. `p` is that of a paired randomisation test of nDCG@10 against BM25 (`eval/statistics.py`). The sets are
described in `retrieval_sets.py`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import pickle
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import retrieval_sets as sets
from tqdm import tqdm

import rag
from rag.config import Settings
from rag.encoder.embed import Embedder, load_embedder, locate
from rag.eval import homes
from rag.eval.benchmarks.legs import LEGS, chunks_by_leg
from rag.eval.benchmarks.memory import Memory, cut
from rag.eval.evidence import Evidence
from rag.eval.metrics.retrieval import Ranked, score_many
from rag.eval.rows import load as load_rows
from rag.eval.statistics import paired
from rag.offsets import OffsetMap
from rag.store import Snapshot
from rag.store.lexical import Lexical
from rag.text.tokens import index_terms
from rag.types import Chunk

MEASURES = {"nDCG@10": "ndcg@10", "recall@5": "recall@5", "recall@20": "recall@20"}
CUTTING = ("store/lexical.py", "text/tokens.py", "text/sentences.py", "text/fold.py", "data/fold.txt", "data/words.txt")
"""What decides how texts are cut into chunks and terms, besides the tokenizer."""
BATCH = 512

Scores = dict[str, dict[str, list[float]]]
"""By leg and measure, a value a question."""


def memory(task: sets.Task, embedder: Embedder, folder: Path, settings: Settings) -> Memory:
    """The passages of `task`, indexed. Chunks with their terms, and vectors by model, are kept in `work`."""
    work = settings_key(task, folder, settings)
    if work.is_file():
        chunks, lexical = pickle.loads(work.read_bytes())
    else:
        numbered = ((str(number), "", text) for number, text in enumerate(task.passages))
        chunks = [chunk for passage in numbered for chunk in cut(passage, embedder, settings.chunk_tokens)]
        lexical = Lexical.build([index_terms(c.text) for c in tqdm(chunks, f"{task.name}: terms", leave=False)])
        work.parent.mkdir(parents=True, exist_ok=True)
        work.write_bytes(pickle.dumps((chunks, lexical), protocol=5))
    kept = work.with_name(f"{work.stem}-{embedder.fingerprint[7:19]}.npy")
    if not kept.is_file():
        texts = [chunk.text for chunk in chunks]
        np.save(kept, np.concatenate([embedder.encode_passages(texts[i : i + BATCH]) for i in range(0, len(texts), BATCH)]))
    return Memory(chunks, lexical, np.load(kept))


def settings_key(task: sets.Task, folder: Path, settings: Settings) -> Path:
    """Where the chunks of `task` are kept: one file for equal passages, code and tokenizer."""
    total = hashlib.sha256(f"{settings.chunk_tokens}".encode())
    tokenizer = locate(settings.embedder) / "tokenizer.json"
    for path in (tokenizer, *(Path(rag.__file__).parent / name for name in CUTTING)):
        total.update(path.read_bytes())
    for text in task.passages:
        total.update(text.encode() + b"\0")
    return folder / f"{task.name.replace(' ', '-')}-{total.hexdigest()[:12]}.pickle"


def measured(questions: Iterable[str], find: Callable[[str], dict[str, Sequence[Chunk]]],
             covers: Callable[[int, Chunk], list[int]], pieces: Sequence[int]) -> Scores:  # fmt: skip
    """Scores of each leg; `covers` numbers the right pieces, of `pieces[q]`, that a chunk holds for question `q`."""
    ranked: dict[str, list[tuple[Ranked, int]]] = {leg: [] for leg in LEGS}
    for number, question in enumerate(questions):
        for leg, chunks in find(question).items():
            ranked[leg].append(([covers(number, chunk) for chunk in chunks], pieces[number]))
    out: Scores = {}
    for leg, runs in ranked.items():
        rows = score_many(runs)
        out[leg] = {shown: [row[name] for row in rows] for shown, name in MEASURES.items()}
    return out


def measure_task(task: sets.Task, embedder: Embedder, folder: Path, settings: Settings) -> Scores:
    """Scores over the passages of a task; of the chunks of one passage only the first counts."""
    snapshot: Any = memory(task, embedder, folder, settings)
    wide = settings.replace(top_k=settings.pool_k)

    def find(question: str) -> dict[str, Sequence[Chunk]]:
        legs = chunks_by_leg(snapshot, embedder, wide, question)
        return {leg: _first_of_each(chunks) for leg, chunks in legs.items()}

    def covers(number: int, chunk: Chunk) -> list[int]:
        right = task.gold[number]
        return [right.index(int(chunk.source))] if int(chunk.source) in right else []

    return measured(tqdm(task.questions, task.name, leave=False), find, covers, [len(right) for right in task.gold])


def _first_of_each(chunks: Iterable[Chunk]) -> list[Chunk]:
    best: dict[str, Chunk] = {}
    for chunk in chunks:
        best.setdefault(chunk.source, chunk)
    return list(best.values())


def measure_seeds(
    name: str, documents: Path, questions: Path, embedder: Embedder, folder: Path, settings: Settings
) -> Scores:
    """Scores of English questions over the sample documents, indexed as any others; a piece is one of evidence."""
    rows = load_rows(questions / f"{name.split()[1]}.jsonl")
    with homes.at_home(folder.absolute()):
        snapshot = Snapshot.open(homes.indexed([documents], settings))
    evidence = [Evidence(row, lambda source: snapshot.document(source).raw) for row in rows]

    def covers(number: int, chunk: Chunk) -> list[int]:
        edits = snapshot.part(chunk.source, chunk.part).edits
        return list(evidence[number].covered_by(chunk.source, OffsetMap(edits).to_raw(chunk.start, chunk.end)))

    found = measured(
        (row.question for row in rows),
        lambda question: chunks_by_leg(snapshot, embedder, settings, question),
        covers,
        [len(row.evidence) for row in rows],
    )
    snapshot.close()
    return found


def table(name: str, scores: Scores, chosen: Sequence[int] | None = None) -> dict[str, dict[str, float]]:
    """Print the means of some questions, leg by leg, with p against BM25; also given back."""
    figures: dict[str, dict[str, float]] = {}
    for leg, columns in scores.items():
        picked = {m: [v[i] for i in chosen] if chosen is not None else v for m, v in columns.items()}
        base = [scores[LEGS[0]]["nDCG@10"][i] for i in chosen] if chosen is not None else scores[LEGS[0]]["nDCG@10"]
        figures[leg] = {m: float(np.mean(v)) for m, v in picked.items()}
        if leg != LEGS[0]:
            figures[leg]["p"] = paired(base, picked["nDCG@10"]).p
        values = "".join(f"{v:10.3f}" if m != "p" else f"{v:10.4f}" for m, v in figures[leg].items())
        print(f"{name:20} {leg:8}{len(base):6,}{values}", flush=True)
    return figures


def speed(embedder: Embedder, data: Path) -> float:
    """Characters a second, one text after the other."""
    texts = sets.load(data, "cmrc_trial").passages[:2000]
    embedder.encode_passages(texts[:50])
    began = time.perf_counter()
    for text in texts:
        embedder.encode_passages([text])
    return sum(map(len, texts)) / (time.perf_counter() - began)


def main() -> None:
    """Print a table a set; with --json also write the figures."""
    parser = argparse.ArgumentParser(description="Retrieval by BM25, by the embedder, and fused.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of data packs")
    parser.add_argument("--model", default="bundled", help="an embedder as the setting names it")
    parser.add_argument("--sets", nargs="+", choices=sets.NAMES, default=sets.NAMES, metavar="SET", help=", ".join(sets.NAMES))
    parser.add_argument("--dense-weight", type=float, default=Settings().dense_weight, help="the setting dense_weight")
    parser.add_argument("--documents", type=Path, default=Path("seeds"), help="the sample documents")
    parser.add_argument("--english", type=Path, default=Path("tests/sets/english"), help="the questions about them")
    parser.add_argument("--work", type=Path, default=Path("build/evaluate"), help="indexes and vectors are kept here")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    options = parser.parse_args()
    settings = Settings(embedder=options.model, dense_weight=options.dense_weight)
    embedder = load_embedder(settings)
    figures: dict[str, Any] = {}
    print(f"{'set':20} {'leg':8}{'n':>6}" + "".join(f"{name:>10}" for name in (*MEASURES, "p to BM25")))
    for name in options.sets:
        if name in sets.SEEDS:
            scores = measure_seeds(name, options.documents, options.english, embedder, options.work, settings)
            figures[name] = table(name, scores)
            continue
        task = sets.load(options.data, name)
        scores = measure_task(task, embedder, options.work, settings)
        figures[name] = table(name, scores)
        for part, numbers in task.parts.items():
            figures[f"{name} {part}"] = table(f"{name} {part}", scores, numbers)
    figures["characters_per_second"] = round(speed(embedder, options.data))
    print(f"\nembedding: {figures['characters_per_second']:,} characters a second, text by text")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
