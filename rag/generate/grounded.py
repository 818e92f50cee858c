"""A language model's answer, held to the proof: each statement verified as it is written, put right once, or cut."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from ..errors import OutOfTime, Stopped, ZhiyinError
from ..stopping import check as check_wanted
from ..stopping import condition
from ..verify.check import plainly, wording
from ..verify.proving import failures, prove
from . import CHARACTERS, Generator, Messages
from .prompt import Passage, Prompt, render, render_repair
from .written import declines, statements

if TYPE_CHECKING:
    from ..question.terms import Matcher
    from ..read import View

MOST_STATEMENTS = 40
REPEATS = 3  # times that a model may say the same before it counts as caught in a loop
EAGER = 50  # a text is looked at again after it grew by this part of itself: often enough to be shown, seldom enough to be cheap
MOST_REPAIRED = 8  # statements that it is asked to put right

# what can't be seen, or changes how what stands after it is shown
_UNSEEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u0300-\u036f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\u20d0-\u20ff\u2600-\u27bf"
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffd\ud800-\udfff\U0001f000-\U0001faff\U000e0000-\U000e0fff]"
)

_STOPS = re.compile("[。！？!?.\n\\]］】〕]")
_OPEN_MARK = re.compile(r"[\[［【〔][^\]］】〕\n]{0,16}$")
_FINISHED = re.compile("[。！？!?.”」』’》）)\\]］】〕]\\s*$")

_log = logging.getLogger("zhiyin.grounded")


class Held(Enum):
    """What became of a statement: kept, known already, proved but not about the question (so far), not proved."""

    KEPT, KNOWN, ASIDE, UNPROVED = range(4)


class Grounded(NamedTuple):
    """A statement of the model and the sentences that prove it."""

    text: str
    views: tuple[View, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """What is proved so far. `state` is one of `Written`'s; the last draft's is not "writing"."""

    state: str = "writing"
    statements: tuple[Grounded, ...] = ()
    cut: int = 0
    repaired: int = 0


@dataclass(frozen=True, slots=True)
class Task:
    """What a model is asked: the question, its language, and the passages, each with the views of its sentences."""

    question: str
    language: str
    passages: Sequence[Passage]
    views: Sequence[Sequence[View]]


@dataclass(slots=True)
class Grounding:
    """One model's work on one task.

    `bears` says whether proved sentences are about what was asked, given those that are kept so far. `entails`, where
    there is an NLI model, has the last word on a statement and its sentences.
    """

    generator: Generator
    matcher: Matcher
    bears: Callable[[Sequence[View], Sequence[Grounded]], bool]
    entails: Callable[[str, Sequence[View]], bool] | None = None
    tokens: int = 400  # most that it may write, each time it is asked
    seconds: float = 60.0  # longest that it may take in all
    _kept: list[Grounded] = field(default_factory=list)
    _aside: list[Grounded] = field(default_factory=list)  # proved; whether they bear on the question is not known yet
    _said: dict[str, int] = field(default_factory=dict)

    def drafts(self, task: Task) -> Iterator[Draft]:
        """Growing drafts; the last is whole. Raises Stopped where nobody waits any more, and no other error of a model.

        A statement is held against what it cites, then against the other passages. Those that nothing proves are sent
        back once, with what is wrong with them; what is still not proved then is cut.
        """
        until = time.monotonic() + self.seconds
        failed: list[tuple[str, tuple[int, ...]]] = []
        repaired = 0
        state = "done"
        try:
            prompt = render(task.question, task.passages, task.language, self._fits)
            for text, numbers in self._written(prompt, until):
                if plainly(text) and declines(text):
                    state = "declined"  # it may still go on, after thinking aloud
                    continue
                held = self._held(text, numbers, task)
                if held is Held.KEPT:
                    yield self._draft("writing", failed, repaired)
                elif held is Held.UNPROVED:
                    failed.append((text, numbers))
            if failed and state == "done":
                left = len(self._aside)
                for text, numbers in self._written(self._again(task, failed), until):
                    if repaired < len(failed) and not declines(text) and self._held(text, numbers, task) is Held.KEPT:
                        repaired += 1
                        yield self._draft("writing", failed, repaired)
                del self._aside[left:]  # it counts as what it was to put right
        except OutOfTime:
            state = "late"
        except Stopped:
            raise
        except ZhiyinError as error:
            _log.warning("the language model %r failed: %s", self.generator.name, error)
            state = "failed"
        if state == "declined" and self._kept:
            state = "done"
        if state == "done" and not self._kept:
            state = "unproved" if self._said else "failed"  # it wrote nothing, or only what it thought
        yield self._draft(state, failed, repaired)

    def _draft(self, state: str, failed: Sequence[object], repaired: int) -> Draft:
        return Draft(state, tuple(self._kept), len(failed) - repaired + len(self._aside), repaired)

    def _again(self, task: Task, failed: Sequence[tuple[str, tuple[int, ...]]]) -> Prompt:
        told = [(text, self._wrong(text, numbers, task)) for text, numbers in failed[:MOST_REPAIRED]]
        return render_repair(task.question, task.passages, task.language, told, self._fits)

    def _wrong(self, text: str, numbers: Sequence[int], task: Task) -> str:
        found = failures(text, numbers, task.views, self.matcher)
        return "\u3001".join(dict.fromkeys(failure.text for failure in found[:4]))

    def _held(self, text: str, numbers: Sequence[int], task: Task) -> Held:
        """Hold a statement against the passages. One that makes clear what others are about takes these with it."""
        if wording(text) in {wording(known.text) for known in (*self._kept, *self._aside)}:
            return Held.KNOWN
        views = prove(text, numbers, task.views, self.matcher)
        if not views or (self.entails is not None and not self.entails(text, views)):
            return Held.UNPROVED
        if not self.bears(views, self._kept):
            self._aside.append(Grounded(text, views))
            return Held.ASIDE
        self._kept.append(Grounded(text, views))
        while found := [g for g in self._aside if self.bears(g.views, self._kept)]:
            self._aside = [g for g in self._aside if g not in found]
            self._kept += found
        return Held.KEPT

    def _fits(self, messages: Messages) -> bool:
        context = self.generator.context
        return context is None or self.generator.count(messages) + self.tokens <= context

    def _written(self, prompt: Prompt, until: float) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Statements in the order of writing, each as soon as the next one begins. Raises OutOfTime, ModelError."""
        wanted = condition()

        def stop() -> bool:
            return time.monotonic() > until or (wanted is not None and wanted())

        pieces = self.generator.stream(prompt.messages, max_tokens=self.tokens, stop=stop)
        try:
            for text, numbers in settled(self._checked(pieces, until), self.tokens):
                seen = self._said[text] = self._said.get(text, 0) + 1
                if seen >= REPEATS or len(self._said) > MOST_STATEMENTS:
                    return
                if seen == 1:
                    yield text, numbers
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()

    def _checked(self, pieces: Iterable[str], until: float) -> Iterator[str]:
        """`pieces` without what can't be seen. What was cut off by the clock, or by who asked, ends with an error."""
        length = 0
        for piece in pieces:
            yield _UNSEEN.sub("", piece)
            length += len(piece)
            if length > self.tokens * CHARACTERS:
                return
        check_wanted()  # cut off in the middle, a sentence may say what it was not going to say
        if time.monotonic() > until:
            raise OutOfTime(f"{self.generator.name!r} took longer than {self.seconds:g} s; give it more time with generator_seconds")


def settled(pieces: Iterable[str], tokens: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The statements of a text that arrives in `pieces`, each once nothing can be added to it any more.

    A last one that looks cut off, at the limit of `tokens`, is left out.
    """
    text, told, ended, looked, thought = "", 0, False, 0, False
    for piece in pieces:
        text += piece
        ended = ended or bool(_STOPS.search(piece))
        if not thought and "</think>" in text:
            told, thought = 0, True  # what was told before was thought, and is none of its statements
        if not ended or (len(text) - looked) * EAGER < len(text):
            continue
        looked, found = len(text), statements(_OPEN_MARK.sub("", text))
        if len(found) > told + 1:
            yield from found[told:-1]
            told, ended = len(found) - 1, bool(_STOPS.search(piece))
    found = statements(text)
    whole = len(text) * 3 < tokens or bool(_FINISHED.search(text))  # a character is three tokens at most
    yield from found[told:] if whole else found[told:-1]
