"""Shared by the tests of cleaning."""

from __future__ import annotations

from pathlib import Path

from rag.index.clean import Draft, Rule, clean
from rag.offsets import apply
from rag.types import Document, Part

SEEDS = sorted((Path(__file__).parent.parent / "seeds").glob("*.txt"))


def by(rule: Rule, text: str) -> str:
    """What one rule makes of a text; it must sign its edits with its own name, and change something it names."""
    edits = rule(text)
    assert all(edit.rule == rule.__name__ for edit in edits)
    assert all(text[e.start : e.end] != e.replacement for e in edits)
    return apply(text, edits)


def document(raw: str, source: str = "invented.txt") -> Document:
    return Document(source, raw, "sha256:0")


def cleaned(raw: str) -> list[Part]:
    parts = clean(document(raw))
    for part in parts:
        assert apply(raw, part.edits) == part.clean
    return parts


def text_of(raw: str) -> str:
    """The clean text of a document that is one article."""
    (part,) = cleaned(raw)
    return part.clean


def seed(number: int) -> Document:
    path = SEEDS[number]
    return document(path.read_bytes().decode("utf-8"), path.name)


__all__ = ["SEEDS", "Draft", "by", "cleaned", "document", "seed", "text_of"]
