"""Recognition of text in pictures by RapidOCR (the extra `zhiyin[ocr]`), whose models come with the package."""

from __future__ import annotations

import importlib.util
import logging
import threading
from functools import lru_cache
from statistics import median
from typing import Any, NamedTuple

from rag.errors import UnreadableDocument
from rag.messages import tr

from ._page import Run, arranged

LARGEST = 3500
"""Pixels of the longer side that are looked at: a page of A4 at 300 dots an inch. It bounds the time that a page takes."""
DOUBTFUL = 0.8
"""Confidence of a line below which it is named as doubtful."""
_LOCK = threading.Lock()  # one page at a time: it takes all cores


class Recognised(NamedTuple):
    """The text of a picture in reading order, and the lines of it that are doubtful."""

    text: str
    doubtful: tuple[str, ...] = ()


def available() -> bool:
    """Whether the extra is installed."""
    return importlib.util.find_spec("rapidocr") is not None and importlib.util.find_spec("onnxruntime") is not None


def needed(what: str) -> UnreadableDocument:
    """What to say where it is not."""
    return UnreadableDocument(tr(f"{what} 是图片，需要文字识别：pip install 'zhiyin[ocr]'", f"{what} is a picture; recognising its text needs: pip install 'zhiyin[ocr]'"))


def recognise(picture: Any) -> Recognised:
    """The text of a PIL image. Call it where `available()`; raises whatever the engine raises for a broken picture."""
    import numpy as np

    picture = picture.convert("RGB")
    picture.thumbnail((LARGEST, LARGEST))
    with _LOCK:
        found = _engine()(np.asarray(picture)[:, :, ::-1])
    if found.boxes is None or not len(found.boxes):
        return Recognised("")
    runs = _upright([(text, np.asarray(box, float)) for text, box in zip(found.txts, found.boxes, strict=True)])
    doubtful = tuple(text for text, score in zip(found.txts, found.scores, strict=True) if score < DOUBTFUL)
    return Recognised(arranged(runs), doubtful)


@lru_cache(maxsize=1)
def _engine() -> Any:
    from rapidocr import RapidOCR

    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    return RapidOCR(params={"Global.log_level": "error", "Global.max_side_len": LARGEST})


def _upright(lines: list[tuple[str, Any]]) -> list[Run]:
    """The lines as runs of a page that is not tilted: turned by the middle slope of their upper edges. y grows upwards."""
    import numpy as np

    slopes = [(box[1, 1] - box[0, 1]) / (box[1, 0] - box[0, 0]) for text, box in lines if len(text) > 4 and box[1, 0] - box[0, 0] > 1]
    slope = median(slopes) if slopes else 0.0
    runs = []
    for text, box in lines:
        middle = box.mean(axis=0)
        height = (np.linalg.norm(box[3] - box[0]) + np.linalg.norm(box[2] - box[1])) / 2
        at = -(middle[1] - slope * middle[0])
        runs.append(Run(text, box[:, 0].min(), at - height / 2, box[:, 0].max(), at + height / 2))
    return runs
