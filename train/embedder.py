"""Train the bundled embedding model: one table of token vectors, saved as a SentenceTransformer.

Run: python train/embedder.py --data ../shared/data --out rag/models/embedder_fast

One command: counts words, builds the tokenizer, turns the pairs into ids, mines hard negatives, trains in two stages,
saves. An interrupted run goes on from the folder `--work` (delete it for a fresh start).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import pickle
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from loop import Floats, Plan, train
from negatives import add_negatives
from pairs import Group, load_groups
from tokenizers import Tokenizer
from tqdm import tqdm
from vocab import build_tokenizer, count_words, training_texts

logger = logging.getLogger("embedder")

SIZES = {"chinese": 16_300, "english": 10_200, "pieces": 1_900, "numbers": 1_100}
OLD_NAMES = {"StaticEmbedding": "sentence_transformers.models.StaticEmbedding",
             "Normalize": "sentence_transformers.models.Normalize"}  # fmt: skip
"""Module names that sentence-transformers 5 and 6 both know."""
HARD = Plan(steps=400, batch=768, rate=0.05, hard=True, weights={
    "stard": 0.15, "law_chapter": 0.15, "news_cloze": 0.10, "en_laws": 0.10, "en_docs": 0.15, "en_spoken": 0.10, "en_words": 0.15,
})  # fmt: skip
"""The second stage: hard negatives, law and English oftener. Adagrad starts anew, so its rate is lower."""


def initial_table(tokenizer: Tokenizer, frequency: list[float], dim: int, seed: int) -> Floats:
    """Start vectors `(rows, dim)`: random directions, a word leaning on its characters, lengths by rarity.

    Length is a / (a + frequency), a = 5e-4: smooth inverse frequency (Arora, Liang and Ma 2017), so that the plain
    mean of StaticEmbedding is already a weighted one. Row 0, the unknown token, is zero.
    """
    rng = np.random.default_rng(seed)
    vocabulary = tokenizer.get_vocab()
    noise = (rng.standard_normal((len(vocabulary), dim)) / np.sqrt(dim)).astype(np.float32)
    table: Floats = noise.copy()
    for word, row in vocabulary.items():
        if len(word) > 1 and "\u4e00" <= word[0] <= "\u9fff":
            parts = noise[[vocabulary[char] for char in word if char in vocabulary]].sum(axis=0)
            table[row] += 0.7 * parts / (np.linalg.norm(parts) + 1e-9)
    rarity = (5e-4 / (5e-4 + np.array(frequency))).astype(np.float32)
    table *= (rarity / np.linalg.norm(table, axis=1))[:, None]
    table[0] = 0
    return table


def finished_table(folder: Path, tokenizer: Tokenizer) -> Floats:
    """The table `(rows, dim)` of a model that `save` wrote. Raises ValueError where its pieces are not `tokenizer`'s."""
    from safetensors.numpy import load_file

    if Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab() != tokenizer.get_vocab():
        raise ValueError(f"the tokenizer of {folder} is not the one that these packs give; train from the beginning")
    table: Floats = load_file(folder / "model.safetensors")["embedding.weight"].astype(np.float32)
    return table


def prepare(data: Path, work: Path, processes: int) -> tuple[Tokenizer, list[float], list[Group]]:
    """Tokenizer, piece frequencies, and pairs with hard negatives; kept in `work` so that a resumed run skips this."""
    cache = work / "prepared.pickle"
    if cache.is_file():
        logger.info("using %s", cache)
        tokenizer_text, frequency, groups = pickle.loads(cache.read_bytes())
        return Tokenizer.from_str(tokenizer_text), frequency, groups
    tokenizer, frequency = build_tokenizer(count_words(training_texts(data, every=8), processes), **SIZES)
    logger.info("tokenizer: %d pieces", tokenizer.get_vocab_size())
    groups = load_groups(data, tokenizer)
    add_negatives(groups, tokenizer.get_vocab_size())
    work.mkdir(parents=True, exist_ok=True)
    cache.write_bytes(pickle.dumps((tokenizer.to_str(), frequency, groups), protocol=5))
    return tokenizer, frequency, groups


def save(table: Floats, tokenizer: Tokenizer, out: Path) -> None:
    """Write the SentenceTransformer folder: float16 table, tokenizer, Normalize, cosine similarity."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Normalize
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    weights = torch.from_numpy(table).to(torch.float16)
    modules: list[Any] = [StaticEmbedding(tokenizer, embedding_weights=weights), Normalize()]
    model = SentenceTransformer(modules=modules, device="cpu", similarity_fn_name="cosine")
    model.save(str(out), create_model_card=False)
    listing = out / "modules.json"
    entries = json.loads(listing.read_text(encoding="utf-8"))
    for entry in entries:
        entry["type"] = OLD_NAMES[entry["type"].rpartition(".")[2]]
        if entry["type"].endswith("StaticEmbedding"):
            tokenizer.save(str(out / entry["path"] / "tokenizer.json"), pretty=False)
    for path in out.rglob("*.*"):
        path.chmod(0o644)
    listing.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Train and save; the loss curve goes to `train/loss.tsv`."""
    parser = argparse.ArgumentParser(description="Train the bundled embedding model.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of data packs")
    parser.add_argument("--out", type=Path, default=Path("rag/models/embedder_fast"))
    parser.add_argument("--minutes", type=float, default=30.0, help="stop each stage after this long")
    parser.add_argument("--steps", type=int, default=Plan.steps, help="of the first stage")
    parser.add_argument("--hard-steps", type=int, default=HARD.steps, help="of the second stage, with hard negatives")
    parser.add_argument("--start", type=Path, help="a finished model: its table in place of the first stage")
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--work", type=Path, default=Path("build/embedder"), help="caches and checkpoint")
    parser.add_argument("--curve", type=Path, default=Path("train/loss.tsv"))
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    began = time.monotonic()
    tokenizer, frequency, groups = prepare(options.data, options.work, options.processes)
    stages = [
        replace(plan, steps=steps, minutes=options.minutes, seed=options.seed)
        for plan, steps in ((Plan(), options.steps), (HARD, options.hard_steps))
    ]
    curve: dict[str, list[float]] = {}
    lines = ["stage\tstep\tlearning_rate\t" + "\t".join(group.name for group in groups)]
    if options.start:
        table = finished_table(options.start, tokenizer)
    else:
        table = initial_table(tokenizer, frequency, options.dim, options.seed)
    seconds = 0.0
    for number, plan in list(enumerate(stages, 1))[1 if options.start else 0 :]:
        bar = tqdm(total=plan.steps, unit="step", mininterval=5, desc=f"stage {number}")

        def report(step: int, rate: float, name: str, loss: float, stage: int = number, bar: Any = bar) -> None:
            curve.setdefault(name, []).append(loss)
            bar.update(step - bar.n)
            if step % 50 == 0:
                recent = {name: float(np.mean(losses[-5:])) for name, losses in curve.items()}
                shown = "\t".join(f"{recent.get(g.name, np.nan):.3f}" for g in groups)
                lines.append(f"{stage}\t{step}\t{rate:.4f}\t{shown}")
                bar.set_postfix(loss=f"{np.mean(list(recent.values())):.2f}")

        table, steps, spent = train(table, groups, plan, options.work / f"stage{number}.pickle", report)
        seconds += spent
        bar.close()
        logger.info("stage %d: %d steps, %.0f s", number, steps, spent)
    save(table, tokenizer, options.out)
    for number in range(1, len(stages) + 1):
        (options.work / f"stage{number}.pickle").unlink(missing_ok=True)
    options.curve.write_text("\n".join(lines) + "\n", encoding="utf-8")
    for path in sorted(options.out.rglob("*")):
        if path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            logger.info("%s %10d %s", digest, path.stat().st_size, path.relative_to(options.out))
    logger.info("%.0f s of training, %.0f s in all", seconds, time.monotonic() - began)


if __name__ == "__main__":
    main()
