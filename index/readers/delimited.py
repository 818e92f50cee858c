"""Tables as text (.csv, .tsv): a line for each row, each value behind the heading of its column (`_grid`)."""

from __future__ import annotations

import csv
from pathlib import Path

from rag.errors import UnreadableDocument
from rag.types import Document

from ._common import MAX_BYTES, document
from ._grid import lines
from .text import load_text

_SEPARATORS = ",\t;|"
_LOOKED_AT = 64 * 1024
"""Characters from which the separator is told."""


def read(path: Path, *, source: str, max_bytes: int = MAX_BYTES) -> Document:
    """Read a `.csv` or `.tsv` file in any common encoding. Raises EmptyDocument, DocumentTooLarge, UnreadableDocument."""
    text, encoding = load_text(path, max_bytes=max_bytes)
    head = text[:_LOOKED_AT]
    try:
        csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # of the whole process: never made smaller
        rows = list(csv.reader(text.lstrip("\ufeff").splitlines(keepends=True), delimiter=_separator(head)))
    except csv.Error as error:
        raise UnreadableDocument(f"{path} is no table ({error})") from error
    media_type = "text/tab-separated-values" if path.suffix.lower() == ".tsv" else "text/csv"
    return document("\n".join(lines(rows)), source=source, path=path, media_type=media_type, encoding=encoding)


def _separator(head: str) -> str:
    """The sign that parts most lines into the same number of cells."""

    def evenly(sign: str) -> tuple[int, int]:
        counts = [line.count(sign) for line in head.splitlines() if line.strip()]
        usual = max(set(counts), key=counts.count, default=0)
        return (counts.count(usual) if usual else 0, usual)

    return max(_SEPARATORS, key=evenly)
