"""Models that are known to work here, with what they cost.

Sizes are those of their published weights and rounded; memory is of weights and libraries while texts of a few hundred
tokens are read, in float32, as most processors reckon. Where a model says nothing of prompts in its own configuration but needs them, they stand here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ..config import BUNDLED, BUNDLED_FAST
from ..errors import InputError

Kind = Literal["embedder", "reranker", "generator"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Preset:
    """A model by a short name. `repo` is its name on both hubs, empty for what comes with the package.

    `prompts` go before a query and before a passage where the model's own configuration names none; None for a model
    that has its own, or needs none. `revision` is the one on huggingface.co, None for the newest. `memory_bf16_mb` is the
    memory of a generator in bfloat16, which a GPU and some processors use.
    """

    name: str
    kind: Kind
    repo: str
    licence: str
    disk_mb: int
    memory_mb: int
    dim: int | None = None
    prompts: tuple[str, str] | None = None
    revision: str | None = None
    memory_bf16_mb: int | None = None


BUNDLED_READER = "reader"

PRESETS = (
    Preset(BUNDLED, "embedder", "", "Apache-2.0", 38, 400, 384),
    Preset(BUNDLED_FAST, "embedder", "", "Apache-2.0", 20, 60, 256),
    Preset(BUNDLED_READER, "reranker", "", "Apache-2.0", 66, 600),
    Preset("multilingual-e5-small", "embedder", "intfloat/multilingual-e5-small", "MIT", 490, 1000, 384, ("query: ", "passage: ")),
    Preset("multilingual-e5-base", "embedder", "intfloat/multilingual-e5-base", "MIT", 1130, 1700, 768, ("query: ", "passage: ")),
    # the weights on its main branch are pickled; this revision holds the same as safetensors, converted by the hub
    Preset("bge-m3", "embedder", "BAAI/bge-m3", "MIT", 2300, 2900, 1024, revision="refs/pr/38"),
    Preset("bge-small-zh-v1.5", "embedder", "BAAI/bge-small-zh-v1.5", "MIT", 96, 600, 512, ("为这个句子生成表示以用于检索相关文章\uff1a", "")),
    Preset("Qwen3-Embedding-0.6B", "embedder", "Qwen/Qwen3-Embedding-0.6B", "Apache-2.0", 1210, 2000, 1024),
    Preset("bge-reranker-base", "reranker", "BAAI/bge-reranker-base", "MIT", 1130, 1700),
    Preset("bge-reranker-v2-m3", "reranker", "BAAI/bge-reranker-v2-m3", "Apache-2.0", 2300, 2900),
    Preset("Qwen3-0.6B", "generator", "Qwen/Qwen3-0.6B", "Apache-2.0", 1520, 3000, memory_bf16_mb=1800),
    Preset("Qwen3-1.7B", "generator", "Qwen/Qwen3-1.7B", "Apache-2.0", 4080, 7600, memory_bf16_mb=4100),
    Preset("Qwen3-4B-Instruct-2507", "generator", "Qwen/Qwen3-4B-Instruct-2507", "Apache-2.0", 8060, 16_900, memory_bf16_mb=8900),
    Preset("Qwen3-8B", "generator", "Qwen/Qwen3-8B", "Apache-2.0", 16_400, 33_700, memory_bf16_mb=17_300),
    Preset("Phi-4-mini-instruct", "generator", "microsoft/Phi-4-mini-instruct", "MIT", 7690, 16_200, memory_bf16_mb=8500),
)  # fmt: skip


def find(name: str) -> Preset | None:
    """The preset of that name or repository, small and capital letters aside."""
    wanted = name.lower()
    return next((p for p in PRESETS if wanted in (p.name.lower(), p.repo.lower()) and wanted), None)


def own_name(name: str) -> str:
    """The preset's name for any way to write it; another name as it is."""
    return preset.name if (preset := find(name)) else name


def wanted(name: str) -> Preset:
    """The preset `name`, or a nameless one for the repository `OWNER/NAME`.

    Raises InputError for what is neither, with the nearest preset.
    """
    if found := find(name):
        return found
    if _REPOSITORY.fullmatch(name):
        return Preset(name.rpartition("/")[2], "embedder", name, "", 0, 0)
    names = [preset.name for preset in PRESETS]
    raise InputError(f"no model {name!r}; {hint(name, names)} Any other goes by OWNER/NAME as on the hub, or by --from FOLDER")


def hint(name: str, names: Iterable[str]) -> str:
    """A sentence with the one of `names` that is nearest to `name`, small and capital letters aside, or with all."""
    known = {other.lower(): other for other in names}
    near = difflib.get_close_matches(name.lower(), known, n=1)
    return f"did you mean {known[near[0]]!r}?" if near else f"known: {', '.join(known.values())}."


def check_name(name: str) -> str:
    """Give back `name` if it can be that of a folder below `models/`. Raises InputError."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} can't be the name of a model here; give letters, digits, '.', '_' and '-', 96 at most"
        )
    return name
