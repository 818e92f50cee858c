"""The reader's network in its training form, and its way into a plain `MPNetForQuestionAnswering`.

MPNet (Song et al. 2020) is taken for its parts, not its weights: its position table is looked up by `position_ids`, which
here carry the marks of `rag.read.neural`, and the order of the tokens is a relative bias in the attention.
Three things are set at the start that data of this size would hardly teach: the bias (some heads look next
door, some near, some everywhere: Press et al. 2022, ALiBi), heads that find the same word elsewhere (queries and keys start equal, after
Trockman and Kolter 2023, "Mimetic Initialization of Self-Attention Layers"), and word vectors.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from rag.read import neural as marks

HEADS = 8


def bias_table() -> Tensor:
    """`(32, HEADS)` bias by MPNet's distance bucket; bucket 16 and up: the other token stands behind."""
    table = torch.zeros(32, HEADS)
    for bucket in range(32):
        n = bucket % 16
        distance = float(n) if n < 8 else 8 * (128 / 8) ** ((n - 8 + 0.5) / 8)
        behind = bucket >= 16
        table[bucket, 0] = -1.5 * abs(distance - 1) if not behind else -1.5 * (distance + 1)
        table[bucket, 1] = -1.5 * abs(distance - 1) if behind else -1.5 * (distance + 1)
        table[bucket, 2] = -0.35 * distance - (2 if behind else 0)
        table[bucket, 3] = -0.35 * distance - (0 if behind else 2)
        table[bucket, 4] = -0.08 * distance
        table[bucket, 5] = -0.02 * distance
    return table.clamp(min=-12)


def bucket_of(length: int) -> Tensor:
    """MPNet's `(length, length)` distance buckets."""
    at = torch.arange(length)
    n = at[:, None] - at[None, :]
    side = (n < 0).long() * 16
    n = n.abs()
    far = 8 + (torch.log(n.clamp(min=1).float() / 8) / math.log(128 / 8) * 8).long()
    return side + torch.where(n < 8, n, far.clamp(max=15))


def factors() -> Tensor:
    """`(MARKS, factors)`: which factors make up each row of the mark table; the table is this times what is learned."""
    m, r, n, c, k = marks.MATCH, marks.RANK, marks.NEAR, marks.COVER, marks.KIND
    width = 4 + (m + k) + (c + k) + (m + r + n + c + k) + m * k + r * c + m * r
    out = torch.zeros(marks.MARKS, width)
    q0, c0, p0 = 4, 4 + m + k, 4 + m + k + c + k
    pair = p0 + m + r + n + c + k
    for i in range(m):
        for kind in range(k):
            row = marks._QUESTION + i * k + kind
            out[row, 0] = out[row, q0 + i] = out[row, q0 + m + kind] = 1
    for i in range(c):
        for kind in range(k):
            row = marks._CLS_ROW + i * k + kind
            out[row, 1] = out[row, c0 + i] = out[row, c0 + c + kind] = 1
    out[marks._SEP_ROW, 2] = 1
    for row in range(marks._PASSAGE, marks.MARKS):
        rest, kind = divmod(row - marks._PASSAGE, k)
        rest, cover = divmod(rest, c)
        rest, near = divmod(rest, n)
        level, rank = divmod(rest, r)
        at = p0
        out[row, 3] = 1
        for value, size in ((level, m), (rank, r), (near, n), (cover, c), (kind, k)):
            out[row, at + value] = 1
            at += size
        out[row, pair + level * k + kind] = 1
        out[row, pair + m * k + rank * c + cover] = 1
        out[row, pair + m * k + r * c + level * r + rank] = 1
    return out


class Layer(nn.Module):
    """One post-norm layer, as in MPNet."""

    def __init__(self, dim: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.qkv, self.o = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.up, self.down = nn.Linear(dim, inner), nn.Linear(inner, dim)
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.drop = nn.Dropout(dropout)
        for linear in (self.qkv, self.o, self.up, self.down):
            nn.init.normal_(linear.weight, std=0.03)
            nn.init.zeros_(linear.bias)
        size = dim // HEADS
        with torch.no_grad():
            for head in range(4, HEADS):
                rows = slice(head * size, (head + 1) * size)
                like = torch.linalg.qr(torch.randn(dim, size))[0].T * (1.1 if head > 5 else 0.8)
                self.qkv.weight[rows] = like
                self.qkv.weight[dim:][rows] = like

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """`x` `(batch, length, dim)`; `mask` is added to the attention scores."""
        b, length, dim = x.shape
        q, k, v = self.qkv(x).view(b, length, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).reshape(b, length, dim)
        x = self.norm1(x + self.drop(self.o(mixed)))
        out: Tensor = self.norm2(x + self.drop(self.down(functional.gelu(self.up(x)))))
        return out


class Net(nn.Module):
    """Words and marks in, start and end scores out."""

    def __init__(self, vectors: Tensor, layers: int, inner: int, dropout: float) -> None:
        super().__init__()
        dim = vectors.shape[1]
        self.word = nn.Parameter(vectors.clone())
        self.register_buffer("factors", factors(), persistent=False)
        self.register_buffer("bias", bias_table(), persistent=False)
        self.mark = nn.Parameter(0.3 * torch.randn(self.factors.shape[1], dim))
        self.norm = nn.LayerNorm(dim)
        self.drop = nn.Dropout(0.1)
        self.layers = nn.ModuleList(Layer(dim, inner, dropout) for _ in range(layers))
        self.head = nn.Linear(dim, 2)
        self._buckets = bucket_of(1024)

    def forward(self, ids: Tensor, mark: Tensor) -> tuple[Tensor, Tensor]:
        """Start and end scores `(batch, length)` of `ids`, padded with `PAD`."""
        length = ids.shape[1]
        pad = (ids == marks.PAD).float() * -1e4
        mask = self.bias[self._buckets[:length, :length]].permute(2, 0, 1)[None] + pad[:, None, None]
        table = self.factors @ self.mark
        x = self.drop(self.norm(functional.embedding(ids, self.word) + functional.embedding(mark, table)))
        for layer in self.layers:
            x = layer(x, mask)
        start, end = self.head(x).unbind(-1)
        return start + pad, end + pad


def export(net: Net, extra: dict[str, Any]) -> Any:
    """The same function as a `transformers.MPNetForQuestionAnswering`."""
    from transformers import MPNetConfig, MPNetForQuestionAnswering

    size, dim = net.word.shape
    first = net.layers[0]
    config = MPNetConfig(
        vocab_size=size, hidden_size=dim, num_hidden_layers=len(net.layers), num_attention_heads=HEADS,
        intermediate_size=first.up.out_features, max_position_embeddings=marks.MARKS, layer_norm_eps=1e-5,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, relative_attention_num_buckets=32,
        bos_token_id=0, pad_token_id=1, eos_token_id=2, **extra,
    )  # fmt: skip
    model = MPNetForQuestionAnswering(config)
    state = {
        "mpnet.embeddings.word_embeddings.weight": net.word,
        "mpnet.embeddings.position_embeddings.weight": net.factors @ net.mark,
        "mpnet.embeddings.LayerNorm.weight": net.norm.weight,
        "mpnet.embeddings.LayerNorm.bias": net.norm.bias,
        "mpnet.encoder.relative_attention_bias.weight": net.bias,
        "qa_outputs.weight": net.head.weight,
        "qa_outputs.bias": net.head.bias,
    }
    for i, layer in enumerate(net.layers):
        at = f"mpnet.encoder.layer.{i}."
        for j, name in enumerate("qkv"):
            state[f"{at}attention.attn.{name}.weight"] = layer.qkv.weight[j * dim : (j + 1) * dim]
            state[f"{at}attention.attn.{name}.bias"] = layer.qkv.bias[j * dim : (j + 1) * dim]
        for name, part in (("attention.attn.o", layer.o), ("attention.LayerNorm", layer.norm1),
                           ("intermediate.dense", layer.up), ("output.dense", layer.down), ("output.LayerNorm", layer.norm2)):  # fmt: skip
            state[f"{at}{name}.weight"], state[f"{at}{name}.bias"] = part.weight, part.bias
    missing, unexpected = model.load_state_dict({k: v.detach().clone() for k, v in state.items()}, strict=False)
    if unexpected or any("pooler" not in name for name in missing):
        raise ValueError(f"MPNet has changed: missing {missing}, unexpected {unexpected}")
    return model.eval()
