"""The sets that retrieval is measured on: questions, passages, and which of them are right.

`REPORT` sets are for reporting alone: no setting was ever chosen by them. The others are development sets: settings
are chosen by them, nothing is trained on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packs import read_pack
from pairs import DEV_SOURCE
from reader_rows import HELD_OUT, held_out

DISTRACTORS = 20_000
"""News articles among which the passages of `cmrc_dev` have to be found, taken at even distances from the pack."""
READING = ("cmrc_dev", "cmrc_trial", "drcd_held_out")
MATCHING = tuple(f"{way} {source}" for way in ("en-zh", "zh-en") for source in ("ntrex_cn", "ntrex_tw", "ud_pud"))
SEEDS = ("seeds_en tune", "seeds_en heldout")
NAMES = ("law_dev", *READING, *MATCHING, *SEEDS)
REPORT = frozenset({"cmrc_dev", *MATCHING, "seeds_en heldout"})


@dataclass(frozen=True)
class Task:
    """Questions, passages and, for each question, the numbers of its right passages; `parts` are questions told apart."""

    name: str
    questions: list[str]
    passages: list[str]
    gold: list[list[int]]
    parts: dict[str, list[int]] = field(default_factory=dict)


def load(data: Path, name: str) -> Task:
    """One of NAMES but SEEDS, from the data packs in the folder `data`."""
    if name == "law_dev":
        return _law(data)
    if name in MATCHING:
        return _matching(data, name)
    trained = list(read_pack(data, "reader_train"))
    if name == "cmrc_trial":
        return _reading(name, [r for r in trained if r["source"] == DEV_SOURCE], [r["context"] for r in trained])
    if name == "drcd_held_out":
        kept = [r for r in trained if r["source"] == HELD_OUT and held_out(r["context"])]
        return _reading(name, kept, [r["context"] for r in trained])
    news = [r["text"] for r in read_pack(data, "news_text")]
    chosen = [news[i * len(news) // DISTRACTORS] for i in range(DISTRACTORS)]
    return _reading(name, list(read_pack(data, "reader_test_cmrc_dev", training=False)), chosen)


def _reading(name: str, rows: Sequence[dict[str, Any]], others: Sequence[str]) -> Task:
    passages = list(dict.fromkeys([*(row["context"] for row in rows), *others]))
    place = {text: number for number, text in enumerate(passages)}
    return Task(name, [row["question"] for row in rows], passages, [[place[row["context"]]] for row in rows])


def _law(data: Path) -> Task:
    laws = list(read_pack(data, "law_retrieval_dev_corpus"))
    asked = list(read_pack(data, "law_retrieval_dev_queries", training=False))
    place = {row["id"]: number for number, row in enumerate(laws)}
    gold = [[place[name] for name in row["gold"]] for row in asked]
    labour = [number for number, row in enumerate(asked) if row["labour"]]
    texts = [row["text"] for row in laws]
    return Task("law_dev", [row["query"] for row in asked], texts, gold, {"labour": labour})


def _matching(data: Path, name: str) -> Task:
    way, source = name.split()
    left, right = way.split("-")
    rows = [r for r in read_pack(data, "en_zh_dev", training=False) if r["source"] == source]
    return _reading(name, [{"question": r[left], "context": r[right]} for r in rows], [])
