"""The training loop, in NumPy: one embedding table, mean pooling, in-batch negatives, Adagrad by row, checkpoints.

A batch touches a few thousand of the rows, so its gradient is a sparse matrix product over those rows alone; on two
cores this is several times faster than automatic differentiation over the whole table.
"""

from __future__ import annotations

import dataclasses
import pickle
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pairs import Batch, Group, Ids, draw
from scipy import sparse

Floats = NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class Plan:
    """How to train. The learning rate warms up, then falls to zero over `steps`, or sooner if `minutes` run out.

    `hard` adds hard negatives; `weights` are shares of batches by group, instead of the groups' own.
    """

    steps: int = 2000
    minutes: float = 12.0
    batch: int = 1024
    rate: float = 0.15
    scale: float = 20.0
    seed: int = 0
    save_every: float = 60.0
    hard: bool = False
    weights: Mapping[str, float] = dataclasses.field(default_factory=dict)


def bags(texts: list[Ids]) -> tuple[sparse.csr_matrix, NDArray[np.int64]]:
    """Mean pooling of token ids as a matrix `(texts, r)`, and the r table rows that its columns stand for."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    rows, columns = np.unique(np.concatenate(texts), return_inverse=True)
    values = np.repeat(1 / np.maximum(lengths, 1), lengths).astype(np.float32)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    matrix = sparse.csr_matrix((values, columns.astype(np.int32), starts), shape=(len(texts), len(rows)))
    return matrix, rows.astype(np.int64)


def ranking_loss(
    queries: Floats, passages: Floats, negatives: Floats, batch: Batch, scale: float
) -> tuple[float, Floats, Floats, Floats]:
    """MultipleNegativesRankingLoss in both directions (van den Oord et al. 2018, arXiv:1807.03748) and its gradients.

    `queries`, `passages`: `(n, dim)` unit vectors; rows with an equal query or an equal passage are left out of each
    other's negatives. `negatives` `(m, dim)` are more passages that are wrong for every query whose own passage they do
    not repeat (m may be 0). Returns the loss and its gradients by queries, passages and negatives.
    """
    n, keys = len(queries), batch.keys
    scores = queries @ passages.T
    odds = np.exp((scores - 1) * scale)
    same = (keys[:, None, 0] == keys[None, :, 0]) | (keys[:, None, 1] == keys[None, :, 1])
    np.fill_diagonal(same, False)
    odds[same] = 0
    hard = np.exp((queries @ negatives.T - 1) * scale)
    hard[keys[:, None, 1] == batch.negative_keys[None, :]] = 0
    by_row, by_column = odds.sum(1, keepdims=True) + hard.sum(1, keepdims=True), odds.sum(0, keepdims=True)
    right = (scores.diagonal() - 1) * scale
    loss = float((np.log(by_row[:, 0]) + np.log(by_column[0])).mean() / 2 - right.mean())
    gradient = odds * (0.5 / by_row) + odds * (0.5 / by_column)
    np.fill_diagonal(gradient, gradient.diagonal() - 1)
    gradient *= scale / n
    hard *= scale / n * 0.5 / by_row
    return loss, gradient @ passages + hard @ negatives, gradient.T @ queries, hard.T @ queries


def update(table: Floats, seen: Floats, batch: Batch, rate: float, scale: float) -> float:
    """One step on `table` (rows, dim); returns the loss.

    Adagrad (Duchi et al. 2011) with one accumulator a row, `seen` (rows,): words that come often settle early.
    """
    matrix, rows = bags([*batch.queries, *batch.passages, *batch.negatives])
    means = matrix @ table[rows]
    norms = np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-6)
    unit = means / norms
    n = len(batch.queries)
    loss, *gradients = ranking_loss(unit[:n], unit[n : 2 * n], unit[2 * n :], batch, scale)
    by_unit = np.concatenate(gradients)
    by_mean = (by_unit - unit * (by_unit * unit).sum(1, keepdims=True)) / norms
    by_row = matrix.T @ by_mean
    seen[rows] += (by_row * by_row).mean(axis=1)
    table[rows] -= by_row * (rate / np.sqrt(seen[rows] + 1e-16))[:, None]
    return loss


def train(
    start: Floats,
    groups: list[Group],
    plan: Plan,
    checkpoint: Path,
    report: Callable[[int, float, str, float], None],
) -> tuple[Floats, int, float]:
    """Train from the table `start` (rows, dim); returns table, steps done and seconds spent.

    Resumes from `checkpoint` if that file exists, also where it is of a run that was finished (it is written by this function: never open one from elsewhere).
    `report` gets step, learning rate, group name and loss.
    """
    rng = np.random.default_rng(plan.seed)
    table, seen = start.copy(), np.zeros(len(start), np.float32)
    weights = np.array([plan.weights.get(group.name, group.weight) for group in groups])
    step, before = 0, 0.0
    if checkpoint.is_file():
        step, before, rng, table, seen = pickle.loads(checkpoint.read_bytes())
    began = saved = time.monotonic()
    spent = before
    while (progress := max(step / plan.steps, spent / (60 * plan.minutes))) < 1:
        rate = plan.rate * min(1.0, (step + 1) / 50) * (1 - progress)
        group = groups[int(rng.choice(len(groups), p=weights / weights.sum()))]
        loss = update(table, seen, draw(group, plan.batch, rng, hard=plan.hard), rate, plan.scale)
        step += 1
        spent = before + time.monotonic() - began
        report(step, rate, group.name, loss)
        if time.monotonic() - saved > plan.save_every or step >= plan.steps:
            saved = time.monotonic()
            checkpoint.parent.mkdir(parents=True, exist_ok=True)
            partial = checkpoint.with_suffix(".tmp")
            partial.write_bytes(pickle.dumps((step, spent, rng, table, seen), protocol=5))
            partial.replace(checkpoint)
    return table, step, spent
