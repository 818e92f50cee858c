"""Settings: defaults, then `$ZHIYIN_HOME/config.toml`, then a file given by hand."""

from __future__ import annotations

import dataclasses
import difflib
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import ConfigError

BUNDLED = "bundled"


def home() -> Path:
    """The folder that holds all state: `$ZHIYIN_HOME`, else `.zhiyin` in the working folder."""
    return Path(os.environ.get("ZHIYIN_HOME") or ".zhiyin").absolute()


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set, with its default. Sizes are tokens of the embedder unless said otherwise."""

    embedder: str = BUNDLED  # "bundled", a model name, or a folder
    reranker: str = ""  # "bundled" for the reader model, a cross-encoder's name or folder; empty for none
    generator: str = ""  # a causal language model's name or folder; empty for the reader alone
    chunk_tokens: int = 160  # most tokens of a passage
    chunk_overlap: int = 1  # sentences that a passage shares with the one before
    index_type: str = "auto"  # vector index: auto (by size), flat, hnsw, ivf, ivfpq, rabitq
    keep_generations: int = 3  # finished indexes kept on disk
    max_file_mb: int = 200  # larger files are skipped and reported
    top_k: int = 20  # passages handed to the reader
    pool_k: int = 60  # candidates of each retrieval leg
    lexical: bool = True  # search by words
    dense: bool = True  # search by meaning
    dense_weight: float = 0.2  # what likeness of meaning (cosine, 0 to 1) counts beside the share of the question's words that a passage covers
    min_support: float = 0.5  # share of the question's weight that the source must support

    def __post_init__(self) -> None:
        for name, low, high in (("chunk_tokens", 16, 8192), ("chunk_overlap", 0, 20), ("keep_generations", 1, 1000),
                                ("max_file_mb", 1, 100_000), ("top_k", 1, 200), ("pool_k", 1, 10_000),
                                ("min_support", 0.0, 1.0), ("dense_weight", 0.0, 10.0)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(f"{name} = {value!r} is out of range; give {low} to {high}")
        if self.index_type not in ("auto", "flat", "hnsw", "ivf", "ivfpq", "rabitq"):
            raise ConfigError(f"index_type = {self.index_type!r}; give auto, flat, hnsw, ivf, ivfpq or rabitq")
        if not (self.lexical or self.dense):
            raise ConfigError("lexical and dense are both off; leave at least one on")

    def replace(self, **changes: Any) -> Settings:
        """A copy with some settings changed. Raises ConfigError for a name that does not exist."""
        return _build({**dataclasses.asdict(self), **changes}, "the call")


def load(path: Path | None = None) -> Settings:
    """Settings of this home, overridden by the TOML file `path`.

    Raises ConfigError for a file that is no TOML, an unknown name (with the nearest known one) or a wrong type.
    """
    merged: dict[str, Any] = {}
    here = home() / "config.toml"
    for file in (here if here.is_file() else None, path):
        if file is None:
            continue
        try:
            merged |= tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"can't read settings from {file}: {error}") from error
    return _build(merged, str(path or here))


def _build(values: dict[str, Any], where: str) -> Settings:
    fields = {f.name: type(f.default) for f in dataclasses.fields(Settings)}
    for name, value in values.items():
        if name not in fields:
            near = difflib.get_close_matches(name, fields, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(fields)}"
            raise ConfigError(f"unknown setting {name!r} in {where}{hint}")
        wanted = fields[name]
        if not (isinstance(value, wanted) or (wanted is float and isinstance(value, int))) or (
            isinstance(value, bool) and wanted is not bool
        ):
            raise ConfigError(f"{name} = {value!r} in {where} should be {wanted.__name__}")
    return Settings(**values)
