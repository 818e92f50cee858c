"""Plain text, Markdown, CSV and TSV: the decoded file, unchanged to the last line end, is what citations count in."""

from __future__ import annotations

from pathlib import Path

from rag.errors import UnreadableDocument
from rag.types import Document

from ..encoding import decode
from ._common import MAX_BYTES, document, load, really

MEDIA_TYPES = {".md": "text/markdown", ".markdown": "text/markdown", ".csv": "text/csv", ".tsv": "text/tab-separated-values"}


def read(path: Path, *, source: str, max_bytes: int = MAX_BYTES) -> Document:
    """Read a `.txt`, `.md`, `.csv` or `.tsv` file in any common encoding.

    Raises EmptyDocument, DocumentTooLarge, or UnreadableDocument for binary content.
    """
    data = load(path, max_bytes=max_bytes)
    if kind := really(data):
        raise UnreadableDocument(f"{path} is no text but {kind}; give it the name of its real format")
    try:
        raw, encoding = decode(data)
    except UnreadableDocument as error:
        raise UnreadableDocument(f"can't read {path} as text: {error}") from error
    return document(raw, source=source, path=path, media_type=MEDIA_TYPES.get(path.suffix.lower(), "text/plain"), encoding=encoding)
