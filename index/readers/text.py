"""Plain text: the decoded file, unchanged to the last line end, is what citations count in."""

from __future__ import annotations

from pathlib import Path

from rag.errors import UnreadableDocument
from rag.types import Document

from ..encoding import decode
from ._common import MAX_BYTES, document, load, really


def read(path: Path, *, source: str, max_bytes: int = MAX_BYTES) -> Document:
    """Read a `.txt` file in any common encoding. Raises EmptyDocument, DocumentTooLarge, or UnreadableDocument for binary content."""
    raw, encoding = load_text(path, max_bytes=max_bytes)
    return document(raw, source=source, path=path, media_type="text/plain", encoding=encoding)


def load_text(path: Path, *, max_bytes: int) -> tuple[str, str]:
    """The text of a file and its encoding. Raises EmptyDocument, DocumentTooLarge, UnreadableDocument."""
    data = load(path, max_bytes=max_bytes)
    if kind := really(data):
        raise UnreadableDocument(f"{path} is no text but {kind}; give it the name of its real format")
    try:
        return decode(data)
    except UnreadableDocument as error:
        raise UnreadableDocument(f"can't read {path} as text: {error}") from error
