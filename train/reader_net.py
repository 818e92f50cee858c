"""The reader's network, its loss, and batches of rows."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from reader_rows import NEITHER, Row
from torch import Tensor
from torch.nn import functional

from rag.encoder.sheet import ANSWERS, END, INSIDE, LABELS, PAD, SEVERAL, START, YES, Sheet, sheets
from rag.encoder.sheet import NEITHER as NEITHER_LABEL

VERDICTS = LABELS[YES : NEITHER_LABEL + 1]


def network(base: Path, layers: Sequence[int], start: Path | None = None, frozen: int = 0) -> Any:
    """A `BertForTokenClassification` with some of the base's layers, or the finished one in `start`, to go on with.

    Its word and position vectors stay as they are, and so do its `frozen` lowest layers: what they know of words is general, and
    the time of their gradients is saved (Lee, Tang and Lin 2019, "What Would Elsa Do?").
    """
    from transformers import BertConfig, BertForTokenClassification, BertModel
    from transformers.utils import logging

    logging.set_verbosity_error()
    if start is not None:
        return _frozen(BertForTokenClassification.from_pretrained(start, attn_implementation="sdpa", dtype=torch.float32), frozen)

    config = BertConfig.from_pretrained(base)
    config.num_hidden_layers = len(layers)
    config.num_labels = len(LABELS)
    config.id2label = dict(enumerate(LABELS))
    config.label2id = {label: k for k, label in enumerate(LABELS)}
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
    config._attn_implementation = "sdpa"
    net = BertForTokenClassification(config)
    whole = BertModel.from_pretrained(base, add_pooling_layer=False, dtype=torch.float32)
    net.bert.embeddings.load_state_dict(whole.embeddings.state_dict())
    for own, k in zip(net.bert.encoder.layer, layers, strict=True):
        own.load_state_dict(whole.encoder.layer[k].state_dict())
    return _frozen(net, frozen)


def _frozen(net: Any, layers: int) -> Any:
    for name, weight in net.bert.embeddings.named_parameters():
        weight.requires_grad = "LayerNorm" in name and not layers
    for layer in net.bert.encoder.layer[:layers]:
        layer.requires_grad_(False)
    return net


class Item(NamedTuple):
    """A row as tokens: the answer's `(first, last)` tokens in the row of `sheet`."""

    sheet: Sheet
    spans: tuple[tuple[int, int], ...]
    answers: bool
    verdict: int


def encode(tokenizer: Any, row: Row, longest: int) -> Item | None:
    """None where the row is too long."""
    _, sheet = next(sheets(tokenizer, row.question, [(row.title, row.passage)], longest + 1))
    if len(sheet.ids) > longest:
        return None
    spans = []
    for start, end in row.spans:
        inside = [i for i, (a, b) in enumerate(sheet.offsets) if a < end and start < b]
        if inside:
            spans.append((sheet.first + inside[0], sheet.first + inside[-1]))
    return Item(sheet, tuple(spans), row.answers, VERDICTS.index(row.verdict))


class Batch(NamedTuple):
    """`ids`, `mask`, `passage` are `(rows, length)`; `target` is `(rows, length, 3)` for start, end and inside; the rest `(rows,)`."""

    ids: Tensor
    mask: Tensor
    passage: Tensor
    target: Tensor
    answers: Tensor
    several: Tensor
    verdict: Tensor


def collate(items: Sequence[Item], to: int = 16) -> Batch:
    """Pad to a common length, a multiple of `to`."""
    length = -(-max(len(item.sheet.ids) for item in items) // to) * to
    ids = torch.full((len(items), length), PAD)
    passage = torch.zeros(len(items), length, dtype=torch.bool)
    target = torch.zeros(len(items), length, 3)
    for k, item in enumerate(items):
        ids[k, : len(item.sheet.ids)] = torch.tensor(item.sheet.ids)
        passage[k, item.sheet.first : item.sheet.first + len(item.sheet.offsets)] = True
        for first, last in item.spans:
            target[k, first, START] += 1 / len(item.spans)
            target[k, last, END] += 1 / len(item.spans)
            target[k, first : last + 1, INSIDE] = 1
    return Batch(ids, (ids != PAD).long(), passage, target, torch.tensor([float(item.answers) for item in items]),
                 torch.tensor([float(len(item.spans) > 1) for item in items]), torch.tensor([item.verdict for item in items]))  # fmt: skip


def batches(items: list[Item], tokens: int, rng: random.Random) -> Iterator[Batch]:
    """Batches of about `tokens` tokens, alike in length, in random order."""
    items = sorted(items, key=lambda item: len(item.sheet.ids) + rng.random() * 8)
    groups: list[list[Item]] = [[]]
    for item in items:
        if groups[-1] and (len(groups[-1]) + 1) * len(item.sheet.ids) > tokens:
            groups.append([])
        groups[-1].append(item)
    rng.shuffle(groups)
    for group in groups:
        yield collate(group)


def loss_of(logits: Tensor, batch: Batch) -> tuple[Tensor, dict[str, float]]:
    """Cross-entropy of start and end where there is a span, of the verdict everywhere; binary of the other labels.

    Yes and no weigh more than `neither`, which nearly all rows are.
    """
    spanned = batch.target[:, :, START].sum(1) > 0
    outside = ~batch.passage
    losses = {}
    if spanned.any():
        parts = []
        for label in (START, END):
            scores = logits[spanned, :, label].masked_fill(outside[spanned], -1e4)
            parts.append(-(functional.log_softmax(scores, 1) * batch.target[spanned, :, label]).sum(1).sum() / len(logits))
        losses["span"] = sum(parts)
    known = batch.passage & (spanned | (batch.answers == 0))[:, None]
    if known.any():
        losses["inside"] = functional.binary_cross_entropy_with_logits(logits[:, :, INSIDE][known], batch.target[:, :, INSIDE][known])
    first = logits[:, 0]
    losses["answers"] = functional.binary_cross_entropy_with_logits(first[:, ANSWERS], batch.answers)
    losses["several"] = 0.3 * functional.binary_cross_entropy_with_logits(first[:, SEVERAL], batch.several)
    weight = torch.tensor([2.0 if name != NEITHER else 0.3 for name in VERDICTS])
    losses["verdict"] = functional.cross_entropy(first[:, YES : NEITHER_LABEL + 1], batch.verdict, weight, reduction="sum") / len(logits)
    return sum(losses.values()), {name: float(value.detach()) for name, value in losses.items()}  # type: ignore[return-value]
