"""An answer as plain text with its sources under it, for the clipboard."""

from __future__ import annotations

from rag.types import Answer

from . import written
from .texts import plain


def copy_text(answer: Answer, language: str) -> str:
    """Return question, answer and each quote with where it stands; `language` is `zh` or `en`."""
    said = written.lines(answer, language)
    lines = [answer.question, "", *said, ""] if said else [answer.question, ""]
    for c in answer.citations:
        where = [
            c.title or c.source,
            c.publisher,
            c.published,
            plain("page", language, n=c.page) if c.page is not None else None,
        ]
        lines.append(f"[{c.n}] " + " · ".join(w for w in where if w))
        lines.append(f"    “{c.quote}” ({c.source}, {c.start}–{c.end})")
    return "\n".join(lines).strip() + "\n"
