"""What every reader does first and last: look at the file before opening it, and wrap up the text."""

from __future__ import annotations

import hashlib
import re
import stat
from bisect import bisect_left
from pathlib import Path

from rag.errors import DocumentTooLarge, EmptyDocument, UnreadableDocument
from rag.types import Document, Edit

from ._marks import mark_places, unmarked

MAX_BYTES = 200 * 1024 * 1024

# Enough of the first bytes to tell somebody what the file really is.
_MAGIC = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive (DOCX, XLSX and the like are ZIP archives)"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file (.doc, .xls) or an encrypted one"),
    (b"{\\rtf", "an RTF file"),
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"SQLite format 3\0", "a SQLite database"),
    (b"\x7fELF", "a program"),
)


def check_size(path: Path, max_mb: int) -> None:
    """Raise DocumentTooLarge, EmptyDocument or UnreadableDocument if `path` should not be opened at all."""
    check_file(path, max_bytes=max_mb * 1024 * 1024)


def check_file(path: Path, *, max_bytes: int = MAX_BYTES) -> None:
    """Look at `path` without opening it, so that a pipe can't hang and a huge file is not loaded.

    Raises UnreadableDocument for what is no regular file or can't be looked at, EmptyDocument for 0 bytes,
    DocumentTooLarge above `max_bytes`.
    """
    try:
        status = path.stat()
    except FileNotFoundError as error:
        why = "is a link to nowhere" if path.is_symlink() else "does not exist"
        raise UnreadableDocument(f"{path} {why}") from error
    except (OSError, ValueError) as error:  # ELOOP for links in a circle, ValueError for NUL in the name
        raise UnreadableDocument(f"can't look at {path}: {_why(error)}") from error
    if stat.S_ISDIR(status.st_mode):
        raise UnreadableDocument(f"{path} is a folder, not a file")
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableDocument(f"{path} is a pipe or device, not a file")
    if status.st_size == 0:
        raise EmptyDocument(f"{path} is empty (0 bytes)")
    if status.st_size > max_bytes:
        raise _too_large(path, status.st_size, max_bytes)


def load(path: Path, *, max_bytes: int = MAX_BYTES) -> bytes:
    """Read the bytes of `path`, checked as in `check_file`. Raises DocumentError subclasses only."""
    check_file(path, max_bytes=max_bytes)
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise UnreadableDocument(f"can't open {path}: {_why(error)}") from error
    if len(data) > max_bytes:  # grown since it was looked at
        raise _too_large(path, len(data), max_bytes)
    return data


def really(data: bytes) -> str | None:
    """Name what a file is by its first bytes ("a PDF"), where that is known and it is no plain text."""
    return next((name for magic, name in _MAGIC if data.startswith(magic)), None)


def document(
    raw: str,
    *,
    source: str,
    path: Path,
    media_type: str,
    encoding: str | None = None,
    pages: tuple[int, ...] = (),
    title: str | None = None,
    edits: tuple[Edit, ...] = (),
    unread: tuple[str, ...] = (),
) -> Document:
    """Wrap up `raw` with its version: either with `edits`, or with marks in it, which are taken out.

    Raises EmptyDocument where it is all white space.
    """
    if not edits:
        marks = mark_places(raw)
        raw, edits = unmarked(raw)
        pages = tuple(at - bisect_left(marks, at) for at in pages)
    if not raw.strip("\ufeff\u200b \t\r\n\v\f\u3000\xa0"):
        raise EmptyDocument(f"{path} holds no text, only white space")
    digest = hashlib.sha256(raw.encode("utf-8")).hexdigest()
    return Document(
        source=source,
        raw=raw,
        version=f"sha256:{digest}",
        media_type=media_type,
        encoding=encoding,
        pages=pages,
        title=" ".join(title.split()) or None if title else None,
        edits=edits,
        unread=unread,
    )


def _too_large(path: Path, size: int, limit: int) -> DocumentTooLarge:
    return DocumentTooLarge(
        f"{path} has {size / 2**20:.1f} MB, over the limit of {limit / 2**20:g} MB;"
        " split it or raise max_file_mb"
    )


def _why(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def own_title(text: str | None) -> str | None:
    """Return the title of a file's properties, unless a program put it there by itself."""
    title = " ".join((text or "").split())
    junk = r"(?i)untitled( document)?|powerpoint (presentation|演示文稿)|presentation|无标题|未命名.*|word document|microsoft word - .*|.*\.(docx?|wps|pdf|rtf|txt|pptx?|xlsx?)|\W*"
    return None if "\ufffd" in title or re.fullmatch(junk, title) else title
