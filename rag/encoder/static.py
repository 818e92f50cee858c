"""A StaticEmbedding SentenceTransformer without torch: the mean of token vectors, by NumPy.

Same folder, same prompts and same vectors as `SentenceTransformer(folder)` gives (tests compare the two), but ready in
milliseconds: importing sentence-transformers takes ten seconds and more on a small machine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError

_TABLE = "embedding.weight"
_DOCUMENT_PROMPTS = ("document", "passage", "corpus")  # the order in which encode_document looks for one


def prompts(
    known: Mapping[str, str | None], default: str | None, given: tuple[str, str] | None = None
) -> tuple[str, str]:
    """Choose what goes before a query and before a document, of a SentenceTransformer's `prompts`.

    sentence-transformers 6.2 fills in an empty `document` prompt, which then hides a model's `passage` prompt from
    `encode_document`; so the first that is not empty is taken here. The default prompt counts only for a model that has
    none of these, and what is `given` from elsewhere only for one that names no prompt at all.
    """
    query = known.get("query") or ""
    document = next((prompt for name in _DOCUMENT_PROMPTS if (prompt := known.get(name))), "")
    if not query and not document:
        query = document = (known.get(default) if default else "") or ""
    return (query, document) if query or document or given is None else given


def is_static(folder: Path) -> bool:
    """Whether `folder` holds a StaticEmbedding, normalised or not, that NumPy can run."""
    modules = read_json(folder / "modules.json")
    kinds = [str(module.get("type", "")).rpartition(".")[2] for module in modules] if modules else []
    return (
        kinds in (["StaticEmbedding"], ["StaticEmbedding", "Normalize"]) and _table_kind(folder) is not None
    )


def _module_folder(folder: Path) -> Path:
    return folder / str(read_json(folder / "modules.json")[0].get("path", ""))


def _table_kind(folder: Path) -> str | None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(_module_folder(folder) / "model.safetensors", framework="np") as file:
            if list(file.keys()) != [_TABLE]:
                return None
            kind: str = file.get_slice(_TABLE).get_dtype()
    except (OSError, SafetensorError):
        return None
    return kind if kind in ("F16", "F32", "F64") else None


class PromptedEmbedder:
    """What the embedders have in common that read a SentenceTransformer's folder themselves: tokenizer and prompts."""

    def __init__(self, name: str, folder: Path, tokenizer: Path, fingerprint: str, given: tuple[str, str] | None) -> None:
        """Load the tokenizer in the file `tokenizer`, and the prompts; `given` ones where `folder` has none. Raises ModelError."""
        from tokenizers import Tokenizer

        self.name = name
        self.fingerprint = fingerprint
        try:
            self._tokenizer: Any = Tokenizer.from_file(str(tokenizer))
        except Exception as error:  # tokenizers raises bare Exception
            raise ModelError(f"can't load the embedder {name!r} from {folder}: {error}") from error
        self._tokenizer.no_padding()
        config = read_json(folder / "config_sentence_transformers.json") or {}
        self._query_prompt, self._document_prompt = prompts(config.get("prompts") or {}, config.get("default_prompt_name"), given)

    def encode_queries(self, texts: list[str]) -> NDArray[np.float32]:
        """`(n, dim)` float32, L2-normalised; a text without known tokens may give zeros."""
        return self._encode([self._query_prompt + text for text in texts])

    def encode_passages(self, texts: list[str]) -> NDArray[np.float32]:
        """`(n, dim)` float32, L2-normalised; a text without known tokens may give zeros."""
        return self._encode([self._document_prompt + text for text in texts])

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` without special ones."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def _encode(self, texts: list[str]) -> NDArray[np.float32]:
        raise NotImplementedError


class StaticEmbedder(PromptedEmbedder):
    """See `rag.encoder.embed.Embedder`. Holds the table in its own precision and sums in float32."""

    max_tokens: int | None = None

    def __init__(
        self, name: str, folder: Path, fingerprint: str, given: tuple[str, str] | None = None
    ) -> None:
        """Load table, tokenizer and prompts from `folder`; `given` ones where it has none. Raises ModelError."""
        from safetensors.numpy import load_file

        module = _module_folder(folder)
        super().__init__(name, folder, module / "tokenizer.json", fingerprint, given)
        try:
            self._table: NDArray[Any] = load_file(module / "model.safetensors")[_TABLE]
        except Exception as error:  # whatever is wrong with the file
            raise ModelError(f"can't load the embedder {name!r} from {folder}: {error}") from error
        self.dim = int(self._table.shape[1])

    def _encode(self, texts: list[str]) -> NDArray[np.float32]:
        out = np.zeros((len(texts), self.dim), np.float32)
        for row, encoding in zip(
            out, self._tokenizer.encode_batch(texts, add_special_tokens=False), strict=True
        ):
            if encoding.ids:
                row[:] = self._table[encoding.ids].mean(axis=0, dtype=np.float32)
        norms = np.linalg.norm(out, axis=1, keepdims=True)
        out /= np.maximum(norms, 1e-12)
        return out


def read_json(path: Path) -> Any:
    """What the file holds; None where there is none. Raises OSError or ValueError."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
