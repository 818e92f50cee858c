"""What is looked at before a file that is a ZIP archive inside (DOCX, XLSX, PPTX, ODF, EPUB, OFD) is unpacked."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

from rag.errors import UnreadableDocument

from ._common import really

MAX_UNPACKED = 1024**3  # bytes, of all that is in the archive
MAX_XML = 64 * 1024**2  # bytes, of one XML part: its tree takes ten times that in memory
MAX_RATIO = 200  # unpacked to packed, above which a large archive is a bomb; XML stands near 10
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def check_archive(data: bytes, path: Path, kind: str, *, old: str = "", new: str = "") -> list[str]:
    """The names of what is in the archive. `kind` is what it should be ("Word document").

    `old` is the suffix of the binary format before, which is to be saved as `new`. Raises UnreadableDocument for what is
    encrypted, of another format, damaged, or a zip bomb.
    """
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise UnreadableDocument(f"{path} wants a password; save a copy without one")
        if old:
            raise UnreadableDocument(f"{path} is in the format of Office 97-2003 ({old}); save it as {new}")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        found = really(data)
        why = "is damaged" if data.startswith(b"PK") else f"is no {kind} but {found or 'something else'}"
        raise UnreadableDocument(f"{path} {why}") from error
    if any(entry.flag_bits & 1 for entry in entries):
        raise UnreadableDocument(f"{path} wants a password; save a copy without one")
    # zipfile never gives out more bytes than the directory says, so that these sizes bind
    total = sum(entry.file_size for entry in entries)
    largest = max((e.file_size for e in entries if e.filename.endswith((".xml", ".rels", ".xhtml", ".html"))), default=0)
    if total > MAX_UNPACKED or largest > MAX_XML or total > max(MAX_XML, MAX_RATIO * len(data)):
        sizes = f"from {len(data) / 2**20:.1f} to {total / 2**20:.0f} MB"
        raise UnreadableDocument(f"{path} would unpack {sizes}: a zip bomb? It was not opened")
    return [entry.filename for entry in entries]


def xml(data: bytes, name: str) -> Any:
    """The root of one XML part, parsed without entities and without the network. Raises KeyError, lxml.etree.XMLSyntaxError."""
    from lxml import etree

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        content = archive.read(name)
    return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))
