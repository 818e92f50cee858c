"""Where a local language model runs and in which precision."""

from __future__ import annotations

import importlib.util
import logging
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, ModelError

if TYPE_CHECKING:
    import torch

BF16 = ("avx512_bf16", "amx_bf16")
"""What a processor needs, one of them, to reckon in bfloat16. Others only imitate it, several times slower than float32."""


def device(asked: str) -> torch.device:
    """The device that `generator_device` asks for; `auto` is a GPU where torch has one. Raises ConfigError where it is not there."""
    import torch

    if asked == "auto":
        asked = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        found = torch.device(asked)
        torch.empty(1, device=found)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(f"generator_device = {asked!r} can't be used here: {first}; give auto, cpu, cuda, cuda:1 or mps") from error
    return found


def precision(where: torch.device) -> torch.dtype:
    """bfloat16 where the hardware reckons in it, float16 on an older GPU, else float32.

    Never float16 on a processor: it is slower there, and models that were trained in bfloat16 leave its range.
    """
    import torch

    if where.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    if where.type != "cpu":
        return torch.bfloat16
    told: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return torch.bfloat16 if any(told.get(name) for name in BF16) else torch.float32


def quantised(bits: int, dtype: torch.dtype, where: torch.device) -> dict[str, Any]:
    """What `from_pretrained` needs besides to load a model in 8 or 4 bits (LLM.int8, Dettmers et al. 2022; NF4 of QLoRA, 2023).

    Empty for 16. Raises ModelError where the library for it is missing.
    """
    if bits == 16:
        return {}
    missing = [name for name in ("bitsandbytes", "accelerate") if importlib.util.find_spec(name) is None]
    if missing:
        raise ModelError(f"generator_bits = {bits} needs {' and '.join(missing)}: pip install {' '.join(missing)}; or set generator_bits = 16")
    from transformers import BitsAndBytesConfig

    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # on a processor it warns at each product that it casts
    how = {"load_in_8bit": True} if bits == 8 else {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_compute_dtype": dtype}
    return {"quantization_config": BitsAndBytesConfig(**how), "device_map": {"": where}}
