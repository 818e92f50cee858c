"""Formats that LibreOffice turns into ones we read: Word and PowerPoint 97-2003 (.doc, .ppt) and WPS Office (.wps, .et, .dps)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from rag.errors import UnreadableDocument
from rag.messages import tr
from rag.types import Document

from . import docx, slides, spreadsheet
from ._common import MAX_BYTES, load

_READERS = {".doc": docx.read, ".wps": docx.read, ".ppt": slides.read, ".dps": slides.read, ".et": spreadsheet.read}
_TARGETS = {docx.read: ".docx", slides.read: ".pptx", spreadsheet.read: ".xlsx"}
_SECONDS = 120
"""Longest that a conversion may take."""


def read(path: Path, *, source: str, max_bytes: int = MAX_BYTES) -> Document:
    """Read a file by way of LibreOffice, without its macros.

    Raises UnreadableDocument where LibreOffice is not installed, can't read the file or takes too long; EmptyDocument,
    DocumentTooLarge.
    """
    data = load(path, max_bytes=max_bytes)
    suffix = path.suffix.lower()
    target = _TARGETS[_READERS[suffix]]
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        raise UnreadableDocument(
            tr(f"{path} 是 {suffix} 格式，需要 LibreOffice 才能读取：请安装它，或另存为 {target}", f"{path}: {suffix} files are read by LibreOffice, which is not installed; install it, or save the file as {target}")
        )
    with TemporaryDirectory(prefix="zhiyin-") as folder:
        given = Path(folder, f"file{suffix}")
        given.write_bytes(data)
        command = [office, f"-env:UserInstallation=file://{folder}/profile", "--headless", "--norestore", "--convert-to", target[1:], "--outdir", folder, str(given)]
        _run(command, path)
        made = given.with_suffix(target)
        if not made.is_file():
            raise UnreadableDocument(tr(f"LibreOffice 无法读取 {path}", f"LibreOffice can't read {path}"))
        document = _READERS[suffix](made, source=source, max_bytes=MAX_BYTES)
    return replace(document, media_type=f"application/x-{suffix[1:]}")


def _run(command: list[str], path: Path) -> None:
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise UnreadableDocument(tr(f"LibreOffice 在 {_SECONDS} 秒内没有读完 {path}", f"LibreOffice did not finish {path} within {_SECONDS} s")) from None
