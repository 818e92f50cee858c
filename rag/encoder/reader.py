"""The bundled reader: whether a passage answers a question, where, and whether it says yes or no."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import ModelError
from .bert import Bert, groups
from .decode import Reading, best, reading
from .sheet import LABELS, Sheet, sheets


class Calibration(NamedTuple):
    """Logistic regression from what the network says to the log-odds that the passage answers (Platt 1999).

    Fitted by `train/reader_evaluate.py`; as it stands, the network's own log-odds.
    """

    answers: float = 1.0
    span: float = 0.0
    offset: float = 0.0

    def of(self, found: Reading) -> float:
        """Log-odds that the passage answers; minus infinity for an empty one."""
        return self.answers * found.answers + self.span * found.span + self.offset if found.spans else found.answers


class EncoderReader:
    """A cross-encoder over question and passage. Loading is lazy; `read` may be called from several threads.

    >>> reader = EncoderReader()  # doctest: +SKIP
    >>> reader.read("覆盖企业多少家?", [("", "截至目前,覆盖企业9885家。")])[0]  # doctest: +SKIP
    """

    def __init__(self, folder: Path | None = None) -> None:
        """`folder` holds a model made by `train/reader.py`; without it the one in the package is used."""
        self.folder = folder or bundled()
        self._lock = threading.Lock()
        self._loaded: tuple[Bert, Any, Calibration] | None = None

    @property
    def calibration(self) -> Calibration:
        """How the network's scores become one log-odds."""
        return self._load()[2]

    def read(self, question: str, passages: Sequence[tuple[str, str]]) -> list[Reading]:
        """A reading of each passage, in the order given; `passages` are `(title, text)`, of any length, with or without a title.

        A passage that is longer than `sheet.WINDOW` tokens is read in several windows, and the best counts. An empty passage gives `decode.NOTHING`. Raises ModelError where the model can't be loaded.
        """
        model, tokenizer, _ = self._load()
        rows: list[tuple[int, Sheet]] = list(sheets(tokenizer, question, passages))
        found: list[list[Reading]] = [[] for _ in passages]
        for group in groups([len(sheet.ids) for _, sheet in rows]):
            scores = model.scores([rows[k][1].ids for k in group]).numpy()
            for row, k in zip(scores, group, strict=True):
                number, sheet = rows[k]
                found[number].append(reading(passages[number][1], sheet, row[: len(sheet.ids)]))
        return [best(windows) for windows in found]

    def _load(self) -> tuple[Bert, Any, Calibration]:
        with self._lock:
            if self._loaded is None:
                from tokenizers import Tokenizer

                try:
                    tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
                    labels = json.loads((self.folder / "config.json").read_text(encoding="utf-8"))["id2label"]
                except Exception as error:  # tokenizers raises bare Exception
                    raise ModelError(f"no reader in {self.folder}: {error}; reinstall the package") from error
                if tuple(labels.values()) != LABELS:
                    raise ModelError(f"the model in {self.folder} labels tokens with {', '.join(labels.values())}; a reader's labels are {', '.join(LABELS)}")
                path = self.folder / "calibration.json"
                calibration = Calibration(**json.loads(path.read_text(encoding="utf-8"))["weights"]) if path.is_file() else Calibration()
                self._loaded = Bert(self.folder), tokenizer, calibration
            return self._loaded


@lru_cache(maxsize=1)
def bundled() -> Path:
    """The folder of the model in the package."""
    return Path(__file__).parents[1] / "models" / "reader"


@lru_cache(maxsize=1)
def shared() -> EncoderReader:
    """The reader in the package, loaded once for all questions."""
    return EncoderReader()
