"""BEIR-style folders: `corpus.jsonl`, `queries.jsonl` and `qrels/test.tsv`.

Thakur et al. 2021, "BEIR: A Heterogenous Benchmark for Zero-shot Evaluation of Information Retrieval Models". Only
retrieval is measured: nDCG@10, its headline figure, and recall.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from rag.config import Settings
from rag.encoder.embed import load_embedder
from rag.errors import InputError
from rag.registry import load

from . import files, legs
from .memory import Memory, Passage
from .result import Progress, Result

MEASURES = ("nDCG@10", "R@10", "R@100", "RR@10")
DEPTH = 200  # chunks of each leg that are looked at for a hundred different documents


def run(data: Path, limit: int | None, settings: Settings, progress: Progress) -> Result:
    """Score retrieval on the test questions; `limit` takes the first of them, the collection is always whole."""
    if not data.is_dir():
        raise InputError(
            f"--data {data} should be the folder with corpus.jsonl, queries.jsonl and qrels/test.tsv"
        )
    judged = qrels(data / "qrels" / "test.tsv")
    wanted = dict(list(judged.items())[:limit])
    questions = {
        files.text_of(row, "_id", "queries.jsonl"): files.text_of(row, "text", "queries.jsonl")
        for row in files.rows(data / "queries.jsonl")
    }
    unknown = [id_ for id_ in wanted if id_ not in questions]
    if unknown:
        raise InputError(
            f"qrels/test.tsv judges question {unknown[0]!r}, which is not in {data / 'queries.jsonl'}"
        )
    embedder = load_embedder(settings)
    memory = Memory.build(corpus(data / "corpus.jsonl"), embedder, settings.chunk_tokens, progress)
    if not len(memory):
        raise InputError(f"{data / 'corpus.jsonl'} holds no text")
    reranker = load("rerankers", "cross-encoder")(settings.reranker) if settings.reranker else None
    section = legs.evaluate(
        memory, embedder, settings, questions, wanted, MEASURES, DEPTH, progress, reranker, not_itself=True
    )
    return Result(
        "beir",
        {"retrieval": section},
        meta={"file": data.name, "chunks": len(memory), "questions": len(wanted)},
    )


def corpus(path: Path) -> Iterator[Passage]:
    """The documents of `corpus.jsonl`. Raises InputError."""
    for number, row in enumerate(files.rows(path), 1):
        where = f"{path}, row {number}"
        title = files.text_of(row, "title", where) if row.get("title") else ""
        yield files.text_of(row, "_id", where), title, files.text_of(row, "text", where)


def qrels(path: Path) -> dict[str, dict[str, int]]:
    """Relevance by question and document, questions in the order of the file. Raises InputError.

    The three columns are `query-id`, `corpus-id`, `score`, with or without that line on top.
    """
    out: dict[str, dict[str, int]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, row in enumerate(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE), 1):
                if row and not (number == 1 and row[0] == "query-id"):
                    id_, name, grade = row
                    out.setdefault(id_, {})[name] = int(grade)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"can't read {path}: {error}") from error
    except ValueError as error:
        raise InputError(
            f"{path}, line {number}: expected query-id, corpus-id and a whole number: {error}"
        ) from error
    if not out:
        raise InputError(f"{path} judges no document")
    return out
