"""What a language model did for an answer: its statements apart from the reader's, and what is told of its work."""

from __future__ import annotations

import re
from dataclasses import replace

from rag.compose import marked
from rag.types import Answer, Statement

from .inline import bare
from .texts import plain

_MARK = re.compile(r"\[(\d{1,3})\]")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_BETWEEN = " \t\n。.!?;,、\uff0c\uff01\uff1f\uff1b"


def growing(answer: Answer) -> bool:
    """Whether a language model may still add to it."""
    return answer.written is not None and answer.written.state == "writing"


def by_model(answer: Answer) -> tuple[Statement, ...]:
    """The statements that a language model wrote."""
    return tuple(s for s in answer.statements if s.generated) if answer.written else ()


def by_reader(answer: Answer) -> Answer:
    """The answer without what a language model wrote, in its statements and in its text."""
    written = by_model(answer)
    if not written:
        return answer
    read = tuple(s for s in answer.statements if not s.generated)
    own = {bare(line) for s in read for line in s.text.split("\n")}
    foreign = sorted((bare(s.text) for s in written), key=len, reverse=True)

    def kept(line: str) -> bool:
        rest = _MARK.sub("", line)
        for sentence in foreign:
            rest = rest.replace(sentence, "")
        return bare(line) in own or bool(rest.strip(_BETWEEN))

    return replace(answer, answer="\n".join(line for line in answer.answer.split("\n") if kept(line)), statements=read)


def counts(answer: Answer) -> list[tuple[str, int]]:
    """How many of its statements were left out and put right, as keys of `texts` with a number; none while it writes."""
    if answer.written is None or growing(answer):
        return []
    return [(key, n) for key, n in (("cut", answer.written.cut), ("repaired", answer.written.repaired)) if n]


def lines(answer: Answer, language: str) -> list[str]:
    """The answer as lines of text with their marks, what a language model wrote of it under a line that says so."""
    read = by_reader(answer)
    out = [line for line in read.answer.split("\n") if line.strip()]
    written = answer.written
    if written is None:
        return out
    if statements := by_model(answer):
        out += [plain("written_by", language, model=written.model), *map(_line, statements)]
    out += [written.note] if written.note else []
    return [*out, *(plain(key, language, n=n) for key, n in counts(answer))]


def cut_short(answer: Answer | None, why: str) -> Answer | None:
    """What was proved until a language model was stopped at its work; None where none was at work on it.

    Its state is then `late`, and its note the text `why` in the question's language: the reader's answer is whole,
    what the model did not come to write is not.
    """
    if answer is None or answer.written is None or not growing(answer):
        return None
    language = "zh" if _CHINESE.search(answer.question) else "en"
    return replace(answer, written=replace(answer.written, state="late", note=plain(why, language)))


def _line(statement: Statement) -> str:
    """The statement with those of its marks that its text does not have."""
    there = {int(n) for n in _MARK.findall(statement.text)}
    missing = [n for n in statement.citations if n not in there]
    return marked(statement.text, missing, "en") if missing else statement.text
