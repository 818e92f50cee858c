"""Files that hold further documents: archives (.zip), and mails with what is attached to them."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from rag.errors import UnreadableDocument
from rag.messages import tr

from .encoding import likelihood
from .readers._archive import MAX_RATIO, MAX_UNPACKED
from .readers._common import MAX_BYTES, load
from .readers.outlook import attachments

DEEPEST = 3
"""Archives within archives that are opened."""
MOST = 5000
"""Files of one archive that are read."""
MAILS = (".eml", ".msg")
SUFFIXES = (".zip", *MAILS)
_ROOM = 1024**2  # bytes below which a ratio says nothing
_UTF8 = 0x800  # flag of a name in UTF-8 (APPNOTE.TXT, appendix D)


def members(path: Path, *, max_bytes: int = MAX_BYTES) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the files within `path`, in order; of archives within it, too.

    Raises UnreadableDocument for what is damaged, encrypted or a zip bomb; DocumentTooLarge, EmptyDocument.
    """
    yield from _members(path.suffix.lower(), load(path, max_bytes=max_bytes), 0)


def _members(suffix: str, data: bytes, depth: int) -> Iterator[tuple[str, bytes]]:
    if suffix == ".zip":
        for name, content in _zipped(data):
            if name.lower().endswith(".zip") and depth < DEEPEST:
                yield from ((f"{name}/{inner}", held) for inner, held in _members(".zip", content, depth + 1))
            else:
                yield name, content
    else:
        yield from _attached(data) if suffix == ".eml" else attachments(data)


def _zipped(data: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise UnreadableDocument(tr("压缩包已损坏", "the archive is damaged")) from error
    with archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        size = sum(entry.file_size for entry in entries)
        packed = any(e.file_size > _ROOM and e.file_size > MAX_RATIO * max(e.compress_size, 1) for e in entries)
        if len(entries) > MOST or size > MAX_UNPACKED or packed:
            raise UnreadableDocument(tr("压缩包解压后大得不正常，没有打开", "unpacked, the archive would be abnormally large; it was not opened"))
        if any(entry.flag_bits & 1 for entry in entries):
            raise UnreadableDocument(tr("压缩包已加密", "the archive is encrypted"))
        for entry in entries:
            if name := _name(entry):
                try:
                    yield name, archive.read(entry)
                except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, ValueError) as error:
                    raise UnreadableDocument(tr(f"压缩包中的 {name} 已损坏", f"{name} in the archive is damaged")) from error


def _name(entry: zipfile.ZipInfo) -> str:
    """The path within the archive, never out of it; "" for what systems put there by themselves."""
    name = entry.filename
    if not entry.flag_bits & _UTF8:  # zipfile takes such a name for code page 437
        readings = []
        for encoding in ("utf-8", "gb18030"):
            with suppress(UnicodeError):
                readings.append(name.encode("cp437").decode(encoding))
        name = max(readings, key=likelihood, default=name)  # the first of equals
    parts = [part for part in posixpath.normpath(name.replace("\\", "/")).split("/") if part not in ("", ".", "..")]
    return "" if any(part.startswith((".", "~$", "__MACOSX")) or part == "Thumbs.db" for part in parts) else "/".join(parts)


def _attached(data: bytes) -> Iterator[tuple[str, bytes]]:
    mail = message_from_bytes(data, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    for number, part in enumerate(mail.iter_attachments(), 1):
        if part.get_content_type() == "message/rfc822":
            inner = part.get_payload(0) if part.is_multipart() else None
            if isinstance(inner, EmailMessage):
                yield f"{part.get_filename() or number}.eml".replace(".eml.eml", ".eml"), inner.as_bytes()
        elif isinstance(content := part.get_payload(decode=True), bytes) and (name := part.get_filename()):
            yield posixpath.basename(name.replace("\\", "/")), content
