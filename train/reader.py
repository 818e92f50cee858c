"""Train the bundled reader: an extractive question-answering model, from nothing, on two cores.

Run: python train/reader.py --data ../shared/data --out rag/models/reader

One command: makes exercises, counts words, places their vectors, trains for `--minutes`, calibrates on the CMRC trial set,
saves. An interrupted run goes on from the folder `--work` (delete it for a fresh start).
"""

from __future__ import annotations

import argparse
import itertools
import json
import logging
import os
import pickle
import random
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # other programs share the cores

import numpy as np
import torch
from reader_model import Net, export
from reader_rows import Item, batches, encode, names_of, supervised, vary
from reader_score import score_rows, trial_rows
from reader_vocab import build_tokenizer, corpus, word_vectors
from synthesise import Row, synthesise
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from rag.read.neural import Encoder

logger = logging.getLogger("reader")

def prepare(options: argparse.Namespace) -> tuple[Tokenizer, Tensor, list[Row]]:
    """Tokenizer, word vectors and exercises; kept in the work folder."""
    work: Path = options.work
    work.mkdir(parents=True, exist_ok=True)
    made = work / "synthetic.pickle"
    if not made.is_file():
        rows = synthesise(options.data, options.rows, options.seed)
        made.write_bytes(pickle.dumps([tuple(row) for row in rows], protocol=5))
    words, vectors = work / "tokenizer.json", work / "vectors.npy"
    if not vectors.is_file():
        texts = list(corpus(options.data, 8))
        tokenizer = build_tokenizer(texts, 15_000, 1_500)
        tokenizer.save(str(words))
        np.save(vectors, word_vectors(tokenizer, texts, options.dim, options.seed))
    rows = [Row(*row) for row in pickle.loads(made.read_bytes())]
    return Tokenizer.from_file(str(words)), torch.from_numpy(np.load(vectors)), rows


def pools(encoder: Encoder, real: list[Row], made: list[Row], share: Any, seed: int, size: int) -> Iterator[list[Item]]:
    """Encoded rows, `size` at a time, exercises and real questions as `share()` has them; endless."""
    rng = random.Random(seed)
    names = names_of(real, rng)
    real, made = rng.sample(real, len(real)), rng.sample(made, len(made))
    at_real = at_made = 0
    while True:
        of_real = int(size * share())
        items = []
        for k in range(size):
            if k < of_real:
                row = vary(real[at_real % len(real)], names, rng)
                at_real += 1
            else:
                row = made[at_made % len(made)]
                at_made += 1
            item = encode(encoder, row, 420)
            if item is not None:
                items.append(item)
        yield items


def step_loss(net: Net, ids: Tensor, mark: Tensor, start: Tensor, end: Tensor) -> Tensor:
    """Cross-entropy of the start and the end token, `<s>` standing for no answer."""
    starts, ends = net(ids, mark)
    return (functional.cross_entropy(starts, start) + functional.cross_entropy(ends, end)) / 2


class Run:
    """Network, optimiser and how far they have come; goes on from the work folder's checkpoint."""

    def __init__(self, options: argparse.Namespace, vectors: Tensor) -> None:
        torch.manual_seed(options.seed)
        self.net = Net(vectors, options.layers, options.inner, options.dropout)
        rest = [p for n, p in self.net.named_parameters() if n != "word" and p.dim() > 1]
        plain = [p for p in self.net.parameters() if p.dim() <= 1]
        groups = [{"params": [self.net.word], "weight_decay": 0.0}, {"params": rest, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=options.rate, betas=(0.9, 0.98), fused=True)
        self.file = options.work / "checkpoint.pt"
        self.spent, self.step, self.seen = 0.0, 0, 0
        if self.file.is_file():
            state = torch.load(self.file, weights_only=False)
            self.net.load_state_dict(state["net"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.spent, self.step, self.seen = state["spent"], state["step"], state["seen"]
            logger.info("going on from step %d, %.1f minutes", self.step, self.spent / 60)

    def keep(self, spent: float, step: int, seen: int) -> None:
        """Write the checkpoint beside the old one, then in its place."""
        state = {"net": self.net.state_dict(), "optimiser": self.optimiser.state_dict(), "spent": spent, "step": step, "seen": seen}
        torch.save(state, self.file.with_suffix(".new"))
        self.file.with_suffix(".new").replace(self.file)


def train(options: argparse.Namespace, encoder: Encoder, vectors: Tensor, made: list[Row]) -> Net:
    """The training loop: one warm-up, then a linear fall of the rate, both by the share of the time that is spent."""
    run = Run(options, vectors)
    net, optimiser = run.net, run.optimiser
    spent, step, seen = run.spent, run.step, run.seen
    real = supervised(options.data)
    logger.info("%d real questions, %d exercises, %d weights", len(real), len(made), sum(p.numel() for p in net.parameters()))
    limit = options.minutes * 60
    trial = trial_rows(options.data)[::3]
    curve = options.work / "curve.tsv"
    if not curve.is_file():
        curve.write_text("minutes\tstep\ttokens\tloss\ttrial_em\ttrial_f1\n", encoding="utf-8")
    losses: list[float] = []
    began, last_save, last_score = time.monotonic() - spent, spent, spent
    bar = tqdm(total=int(limit), initial=int(spent), unit="s", mininterval=20)

    def share() -> float:
        return 0.25 if (time.monotonic() - began) / limit < options.switch else options.real

    stream = itertools.chain.from_iterable(
        batches(items, options.tokens, random.Random(step)) for items in pools(encoder, real, made, share, options.seed + step, options.pool)
    )
    for ids, mark, start, end in stream:
        spent = time.monotonic() - began
        done = min(1.0, spent / limit)
        rate = options.rate * min(1.0, (step + 1) / 150) * max(0.02, 1 - done)
        for group in optimiser.param_groups:
            group["lr"] = rate
        loss = step_loss(net, ids, mark, start, end)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        step, seen = step + 1, seen + int(ids.numel())
        losses.append(float(loss.detach()))
        if step % 20 == 0:
            bar.update(int(spent) - bar.n)
            bar.set_postfix(step=step, loss=f"{np.mean(losses[-50:]):.3f}", tokens=seen)
        over = done >= 1
        if spent - last_score > options.every or over:
            net.eval()
            em, f1 = score_rows(net, encoder, trial)
            net.train()
            with curve.open("a", encoding="utf-8") as out:
                out.write(f"{spent / 60:.1f}\t{step}\t{seen}\t{np.mean(losses[-100:]):.3f}\t{em:.4f}\t{f1:.4f}\n")
            last_score = time.monotonic() - began
        if spent - last_save > 120 or over:
            run.keep(spent, step, seen)
            last_save = spent
        if over:
            break
    bar.close()
    return net.eval()


def save(net: Net, tokenizer: Tokenizer, out: Path) -> None:
    """Write the folder that `AutoModelForQuestionAnswering` and `AutoTokenizer` load, in float16."""
    out.mkdir(parents=True, exist_ok=True)
    model = export(net, {"architectures": ["MPNetForQuestionAnswering"]})
    model.half().save_pretrained(out)
    tokenizer.save(str(out / "tokenizer.json"), pretty=False)
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>",
              "unk_token": "<unk>", "cls_token": "<s>", "sep_token": "</s>", "model_max_length": 1024, "clean_up_tokenization_spaces": False}  # fmt: skip
    (out / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    for path in out.iterdir():
        path.chmod(0o644)


def main() -> None:
    """Train, save, calibrate; the learning curve goes to `train/reader_curve.tsv`."""
    parser = argparse.ArgumentParser(description="Train the bundled reader.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of data packs")
    parser.add_argument("--out", type=Path, default=Path("rag/models/reader"))
    parser.add_argument("--work", type=Path, default=Path("build/reader"), help="caches and checkpoint")
    parser.add_argument("--minutes", type=float, default=75.0, help="length of the training loop, over all its pieces")
    parser.add_argument("--rows", type=int, default=40_000, help="exercises to make")
    parser.add_argument("--switch", type=float, default=0.3, help="share of the time in which exercises come first, before real questions do")
    parser.add_argument("--real", type=float, default=0.9, help="share of real questions after the switch")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--dim", type=int, default=192)
    parser.add_argument("--inner", type=int, default=512)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--tokens", type=int, default=2500, help="tokens a batch")
    parser.add_argument("--pool", type=int, default=2500, help="rows that are encoded and sorted by length together")
    parser.add_argument("--every", type=float, default=300.0, help="seconds between looks at the trial set")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(options.threads)
    tokenizer, vectors, made = prepare(options)
    encoder = Encoder(tokenizer)
    net = train(options, encoder, vectors, made)
    save(net, tokenizer, options.out)
    from reader_evaluate import calibrate

    calibrate(options.data, options.out)
    shutil.copy(options.work / "curve.tsv", Path(__file__).with_name("reader_curve.tsv"))


if __name__ == "__main__":
    main()
