"""Mails as Outlook saves them (.msg, [MS-OXMSG]) by olefile: subject, who wrote to whom and when, and the text.

What is attached is named here, and a document of its own (`index.containers`).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rag.errors import UnreadableDocument
from rag.types import Document

from ._common import MAX_BYTES, document, load, really
from .mail import told

_SUBJECT, _BODY, _HTML, _SENDER, _ADDRESS, _TO, _CC, _NAME, _CONTENT = "0037", "1000", "1013", "0C1A", "5D01", "0E04", "0E03", "3707", "3701"
_SENT = 0x00390040
"""PidTagClientSubmitTime with the type of a time."""


def read(path: Path, *, source: str, max_bytes: int = MAX_BYTES) -> Document:
    """Read one mail. Raises UnreadableDocument for what is none; EmptyDocument, DocumentTooLarge."""
    import olefile

    data = load(path, max_bytes=max_bytes)
    if not data.startswith(olefile.MAGIC):  # a short text is taken for the name of a file
        raise UnreadableDocument(f"{path} is no Outlook mail but {really(data) or 'something else'}")
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as mail:
            if not mail.exists("__properties_version1.0"):
                raise UnreadableDocument(f"{path} is no Outlook mail but another old Office file")
            names = [_text(mail, f"{folder}/", _NAME) for folder in sorted({entry[0] for entry in mail.listdir() if entry[0].startswith("__attach")})]
            sender = " ".join(dict.fromkeys(filter(None, (_text(mail, "", _SENDER), _text(mail, "", _ADDRESS)))))
            fields = {"发件人": sender, "收件人": _text(mail, "", _TO), "抄送": _text(mail, "", _CC), "日期": _sent(mail)}
            subject, body = _text(mail, "", _SUBJECT), _text(mail, "", _BODY) or _web(mail)
    except UnreadableDocument:
        raise
    except Exception as error:
        raise UnreadableDocument(f"{path} is no Outlook mail, or damaged ({str(error) or type(error).__name__})") from error
    raw = told(subject, fields, [name for name in names if name], body)
    return document(raw, source=source, path=path, media_type="application/vnd.ms-outlook", title=subject or None)


def attachments(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and contents of what is attached. Raises UnreadableDocument where the mail is damaged."""
    import olefile

    try:
        with olefile.OleFileIO(io.BytesIO(data)) as mail:
            for folder in sorted({entry[0] for entry in mail.listdir() if entry[0].startswith("__attach")}):
                content = f"{folder}/__substg1.0_{_CONTENT}0102"
                if (name := _text(mail, f"{folder}/", _NAME)) and mail.exists(content):
                    yield name.replace("\\", "/").rpartition("/")[2], mail.openstream(content).read()
    except OSError as error:
        raise UnreadableDocument(f"the mail is damaged ({error})") from error


def _text(mail: Any, folder: str, tag: str) -> str:
    """A property that is text, in UTF-16 or in the code page of who wrote it."""
    for kind, encoding in (("001F", "utf-16-le"), ("001E", "gb18030")):
        name = f"{folder}__substg1.0_{tag}{kind}"
        if mail.exists(name):
            return str(mail.openstream(name).read().decode(encoding, "replace")).strip("\0").strip()
    return ""


def _web(mail: Any) -> str:
    """The text of a mail that has its body in HTML alone."""
    from .html import whole

    name = f"__substg1.0_{_HTML}0102"
    return whole(mail.openstream(name).read().decode("utf-8", "replace")) if mail.exists(name) else ""


def _sent(mail: Any) -> str:
    """When it was sent, in UTC: a count of 100 nanoseconds since 1601 in an entry of 16 bytes."""
    entries = mail.openstream("__properties_version1.0").read()[32:]
    for at in range(0, len(entries) - 15, 16):
        tag, _, value = struct.unpack_from("<IIQ", entries, at)
        if tag == _SENT:
            return f"{datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=value // 10):%Y-%m-%d %H:%M} UTC"
    return ""
