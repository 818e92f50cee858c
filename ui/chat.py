"""The chat window: Gradio carries events and sessions, `render` draws, `static/app.js` moves the panel."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
from starlette.concurrency import run_in_threadpool

from rag.errors import ZhiyinError
from rag.question.followup import anchor_of
from rag.retrieve.filters import EVERYTHING, Filters, parse

from . import frame, render, texts, understood
from .api.desk import BusyError, OutOfTimeError
from .api.front import Front, TooOftenError
from .conversations import ConversationStore
from .limits import CONTEXT_TURNS, KEPT_TURNS, MAX_QUESTION
from .ports import Answerer
from .reading import MissingError
from .render import Turn
from .who import TICKET, Person, has_session, scope_for, who
from .written import cut_short

_log = logging.getLogger("zhiyin.ui")
_FRAME = 0.08  # seconds between two pictures of a growing answer
_EVENTS = 40  # of all pages that are handled at the same time, besides questions
_WAITING = 1024  # further ones that wait

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
  const node = event.target.closest('[data-do]');
  if (node) trigger('select', {...node.dataset});
  if (event.target.closest('[data-action="new"]')) trigger('clear', {});
});
document.addEventListener('zhiyin', (event) => {
  if (element.closest('#' + event.detail.to)) trigger(event.detail.do === 'new' ? 'clear' : 'select', event.detail);
});
"""


def theme() -> Any:
    """Gradio's plainest theme in system fonts; given as plain names, they are never fetched."""
    mono = ("ui-monospace", "Consolas", "monospace")
    return gr.themes.Base(font=list(FONTS), font_mono=list(mono))


def build(front: Front, store: ConversationStore | None = None) -> Any:
    """Build the page over the bot and the limits of `front`.

    Conversations go to `store`; without one they last as long as the page.
    """
    head = _Head(front.bot)
    with gr.Blocks(title="知引 Zhiyin", analytics_enabled=False, fill_width=True) as page:
        talk = gr.State(None)
        top = gr.HTML(head.header, elem_id="top", apply_default_css=False, js_on_load=_ON_LOAD)
        log = gr.HTML(frame.welcome(()), elem_id="log", apply_default_css=False, js_on_load=_ON_LOAD)
        with gr.Column(elem_id="ask"):
            bar = gr.HTML(frame.bar(None, EVERYTHING), elem_id="bar", apply_default_css=False, js_on_load=_ON_LOAD)
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
        shown = [log, talk, box, bar]
        conversation = _Conversation(front, store)
        # questions wait at the desk, where those of programs wait, and not in Gradio's queue before it
        # an Enter while an answer is being written waits for its end, instead of being lost
        typed = box.submit(conversation.ask, [box, talk], shown, concurrency_limit=None, trigger_mode="always_last", **hidden)
        chosen = log.select(conversation.choose, [talk], shown, concurrency_limit=None, **hidden)
        narrowed = bar.select(conversation.choose, [talk], shown, concurrency_limit=None, **hidden)
        running = [typed, chosen, narrowed]
        box.stop(conversation.stop, [talk], shown, cancels=running, **hidden)
        top.clear(conversation.restart, None, shown, cancels=running, **hidden)
    page.max_threads = front.desk.places + _EVENTS  # what Gradio takes from its queue at the same time
    page.queue(max_size=_WAITING, default_concurrency_limit=8)
    return page


class _Head:
    """What the page shows before the first question."""

    def __init__(self, bot: Answerer) -> None:
        self._bot = bot

    def header(self, request: gr.Request | None = None) -> str:
        """Draw the top for who asks. Gradio asks once at start, for nobody."""
        if request is None:
            return frame.header(0)
        person = who(request)
        visitor = _visitor(person, request)
        try:
            sources = self._bot.library(scope_for(person)).sources()
        except ZhiyinError:
            return frame.header(None, visitor=visitor)
        regions = list(dict.fromkeys(r.split("/")[0] for s in sources for r in s.regions))
        return frame.header(len(sources), regions, visitor)


def _visitor(person: Person, request: gr.Request) -> frame.Visitor:
    """What the header says of `person`; nothing of the reader of another page, who came with a ticket."""
    if person.id.startswith(TICKET):
        return frame.Visitor()
    return frame.Visitor(person.name, has_session(request), person.admin)


@dataclass(frozen=True, slots=True)
class Talk:
    """What a page holds: whose conversation it is, its name in the store, its turns, and what is searched in."""

    owner: str
    id: str | None = None
    turns: tuple[Turn, ...] = ()
    filters: Filters = EVERYTHING


class _Conversation:
    """The events of one page; all that a session knows travels in its Talk.

    They run on the event loop and send what takes time to other threads, so that a question that waits holds none.
    """

    def __init__(self, front: Front, store: ConversationStore | None) -> None:
        self._front = front
        self._store = store

    async def choose(self, talk: Talk | None, event: gr.EventData, request: gr.Request) -> AsyncIterator[tuple[Any, ...]]:
        """A click: an example, or what its `do` names."""
        said = {key: getattr(event, key, None) for key in ("do", "question", "id", "turn", "kind", "value", "wanted", "filters")}
        talk = _own(talk, who(request))
        do = said["do"]
        if do == "open":
            yield await run_in_threadpool(self._reopen, str(said["id"]), talk, request)
        elif do == "filters":
            yield self._narrow(said["filters"], talk, request)
        elif do in ("retry", "edit", "drop", "swap"):
            turn = next((t for t in talk.turns if str(t.number) == str(said["turn"])), None)
            if turn is None or not turn.done:
                yield (gr.skip(),) * 4
                return
            async for picture in self._again(do, turn, said, talk, request):
                yield picture
        else:
            async for picture in self._ask(str(said["question"] or ""), talk, request):
                yield picture

    async def ask(self, question: str, talk: Talk | None, request: gr.Request) -> AsyncIterator[tuple[Any, ...]]:
        async for picture in self._ask(question, _own(talk, who(request)), request):
            yield picture

    def restart(self, request: gr.Request) -> tuple[Any, ...]:
        talk = Talk(who(request).id)
        return frame.welcome(()), talk, gr.update(value="", submit_btn=True, stop_btn=False), frame.bar(None, EVERYTHING)

    def stop(self, talk: Talk | None, request: gr.Request) -> tuple[Any, ...]:
        talk = _own(talk, who(request))
        if talk.turns and not talk.turns[-1].done:
            proved = cut_short(talk.turns[-1].answer, "model_stopped")
            turn = replace(talk.turns[-1], answer=proved, error=None if proved else texts.TEXTS["stopped"], done=True)
            talk = self._kept(replace(talk, turns=(*talk.turns[:-1], turn)))
        return _picture(talk, working=False)

    def _reopen(self, name: str, talk: Talk, request: gr.Request) -> tuple[Any, ...]:
        person = who(request)
        if self._store is None:
            return (gr.skip(),) * 4
        try:
            found = self._store.get(person.id, name)
        except MissingError:
            return (gr.skip(),) * 4 if talk.turns else self.restart(request)
        except ZhiyinError as error:
            gr.Warning(str(error))
            return (gr.skip(),) * 4
        try:
            readable = {s.source for s in self._front.bot.library(scope_for(person)).sources()}
        except ZhiyinError:
            readable = set()
        turns = tuple(readable_turn(turn, readable) for turn in found.turns[-KEPT_TURNS:])
        return _picture(Talk(person.id, name, turns, talk.filters), working=False)

    def _narrow(self, wanted: object, talk: Talk, request: gr.Request) -> tuple[Any, ...]:
        try:
            talk = replace(talk, filters=parse(wanted))
        except ZhiyinError:
            return (gr.skip(),) * 4
        page = render.conversation(talk.turns) if talk.turns else gr.skip()
        return page, talk, gr.skip(), frame.bar(talk.id, talk.filters)

    async def _again(
        self, do: str, turn: Turn, said: dict[str, Any], talk: Talk, request: gr.Request
    ) -> AsyncIterator[tuple[Any, ...]]:
        """Ask a turn's question once more, as it was or changed: the last one in its place, an earlier one anew."""
        question, alone = turn.question, False
        if do == "edit":
            question = str(said["question"] or "")
        elif do in ("drop", "swap") and turn.answer is not None:
            # what is taken out or changed must not come back from the turns before: they are left out with it
            anchor, whole = anchor_of(turn.history), understood.standing(turn.answer)
            kind, value = str(said["kind"]), str(said["value"])
            if do == "drop":
                question = understood.without(whole, kind, value, anchor=anchor)
            else:
                question = understood.instead(whole, kind, value, str(said["wanted"]), anchor=anchor)
            if question == whole:
                question = ""
            alone = True
        if not question.strip():
            yield (gr.skip(),) * 4
            return
        async for picture in self._ask(question, talk, request, alone=alone, instead=turn is talk.turns[-1]):
            yield picture

    async def _ask(
        self, question: str, talk: Talk, request: gr.Request, *, alone: bool = False, instead: bool = False
    ) -> AsyncIterator[tuple[Any, ...]]:
        """Ask. `alone` leaves out what was said before; `instead` puts the turn in the place of the last one."""
        question = question.strip()
        if not question:
            yield (gr.skip(),) * 4
            return
        before = (talk.turns[:-1] if instead else talk.turns)[-KEPT_TURNS:]
        said = [] if alone else history(before)
        number = before[-1].number + 1 if before else 1
        turn = Turn(number, question[:MAX_QUESTION], history=tuple(said), filters=talk.filters)

        def at(turn: Turn) -> Talk:
            return replace(talk, turns=(*before, turn))

        if len(question) > MAX_QUESTION:
            error = _told("too_long", count=len(question), limit=MAX_QUESTION)
            yield _picture(at(replace(turn, error=error, done=True)), working=False)
            return
        try:
            work = self._front.line_up(request, question, said, talk.filters or None)
        except (TooOftenError, BusyError) as refused:
            yield _picture(_turned_away(talk, turn, refused, instead=instead), working=False)
            return
        try:
            yield await run_in_threadpool(_picture, at(turn), working=True)
            shown, drawn = time.monotonic(), turn
            async for answer in work.steps(_FRAME):
                turn = turn if answer is None else replace(turn, answer=answer)
                if turn is not drawn and time.monotonic() - shown >= _FRAME:
                    yield await run_in_threadpool(_picture, at(turn), working=True, emptied=False)
                    shown, drawn = time.monotonic(), turn
        except OutOfTimeError:
            turn = replace(turn, answer=None, error=texts.TEXTS["out_of_time"])
        except ZhiyinError as error:
            turn = _failed(turn, (str(error), str(error)))
        except Exception:
            _log.exception("a question could not be answered")
            turn = _failed(turn, texts.TEXTS["failed_more"])
        finally:
            work.leave()  # stopped, or the page has gone: nobody waits for it any more
        talk = await run_in_threadpool(self._kept, at(replace(turn, done=True)))
        yield await run_in_threadpool(_picture, talk, working=False, emptied=False)

    def _kept(self, talk: Talk) -> Talk:
        """The talk with the name under which its last turn is stored; a store that fails costs no answer."""
        if self._store is None:
            return talk
        try:
            return replace(talk, id=self._store.keep(talk.owner, talk.id, talk.turns[-1]))
        except ZhiyinError:
            _log.exception("a turn could not be stored")
            return talk


def _failed(turn: Turn, error: tuple[str, str]) -> Turn:
    """The turn with what was proved before the error, or else with the error."""
    proved = cut_short(turn.answer, "model_stopped")
    return replace(turn, error=error) if proved is None else replace(turn, answer=proved)


def _told(key: str, **values: object) -> tuple[str, str]:
    return texts.plain(key, "zh", **values), texts.plain(key, "en", **values)


def _turned_away(talk: Talk, turn: Turn, refused: TooOftenError | BusyError, *, instead: bool) -> Talk:
    """The talk with the question and when it may be asked again: not stored, and in the place of no answer."""
    if isinstance(refused, TooOftenError):
        error = _told("too_often", seconds=max(1, math.ceil(refused.wait)))
    else:
        error = _told("too_busy", seconds=refused.after)
    kept = talk.turns[:-1] if instead and talk.turns[-1].answer is None else talk.turns
    number = kept[-1].number + 1 if kept else 1
    return replace(talk, turns=(*kept[-KEPT_TURNS:], replace(turn, number=number, error=error, done=True)))


def _own(talk: Talk | None, person: Person) -> Talk:
    """The page's talk, as long as it is this person's: a session name can be guessed, a person not."""
    return talk if isinstance(talk, Talk) and talk.owner == person.id else Talk(person.id)


def readable_turn(turn: Turn, sources: Collection[str]) -> Turn:
    """The turn without an answer that cites what its owner may no longer read, or what is gone."""
    answer = turn.answer
    if answer is None:
        return turn
    if any(c.source not in sources for c in answer.citations):
        return replace(turn, answer=None, error=texts.TEXTS["source_gone"])
    kept = tuple(p for p in answer.passages if p.source in sources)
    return replace(turn, answer=replace(answer, passages=kept))


def history(turns: Sequence[Turn]) -> list[tuple[str, str]]:
    """Return the last answered turns as (question, answer): the question as it was completed, the short answer where there is one."""
    answered = [
        (understood.standing(t.answer), t.answer.short or t.answer.answer) for t in turns if t.done and t.answer is not None
    ]
    return answered[-CONTEXT_TURNS:]


def _picture(talk: Talk, *, working: bool, emptied: bool = True) -> tuple[Any, ...]:
    """What is shown of a talk. The box is emptied as a question is taken from it, not under who writes the next."""
    text = {"value": ""} if emptied else {}
    box = gr.update(**text, submit_btn=not working, stop_btn=working)
    return render.conversation(talk.turns), talk, box, frame.bar(talk.id, talk.filters)
