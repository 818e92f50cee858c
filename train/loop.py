"""The training loop: one embedding table, mean pooling, in-batch negatives, Adam, checkpoints."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from pairs import Group, Ids, draw


@dataclasses.dataclass(frozen=True)
class Plan:
    """How to train. The learning rate warms up, then falls to zero over `steps`, or sooner if `minutes` run out."""

    steps: int = 2400
    minutes: float = 12.0
    batch: int = 1536
    rate: float = 0.01
    scale: float = 20.0
    seed: int = 0
    save_every: float = 60.0


def pool(table: torch.Tensor, texts: list[Ids]) -> torch.Tensor:
    """Unit mean vectors `(len(texts), dim)` of texts given as token ids; what StaticEmbedding + Normalize compute."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    offsets = torch.from_numpy(np.concatenate([[0], np.cumsum(lengths)[:-1]]))
    flat = torch.from_numpy(np.concatenate(texts).astype(np.int64))
    return F.normalize(F.embedding_bag(flat, table, offsets, mode="mean"), dim=1)


def ranking_loss(queries: torch.Tensor, passages: torch.Tensor, keys: NDArray[np.int64], scale: float) -> torch.Tensor:
    """MultipleNegativesRankingLoss in both directions (van den Oord et al. 2018, arXiv:1807.03748).

    `queries`, `passages`: `(n, dim)`; `keys` `(n, 2)`: rows with an equal query or passage are left out of each other's
    negatives.
    """
    scores = queries @ passages.T * scale
    same = (keys[:, None, 0] == keys[None, :, 0]) | (keys[:, None, 1] == keys[None, :, 1])
    np.fill_diagonal(same, False)
    scores = scores.masked_fill(torch.from_numpy(same), -1e4)
    target = torch.arange(len(scores))
    return (F.cross_entropy(scores, target) + F.cross_entropy(scores.T, target)) / 2


def train(
    start: NDArray[np.float32], groups: list[Group], plan: Plan, checkpoint: Path, report: Callable[[int, float, str, float], None]
) -> tuple[NDArray[np.float32], int, float]:
    """Train from the table `start` (rows, dim); returns table, steps done and seconds spent.

    Resumes from `checkpoint` if that file exists. `report` gets step, learning rate, group name and loss.
    """
    rng = np.random.default_rng(plan.seed)
    torch.manual_seed(plan.seed)
    table = torch.nn.Parameter(torch.from_numpy(start.copy()))
    optimizer = torch.optim.Adam([table], lr=plan.rate, betas=(0.9, 0.99), fused=True)
    weights = np.array([group.weight for group in groups])
    step, spent = 0, 0.0
    if checkpoint.is_file():
        state = torch.load(checkpoint, weights_only=False)
        table.data.copy_(state["table"])
        optimizer.load_state_dict(state["optimizer"])
        rng.bit_generator.state = state["rng"]
        step, spent = int(state["step"]), float(state["spent"])
    began = saved = time.monotonic()
    before = spent
    while True:
        progress = max(step / plan.steps, spent / (60 * plan.minutes))
        if progress >= 1:
            break
        rate = plan.rate * min(1.0, (step + 1) / 50) * (1 - progress)
        for settings in optimizer.param_groups:
            settings["lr"] = rate
        group = groups[int(rng.choice(len(groups), p=weights / weights.sum()))]
        lefts, rights, rows = draw(group, plan.batch, rng)
        optimizer.zero_grad(set_to_none=True)
        loss = ranking_loss(pool(table, lefts), pool(table, rights), group.keys[rows], plan.scale)
        loss.backward()  # type: ignore[no-untyped-call]
        if table.grad is not None:
            table.grad[0] = 0.0  # the unknown token stays at zero
        optimizer.step()
        step += 1
        spent = before + time.monotonic() - began
        report(step, rate, group.name, loss.item())
        if time.monotonic() - saved > plan.save_every:
            saved = time.monotonic()
            state = {"table": table.data, "optimizer": optimizer.state_dict(), "rng": rng.bit_generator.state}
            torch.save({**state, "step": step, "spent": spent}, checkpoint.with_suffix(".tmp"))
            checkpoint.with_suffix(".tmp").replace(checkpoint)
    result: NDArray[np.float32] = table.detach().numpy()
    return result, step, spent
