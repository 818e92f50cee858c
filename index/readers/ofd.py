"""OFD, the state's own format for documents of a fixed layout (GB/T 33190-2016): the text objects of each page, line by line.

Text that is drawn as outlines or stands in a picture is not text here; a page without any is empty.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rag.errors import EmptyDocument, UnreadableDocument
from rag.types import Document

from ._archive import check_archive, xml
from ._common import MAX_BYTES, document, load, own_title

_GAP = 0.6
"""Part of a character's height between two objects of a line from which a blank is set between them."""


class Text(NamedTuple):
    """A text object: where its box lies on the page, in millimetres from the upper left corner."""

    left: float
    top: float
    width: float
    height: float
    text: str


def read(path: Path, *, source: str, max_bytes: int = MAX_BYTES) -> Document:
    """Read an `.ofd` file; `pages` holds where each page begins.

    Raises UnreadableDocument where it is damaged or something else, EmptyDocument where it holds no text (a scan), DocumentTooLarge.
    """
    data = load(path, max_bytes=max_bytes)
    check_archive(data, path, "OFD")
    raw, starts = "", []
    try:
        for page in _pages(data):
            starts.append(len(raw))
            raw += "\n".join(_lines(page)) + "\n\n"
        title = xml(data, "OFD.xml").findtext(".//{*}DocInfo/{*}Title")
    except Exception as error:
        raise UnreadableDocument(f"{path} is no OFD, or damaged ({str(error) or type(error).__name__})") from error
    if not raw.strip():
        raise EmptyDocument(f"{path} holds no text on its {len(starts)} pages: it may be a scan")
    return document(raw, source=source, path=path, media_type="application/ofd", pages=tuple(starts), title=own_title(title))


def _pages(data: bytes) -> Iterator[list[Text]]:
    """The text objects of each page, of its templates first."""
    for body in xml(data, "OFD.xml").iterfind(".//{*}DocBody"):
        root = body.findtext("{*}DocRoot").lstrip("/")
        folder = posixpath.dirname(root)
        tree = xml(data, root)
        templates = {t.get("ID"): t.get("BaseLoc") for t in tree.iterfind(".//{*}TemplatePage")}
        for page in tree.iterfind(".//{*}Pages/{*}Page"):
            content = xml(data, _at(folder, page.get("BaseLoc")))
            used = [templates.get(t.get("TemplateID")) for t in content.iterfind("{*}Template")]
            layers = [*(xml(data, _at(folder, where)) for where in used if where), content]
            yield [text for layer in layers for text in _texts(layer)]


def _at(folder: str, where: str) -> str:
    return where.lstrip("/") if where.startswith("/") else posixpath.normpath(posixpath.join(folder, where))


def _texts(layer: Any) -> Iterator[Text]:
    for item in layer.iterfind(".//{*}TextObject"):
        box = [float(number) for number in item.get("Boundary", "").split()]
        text = "".join(code.text or "" for code in item.iterfind("{*}TextCode")).strip("\n")
        if len(box) == 4 and text and item.get("Visible") != "false":
            yield Text(box[0], box[1], box[2], box[3], text)


def _lines(texts: list[Text]) -> Iterator[str]:
    """Objects whose boxes share half their height are one line, from left to right; lines from top to bottom."""
    rows: list[list[Text]] = []
    for text in sorted(texts, key=lambda t: (t.top + t.height / 2, t.left)):
        middle = text.top + text.height / 2
        if rows and abs(middle - (rows[-1][0].top + rows[-1][0].height / 2)) < min(text.height, rows[-1][0].height) / 2:
            rows[-1].append(text)
        else:
            rows.append([text])
    for row in rows:
        line, end = "", 0.0
        for text in sorted(row, key=lambda t: t.left):
            line += (" " if line and text.left - end > _GAP * text.height else "") + text.text
            end = text.left + text.width
        yield line
