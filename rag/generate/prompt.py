"""What a language model is told: templates in, messages out. Whatever others wrote stands in them as data.

Documents, titles, conversations and earlier statements can hold anything: lines that look like a source of their
own, fences, the marks that a chat template sets between speakers. They are kept within fences that they can't
close, on lines that they can't leave, and those marks are broken up.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..errors import InputError
from ..question.followup import TURNS
from ..text.fold import fold
from ..text.instructions import instructs
from ..text.places import display
from ..text.sentences import split
from ..types import Part
from . import Messages
from .templates import PromptTemplate, load
from .written import NOT_FOUND

Fits = Callable[[Messages], bool]
"""Whether messages, and room for an answer, fit in a model. It may be slow: few are asked."""

MOST_OF_ANSWER = 300  # characters of an earlier answer
MOST_OF_TITLE = 120  # characters

_SAID = {
    "zh": {"from": "出处\uff1a", "unknown": "不详", "asked": "问\uff1a", "answered": "答\uff1a", "failed": "{}\uff08资料里没有\uff1a{}\uff09"},
    "en": {"from": "From: ", "unknown": "unknown", "asked": "Q: ", "answered": "A: ", "failed": "{} (not in the sources: {})"},
}
# `<|im_start|>`, `</s>`, `<start_of_turn>`, `[/INST]`: tokenizers read the marks of chat templates in any text
_SPEAKER = re.compile(r"<(?=[|\uff5c/<!?]|[^\W\d])|\[(?=/?[A-Za-z_]*[A-Z]{3}[A-Za-z_]*\])")
_BROKEN_UP = {"<": "\uff1c", "[": "\uff3b"}


@dataclass(frozen=True, slots=True)
class Passage:
    """Text for a model to answer from, with the title of its document and what else is known `about` that."""

    text: str
    title: str = ""
    about: str = ""

    @classmethod
    def of(cls, text: str, part: Part, language: str) -> Passage:
        """`text` as one of `part`, with the day, publisher, place and period of that in words of `language`."""
        date, period = ("{}发布", "说的是{}年") if language == "zh" else ("published {}", "about {}")
        title, publisher = ("" if said and instructs(fold(said)) else said or "" for said in (part.title, part.publisher))
        known = (
            date.format(part.published) if part.published else "",
            publisher,
            display(part.region) if part.region else "",
            period.format(part.period) if part.period else "",
        )
        return cls(text, title, " · ".join(filter(None, known)))


@dataclass(frozen=True, slots=True)
class Prompt:
    """Messages for a chat model, and how many of the passages (or turns of the conversation) stand in them."""

    messages: Messages
    used: int


def render(question: str, passages: Sequence[Passage], language: str, fits: Fits | None = None) -> Prompt:
    """The prompt that asks a chat model to answer out of `passages`, best first; passage i stands as source [i + 1].

    The last ones are left out until it `fits`; where not even the first one does, that ends after one of its
    sentences. `language` is "zh" or "en". Raises InputError where not one sentence fits, ConfigError for a template
    that is wrong (`rag.generate.templates.load`).
    """
    template = load("answer", language)
    values = {"question": _line(question), "not_found": NOT_FOUND[language]}
    return _with_sources(template, values, passages, language, fits)


def render_repair(
    question: str, passages: Sequence[Passage], language: str, failed: Sequence[tuple[str, str]], fits: Fits | None = None
) -> Prompt:
    """The prompt that asks once more for statements that were not proved; otherwise as `render`.

    `failed` are pairs of a statement and what in it the sources don't say: `("举办招聘会150场。", "数字 150场")`.
    """
    template = load("repair", language)
    said = _SAID[language]["failed"]
    listed = (f"{n}. {said.format(_line(text), _line(what))}" for n, (text, what) in enumerate(failed, 1))
    values = {"question": _line(question), "failed": _fence("\n".join(listed)), "not_found": NOT_FOUND[language]}
    return _with_sources(template, values, passages, language, fits)


def render_rewrite(question: str, history: Sequence[tuple[str, str]], language: str, fits: Fits | None = None) -> Prompt:
    """The prompt that asks for `question` as one that stands by itself, after the (question, answer) pairs of `history`.

    Of those the last six, the oldest left out until it `fits`; an answer is cut to 300 characters. Raises as `render`.
    """
    template = load("rewrite", language)
    said = _SAID[language]
    turns = [
        f"{said['asked']}{_line(asked)}\n{said['answered']}{_shortened(_line(answer), MOST_OF_ANSWER)}"
        for asked, answer in history[-TURNS:]
    ]

    def make(count: int) -> Messages:
        return template.fill({"question": _line(question), "history": _fence("\n".join(turns[len(turns) - count :]))})

    prompt = _most(len(turns), make, fits)
    if prompt is None:
        raise InputError("the question and the turn before it are more than the model can hold; ask it anew, in one short question")
    return prompt


def _with_sources(
    template: PromptTemplate, values: dict[str, str], passages: Sequence[Passage], language: str, fits: Fits | None
) -> Prompt:
    def make(kept: Sequence[Passage]) -> Messages:
        return template.fill({**values, "sources": "\n\n".join(_source(n, p, language) for n, p in enumerate(kept, 1))})

    prompt = _most(len(passages), lambda count: make(passages[:count]), fits)
    if prompt is None and passages:
        first = passages[0]
        ends = [end for _, end in split(first.text)] or [0]
        shorter = _most(len(ends), lambda count: make([Passage(first.text[: ends[count - 1]], first.title, first.about)]), fits)
        prompt = shorter and Prompt(shorter.messages, 1)
    if prompt is None:
        raise InputError(
            "the model can't hold the question with its rules and one sentence of the sources; ask a shorter question, "
            "set generator_tokens lower, or choose a model with a longer context (generator_context)"
        )
    return prompt


def _most(total: int, make: Callable[[int], Messages], fits: Fits | None) -> Prompt | None:
    """The prompt that `make` gives for all of `total`, else for as many (at least one) as fit; None where none do."""
    whole = make(total)
    if fits is None or fits(whole):
        return Prompt(whole, total)
    count = bisect_left(range(1, total), True, key=lambda n: not fits(make(n)))
    return Prompt(make(count), count) if count else None


def _source(number: int, passage: Passage, language: str) -> str:
    """A passage under its number: what is known of the document in the first line, then a blank one, then the text.

    The header is always there, first and on one line, so that nothing in a title or a text can pass for another.
    """
    said = _SAID[language]
    title = _shortened(_line(passage.title), MOST_OF_TITLE)
    header = " · ".join(filter(None, (title, _line(passage.about)))) or said["unknown"]
    data = _fence(f"{said['from']}{header}\n\n{_plain(passage.text.strip())}")
    return f"[{number}]\n{data}"


def _fence(text: str) -> str:
    """Set `text` between lines of backticks, more of them than it holds anywhere in a row."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text}\n{fence}"


def _plain(text: str) -> str:
    """`text` with the marks broken up by which a chat template tells speakers apart."""
    return _SPEAKER.sub(lambda mark: _BROKEN_UP[mark[0]], text)


def _line(text: str) -> str:
    """`text` on one line."""
    return _plain(" ".join(text.split()))


def _shortened(text: str, most: int) -> str:
    """Whole sentences of `text`, at most so many characters; the beginning of the first where that is longer."""
    if len(text) <= most:
        return text
    end = max((end for _, end in split(text) if end <= most), default=0)
    return text[:end] if end else f"{text[: most - 1]}…"
