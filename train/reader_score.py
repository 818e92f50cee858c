"""Exact match and F1 of a network on questions whose passage is given, by CMRC 2018's scorer."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from packs import read_pack
from reader_rows import collate, held_out

from rag.read.neural import Encoder, best_spans


class Exam(NamedTuple):
    """A question, its passage and the reference answers."""

    question: str
    passage: str
    answers: tuple[str, ...]


def trial_rows(data: Path) -> list[Exam]:
    """CMRC's trial set: for tuning."""
    return [Exam(r["question"], r["context"], tuple(a["text"] for a in r["answers"]))
            for r in read_pack(data, "reader_train") if r["source"] == "cmrc2018_trial"]  # fmt: skip


def drcd_rows(data: Path) -> list[Exam]:
    """The part of DRCD dev that is kept out of training."""
    return [Exam(r["question"], r["context"], tuple(a["text"] for a in r["answers"]))
            for r in read_pack(data, "reader_train") if r["source"] == "drcd_dev" and held_out(r["context"])]  # fmt: skip


def dev_rows(data: Path) -> list[Exam]:
    """CMRC's dev set: for the report only."""
    return [Exam(r["question"], r["context"], tuple(a["text"] for a in r["answers"]))
            for r in read_pack(data, "reader_test_cmrc_dev", training=False)]  # fmt: skip


def measures() -> Any:
    """The module with `exact` and `f1`, which lives in the app `eval`."""
    return importlib.import_module("eval.metrics.answers")


def score_rows(net: Any, encoder: Encoder, rows: Sequence[Exam]) -> tuple[float, float]:
    """Mean exact match and F1 of the best spans, none refused."""
    scorer = measures()
    items = [(encoder.encode(row.question, [row.passage])[0], 0, 0) for row in rows]
    order = sorted(range(len(items)), key=lambda i: len(items[i][0].ids))
    em = f1 = 0.0
    with torch.inference_mode():
        for at in range(0, len(order), 12):
            group = order[at : at + 12]
            ids, mark, _, _ = collate([items[i] for i in group])
            starts, ends = net(ids, mark)
            for k, i in enumerate(group):
                enc = items[i][0]
                a, b, _ = best_spans(starts[k].numpy(), ends[k].numpy(), enc)
                text = rows[i].passage[a:b]
                em += scorer.exact(text, rows[i].answers)
                f1 += scorer.f1(text, rows[i].answers)
    return em / len(rows), f1 / len(rows)
