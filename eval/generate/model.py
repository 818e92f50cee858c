"""A language model words the question anew; what it writes passes the same filters as a question made by rule."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rag.generate.templates import load
from rag.text.fold import fold
from rag.text.places import find_places

from .make import Candidate
from .standing import content, leaning

if TYPE_CHECKING:
    from rag.generate import Generator

MAX_TOKENS = 120
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_BULLET = re.compile(r"^\s*(?:[-*#>\u2022]+\s*|\d{1,2}[.\u3001)]\s*)*\**")
_LABEL = re.compile(r"^(?:问题|問題|考题|Question)\s*[\d.]*\s*[:\uff1a]\s*", re.IGNORECASE)


def worded(generator: Generator, candidate: Candidate) -> Candidate | None:
    """`candidate` with a question that `generator` wrote; None where that does not pass the filters."""
    text = "".join(generator.stream(messages(candidate), max_tokens=MAX_TOKENS))
    question = first_question(text)
    return replace(candidate, question=question) if question and fits(question, candidate) else None


def messages(candidate: Candidate) -> list[dict[str, str]]:
    """What a chat model is told: the sentence, what it inherits, and the answer to ask for."""
    setting = candidate.setting
    values = {
        "setting": "\uff0c".join(
            str(part) for part in (setting.title, setting.period, setting.region) if part
        ),
        "sentence": " ".join(candidate.sentence.split()),
        "answer": "\u3001".join(candidate.answers[0]),
    }
    return load("question", "zh").fill(values)


def first_question(text: str) -> str | None:
    """The first line of a model's text that asks something, without label, bullet and quotes round it.

    >>> first_question("- \u95ee\u9898\uff1a\u201c2022\u5e74\u57f9\u8bad\u591a\u5c11\u4eba\uff1f\u201d")
    '2022\u5e74\u57f9\u8bad\u591a\u5c11\u4eba\uff1f'
    """
    for line in _THOUGHT.sub("", text).splitlines():
        said = _LABEL.sub("", _BULLET.sub("", line)).strip().strip("*`")
        if len(said) > 1 and said[0] in '\u201c"\u300c' and said[-1] in '\u201d"\u300d':
            said = said[1:-1]
        if said.endswith(("?", "\uff1f")):
            return said
    return None


def fits(question: str, candidate: Candidate) -> bool:
    """Whether a question stands by itself, tells no part of the answer, and invents no number, year or place.

    It has to name the years and places that the question made by rule names, and share words with the sentence.
    """
    plain = fold(question)
    if leaning(question) or any(fold(part) in plain for parts in candidate.answers for part in parts):
        return False
    known = fold(f"{candidate.sentence} {candidate.question}")
    if not set(_NUMBER.findall(plain)) <= set(_NUMBER.findall(known)):
        return False
    ruled = candidate.question
    if set(_YEAR.findall(plain)) != set(_YEAR.findall(fold(ruled))) or _places(question) != _places(ruled):
        return False
    return len(set(content(question)) & set(content(known))) >= 2


def _places(text: str) -> set[str]:
    return {m.region for m in find_places(text) if m.region and m.kind in ("name", "abbr")}
