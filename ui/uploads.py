"""What may be uploaded, judged by its content and never by what it calls itself; where it is put, under which name."""

from __future__ import annotations

import re
import unicodedata
import zipfile
from itertools import pairwise
from pathlib import Path

from rag.errors import DocumentError, DocumentTooLarge, UnreadableDocument
from rag.messages import tr

ARCHIVES = {
    ".docx": "word/document.xml", ".xlsx": "xl/workbook.xml", ".pptx": "ppt/presentation.xml", ".odt": "content.xml", ".ods": "content.xml",
    ".epub": "META-INF/container.xml", ".ofd": "OFD.xml",
}  # fmt: skip
"""What must be in a file of a type that is a ZIP archive inside."""
_OLE = (b"\xd0\xcf\x11\xe0",)
_BEGINS = {
    ".rtf": (b"{\\rtf",), ".xls": _OLE, ".msg": _OLE, ".doc": _OLE, ".ppt": _OLE, ".wps": _OLE, ".et": _OLE, ".dps": _OLE,
    ".png": (b"\x89PNG",), ".jpg": (b"\xff\xd8\xff",), ".jpeg": (b"\xff\xd8\xff",), ".tif": (b"II*\0", b"MM\0*"), ".tiff": (b"II*\0", b"MM\0*"),
}  # fmt: skip
"""The first bytes of a file of each type that has such."""
TYPES = (".txt", ".md", ".csv", ".tsv", ".html", ".htm", ".pdf", ".eml", *_BEGINS, *ARCHIVES)
MAX_NAME = 120  # characters
MAX_ENTRIES = 5000  # files in an archive
MAX_UNPACKED = 400 * 1024 * 1024  # bytes that it may say it holds
MAX_RATIO = 200  # times that a file in it may be packed; a bomb is packed a thousand times
_ROOM = 1024 * 1024  # bytes below which a ratio says nothing
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)
_MAGIC = {
    b"PK\x03\x04": "ZIP", b"%PDF-": "PDF", b"\x7fELF": "ELF", b"MZ": "EXE", b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF", b"\xd0\xcf\x11\xe0": "OLE", b"Rar!": "RAR", b"7z\xbc\xaf": "7z", b"\x1f\x8b": "gzip",
}  # fmt: skip


def safe_name(given: str) -> str:
    """The name under which a file is kept: its last part alone, without what a file system or a reader is fooled by.

    Raises UnreadableDocument where nothing is left of it, or its type is none that is read.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", given))[-1]
    # format characters turn what is read round (`cod.exe` shown as `exe.doc`); the rest is no name
    kept = "".join(c for c in last if unicodedata.category(c)[0] != "C" and c not in '<>:"|?*').strip(" .")
    stem, dot, ending = kept.rpartition(".")
    kind = f".{ending.lower()}" if dot else ""
    if kind not in TYPES:
        raise UnreadableDocument(
            tr(f"不支持这种文件（可用：{'、'.join(TYPES)}）", f"files of this type are not read; use {', '.join(TYPES)}")
        )
    stem = stem.strip(" .")[: MAX_NAME - len(kind)]
    if not stem or _RESERVED.fullmatch(stem):
        raise UnreadableDocument(tr("文件名不可用，请改名后再试", "the name can't be used; rename the file"))
    return stem + kind


def check(file: Path, name: str, max_mb: int) -> None:
    """Whether `file` is what the ending of `name` says. Raises a DocumentError that says why not."""
    size = file.stat().st_size
    if size > max_mb * 1024 * 1024:
        raise DocumentTooLarge(tr(f"文件超过 {max_mb} MB", f"the file is larger than {max_mb} MB"))
    if not size:
        raise UnreadableDocument(tr("文件是空的", "the file is empty"))
    kind = Path(name).suffix
    with file.open("rb") as opened:
        head = opened.read(64 * 1024)
    if kind == ".pdf":
        if b"%PDF-" not in head[:1024]:
            raise _mismatch("PDF")
    elif kind in _BEGINS:
        if not head.lstrip().startswith(_BEGINS[kind]):
            raise _mismatch(kind[1:].upper())
    elif kind in ARCHIVES:
        _check_archive(file, kind)
    else:
        found = next((what for magic, what in _MAGIC.items() if head.startswith(magic)), None)
        wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
        if found or (b"\x00" in head and not wide):
            raise _mismatch(tr("文本", "text"), found)


def _check_archive(file: Path, kind: str) -> None:
    """Look at the list of contents only: nothing is unpacked here, and nothing in it is ever run."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _mismatch(kind[1:].upper()) from error
    names = {entry.filename for entry in entries}
    if ARCHIVES[kind] not in names or (kind in (".docx", ".xlsx", ".pptx") and "[Content_Types].xml" not in names):
        raise _mismatch(kind[1:].upper())
    bomb = (
        len(entries) > MAX_ENTRIES
        or sum(e.file_size for e in entries) > MAX_UNPACKED
        or any(e.file_size > _ROOM and e.file_size > MAX_RATIO * max(e.compress_size, 1) for e in entries)
    )
    if bomb or _lies(file, entries):
        raise DocumentTooLarge(
            tr("文件解压后大得不正常，已拒绝", "unpacked, the file would be abnormally large; it is refused")
        )
    if any(n.lower().endswith("vbaproject.bin") for n in names):
        raise UnreadableDocument(tr("文件含有宏，已拒绝", "the file holds macros; it is refused"))
    if any(e.flag_bits & 1 for e in entries):
        raise UnreadableDocument(tr("文件已加密", "the file is encrypted"))


def _lies(file: Path, entries: list[zipfile.ZipInfo]) -> bool:
    """Whether two entries share bytes, as in a bomb that packs one body many times (Fifield, WOOT 2019)."""
    spans = sorted((e.header_offset, e.header_offset + 30 + e.compress_size) for e in entries)
    return any(end > start for (_, end), (start, _) in pairwise(spans)) or (
        bool(spans) and spans[-1][1] > file.stat().st_size
    )


def _mismatch(kind: str, found: str | None = None) -> DocumentError:
    really = tr(f"，内容像是 {found}", f"; it looks like {found}") if found else ""
    return UnreadableDocument(tr(f"内容不是 {kind}{really}", f"the content is not {kind}{really}"))
