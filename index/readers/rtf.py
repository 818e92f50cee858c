"""Rich text (.rtf) by striprtf: the text without its marks, cells of a table joined by bars."""

from __future__ import annotations

import re
from pathlib import Path

from rag.errors import UnreadableDocument
from rag.types import Document

from ._common import MAX_BYTES, document, load, really

_CODEPAGE = re.compile(rb"\\ansicpg(\\d+)")


def read(path: Path, *, source: str, max_bytes: int = MAX_BYTES) -> Document:
    """Read an `.rtf` file. Raises UnreadableDocument for what is none; EmptyDocument, DocumentTooLarge."""
    data = load(path, max_bytes=max_bytes)
    if not data.lstrip().startswith(b"{\\rtf"):
        raise UnreadableDocument(f"{path} is no RTF file but {really(data) or 'something else'}")
    from striprtf.striprtf import rtf_to_text

    said = _CODEPAGE.search(data[:2000])
    encoding = f"cp{int(said[1])}" if said and int(said[1]) not in (0, 65001) else "cp936"
    try:
        text = str(rtf_to_text(data.decode("latin-1"), encoding=encoding, errors="replace"))
    except Exception as error:
        raise UnreadableDocument(f"{path} is no RTF file, or damaged ({str(error) or type(error).__name__})") from error
    raw = "\n".join(line.strip(" \t|") if "|" not in line.strip(" \t|") else " | ".join(c.strip() for c in line.split("|") if c.strip()) for line in text.split("\n"))
    return document(re.sub(r"\n{3,}", "\n\n", raw), source=source, path=path, media_type="application/rtf", encoding=encoding)
