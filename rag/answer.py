"""An Answer as the JSON that `zhiyin ask --json` and `POST /api/ask` give (`answer.schema.json`)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .types import Answer, Citation, RelatedPassage, Statement, Written


def to_dict(answer: Answer) -> dict[str, Any]:
    """The public contract as plain JSON values; keys in a fixed order, absent values as null."""
    return {
        "id": answer.id,
        "question": answer.question,
        "answer": answer.answer,
        "short": answer.short,
        "refused": answer.refused,
        "reason": answer.reason,
        "statements": [_statement(s) for s in answer.statements],
        "citations": [asdict(c) | {"marks": [list(m) for m in c.marks]} for c in answer.citations],
        "passages": [asdict(p) for p in answer.passages],
        "confidence": None if answer.confidence is None else round(answer.confidence, 3),
        "generation": answer.generation,
        "timing_ms": {name: round(ms, 1) for name, ms in answer.timing_ms.items()},
        "understood": answer.understood,
        "written": asdict(answer.written) if answer.written else None,
    }


def _statement(statement: Statement) -> dict[str, Any]:
    return {"text": statement.text, "citations": list(statement.citations)} | ({"generated": True} if statement.generated else {})


def from_dict(row: dict[str, Any]) -> Answer:
    """The answer that `to_dict` wrote down. Raises KeyError or TypeError for anything else."""
    return Answer(
        id=row["id"],
        written=Written(**row["written"]) if row.get("written") else None,
        question=row["question"],
        answer=row["answer"],
        short=row["short"],
        refused=row["refused"],
        reason=row["reason"],
        statements=tuple(Statement(s["text"], tuple(s["citations"]), s.get("generated", False)) for s in row["statements"]),
        citations=tuple(Citation(**c | {"marks": tuple((a, b) for a, b in c["marks"])}) for c in row["citations"]),
        passages=tuple(RelatedPassage(**p) for p in row["passages"]),
        confidence=row.get("confidence"),
        generation=row["generation"],
        timing_ms=dict(row["timing_ms"]),
        understood=dict(row["understood"]),
    )
