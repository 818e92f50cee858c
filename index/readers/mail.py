"""Mails (.eml) by the standard library: subject, who wrote to whom and when, and the text.

Of text and HTML the text is taken; what is attached is named here, and a document of its own (`index.containers`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from rag.errors import UnreadableDocument
from rag.types import Document

from ._common import MAX_BYTES, document, load, really
from .html import extract

_FIELDS = (("发件人", "from"), ("收件人", "to"), ("抄送", "cc"))


def read(path: Path, *, source: str, max_bytes: int = MAX_BYTES) -> Document:
    """Read one mail. Raises UnreadableDocument for what is none; EmptyDocument, DocumentTooLarge."""
    data = load(path, max_bytes=max_bytes)
    if kind := really(data):
        raise UnreadableDocument(f"{path} is no mail but {kind}; give it the name of its real format")
    mail = message_from_bytes(data, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    if not any(mail[name] for name in ("from", "to", "subject", "date")):
        raise UnreadableDocument(f"{path} is no mail: it names no sender, receiver, subject or date")
    subject = _header(mail, "subject")
    fields = {label: _header(mail, name) for label, name in _FIELDS} | {"日期": _date(mail) or ""}
    names = [name for part in mail.iter_attachments() if (name := part.get_filename())]
    raw = told(subject, fields, names, _body(mail))
    return document(raw, source=source, path=path, media_type="message/rfc822", title=subject or None)


def told(subject: str, fields: Mapping[str, str], attached: Sequence[str], body: str) -> str:
    """A mail as text: its subject, a line for each field that says something, what is attached, the body."""
    head = [f"{label}：{value}" for label, value in fields.items() if value]
    if attached:
        head.append("附件：" + "、".join(attached))
    body = re.sub(r"\n{3,}", "\n\n", body.replace("\r\n", "\n")).strip()
    return "\n\n".join(block for block in (subject, "\n".join(head), body) if block)


def _header(mail: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(mail[name] or "").split())
    except (ValueError, IndexError, AttributeError):  # a header that the parser trips over says nothing
        return ""


def _date(mail: EmailMessage) -> str | None:
    try:
        return parsedate_to_datetime(str(mail["date"])).strftime("%Y-%m-%d %H:%M") if mail["date"] else None
    except (ValueError, TypeError, IndexError):
        return None


def _body(mail: EmailMessage) -> str:
    part = mail.get_body(("plain", "html"))
    if part is None:
        return ""
    try:
        text = str(part.get_content())
    except (LookupError, ValueError, UnicodeError):  # an unknown character set, or bytes that are none of it
        payload = part.get_payload(decode=True)
        text = payload.decode("gb18030", "replace") if isinstance(payload, bytes) else ""
    if part.get_content_subtype() == "html":
        text = extract(text)[0]
    return text
