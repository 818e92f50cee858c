"""What of an answer is compared with a reference."""

from __future__ import annotations

import re
from typing import Protocol

from rag.errors import InputError
from rag.types import Answer, Document

_MARK = re.compile(r"\[\d+\]")


class Documents(Protocol):
    """Where the documents are that an answer quotes: `rag.store.Snapshot`."""

    def document(self, source: str) -> Document:
        """One document. Raises InputError where there is none."""


def said(answer: Answer) -> str:
    """The short answer; where there is none, the answer without citation marks; nothing for a refusal."""
    if answer.refused:
        return ""
    return answer.short if answer.short is not None else whole(answer)


def whole(answer: Answer) -> str:
    """The answer as shown, without citation marks (a `1` that only numbers a citation is no answer); "" for a refusal."""
    return "" if answer.refused else _MARK.sub("", answer.answer)


def quoted(answer: Answer) -> str:
    """The quotes of all citations, one after the other."""
    return "\n".join(dict.fromkeys(citation.quote for citation in answer.citations))


def violations(answer: Answer, documents: Documents) -> int:
    """How many citations do not quote what stands at their place."""
    return sum(not _holds(c.source, c.start, c.end, c.quote, documents) for c in answer.citations)


def _holds(source: str, start: int, end: int, quote: str, documents: Documents) -> bool:
    try:
        raw = documents.document(source).raw
    except InputError:
        return False
    return bool(quote) and raw[start:end] == quote
