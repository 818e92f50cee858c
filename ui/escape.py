"""The one way in which a text of a document or a user gets into HTML."""

from __future__ import annotations

from html import escape


def text(value: object) -> str:
    """Return `value` as it may stand in HTML, between tags or in a quoted attribute.

    Control characters that HTML forbids become U+FFFD, and so does a lone surrogate, which no encoder takes.
    """
    clean = "".join(c if c in "\t\n\r" or _allowed(c) else "\ufffd" for c in str(value))
    return escape(clean, quote=True)


def _allowed(c: str) -> bool:
    return ord(c) >= 0x20 and not 0xD800 <= ord(c) <= 0xDFFF
