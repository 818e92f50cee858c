"""Documents that contradict each other, laid out side by side."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.types import Answer, Statement

from .cards import about

# what `rag.asking` writes under such an answer, and how it labels each document's statement
_NOTE = re.compile(r"(?:各份资料说法不一|The documents differ)[^\n]*")
_NAMED = re.compile(r"(?P<lead>[^《\n]*?)\s*《(?P<title>.+?)》(?:\uff1a|:\s?)(?P<value>\S.*)", re.DOTALL)
_ENDS = "。.; \uff1b"


@dataclass(frozen=True, slots=True)
class Account:
    """What one document says; `published` (ISO, as far as known) and `about` (place and period) may be empty."""

    title: str
    value: str
    citations: tuple[int, ...]
    published: str
    about: str


@dataclass(frozen=True, slots=True)
class Dispute:
    """`note` stands above. `groups` are accounts, newest first, each under what they were asked for ("" for one).

    `others` are the answer's statements that no document contradicts.
    """

    note: str
    groups: tuple[tuple[str, tuple[Account, ...]], ...]
    others: tuple[Statement, ...]


def dispute(answer: Answer) -> Dispute | None:
    """The contradicting accounts of an answer; None where its documents agree."""
    note = next((line for line in answer.answer.split("\n") if _NOTE.fullmatch(line)), None)
    if note is None:
        return None
    known = {c.n: c for c in answer.citations}
    groups: dict[str, list[Account]] = {}
    others: list[Statement] = []
    for statement in answer.statements:
        match = _NAMED.fullmatch(statement.text)
        if match is None:
            others.append(statement)
            continue
        cited = next((known[n] for n in statement.citations if n in known), None)
        published, where = (cited.published or "", about(cited)) if cited else ("", "")
        account = Account(match["title"], match["value"].rstrip(_ENDS), statement.citations, published, where)
        groups.setdefault(match["lead"], []).append(account)
    if all(len(accounts) < 2 for accounts in groups.values()):
        return None
    ordered = [(lead, tuple(sorted(rows, key=lambda a: a.published, reverse=True))) for lead, rows in groups.items()]
    return Dispute(note, tuple(ordered), tuple(others))
