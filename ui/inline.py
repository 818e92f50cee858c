"""Statements as HTML with their citation marks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rag.types import Statement

from .escape import text
from .texts import label

_MARK = re.compile(r"\s*\[(\d{1,3})\]")
_STOPS = "。.!?;\uff01\uff1f\uff1b"


@dataclass(frozen=True, slots=True)
class Marker:
    """Draws the marks of one turn, for those citations that are `known`."""

    turn: int
    known: frozenset[int]

    def marks(self, numbers: Iterable[int]) -> str:
        """A mark for each of these citations."""
        return "".join(
            f'<button type="button" class="mark" data-open="t{self.turn}c{n}" {label("mark", n=n)}>{n}</button>'
            for n in numbers
            if n in self.known
        )

    def statement(self, statement: Statement) -> str:
        """The statement with its marks: where it says `[1]` itself, there; else before its last stop."""
        written = {int(n) for n in _MARK.findall(statement.text)} & set(statement.citations)
        out: list[str] = []
        at = 0
        for match in _MARK.finditer(statement.text):
            if int(match[1]) in written:
                out += (text(statement.text[at : match.start()]), self.marks((int(match[1]),)))
                at = match.end()
        rest = statement.text[at:].rstrip()
        missing = [n for n in statement.citations if n not in written]
        body = rest.rstrip(_STOPS)
        return "".join([*out, text(body), self.marks(missing), text(rest[len(body) :])])


def bare(value: str) -> str:
    """The words alone, without marks and the last stop."""
    return _MARK.sub("", value).strip().rstrip(_STOPS)
