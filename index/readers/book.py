"""Electronic books (.epub): the chapters in the order of the spine, each read as a web page."""

from __future__ import annotations

import io
import posixpath
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from rag.errors import UnreadableDocument
from rag.types import Document

from ._archive import check_archive, xml
from ._common import MAX_BYTES, document, load, own_title
from .html import whole

_DC = "{http://purl.org/dc/elements/1.1/}"


def read(path: Path, *, source: str, max_bytes: int = MAX_BYTES) -> Document:
    """Read an `.epub`; `pages` holds where each chapter begins. Raises UnreadableDocument, EmptyDocument, DocumentTooLarge."""
    data = load(path, max_bytes=max_bytes)
    names = set(check_archive(data, path, "EPUB"))
    if "META-INF/encryption.xml" in names and b"EncryptedData" in zipfile.ZipFile(io.BytesIO(data)).read("META-INF/encryption.xml"):
        raise UnreadableDocument(f"{path} is protected (DRM) and can't be read")
    try:
        where = xml(data, "META-INF/container.xml").find(".//{*}rootfile").get("full-path")
        package = xml(data, where)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            chapters = [whole(archive.read(name).decode("utf-8", "replace")) for name in _spine(package, where) if name in names]
        title = package.findtext(f".//{_DC}title")
    except Exception as error:
        raise UnreadableDocument(f"{path} is no EPUB, or damaged ({str(error) or type(error).__name__})") from error
    raw, pages = "", []
    for chapter in filter(None, chapters):
        pages.append(len(raw))
        raw += chapter + "\n\n"
    return document(raw, source=source, path=path, media_type="application/epub+zip", pages=tuple(pages), title=own_title(title))


def _spine(package: Any, where: str) -> list[str]:
    """Names of the chapters in the archive, in reading order."""
    files = {item.get("id"): item.get("href") for item in package.iterfind(".//{*}manifest/{*}item")}
    folder = posixpath.dirname(where)
    order = [files.get(item.get("idref")) for item in package.iterfind(".//{*}spine/{*}itemref")]
    return [posixpath.normpath(posixpath.join(folder, unquote(href))) for href in order if href]
