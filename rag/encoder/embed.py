"""Embedders: text in, unit vectors out.

`load_embedder` is the way in. Nothing here ever asks a model hub: a model is the bundled one, one that `zhiyin models
pull` brought, a folder, or a name that an earlier download left in the local cache.
"""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .. import registry
from ..config import BUNDLED, BUNDLED_FAST, Settings, home
from ..errors import ModelError
from ..hub.examine import KINDS, kind_of
from ..hub.installed import MANIFEST, prompts_of
from ..hub.installed import folder as pulled
from ..hub.presets import find
from .embedder import BertEmbedder, pooling
from .static import StaticEmbedder, is_static, prompts

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """What the index and the retriever need of an embedding model."""

    @property
    def name(self) -> str:
        """The name it was asked for by: `bundled`, a model name, or a folder."""

    @property
    def fingerprint(self) -> str:
        """`sha256:…` over all that decides its vectors; an index is tied to it."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    @property
    def max_tokens(self) -> int | None:
        """Tokens that it reads of one text; None for no limit."""

    def encode_queries(self, texts: list[str]) -> Vectors:
        """Vectors of questions, with the model's own query prompt: `(n, dim)` float32, L2-normalised."""

    def encode_passages(self, texts: list[str]) -> Vectors:
        """Vectors of passages, with the model's own document prompt: `(n, dim)` float32, L2-normalised."""

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` without special ones."""


def load_embedder(settings: Settings) -> Embedder:
    """Load the embedder that `settings.embedder` asks for.

    `bundled` and `bundled-fast` are the models in the package. `PLUGIN:NAME` hands NAME to the loader registered as PLUGIN under
    `zhiyin.embedders`; anything else is a SentenceTransformer's folder or name.
    Raises ModelError where it can't be found or run, or is no embedder.
    """
    asked = settings.embedder
    plugin, colon, rest = asked.partition(":")
    if colon and plugin in registry.names("embedders"):
        loaded: Embedder = registry.load("embedders", plugin)(rest)
        return loaded
    return load_sentence_transformer(asked)


def load_sentence_transformer(name: str, device: str = "cpu") -> Embedder:
    """Load a SentenceTransformer by folder or name; `device` as torch names it.

    A model that is only a table of token vectors (StaticEmbedding) is run with NumPy, and a BERT with pooled states by
    `rag.encoder`: importing sentence-transformers takes seconds. Raises ModelError.
    """
    folder = locate(name)
    kind, heads = kind_of(folder, f"the embedder {name!r}")
    if kind != "embedder":
        setting = f'; it goes as {kind} = "{name}" in config.toml' if kind in KINDS else ""
        raise ModelError(
            f"{name!r} is no embedder, but of the kind {kind} ({heads} in {folder}): an index by it would be nonsense"
            f'{setting}. Take another embedder, or embedder = "{BUNDLED}"'
        )
    try:
        given = prompts_of(folder)
        if device == "cpu" and is_static(folder):
            return StaticEmbedder(name, folder, fingerprint(folder, given), given)
        if device == "cpu" and pooling(folder):
            return BertEmbedder(name, folder, fingerprint(folder, given), given)
        return SentenceTransformerEmbedder(name, folder, device, given)
    except (ModelError, OSError, ValueError, LookupError) as error:
        said = str(error) if isinstance(error, ModelError) else f"can't load the embedder {name!r} from {folder}: {error}"
        if (folder / MANIFEST).is_file():
            said += f"; compare its bytes: zhiyin models check {folder.name}, then pull it again"
        raise ModelError(said) from error


_BUNDLED = {BUNDLED: "embedder", BUNDLED_FAST: "embedder_fast"}


def locate(name: str, kind: str = "embedder") -> Path:
    """The folder that holds the model `name`. Raises ModelError, saying what to do without a network.

    `kind` is the setting that names it: embedder, reranker, generator. Only embedders are bundled by name.
    """
    if kind == "embedder" and name in _BUNDLED:
        folder = Path(__file__).parents[1] / "models" / _BUNDLED[name]
        if not folder.is_dir():
            raise ModelError(
                f"the bundled embedder is not in this installation ({folder}); install the wheel again, "
                "or set embedder to the folder of a SentenceTransformer model"
            )
        return folder
    preset = find(name)
    known = pulled(home(), preset.name if preset else name)
    if known is not None:
        return known
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder.resolve()
    cached = _in_hub_cache(name)
    if cached is None:
        raise ModelError(
            f"no {kind} at {name!r}: it was not pulled, is no folder and not in the local model cache, and Zhiyin never "
            f"downloads models by itself. Fetch it once: zhiyin models pull {name}. Without a network: elsewhere run "
            f"`hf download {preset.repo if preset else name} --local-dir FOLDER`, copy FOLDER here, "
            f"then: zhiyin models pull NAME --from FOLDER"
        )
    return cached


def _in_hub_cache(name: str) -> Path | None:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except Exception:  # not a legal name, not there, or no cache: all mean "not here"
        return None


_fingerprints: dict[tuple[tuple[str, int, int], ...], str] = {}


def fingerprint(folder: Path, given: tuple[str, str] | None = None) -> str:
    """`sha256:…` over names and bytes of all model files in `folder`; hidden files and Markdown don't count.

    `given` are prompts that come with the model from elsewhere: they decide its vectors, too.
    """
    files = sorted(
        (path.relative_to(folder).as_posix(), path)
        for path in folder.rglob("*")
        if path.is_file()
        and path.suffix != ".md"
        and not any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)
    )
    stats = [(path, path.stat()) for _, path in files]
    key = tuple((str(path.resolve()), stat.st_size, stat.st_mtime_ns) for path, stat in stats)
    if key not in _fingerprints:
        total = hashlib.sha256()
        for relative, path in files:
            with path.open("rb") as file:
                total.update(f"{relative}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
        _fingerprints[key] = f"sha256:{total.hexdigest()}"
    if given is None:
        return _fingerprints[key]
    return f"sha256:{hashlib.sha256(chr(0).join((_fingerprints[key], *given)).encode()).hexdigest()}"


class SentenceTransformerEmbedder:
    """Any SentenceTransformer, by `encode_query` and `encode_document` with its own prompts."""

    def __init__(
        self, name: str, folder: Path, device: str = "cpu", given: tuple[str, str] | None = None
    ) -> None:
        """Load from `folder`, offline; `given` prompts count where the model has none. Raises ModelError."""
        self.name = name
        self.fingerprint = fingerprint(folder, given)
        self._lock = threading.Lock()  # fast tokenizers are not reentrant while they set padding
        try:
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging

            logging.disable_progress_bar()  # loading bars would run through our own
            self._model: Any = SentenceTransformer(str(folder), device=device, local_files_only=True)
        except Exception as error:
            raise ModelError(
                f"can't load the embedder {name!r} from {folder}: {error}. The folder should be one that "
                "SentenceTransformer.save wrote, with modules.json, weights and tokenizer"
            ) from error
        self._query_prompt, self._document_prompt = prompts(
            self._model.prompts, self._model.default_prompt_name, given
        )
        limit = self._model.max_seq_length
        self.max_tokens = int(limit) if limit and limit < 1e9 else None
        self.dim = int(self.encode_passages(["尺寸"]).shape[1])

    def encode_queries(self, texts: list[str]) -> Vectors:
        """See Embedder."""
        return self._encode(self._model.encode_query, self._query_prompt, texts)

    def encode_passages(self, texts: list[str]) -> Vectors:
        """See Embedder."""
        return self._encode(self._model.encode_document, self._document_prompt, texts)

    def count_tokens(self, text: str) -> int:
        """See Embedder."""
        tokenizer = self._model.tokenizer
        with self._lock:
            if hasattr(tokenizer, "encode_batch"):  # a bare tokenizers.Tokenizer
                return len(tokenizer.encode(text, add_special_tokens=False).ids)
            found = tokenizer(text, add_special_tokens=False, truncation=False, verbose=False)
            return len(found["input_ids"])

    def _encode(self, encode: Any, prompt: str, texts: list[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        with self._lock:
            try:
                found = encode(
                    texts,
                    prompt=prompt,
                    convert_to_numpy=True,
                    normalize_embeddings=True,
                    show_progress_bar=False,
                )
            except Exception as error:
                raise ModelError(
                    f"the embedder {self.name!r} failed on {len(texts)} texts: {error}"
                ) from error
        vectors = np.ascontiguousarray(found, dtype=np.float32)
        if not np.isfinite(vectors).all():
            raise ModelError(f"the embedder {self.name!r} gave vectors that are not finite: is it damaged?")
        return vectors
