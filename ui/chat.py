"""The chat window: Gradio carries events and sessions, `render` draws, `static/app.js` moves the panel."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from rag.errors import ZhiyinError

from . import frame, render, texts
from .examples import suggest
from .limits import CONTEXT_TURNS, KEPT_TURNS, MAX_QUESTION
from .ports import Answerer, Library
from .render import Turn

_log = logging.getLogger("zhiyin.ui")
_FRAME = 0.08  # seconds between two pictures of a growing answer
_SAMPLED = 12  # documents that examples are taken from
_SHOWN = 4  # examples
_TRYING = 2.0  # seconds to find examples that are answered

FONTS = (
    "PingFang SC",
    "Microsoft YaHei",
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "system-ui",
    "sans-serif",
)
# Elements never carry handlers of their own; a click anywhere becomes one event that names what was meant.
_ON_LOAD = """
element.addEventListener('click', (event) => {
  const chip = event.target.closest('[data-question]');
  if (chip) trigger('select', {question: chip.dataset.question});
  if (event.target.closest('[data-action="new"]')) trigger('clear', {});
});
"""


def theme() -> Any:
    """Gradio's plainest theme in system fonts; given as plain names, they are never fetched."""
    mono = ("ui-monospace", "Consolas", "monospace")
    return gr.themes.Base(font=list(FONTS), font_mono=list(mono))


def build(bot: Answerer) -> Any:
    """Build the page over `bot`. Each browser session holds its own turns."""
    head = _Head(bot)
    with gr.Blocks(title="知引 Zhiyin", analytics_enabled=False, fill_width=True) as page:
        turns = gr.State([])
        top = gr.HTML(head.header, elem_id="top", apply_default_css=False, js_on_load=_ON_LOAD)
        log = gr.HTML(head.welcome, elem_id="log", apply_default_css=False, js_on_load=_ON_LOAD)
        with gr.Row(elem_id="ask"):
            box = gr.Textbox(
                elem_id="box",
                show_label=False,
                label=texts.TEXTS["ask"][0],
                placeholder=texts.TEXTS["ask"][0],
                lines=1,
                max_lines=6,
                max_length=MAX_QUESTION,
                autofocus=True,
                submit_btn=True,
                container=False,
                html_attributes=gr.InputHTMLAttributes(autocomplete="off"),
            )
        gr.HTML(f"<p>{texts.both('foot')}</p>", elem_id="foot", apply_default_css=False, js_on_load=None)
        hidden: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        conversation = _Conversation(bot)
        typed = box.submit(conversation.ask, [box, turns], [log, turns, box], concurrency_limit=8, **hidden)
        chosen = log.select(conversation.choose, [turns], [log, turns, box], concurrency_limit=8, **hidden)
        box.stop(conversation.stop, [turns], [log, turns, box], cancels=[typed, chosen], **hidden)
        top.clear(head.restart, None, [log, turns, box], cancels=[typed, chosen], **hidden)
    page.queue(max_size=64, default_concurrency_limit=8)
    return page


class _Head:
    """What the page shows before the first question."""

    def __init__(self, bot: Answerer) -> None:
        self._bot = bot
        self._examples: tuple[str, list[str]] = ("", [])  # of which generation

    def header(self) -> str:
        try:
            sources = self._bot.snapshot.sources()
        except ZhiyinError:
            return frame.header(None)
        return frame.header(
            len(sources), list(dict.fromkeys(r.split("/")[0] for s in sources for r in s.regions))
        )

    def welcome(self) -> str:
        try:
            library = self._bot.snapshot
            if self._examples[0] != library.generation:
                self._examples = (library.generation, _examples(self._bot, library))
        except ZhiyinError:
            return frame.welcome(())
        return frame.welcome(self._examples[1])

    def restart(self) -> tuple[str, list[Turn], Any]:
        return self.welcome(), [], gr.update(value="", submit_btn=True, stop_btn=False)


def _examples(bot: Answerer, library: Library) -> list[str]:
    """Choose questions about the loaded documents that the bot does answer, trying for `_TRYING` seconds."""
    sources = [s for s in library.sources() if s.parts]
    step = max(1, len(sources) // _SAMPLED)
    candidates = suggest(
        (library.part(s.source, 0) for s in sources[: step * _SAMPLED : step]), limit=4 * _SHOWN
    )
    until = time.monotonic() + _TRYING
    answered: list[str] = []
    for question in candidates:
        if len(answered) == _SHOWN or time.monotonic() > until:
            break
        if not bot.ask(question).refused:
            answered.append(question)
    return answered


class _Conversation:
    """The events of one page; all that a session knows travels in its turns."""

    def __init__(self, bot: Answerer) -> None:
        self._bot = bot

    def choose(self, turns: list[Turn], event: gr.EventData) -> Iterator[tuple[Any, ...]]:
        question = getattr(event, "question", "")
        yield from self.ask(question if isinstance(question, str) else "", turns)

    def ask(self, question: str, turns: list[Turn]) -> Iterator[tuple[Any, ...]]:
        question = question.strip()
        if not question:
            yield gr.skip(), gr.skip(), gr.skip()
            return
        before = turns[-KEPT_TURNS:]
        said = history(before)
        turn = Turn(turns[-1].number + 1 if turns else 1, question[:MAX_QUESTION], history=tuple(said))
        if len(question) > MAX_QUESTION:
            values = {"count": len(question), "limit": MAX_QUESTION}
            turn = replace(
                turn,
                error=(texts.plain("too_long", "zh", **values), texts.plain("too_long", "en", **values)),
                done=True,
            )
            yield _picture([*before, turn], working=False)
            return
        yield _picture([*before, turn], working=True)
        shown = time.monotonic()
        try:
            for answer in self._bot.stream(question, said):
                turn = replace(turn, answer=answer)
                if time.monotonic() - shown >= _FRAME:
                    yield _picture([*before, turn], working=True)
                    shown = time.monotonic()
        except ZhiyinError as error:
            turn = replace(turn, error=(str(error), str(error)))
        except Exception:
            _log.exception("a question could not be answered")
            turn = replace(turn, error=texts.TEXTS["failed_more"])
        yield _picture([*before, replace(turn, done=True)], working=False)

    def stop(self, turns: list[Turn]) -> tuple[Any, ...]:
        if turns and not turns[-1].done:
            turns = [*turns[:-1], replace(turns[-1], answer=None, error=texts.TEXTS["stopped"], done=True)]
        return _picture(turns, working=False)


def history(turns: list[Turn]) -> list[tuple[str, str]]:
    """Return the last answered turns as (question, answer), the short answer where there is one."""
    answered = [
        (t.question, t.answer.short or t.answer.answer) for t in turns if t.done and t.answer is not None
    ]
    return answered[-CONTEXT_TURNS:]


def _picture(turns: list[Turn], *, working: bool) -> tuple[Any, ...]:
    box = gr.update(value="", submit_btn=not working, stop_btn=working)
    return render.conversation(turns), turns, box
