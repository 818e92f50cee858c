"""Train an embedder on the base: some of its layers learn to place questions beside the passages that answer them.

Run: python train/encoder_embedder.py --data ../shared/data --out build/embedder4 --minutes 60

In-batch negatives (Karpukhin et al. 2020), and the whole base as a teacher whose hidden states are kept to (Reimers and Gurevych 2020):
what a cut-down network has lost, it learns anew from all texts, while the pairs teach it the task.
`--minutes 0` saves the base's own layers, untrained, for comparison.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import base
import torch
from embedder_pairs import batches, sources
from saving import save
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

logger = logging.getLogger("embedder")
QUERY, PASSAGE = "query: ", "passage: "


def network(folder: Path, layers: Sequence[int]) -> Any:
    """A `BertModel` with some of the base's layers; its word and position vectors stay as they are."""
    from transformers import BertModel

    net = BertModel.from_pretrained(folder, add_pooling_layer=False, dtype=torch.float32, attn_implementation="sdpa")
    net.encoder.layer = torch.nn.ModuleList(net.encoder.layer[k] for k in layers)
    net.config.num_hidden_layers = len(layers)
    for name, weight in net.embeddings.named_parameters():
        weight.requires_grad = "LayerNorm" in name
    return net


def pooled(states: Tensor, mask: Tensor) -> Tensor:
    """Mean of hidden states `(n, length, dim)`, L2-normalised: `(n, dim)`."""
    weight = mask[:, :, None].float()
    return functional.normalize((states * weight).sum(1) / weight.sum(1), dim=1)


def distance(states: Tensor, wanted: Tensor, mask: Tensor) -> Tensor:
    """1 - cosine of the hidden states of two networks, mean over the tokens: far more is learned of it than of the pooled vectors'."""
    return ((1 - functional.cosine_similarity(states, wanted, dim=-1)) * mask).sum() / mask.sum()


def encode(tokenizer: Any, texts: list[str], longest: int) -> tuple[Tensor, Tensor]:
    """Ids and mask, `(n, length)` each."""
    rows = [encoding.ids if len(encoding.ids) <= longest else [*encoding.ids[: longest - 1], encoding.ids[-1]] for encoding in tokenizer.encode_batch(texts)]
    ids = torch.ones(len(rows), max(map(len, rows)), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for k, row in enumerate(rows):
        ids[k, : len(row)] = torch.tensor(row)
        mask[k, : len(row)] = 1
    return ids, mask


def train(options: argparse.Namespace, tokenizer: Any, folder: Path) -> Any:
    """Warm-up, then a linear fall of the rate by the share of the time that is spent; a checkpoint every three minutes."""
    torch.manual_seed(options.seed)
    net, teacher = network(folder, options.layers), network(folder, range(12)).eval()
    optimiser = torch.optim.AdamW([w for w in net.parameters() if w.requires_grad], lr=options.rate, weight_decay=0.01, fused=True)
    file, spent, step = options.work / "checkpoint.pt", 0.0, 0
    if file.is_file():
        state = torch.load(file, weights_only=False)
        net.load_state_dict(state["net"])
        optimiser.load_state_dict(state["optimiser"])
        spent, step = state["spent"], state["step"]
        logger.info("going on from step %d, %.1f minutes", step, spent / 60)
    began, saved, limit = time.monotonic() - spent, spent, options.minutes * 60
    means: dict[str, list[float]] = defaultdict(list)
    stream = batches(sources(options.data, options.seed), options.batch, options.seed + step)
    while spent < limit:
        name, pairs = next(stream)
        for group in optimiser.param_groups:
            group["lr"] = options.rate * min(1.0, (step + 1) / 50) * max(0.01, 1 - spent / limit)
        left = encode(tokenizer, [QUERY + query for query, _ in pairs], options.longest)
        right = encode(tokenizer, [PASSAGE + passage for _, passage in pairs], options.longest)
        states = [net(input_ids=ids, attention_mask=mask).last_hidden_state for ids, mask in (left, right)]
        q, p = pooled(states[0], left[1]), pooled(states[1], right[1])
        scores = q @ p.T / options.temperature
        target = torch.arange(len(pairs))
        loss = functional.cross_entropy(scores, target)
        means[name].append(float(loss.detach()))
        if options.teach and spent < limit * options.taught:
            with torch.no_grad():
                wanted = [teacher(input_ids=ids, attention_mask=mask).last_hidden_state for ids, mask in (left, right)]
            apart = sum(distance(have, want, mask) for have, want, (_, mask) in zip(states, wanted, (left, right), strict=True)) / 2
            loss = loss + options.teach * apart
            means["teacher"].append(float(apart.detach()))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        step, spent = step + 1, time.monotonic() - began
        if step % 25 == 0:
            logger.info("%.1f min, step %d: %s", spent / 60, step, " ".join(f"{k} {sum(v[-10:]) / len(v[-10:]):.3f}" for k, v in sorted(means.items())))
        if spent - saved > 180 or spent >= limit:
            torch.save({"net": net.state_dict(), "optimiser": optimiser.state_dict(), "spent": spent, "step": step}, file.with_suffix(".new"))
            file.with_suffix(".new").replace(file)
            saved = spent
    return net.eval()


def save_sentence_transformer(net: Any, folder: Path, out: Path) -> None:
    """Write the SentenceTransformer folder of `net`, with the tokenizer of `folder`."""
    save(net, folder, out)
    kinds = {"": "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"}
    modules = [{"idx": k, "name": str(k), "path": path, "type": f"sentence_transformers.models.{kind}"} for k, (path, kind) in enumerate(kinds.items())]
    told = {
        "modules.json": modules,
        "sentence_bert_config.json": {"max_seq_length": 512, "do_lower_case": False},
        "1_Pooling/config.json": {"word_embedding_dimension": net.config.hidden_size, "pooling_mode_mean_tokens": True},
        "2_Normalize/config.json": {"module_input_name": "sentence_embedding", "module_output_name": "sentence_embedding"},
        "config_sentence_transformers.json": {"prompts": {"query": QUERY, "document": PASSAGE}, "default_prompt_name": None, "similarity_fn_name": "cosine"},
    }
    for name, content in told.items():
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    for path in out.rglob("*.*"):
        path.chmod(0o644)


def main() -> None:
    """Train and save."""
    parser = argparse.ArgumentParser(description="Train a multilingual embedder.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--base", type=Path, default=Path("build/base"), help="folder of the base, made where it is missing")
    parser.add_argument("--pieces", type=int, default=28_000)
    parser.add_argument("--work", type=Path, default=Path("build/encoder_embedder"), help="checkpoint")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--layers", type=int, nargs="+", default=[0, 1, 10, 11])
    parser.add_argument("--rate", type=float, default=4e-4)
    parser.add_argument("--batch", type=int, default=64, help="pairs")
    parser.add_argument("--longest", type=int, default=128, help="tokens of a text")
    parser.add_argument("--temperature", type=float, default=0.02)
    parser.add_argument("--teach", type=float, default=5.0, help="weight of the distance to the teacher's hidden states; 0 for none")
    parser.add_argument("--taught", type=float, default=0.5, help="share of the time in which the teacher is asked: it costs half of it")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    torch.set_num_threads(options.threads)
    options.work.mkdir(parents=True, exist_ok=True)
    folder = base.make(options.data, options.base, options.pieces)
    net = train(options, Tokenizer.from_file(str(folder / "tokenizer.json")), folder)
    save_sentence_transformer(net, folder, options.out)


if __name__ == "__main__":
    main()
