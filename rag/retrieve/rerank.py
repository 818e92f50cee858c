"""Rerankers: read question and passage together and say how well the one answers the other."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..encoder.embed import fingerprint, locate
from ..errors import ModelError

if TYPE_CHECKING:
    from ..encoder.reader import EncoderReader


NO_ANSWER = -1e6
"""The score of a passage without a word."""


class Reranker(Protocol):
    """A model that scores passages for a question; within one question, higher is better."""

    @property
    def name(self) -> str:
        """The name it was asked for by."""

    @property
    def fingerprint(self) -> str:
        """`sha256:…` over all that decides its scores."""

    def score(self, question: str, passages: list[str]) -> NDArray[np.float32]:
        """Score each passage: `(n,)` float32. Raises ModelError where the model fails."""


def load_cross_encoder(name: str) -> Reranker:
    """Load any sentence-transformers CrossEncoder, from a folder or the local model cache.

    Nothing is downloaded and no code that comes with a model is run. Raises ModelError.
    """
    return CrossEncoderReranker(name, locate(name, "reranker"))


def load_reader(name: str) -> Reranker:
    """The bundled reader model as a reranker. Raises ModelError where the package was installed without it."""
    from ..encoder.reader import EncoderReader, bundled

    if not (bundled() / "config.json").is_file():
        raise ModelError(f"the bundled reader model is not in {bundled()}; reinstall the package")
    return ReaderReranker(name, EncoderReader())


class ReaderReranker:
    """A reader that scores a passage by whether it answers (answer reranking; Wang et al. 2018, "R3")."""

    def __init__(self, name: str, reader: EncoderReader) -> None:
        """`reader` is loaded at the first question."""
        self.name = name
        self._reader = reader

    @property
    def fingerprint(self) -> str:
        """See Reranker."""
        return fingerprint(self._reader.folder)

    def score(self, question: str, passages: list[str]) -> NDArray[np.float32]:
        """See Reranker; the log-odds that the passage answers."""
        if not passages:
            return np.zeros(0, np.float32)
        found = self._reader.read(question, [("", passage) for passage in passages])
        odds = self._reader.calibration.of
        return np.asarray([max(odds(one), NO_ANSWER) for one in found], dtype=np.float32)


class CrossEncoderReranker:
    """A CrossEncoder with one score a pair; its own activation is kept."""

    def __init__(self, name: str, folder: Path, batch_size: int = 32) -> None:
        """Load from `folder`. Raises ModelError, also for a model that was never trained to score pairs."""
        self.name = name
        self._folder = folder
        self._batch_size = batch_size
        self._lock = threading.Lock()  # fast tokenizers are not reentrant while they set padding
        _check(name, folder)
        try:
            from sentence_transformers import CrossEncoder
            from transformers.utils import logging

            logging.disable_progress_bar()
            self._model: Any = CrossEncoder(str(folder), local_files_only=True)
        except Exception as error:
            raise ModelError(
                f"can't load the reranker {name!r} from {folder}: {error}. The folder should be one that "
                "CrossEncoder.save_pretrained wrote, with config.json, weights and tokenizer"
            ) from error
        labels = getattr(self._model, "num_labels", 1)
        if labels != 1:
            raise ModelError(
                f"the reranker {name!r} gives {labels} figures a pair; give a model with one score"
            )

    @property
    def fingerprint(self) -> str:
        """See Reranker. Reads all weights the first time."""
        return fingerprint(self._folder)

    def score(self, question: str, passages: list[str]) -> NDArray[np.float32]:
        """See Reranker."""
        if not passages:
            return np.zeros(0, np.float32)
        with self._lock:
            try:
                found = self._model.predict(
                    [(question, passage) for passage in passages],
                    batch_size=self._batch_size,
                    show_progress_bar=False,
                    convert_to_numpy=True,
                )
            except Exception as error:
                raise ModelError(
                    f"the reranker {self.name!r} failed on {len(passages)} passages: {error}"
                ) from error
        scores = np.asarray(found, dtype=np.float32).reshape(-1)
        if scores.shape != (len(passages),) or not np.isfinite(scores).all():
            raise ModelError(f"the reranker {self.name!r} gave no usable scores; is the model damaged?")
        return scores


def _check(name: str, folder: Path) -> None:
    """Refuse a plain encoder, to which sentence-transformers would add a head of random weights."""
    if (folder / "modules.json").is_file():  # sentence-transformers' own layout says what is in it
        return
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        heads = config.get("architectures") or []
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(
            f"can't load the reranker {name!r}: {folder} holds no readable config.json"
        ) from error
    if not any("SequenceClassification" in head for head in heads):
        raise ModelError(f"{name!r} ({', '.join(heads) or 'unknown kind'}) is no cross-encoder; give one")
