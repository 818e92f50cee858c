"""The files of CMRC 2018, DRCD and SQuAD: SQuAD's nesting, CMRC's original list, or one flat row a question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from rag.errors import InputError

from .files import text_of


class Question(NamedTuple):
    """One question; no `answers` where the paragraph does not answer it (SQuAD 2.0)."""

    id: str
    text: str
    context: str
    answers: tuple[str, ...]


def parse(value: Any, where: str) -> Iterator[Question]:
    """The questions of a file: SQuAD's nesting, CMRC's original list, or one flat row a question.

    Raises InputError, naming the place, for anything else.
    """
    if isinstance(value, dict) and isinstance(value.get("data"), list):
        for article in value["data"]:
            for number, paragraph in enumerate(_list(article, "paragraphs", where)):
                at = f"{where}, paragraph {number}"
                yield from _paragraph(text_of(paragraph, "context", at), _list(paragraph, "qas", at), at)
        return
    for number, row in enumerate(value if isinstance(value, list) else [value], 1):
        at = f"{where}, row {number}"
        if not isinstance(row, dict):
            raise InputError(f"{at}: expected an object, found {row!r:.60}; is this the published file?")
        if "qas" in row:
            yield from _paragraph(text_of(row, "context_text", at), _list(row, "qas", at), at)
        else:
            yield from _paragraph(text_of(row, "context", at), [row], at)


def _paragraph(context: str, qas: Sequence[Any], where: str) -> Iterator[Question]:
    for qa in qas:
        if not isinstance(qa, dict):
            raise InputError(f"{where}: a question should be an object, it is {qa!r:.60}")
        old = "query_id" in qa
        id_ = text_of(qa, "query_id" if old else "id", where)
        text = text_of(qa, "query_text" if old else "question", where)
        answers = (
            () if qa.get("is_impossible") else tuple(_answers(qa.get("answers"), f"{where}, question {id_}"))
        )
        yield Question(id_, text, context, answers)


def _answers(value: Any, where: str) -> Iterator[str]:
    """Texts of `["…"]`, of `[{"text": "…"}]` and of `{"text": ["…"]}`; none for a question without an answer."""
    if isinstance(value, dict):
        value = value.get("text")
    if not isinstance(value, list):
        raise InputError(
            f"{where}: 'answers' should be a list, it is {value!r:.60}; is this the published file?"
        )
    for answer in value:
        text = answer.get("text") if isinstance(answer, dict) else answer
        if not isinstance(text, str):
            raise InputError(f"{where}: an answer should be a text, it is {answer!r:.60}")
        yield text


def _list(value: Any, key: str, where: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    if not isinstance(found, list):
        raise InputError(
            f"{where}: {key!r} should be a list, it is {found!r:.60}; is this the published file?"
        )
    return found
