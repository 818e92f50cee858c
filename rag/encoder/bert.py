"""The forward pass of a BERT, as plain as it gets (Devlin et al. 2019): folder in, hidden states out.

The bundled models are ordinary `transformers` folders, and give the same numbers there (a test compares them). They are run
here because importing `transformers` takes longer than a dozen answers, and because three products of a layer can be one.
torch is imported when a model is loaded, not before.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor

BATCH = 4096
"""Padded tokens that go through the network together."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Weights of one layer; `qkv` makes queries, keys and values at once. Each pair is `(weight (out, in), bias (out,))`."""

    qkv: tuple[Tensor, Tensor]
    out: tuple[Tensor, Tensor]
    out_norm: tuple[Tensor, Tensor]
    up: tuple[Tensor, Tensor]
    down: tuple[Tensor, Tensor]
    down_norm: tuple[Tensor, Tensor]


class Bert:
    """The encoder in `folder`, and a linear head where it has one."""

    def __init__(self, folder: Path) -> None:
        """Read config and weights; what was saved in half precision is held in float32. Raises ModelError."""
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            tensors = {name.removeprefix("bert."): weight.float() for name, weight in load_file(folder / "model.safetensors").items()}
            self._heads, self._eps = int(config["num_attention_heads"]), float(config["layer_norm_eps"])
            self.dim = int(config["hidden_size"])
            self._words = tensors["embeddings.word_embeddings.weight"]
            self._places = tensors["embeddings.position_embeddings.weight"] + tensors["embeddings.token_type_embeddings.weight"][0]
            self._norm = _pair(tensors, "embeddings.LayerNorm")
            self._layers = [_layer(tensors, f"encoder.layer.{k}.") for k in range(int(config["num_hidden_layers"]))]
            self._head = _pair(tensors, "classifier") if "classifier.weight" in tensors else None
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise ModelError(f"{folder} holds no BERT that can be read: {error!r}; reinstall the package, or get the model again") from error

    @property
    def longest(self) -> int:
        """Tokens of one row at most."""
        return len(self._places)

    def hidden(self, rows: Sequence[Sequence[int]]) -> Tensor:
        """Last hidden states `(n, length, dim)` of rows of token ids, padded to the longest; the padding's states mean nothing."""
        import torch
        from torch.nn import functional

        length = max(map(len, rows))
        ids = torch.tensor([[*row, *[0] * (length - len(row))] for row in rows])
        mask: Tensor | None = None
        if any(len(row) < length for row in rows):
            ends = torch.tensor([len(row) for row in rows])
            mask = torch.zeros(ids.shape).masked_fill(torch.arange(length) >= ends[:, None], float("-inf"))[:, None, None, :]
        with torch.inference_mode():
            x = self._normed(self._words[ids] + self._places[:length], self._norm)
            for layer in self._layers:
                q, k, v = functional.linear(x, *layer.qkv).view(len(rows), length, 3, self._heads, -1).permute(2, 0, 3, 1, 4)
                mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).reshape(x.shape)
                x = self._normed(x + functional.linear(mixed, *layer.out), layer.out_norm)
                x = self._normed(x + functional.linear(functional.gelu(functional.linear(x, *layer.up)), *layer.down), layer.down_norm)
            return x

    def scores(self, rows: Sequence[Sequence[int]]) -> Tensor:
        """The head's scores `(n, length, labels)`. Raises ModelError for a model without a head."""
        import torch
        from torch.nn import functional

        if self._head is None:
            raise ModelError("this model has no head that labels tokens: it is an embedder, not a reader")
        with torch.inference_mode():
            return functional.linear(self.hidden(rows), *self._head)

    def _normed(self, x: Tensor, norm: tuple[Tensor, Tensor]) -> Tensor:
        from torch.nn import functional

        return functional.layer_norm(x, (self.dim,), *norm, self._eps)


def _pair(tensors: dict[str, Tensor], name: str) -> tuple[Tensor, Tensor]:
    return tensors[f"{name}.weight"], tensors[f"{name}.bias"]


def _layer(tensors: dict[str, Tensor], name: str) -> Layer:
    import torch

    parts = [_pair(tensors, f"{name}attention.self.{part}") for part in ("query", "key", "value")]
    qkv = torch.cat([weight for weight, _ in parts]), torch.cat([bias for _, bias in parts])
    return Layer(qkv, _pair(tensors, f"{name}attention.output.dense"), _pair(tensors, f"{name}attention.output.LayerNorm"),
                 _pair(tensors, f"{name}intermediate.dense"), _pair(tensors, f"{name}output.dense"), _pair(tensors, f"{name}output.LayerNorm"))  # fmt: skip


def groups(lengths: Sequence[int], tokens: int = BATCH) -> list[list[int]]:
    """Numbers of the rows that are run together: sorted by length, longest first, so that little is padded, `tokens` at most.

    >>> groups([3, 9, 8, 2], tokens=20)
    [[1, 2], [0, 3]]
    """
    found: list[list[int]] = []
    for k in sorted(range(len(lengths)), key=lambda k: (-lengths[k], k)):
        longest = lengths[found[-1][0]] if found else 0
        if not found or (len(found[-1]) + 1) * longest > tokens:
            found.append([])
        found[-1].append(k)
    return found
