"""Many questions in, one answer a row out, in order; a bad row says so and the run goes on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from .answer import to_dict
from .errors import InputError
from .session import Asks


def parse_history(value: object) -> list[tuple[str, str]]:
    """`[[question, answer], …]` as pairs; None is no history. Raises InputError for anything else."""
    if value is None:
        return []
    if isinstance(value, list) and all(
        isinstance(turn, list) and len(turn) == 2 and all(isinstance(text, str) for text in turn)
        for turn in value
    ):
        return [(question, answer) for question, answer in value]
    raise InputError(f"history should be [[question, answer], …], not {_shown(value)}")


def answer_rows(bot: Asks, lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """For each line `{"id", "question", "history"}` the answer's contract, or `{"id", "error"}`.

    Blank lines are passed over. Only what is wrong with one row is caught; an index or model that fails stops the run.
    """
    for line in lines:
        if text := line.strip("\ufeff \t\r\n"):
            yield _answer(bot, text)


def _answer(bot: Asks, line: str) -> dict[str, Any]:
    name: Any = None
    try:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"not JSON: {error}; the line starts {line[:60]!a}") from error
        if not isinstance(row, dict):
            raise InputError(f'a row should be {{"id", "question", "history"}}, not {_shown(row)}')
        require_utf8(json.dumps(row, ensure_ascii=False))
        if isinstance(row.get("id"), (dict, list)):
            raise InputError("id should be a string, a number or null")
        name = row.get("id")
        question = row.get("question")
        if not isinstance(question, str) or not question.strip():
            raise InputError(f"question should be a text that is not empty, not {_shown(question)}")
        answer = bot.ask(question, parse_history(row.get("history")))
    except InputError as error:
        return {"id": name, "error": str(error)}
    return to_dict(answer) | {"id": name}


def require_utf8(text: str) -> None:
    """Raise InputError for text that can't be written as UTF-8: half of a surrogate pair, or bytes that were none."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"not UTF-8: {error.object[error.start : error.end]!a}") from error


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "…"
