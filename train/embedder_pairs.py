"""Pairs that the multilingual embedder is trained on: a query and a passage that belongs to it, in batches of one source."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from packs import read_pack
from reader_rows import HELD_OUT, Row, held_out, window

Pair = tuple[str, str]


class Source(NamedTuple):
    """Pairs of one kind, and the share of the batches that come from it."""

    name: str
    share: float
    pairs: list[Pair]


SHARES = {"questions": 0.20, "office": 0.14, "stard": 0.12, "law_cn_chapter": 0.10, "faq": 0.05, "news": 0.12,
          "en_laws": 0.09, "en_docs": 0.09, "en_spoken": 0.09}  # fmt: skip
"""A batch holds one kind, so that neither topic nor language gives the answer away."""
_EN = {"roc_laws": "en_laws", "roc_laws_title": "en_laws", "tatoeba": "en_spoken", "tico19": "en_spoken"}


def sources(data: Path, seed: int) -> list[Source]:
    """All pairs, by source; test and development rows are left out (`packs.read_pack` refuses them)."""
    rng = random.Random(seed)
    found: dict[str, list[Pair]] = {name: [] for name in SHARES}
    for r in read_pack(data, "reader_train"):
        if r["source"] == "cmrc2018_trial" or (r["source"] == HELD_OUT and held_out(r["context"])):
            continue
        answer = r["answers"][0]
        row = Row(r["question"], "", r["context"], ((answer["start"], answer["start"] + len(answer["text"])),), True)
        found["questions"].append((row.question, window(row, 160, rng).passage))
    for r in read_pack(data, "office_reader_train"):
        if r["evidence"]:
            at = r["evidence"]["start"]
            row = Row(r["question"], r["title"], r["context"], ((at, at + len(r["evidence"]["text"])),), True)
            found["office"].append((row.question, f"{row.title}\n{window(row, 160, rng).passage}".strip()))
    for r in read_pack(data, "pairs_train"):
        name = r["source"] if r["source"] in SHARES else "faq"
        found[name].append((r["query"], f"{r['title']} {r['passage']}".strip() if name == "stard" and r["title"] else r["passage"]))
    for number, r in enumerate(read_pack(data, "pairs_train_news")):
        if number % 4 == 0:
            found["news"].append((r["query"], r["passage"][:260]))
    for r in read_pack(data, "en_zh_pairs"):
        if r["source"] != "cc_cedict" and len(r["zh"]) > 5:
            found[_EN.get(r["source"], "en_docs")].append((r["en"], r["zh"]) if rng.random() < 0.7 else (r["zh"], r["en"]))
    return [Source(name, share, found[name]) for name, share in SHARES.items()]


def batches(found: list[Source], size: int, seed: int) -> Iterator[tuple[str, list[Pair]]]:
    """Endless batches `(source, pairs)`; no query and no passage stands twice in one."""
    rng = random.Random(seed)
    queues: dict[str, list[Pair]] = {source.name: [] for source in found}
    while True:
        (source,) = rng.choices(found, [s.share for s in found])
        batch: dict[str, Pair] = {}
        passages: set[str] = set()
        for _ in range(size * 4):
            if not queues[source.name]:
                queues[source.name] = rng.sample(source.pairs, len(source.pairs))
            query, passage = queues[source.name].pop()
            if query not in batch and passage not in passages:
                batch[query] = (query, passage)
                passages.add(passage)
            if len(batch) == size:
                break
        yield source.name, list(batch.values())
