"""OpenDocument text (.odt): headings, paragraphs, lists and tables out of `content.xml`, in reading order.

Left out: what was deleted under change tracking, comments, footnotes' marks.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rag.errors import UnreadableDocument
from rag.types import Document

from ._archive import check_archive, xml
from ._common import MAX_BYTES, document, load, own_title
from ._grid import lines

MEDIA_TYPE = "application/vnd.oasis.opendocument.text"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_GONE = {f"{_TEXT}tracked-changes", f"{_OFFICE}annotation", f"{_TEXT}note-citation", f"{_TEXT}sequence-decls"}


def read(path: Path, *, source: str, max_bytes: int = MAX_BYTES) -> Document:
    """Read an `.odt` file. Raises UnreadableDocument where it is encrypted, damaged or something else; EmptyDocument, DocumentTooLarge."""
    data = load(path, max_bytes=max_bytes)
    names = check_archive(data, path, "OpenDocument text")
    try:
        blocks = list(_blocks(xml(data, "content.xml")))
        meta = xml(data, "meta.xml") if "meta.xml" in names else None
        title = meta.findtext(".//{http://purl.org/dc/elements/1.1/}title") if meta is not None else None
    except Exception as error:
        raise UnreadableDocument(f"{path} is no OpenDocument text, or damaged ({str(error) or type(error).__name__})") from error
    return document("\n\n".join(blocks), source=source, path=path, media_type=MEDIA_TYPE, title=own_title(title))


def _blocks(node: Any) -> Iterator[str]:
    for child in node:
        if child.tag in (f"{_TEXT}p", f"{_TEXT}h"):
            if text := "".join(_inline(child)).strip():
                yield text
        elif child.tag == f"{_TABLE}table":
            rows = [list(_cells(row)) for row in child.iter(f"{_TABLE}table-row")]
            if text := "\n".join(lines(rows)):
                yield text
        elif isinstance(child.tag, str) and child.tag not in _GONE:
            yield from _blocks(child)


def _cells(row: Any) -> Iterator[str]:
    for cell in row:
        if cell.tag in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            text = " ".join(_blocks(cell))
            yield from [text] * min(int(cell.get(f"{_TABLE}number-columns-repeated", "1")), 64)


def _inline(node: Any) -> Iterator[str]:
    yield node.text or ""
    for child in node:
        if child.tag == f"{_TEXT}s":
            yield " " * min(int(child.get(f"{_TEXT}c", "1")), 64)
        elif child.tag == f"{_TEXT}tab":
            yield "\t"
        elif child.tag == f"{_TEXT}line-break":
            yield "\n"
        elif isinstance(child.tag, str) and child.tag not in _GONE:
            yield from _inline(child)
        yield child.tail or ""
