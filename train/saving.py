"""Trained weights on disk, as `transformers` loads them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


def rounded(weight: Tensor) -> Tensor:
    """`weight` (float16) without the last four of its ten bits, a relative error of at most 1/128: a wheel packs it to three quarters."""
    return ((weight.contiguous().view(torch.int16) + 8) & ~15).view(torch.float16)


def save(net: Any, tokenizer: Path, out: Path) -> None:
    """Write the folder that `from_pretrained` loads, in rounded float16, with the tokenizer of the folder `tokenizer`."""
    out.mkdir(parents=True, exist_ok=True)
    net.half()
    for weight in net.parameters():
        weight.data = rounded(weight.data)
    net.save_pretrained(out)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tokenizer / name, out / name)
    for path in out.glob("*.*"):
        path.chmod(0o644)
