"""Natural language inference: a model that says whether a premise entails a statement.

Optional (the setting `entailment`): the rules of `rag.verify.attribution` hold a statement against its source word by word, and a
model sees what no rule does (who did what to whom). It comes after the rules and in their place nowhere.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..encoder.embed import locate
from ..errors import ModelError
from ..text.places import display

if TYPE_CHECKING:
    from ..read import View

ENTAILED = 0.5  # probability from which a statement passes
_NAMES = ("entailment", "entails", "entail", "蕴含")


def load_entailment(name: str) -> Entailment:
    """The model that the setting `entailment` names: a folder, a pulled model or one in the local cache. Raises ModelError."""
    return Entailment(locate(name, "entailment"))


class Entailment:
    """A sentence-transformers CrossEncoder with a class named entailment. Text beyond the model's length is cut off."""

    def __init__(self, folder: Path | str, batch_size: int = 32) -> None:
        """Load from `folder`; nothing is downloaded. Raises ModelError, also where none of the classes is entailment."""
        self.folder = Path(folder).expanduser()
        self._batch_size = batch_size
        self._lock = threading.Lock()  # fast tokenizers are not reentrant while they set padding
        self.label = _label(self.folder)
        try:
            from sentence_transformers import CrossEncoder
            from transformers.utils import logging

            logging.disable_progress_bar()
            self._model: Any = CrossEncoder(str(self.folder), local_files_only=True)
        except Exception as error:
            raise ModelError(
                f"can't load the NLI model from {self.folder}: {error}. The folder should hold a sequence "
                "classification model as save_pretrained writes it: config.json, weights and tokenizer"
            ) from error

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """Of each class for each pair of premise and statement: (n, classes); entailment is number `label`. Raises ModelError."""
        if not pairs:
            return np.zeros((0, self.label + 1), np.float32)
        with self._lock:
            try:
                found = self._model.predict(list(pairs), batch_size=self._batch_size, apply_softmax=True, show_progress_bar=False)
            except Exception as error:
                raise ModelError(f"the NLI model in {self.folder} failed: {error}") from error
        scores = np.asarray(found, dtype=np.float32)
        if scores.ndim != 2 or not np.isfinite(scores).all():
            raise ModelError(f"the NLI model in {self.folder} gave no usable figures; is it damaged?")
        return scores

    def entails(self, premise: str, statement: str) -> float:
        """The probability that `statement` follows from `premise`. Raises ModelError."""
        return float(self.probabilities([(premise, statement)])[0, self.label])

    def proves(self, text: str, views: Sequence[View]) -> bool:
        """Whether the sentences, with what their documents say of all of them, entail `text`. Raises ModelError."""
        return self.entails(premise(views), text) >= ENTAILED


def premise(views: Sequence[View]) -> str:
    """Sentences as one text, those of one document under its title, period and place."""
    lines: list[str] = []
    for view in views:
        period = view.sentence.period or view.part.period
        label = " ".join(filter(None, (view.part.title, str(period) if period else "", *map(display, view.regions))))
        lines += [label, view.text] if label and label not in lines else [view.text]
    return "\n".join(lines)


def _label(folder: Path) -> int:
    """The number of the class `entailment`. Raises ModelError where the model names none."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        heads = config.get("architectures") or []
        names = {int(number): str(name) for number, name in (config.get("id2label") or {}).items()}
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"{folder} holds no readable config.json ({error}); give the folder of an NLI model") from error
    if not any("SequenceClassification" in head for head in heads):
        raise ModelError(f"the model in {folder} ({', '.join(heads) or 'unknown kind'}) is no classifier of pairs; give an NLI model")
    for number, name in names.items():
        if name.lower() in _NAMES:
            return number
    raise ModelError(
        f"the model in {folder} names its classes {', '.join(names.values()) or 'not at all'}, none of them entailment; "
        'give an NLI model, or name the classes in its config.json: "id2label": {"0": "entailment", …}'
    )
