"""A SentenceTransformer that is a BERT with pooled states, without sentence-transformers.

Same folder, same prompts and same vectors (a test compares the two), but ready in a second or two: importing
sentence-transformers takes ten and more on a small machine. E5, BGE, GTE-zh and the like are of this form.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from .bert import Bert, groups
from .static import PromptedEmbedder, read_json

POOLINGS = ("mean", "cls")


def pooling(folder: Path) -> str | None:
    """How the model in `folder` makes one vector of a text's states: `mean` or `cls`; None where it is not of this form."""
    modules, config = read_json(folder / "modules.json"), read_json(folder / "config.json")
    kinds = [str(module.get("type", "")).rpartition(".")[2] for module in modules or []]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]) or modules[0].get("path"):
        return None
    plain = (config or {}).get("model_type") == "bert" and config.get("hidden_act") == "gelu"
    plain = plain and config.get("position_embedding_type", "absolute") == "absolute"
    if not plain or not (folder / "model.safetensors").is_file() or not (folder / "tokenizer.json").is_file():
        return None
    said = read_json(folder / str(modules[1].get("path", "")) / "config.json") or {}
    mode = said.get("pooling_mode")
    if mode is None:  # as sentence-transformers wrote it before version 6
        named = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
        on = [key for key, value in said.items() if key.startswith("pooling_mode_") and value is True]
        mode = named.get(on[0]) if len(on) == 1 else None
    return mode if mode in POOLINGS and said.get("include_prompt", True) else None


class BertEmbedder(PromptedEmbedder):
    """See `rag.encoder.embed.Embedder`."""

    def __init__(self, name: str, folder: Path, fingerprint: str, given: tuple[str, str] | None = None) -> None:
        """Load from `folder`; `given` prompts count where the model has none. Raises ModelError."""
        mode = pooling(folder)
        if mode is None:
            raise ModelError(f"the model in {folder} is no BERT with mean or first-token pooling")
        super().__init__(name, folder, folder / "tokenizer.json", fingerprint, given)
        self._tokenizer.no_truncation()
        self._mean = mode == "mean"
        self._model = Bert(folder)
        self.dim = self._model.dim
        limits = [(read_json(folder / file) or {}).get(key) for file, key in
                  (("sentence_bert_config.json", "max_seq_length"), ("tokenizer_config.json", "model_max_length"))]  # fmt: skip
        self.max_tokens: int | None = min(self._model.longest, *(int(limit) for limit in limits if limit))

    def _encode(self, texts: list[str]) -> NDArray[np.float32]:
        from torch.nn.functional import normalize

        out = np.zeros((len(texts), self.dim), np.float32)
        rows = [self._cut(encoding.ids) for encoding in self._tokenizer.encode_batch(texts)]
        for group in groups([len(row) for row in rows]):
            states = self._model.hidden([rows[k] for k in group])
            for k, state in zip(group, states, strict=True):
                vector = state[: len(rows[k])].mean(0) if self._mean else state[0]
                out[k] = normalize(vector, dim=0).numpy()
        if not np.isfinite(out).all():
            raise ModelError(f"the embedder {self.name!r} gave vectors that are not finite: is it damaged?")
        return out

    def _cut(self, ids: list[int]) -> list[int]:
        """The first `max_tokens` of them, the last special token kept."""
        return ids if self.max_tokens is None or len(ids) <= self.max_tokens else [*ids[: self.max_tokens - 1], ids[-1]]
