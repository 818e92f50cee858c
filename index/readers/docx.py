"""Word documents (.docx) by python-docx: paragraphs and tables in the order in which they are read.

The tree is walked here, because python-docx passes over content controls, insertions not yet accepted, and
text boxes. Left out: headers, footers, footnotes, hidden and deleted text, numbers that Word makes by itself.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rag.errors import UnreadableDocument
from rag.types import Document

from ._archive import check_archive
from ._common import MAX_BYTES, document, load, own_title
from ._grid import MOST_MERGED, lines

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_GONE = {f"{_W}{name}" for name in ("del", "moveFrom", "rt", "pPr", "rPr", "sectPr")}
_TEXT = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}


def read(path: Path, *, source: str, max_bytes: int = MAX_BYTES) -> Document:
    """Read a `.docx` file: a blank line between paragraphs; in tables a row a line, as `_grid` tells it.

    Raises UnreadableDocument where it is encrypted, of another format, damaged or a zip bomb; EmptyDocument,
    DocumentTooLarge.
    """
    data = load(path, max_bytes=max_bytes)
    check_archive(data, path, "Word document", old=".doc", new=".docx")
    import docx

    try:
        word = docx.Document(io.BytesIO(data))
        blocks = list(_blocks(word.element.body))
        title = own_title(word.core_properties.title)
    except Exception as error:  # python-docx lets through whatever zipfile, zlib and lxml raise
        why = str(error) or type(error).__name__
        raise UnreadableDocument(f"{path} is no Word document, or damaged ({why})") from error
    return document("\n\n".join(blocks), source=source, path=path, media_type=MEDIA_TYPE, title=title)


def _blocks(container: Any) -> Iterator[str]:
    """Yield paragraphs and tables under `container`, those of content controls and insertions included."""
    for child in container:
        if child.tag == f"{_W}p":
            boxes: list[Any] = []
            if text := "".join(_inline(child, boxes)).strip(" \t\n\u3000"):
                yield text
            for box in boxes:
                yield from _blocks(box)
        elif child.tag == f"{_W}tbl":
            yield from _table(child)
        elif isinstance(child.tag, str) and child.tag not in _GONE:
            yield from _blocks(child)


def _table(table: Any) -> Iterator[str]:
    """Yield a block for rows of several cells; a row of one cell is layout, its paragraphs stand alone."""
    rows: list[list[str]] = []
    for row in table.iter(f"{_W}tr"):
        if next(row.iterancestors(f"{_W}tbl")) is not table:
            continue  # of a table within a cell, which `_blocks` reaches through the cell
        cells = [cell for cell in row.iter(f"{_W}tc") if next(cell.iterancestors(row.tag)) is row]
        texts = [list(_blocks(cell)) for cell in cells]
        if len(cells) == 1:
            yield from _told(rows)
            rows = []
            yield from texts[0]
        elif any(texts):
            rows.append(_row(cells, texts, rows[-1] if rows else []))
    yield from _told(rows)


def _told(rows: list[list[str]]) -> Iterator[str]:
    if rows:
        yield "\n".join(lines(rows))


def _row(cells: list[Any], texts: list[list[str]], above: list[str]) -> list[str]:
    """The cells' texts, a merged cell's in each column and row that it covers."""
    row: list[str] = []
    for cell, blocks in zip(cells, texts, strict=True):
        merged = cell.find(f"{_W}tcPr/{_W}vMerge")
        text = " ".join(" ".join(blocks).split())
        if merged is not None and merged.get(f"{_W}val", "continue") == "continue" and len(above) > len(row):
            text = above[len(row)]
        span = cell.find(f"{_W}tcPr/{_W}gridSpan")
        row += [text] * (min(int(span.get(f"{_W}val", "1")), MOST_MERGED) if span is not None else 1)
    return row


def _inline(node: Any, boxes: list[Any]) -> Iterator[str]:
    """Yield the pieces of a paragraph's text; text boxes found on the way go to `boxes`."""
    for child in node:
        tag = child.tag
        if tag in (f"{_W}t", f"{_MATH}t"):
            yield child.text or ""
        elif tag in _TEXT:
            yield _TEXT[tag]
        elif tag == f"{_W}txbxContent":
            boxes.append(child)
        elif tag == f"{_MC}AlternateContent":  # the same thing for newer and for older programs
            yield from _inline(child[:1], boxes)
        elif isinstance(tag, str) and tag not in _GONE and not _hidden(child):
            yield from _inline(child, boxes)


def _hidden(run: Any) -> bool:
    mark = run.find(f"{_W}rPr/{_W}vanish")
    return mark is not None and mark.get(f"{_W}val", "true") not in ("0", "false", "off")
