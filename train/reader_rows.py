"""Training rows of the reader: CMRC and DRCD with fresh windows every time, some without their answer, and batches."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from packs import read_pack
from synthesise import SENTENCE, Row, candidates, swapped
from torch import Tensor

from rag.read.neural import Encoded, Encoder, stacked
from rag.text.fold import fold

HELD_OUT = "drcd_dev"
"""One in seven DRCD dev contexts is kept out of training for the report."""


def held_out(context: str) -> bool:
    """Whether a DRCD dev context is among those kept out, by its text alone."""
    return sum(map(ord, context)) % 7 == 0


def supervised(data: Path) -> list[Row]:
    """Folded CMRC train and DRCD rows; the trial set and the DRCD contexts kept out are left out."""
    rows = []
    for r in read_pack(data, "reader_train"):
        if r["source"] == "cmrc2018_trial" or (r["source"] == HELD_OUT and held_out(r["context"])):
            continue
        answer = r["answers"][0]
        end = answer["start"] + len(answer["text"])
        rows.append(Row(fold(r["question"]), fold(r["context"]), answer["start"], end))
    return rows


def names_of(rows: Sequence[Row], rng: random.Random) -> dict[str, list[str]]:
    """Names, dates and counts of some questions, by kind, to swap for one another."""
    pool: dict[str, list[str]] = {}
    for row in rng.sample(rows, min(3000, len(rows))):
        for c in candidates(row.question):
            text = row.question[c.start : c.end]
            if not re.search("什么|哪|谁|多少|几|何", text):
                pool.setdefault(c.kind, []).append(text)
    return pool


def window(row: Row, wanted: int, rng: random.Random) -> Row:
    """The answer's sentence with whole sentences round it, `wanted` characters or a little more."""
    spans = [m.span() for m in SENTENCE.finditer(row.passage)]
    inside = [i for i, (a, b) in enumerate(spans) if a < row.end and row.start < b]
    if not inside:
        return row
    first, last = inside[0], inside[-1]
    while spans[last][1] - spans[first][0] < wanted and (first > 0 or last + 1 < len(spans)):
        if first > 0 and (rng.random() < 0.5 or last + 1 == len(spans)):
            first -= 1
        elif last + 1 < len(spans):
            last += 1
    left, right = min(spans[first][0], row.start), max(spans[last][1], row.end)
    return Row(row.question, row.passage[left:right], row.start - left, row.end - left)


def vary(row: Row, pool: dict[str, list[str]], rng: random.Random, without: float = 0.2) -> Row:
    """A row as it is trained on this time: another window, a thinned question, `without` of them no answer."""
    question = row.question
    row = window(row, rng.choice((140, 200, 280, 400)), rng)
    lot = rng.random()
    if lot < 0.4 * without and (other := swapped(question, pool, rng)):
        return Row(other, row.passage, -1, -1)
    if lot < without:
        spans = [m.span() for m in SENTENCE.finditer(row.passage)]
        answer = row.passage[row.start : row.end]
        left = "".join(row.passage[a:b] for a, b in spans if not (a < row.end and row.start < b) and answer not in row.passage[a:b])
        if len(left) > 30:
            return Row(question, left, -1, -1)
    if rng.random() < 0.2 and len(question) > 12:
        i = rng.randrange(len(question) - 3)
        if not re.search("[什么哪谁多少几何为怎如]", question[i : i + 2]):
            question = question[:i] + question[i + 2 :]
    return Row(question, row.passage, row.start, row.end)


Item = tuple[Encoded, int, int]


def encode(encoder: Encoder, row: Row, longest: int) -> Item | None:
    """Ids, marks and target tokens (0 and 0 without an answer); None where it is too long or the tokens cannot say it."""
    (enc,) = encoder.encode(row.question, [row.passage])
    if len(enc.ids) > longest:
        return None
    if row.start < 0:
        return enc, 0, 0
    inside = [i for i, (a, b) in enumerate(enc.offsets) if a < row.end and row.start < b]
    if not inside:
        return None
    return enc, enc.first + inside[0], enc.first + inside[-1]


def batches(items: list[Item], tokens: int, rng: random.Random) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Batches of about `tokens` tokens, alike in length, in random order: ids, marks, starts, ends."""
    items = sorted(items, key=lambda item: len(item[0].ids) + rng.random() * 12)
    groups: list[list[Item]] = [[]]
    for item in items:
        if groups[-1] and (len(groups[-1]) + 1) * max(len(item[0].ids), len(groups[-1][-1][0].ids)) > tokens:
            groups.append([])
        groups[-1].append(item)
    rng.shuffle(groups)
    for group in groups:
        yield collate(group)


def collate(group: Sequence[Any]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Pad a group of items to a common length, a multiple of 16."""
    ids, marks = stacked([enc for enc, _, _ in group], to=16)
    return torch.from_numpy(ids), torch.from_numpy(marks), torch.tensor([s for _, s, _ in group]), torch.tensor([e for _, _, e in group])
