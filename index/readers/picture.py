"""Pictures of text (.png, .jpg, .tif, .bmp, .webp): each image of the file is a page."""

from __future__ import annotations

import io
from pathlib import Path

from rag.errors import UnreadableDocument
from rag.messages import tr
from rag.types import Document

from . import _ocr
from ._common import MAX_BYTES, document, load

MOST_PIXELS = 100_000_000
"""Of one image: larger ones are refused before they are unpacked."""


def read(path: Path, *, source: str, max_bytes: int = MAX_BYTES) -> Document:
    """Read the text of a picture; `pages` holds where each image begins.

    Raises UnreadableDocument where the recogniser is not installed or the file is no picture, or too large a one;
    EmptyDocument where no text is found; DocumentTooLarge.
    """
    from PIL import Image, ImageSequence

    data = load(path, max_bytes=max_bytes)
    if not _ocr.available():
        raise _ocr.needed(str(path))
    texts, unread = [], []
    try:
        with Image.open(io.BytesIO(data)) as image:
            for number, frame in enumerate(ImageSequence.Iterator(image), 1):
                if frame.width * frame.height > MOST_PIXELS:
                    raise UnreadableDocument(tr(f"{path} 有 {frame.width}×{frame.height} 像素，太大", f"{path} has {frame.width}×{frame.height} pixels, which is too large"))
                found = _ocr.recognise(frame)
                texts.append(found.text)
                unread += doubts(number, found)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise UnreadableDocument(f"{path} is no picture, or damaged ({error})") from error
    pages, raw = [], ""
    for text in texts:
        pages.append(len(raw))
        raw += text + "\n"
    return document(raw, source=source, path=path, media_type=f"image/{path.suffix.lower()[1:]}", pages=tuple(pages), unread=tuple(unread))


def doubts(page: int, found: _ocr.Recognised) -> list[str]:
    """What to say of the lines of a page that may be wrong."""
    if not found.doubtful:
        return []
    shown = "、".join(f"「{line}」" for line in found.doubtful[:3])
    count = len(found.doubtful)
    return [tr(f"第 {page} 页有 {count} 行识别把握不大：{shown}", f"page {page}: {count} lines were recognised with doubt: {shown}")]
