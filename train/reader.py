"""Train the bundled reader: which passage answers, where, and whether it says yes or no.

Run: python train/reader.py --data ../shared/data --out rag/models/reader --minutes 90

One command: makes the base (`base.py`), mixes the rows (`reader_rows.py`), trains for `--minutes` of wall-clock time, saves.
An interrupted run goes on from the folder `--work`; delete it for a fresh start.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import os
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import base
import torch
from reader_mixture import Mixture
from reader_net import Batch, batches, encode, loss_of, network
from reader_score import dev_figures
from saving import save
from tokenizers import Tokenizer

logger = logging.getLogger("reader")


def stream(mixture: Mixture, tokenizer: Any, options: argparse.Namespace, seed: int) -> Iterator[Batch]:
    """Endless batches; rows are encoded and sorted by length `--pool` at a time."""
    rng = random.Random(seed)
    rows = iter(mixture)
    while True:
        found = (encode(tokenizer, row, options.longest) for row in itertools.islice(rows, options.pool))
        yield from batches([item for item in found if item is not None], options.tokens, rng)


class Run:
    """Network, optimiser and how far they have come; goes on from the work folder's checkpoint."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        torch.manual_seed(options.seed)
        self.net = network(folder, options.layers, options.start, options.frozen)
        weights = [(name, weight) for name, weight in self.net.named_parameters() if weight.requires_grad]
        groups = [{"params": [w for _, w in weights if w.dim() > 1], "weight_decay": 0.01}, {"params": [w for _, w in weights if w.dim() == 1], "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=options.rate, fused=True)
        self.file = options.work / "checkpoint.pt"
        self.spent, self.step, self.rows = 0.0, 0, 0
        if self.file.is_file():
            state = torch.load(self.file, weights_only=False)
            self.net.load_state_dict(state["net"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.spent, self.step, self.rows = state["spent"], state["step"], state["rows"]
            logger.info("going on from step %d, %.1f minutes", self.step, self.spent / 60)

    def keep(self) -> None:
        """Write the checkpoint beside the old one, then in its place."""
        state = {"net": self.net.state_dict(), "optimiser": self.optimiser.state_dict(), "spent": self.spent, "step": self.step, "rows": self.rows}
        torch.save(state, self.file.with_suffix(".new"))
        self.file.with_suffix(".new").replace(self.file)


def train(options: argparse.Namespace, tokenizer: Any, folder: Path) -> Any:
    """One warm-up, then a linear fall of the rate, both by the share of the time that is spent."""
    run = Run(options, folder)
    mixture = Mixture(options.data, options.seed + run.step)
    logger.info("%s rows, %d weights", {name: len(rows) for name, rows in mixture.sources.items()}, sum(w.numel() for w in run.net.parameters()))
    limit = options.minutes * 60
    curve = options.work / "curve.tsv"
    if not curve.is_file():
        curve.write_text("minutes\tstep\trows\tloss\ttrial_em\ttrial_f1\toffice_f1\toffice_auroc\toffice_yesno\n", encoding="utf-8")
    began, last_save, last_score = time.monotonic() - run.spent, run.spent, run.spent
    sums: dict[str, float] = defaultdict(float)
    begun = run.step
    for batch in stream(mixture, tokenizer, options, options.seed + run.step):
        done = min(1.0, run.spent / limit)
        rate = options.rate * min(1.0, (run.step + 1) / options.warm_up) * max(0.01, 1 - done)
        for group in run.optimiser.param_groups:
            group["lr"] = rate
        loss, parts = loss_of(run.net(input_ids=batch.ids, attention_mask=batch.mask).logits, batch)
        run.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(run.net.parameters(), 1.0)
        run.optimiser.step()
        run.step, run.rows = run.step + 1, run.rows + len(batch.ids)
        for name, value in parts.items():
            sums[name] = 0.98 * sums[name] + 0.02 * value
        if run.step % 50 == 0:
            shown = " ".join(f"{name} {value / (1 - 0.98 ** (run.step - begun)):.3f}" for name, value in sums.items())
            logger.info("%.1f min, step %d, %d rows, rate %.1e: %s", run.spent / 60, run.step, run.rows, rate, shown)
        run.spent = time.monotonic() - began
        over = run.spent >= limit
        if run.spent - last_score > options.every * 60 or over:
            run.net.eval()
            figures = dev_figures(run.net, tokenizer, options.data, 1 if over else 3)
            run.net.train()
            logger.info("dev: %s", figures)
            row = [run.spent / 60, run.step, run.rows, sum(sums.values()), *figures.values()]
            with curve.open("a", encoding="utf-8") as out:
                out.write("\t".join(f"{value:.4g}" if isinstance(value, float) else str(value) for value in row) + "\n")
            last_score = run.spent = time.monotonic() - began
        if run.spent - last_save > 180 or over:
            run.keep()
            last_save = run.spent
        if over:
            return run.net.eval()
    raise AssertionError


def main() -> None:
    """Train and save."""
    parser = argparse.ArgumentParser(description="Train the bundled reader.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of data packs")
    parser.add_argument("--out", type=Path, default=Path("rag/models/reader"))
    parser.add_argument("--base", type=Path, default=Path("build/base"), help="folder of the base, made where it is missing")
    parser.add_argument("--pieces", type=int, default=28_000)
    parser.add_argument("--work", type=Path, default=Path("build/reader"), help="checkpoint and curve")
    parser.add_argument("--minutes", type=float, default=90.0, help="length of the training loop, over all its pieces")
    parser.add_argument("--layers", type=int, nargs="+", default=[0, 1, 2, 3, 4, 5], help="layers of the base that are kept")
    parser.add_argument("--frozen", type=int, default=0, help="lowest layers that stay as they are")
    parser.add_argument("--start", type=Path, help="a finished model to go on with, in place of the base")
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--warm-up", type=int, default=100, help="steps")
    parser.add_argument("--tokens", type=int, default=4096, help="tokens a batch")
    parser.add_argument("--longest", type=int, default=384, help="tokens of a row at most")
    parser.add_argument("--pool", type=int, default=1500, help="rows that are encoded and sorted by length together")
    parser.add_argument("--every", type=float, default=20.0, help="minutes between looks at the dev sets")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    torch.set_num_threads(options.threads)
    options.work.mkdir(parents=True, exist_ok=True)
    folder = base.make(options.data, options.base, options.pieces)
    net = train(options, Tokenizer.from_file(str(folder / "tokenizer.json")), folder)
    save(net, folder, options.out)


if __name__ == "__main__":
    main()
