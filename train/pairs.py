"""Training pairs as token ids: groups of (query, passage) from which one batch at a time is drawn."""

from __future__ import annotations

import dataclasses
import itertools
import logging
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from packs import Row, read_pack
from reader_rows import HELD_OUT, held_out
from tokenizers import Tokenizer

logger = logging.getLogger(__name__)

Ids = NDArray[np.int32]
DEV_SOURCE = "cmrc2018_trial"
"""Source of `reader_train` kept out of training: `evaluate.py` uses it to choose settings."""


@dataclasses.dataclass
class Ragged:
    """Token ids of many texts: `flat` (total,) int32, text `i` being `flat[starts[i]:starts[i + 1]]`."""

    flat: Ids
    starts: NDArray[np.int64]

    @classmethod
    def encode(cls, tokenizer: Tokenizer, texts: Iterable[str]) -> Ragged:
        """Tokenize `texts`, 4,096 at a time."""
        parts: list[Ids] = []
        lengths: list[int] = []
        iterator = iter(texts)
        while block := list(itertools.islice(iterator, 4096)):
            for encoding in tokenizer.encode_batch_fast(block, add_special_tokens=False):
                ids = np.asarray(encoding.ids, np.int32)
                parts.append(ids[ids > 0])
                lengths.append(len(parts[-1]))
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        return cls(np.concatenate(parts), starts)

    @classmethod
    def joined(cls, parts: list[Ragged]) -> Ragged:
        """The texts of all `parts`, in order."""
        lengths = np.concatenate([np.diff(part.starts) for part in parts])
        return cls(np.concatenate([part.flat for part in parts]), np.concatenate([[0], np.cumsum(lengths)]))

    def chosen(self, numbers: NDArray[np.int64]) -> Ragged:
        """The texts of these numbers."""
        lengths = np.diff(self.starts)[numbers]
        return Ragged(np.concatenate([self[n] for n in numbers]), np.concatenate([[0], np.cumsum(lengths)]))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, index: int) -> Ids:
        return self.flat[self.starts[index] : self.starts[index + 1]]


@dataclasses.dataclass
class Group:
    """Pairs of one kind. A batch holds one kind, so that topic or language cannot give the answer away.

    With `cloze`, the query is a random window of the passage (inverse cloze task, Lee et al. 2019,
    arXiv:1906.00300); `left` and `right` are then the same texts. `keys` (n, 2) holds hashes of query and passage: equal
    ones are not each other's negatives. `weight` is the share of batches; `longest` cuts texts (tokens). `negatives` (n, m)
    are numbers of hard negatives among the texts of `pool`, whose hashes are `pool_keys`.
    """

    name: str
    weight: float
    left: Ragged
    right: Ragged
    keys: NDArray[np.int64]
    cloze: bool = False
    longest: int = 112
    pool: Ragged | None = None
    pool_keys: NDArray[np.int64] | None = None
    negatives: NDArray[np.int32] | None = None


def kept_out(row: Row) -> bool:
    """Whether a row of `reader_train` is for choosing settings: CMRC's trial set and some contexts of DRCD."""
    return row["source"] == DEV_SOURCE or (row["source"] == HELD_OUT and held_out(row["context"]))


def load_groups(data: Path, tokenizer: Tokenizer) -> list[Group]:
    """All groups of pairs from the training packs; labour rows of `law_text` stay out (held-out domain)."""
    packs = {
        name: list(read_pack(data, name)) for name in ("pairs_train", "pairs_train_news", "reader_train")
    }
    english = list(read_pack(data, "en_zh_pairs"))
    groups: list[Group] = []

    def add(
        name: str, weight: float, rows: Iterable[Row], left: str, right: str, cloze: bool = False
    ) -> None:
        kept = [row for row in rows if row[left] and row[right]]
        keys = np.array([(hash(row[left]), hash(row[right])) for row in kept], np.int64)
        right_ids = Ragged.encode(tokenizer, (row[right] for row in kept))
        left_ids = right_ids if cloze else Ragged.encode(tokenizer, (row[left] for row in kept))
        groups.append(
            Group(name, weight, left_ids, right_ids, keys, cloze, 400 if name == "questions" else 112)
        )
        logger.info("%-12s %7d pairs %9d tokens", name, len(kept), len(left_ids.flat) + len(right_ids.flat))

    def of(pack: str, *sources: str) -> Iterable[Row]:
        rows = english if pack == "en_zh_pairs" else packs[pack]
        return (row for row in rows if row["source"] in sources)

    asked = (row for row in packs["reader_train"] if not kept_out(row))
    add("questions", 0.15, asked, "question", "context")
    add("stard", 0.04, of("pairs_train", "stard"), "query", "passage")
    add("law_chapter", 0.08, of("pairs_train", "law_cn_chapter"), "query", "passage")
    add("taiwan", 0.03, of("pairs_train", "taipei_faq", "tw_gazette"), "query", "passage")
    add("news", 0.10, packs["pairs_train_news"], "query", "passage")
    add("news_cloze", 0.20, packs["pairs_train_news"], "passage", "passage", cloze=True)
    laws = (row for row in read_pack(data, "law_text") if not row["labour"] and len(row["text"]) > 60)
    add("law_cloze", 0.08, laws, "text", "text", cloze=True)
    add("en_laws", 0.07, of("en_zh_pairs", "roc_laws"), "en", "zh")
    docs = ("python_docs", "tensorflow_docs", "react_docs", "vue_docs", "hf_course", "tico19")
    lctt = read_pack(data, "en_zh_pairs_lctt")
    add("en_docs", 0.07, itertools.chain(of("en_zh_pairs", *docs), lctt), "en", "zh")
    add("en_spoken", 0.06, of("en_zh_pairs", "tatoeba"), "en", "zh")
    add("en_titles", 0.02, of("en_zh_pairs", "roc_laws_title", "tw_gazette_titles"), "en", "zh")
    add("en_words", 0.10, of("en_zh_pairs", "cc_cedict"), "en", "zh")
    return groups


@dataclasses.dataclass
class Batch:
    """Token ids of n queries, their passages and their hard negatives (n or none), with hashes of each."""

    queries: list[Ids]
    passages: list[Ids]
    negatives: list[Ids]
    keys: NDArray[np.int64]  # (n, 2)
    negative_keys: NDArray[np.int64]  # (n,) or (0,)


def draw(group: Group, size: int, rng: np.random.Generator, *, hard: bool) -> Batch:
    """A batch of pairs drawn without repeats; if `hard`, each with one of its hard negatives where the group has them."""
    rows = rng.choice(len(group.right), min(size, len(group.right)), replace=False)
    longest = group.longest
    batch = Batch([], [], [], group.keys[rows], np.zeros(0, np.int64))
    for row in rows:
        left, right = group.left[row], group.right[row]
        if len(right) > longest:
            start = int(rng.integers(0, len(right) - longest + 1)) if group.cloze else 0
            right = right[start : start + longest]
        if group.cloze and len(right) > 8:
            length = int(rng.integers(4, min(25, len(right) - 3)))
            start = int(rng.integers(0, len(right) - length + 1))
            left = right[start : start + length]
            if rng.random() < 0.7:  # sometimes the window stays: plain word overlap counts too
                right = np.concatenate([right[:start], right[start + length :]])
        batch.queries.append(left[:longest])
        batch.passages.append(right)
    if hard and group.negatives is not None and group.pool is not None and group.pool_keys is not None:
        picked = group.negatives[rows, rng.integers(0, group.negatives.shape[1], len(rows))]
        batch.negatives = [group.pool[number][:longest] for number in picked]
        batch.negative_keys = group.pool_keys[picked]
    return batch
