"""The limits on questions hold in the chat window, too: one budget of a person, one line for all."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from rag.ui.api.desk import BusyError
from rag.ui.api.front import TooOftenError
from rag.ui.auth.ways import ways
from rag.ui.chat import Talk, _turned_away
from rag.ui.conversations import ConversationStore
from rag.ui.render import Turn
from rag.ui.server import create_app

from . import ui_doubles as world
from .access_kit import PROXY
from .api_kit import HELD, HeldBot, metric, served, soon
from .rules_kit import Settings

TYPED, CLICKED = 0, 1  # which of the page's events


class Chat:
    """A page without a browser: it puts events into Gradio's queue and reads what comes back."""

    def __init__(self, address: str, session: str, user: str = "") -> None:
        self.client = httpx.Client(base_url=address, headers={"origin": address, **({"x-user": user} if user else {})}, timeout=30)
        self.session = session

    def join(self, data: list[object], index: int, said: object = None) -> str:
        body = {"data": data, "fn_index": index, "session_hash": self.session, "trigger_id": 1, "event_data": said}
        reply = self.client.post("/gradio_api/queue/join", json=body)
        assert reply.status_code == 200, reply.text
        return str(reply.json()["event_id"])

    def told(self) -> str:
        """All that the page gets until the event is over: its last picture."""
        with self.client.stream("GET", "/gradio_api/queue/data", params={"session_hash": self.session}) as events:
            rows = [json.loads(line[5:]) for line in events.iter_lines() if line.startswith("data:")]
        last = next(row for row in reversed(rows) if row["msg"] == "process_completed")
        assert last["success"], last
        return str([row.get("output", {}).get("data") for row in rows])

    def ask(self, question: str) -> str:
        self.join([question, None], TYPED)
        return self.told()

    def click(self, **said: object) -> str:
        self.join([None], CLICKED, said)
        return self.told()

    def program(self, question: str = world.QUESTION) -> int:
        """The same question as a program asks it."""
        return self.client.post("/api/ask", json={"question": question}).status_code


@contextmanager
def window(tmp_path, bot=None, *, proxied: bool = False, **settings) -> Iterator[tuple[str, HeldBot, ConversationStore]]:
    bot = bot or HeldBot()
    store = ConversationStore(tmp_path / "talks.sqlite")
    chosen = Settings(**({**PROXY, "auth_proxies": ("127.0.0.1",)} if proxied else {}), **settings)
    app = create_app(bot, settings=chosen, hosts=None if proxied else ("127.0.0.1",), proofs=ways(chosen, tmp_path), conversations=store)
    with served(app) as address:
        yield address, bot, store


def test_one_budget_for_the_chat_and_for_programs(tmp_path):
    with window(tmp_path, ask_per_minute=2) as (address, bot, store):
        chat = Chat(address, "one")
        assert chat.program() == 200
        assert "118.4" in chat.ask(world.QUESTION)
        told = chat.ask(world.COMPARISON)
        assert "一分钟内问得太多了" in told and "That was too many questions in a minute" in told
        assert any(f"请在 {n} 秒后再试" in told for n in range(1, 61))
        assert chat.program() == 429
        assert [q for q, _ in bot.streamed] == [world.QUESTION] * 2  # nothing was looked for
        [row] = store.all("local")
        assert [t.question for t in store.get("local", row.id).turns] == [world.QUESTION]  # and nothing stored


def test_each_person_has_a_budget_of_their_own(tmp_path):
    with window(tmp_path, proxied=True, ask_per_minute=1) as (address, _, _):
        anna, bert = Chat(address, "a", "anna"), Chat(address, "b", "bert")
        assert "118.4" in anna.ask(world.QUESTION)
        assert "太多" in anna.ask(world.QUESTION)
        assert "太多" in Chat(address, "c", "anna").ask(world.QUESTION)  # another window of hers
        assert anna.program() == 429
        assert "118.4" in bert.ask(world.QUESTION)


def test_every_way_of_asking_in_the_window_counts(tmp_path):
    with window(tmp_path, ask_per_minute=2) as (address, bot, _):
        chat = Chat(address, "one")
        assert "118.4" in chat.click(question=world.QUESTION)
        assert "118.4" in chat.click(do="retry", turn="1")
        told = chat.click(do="retry", turn="1")
        assert "太多" in told and "118.4" in told  # the answer that was there stays
        told = chat.click(do="retry", turn="2")
        assert 'id="t2"' in told and 'id="t3"' not in told and "118.4" in told  # and a refusal makes room for the next
        assert "太多" in chat.click(do="edit", turn="1", question=world.COMPARISON)
        assert len(bot.streamed) == 2
        chat.click(do="filters", filters={"sources": [], "regions": [], "years": [2023]})  # what asks nothing is free


def test_one_line_for_all_and_the_chat_says_when_it_is_full(tmp_path):
    with window(tmp_path, ask_at_once=1, ask_waiting=1) as (address, bot, _):
        first, second, third = (Chat(address, name) for name in "abc")
        first.join([HELD, None], TYPED)
        soon(lambda: bot.running == 1)
        second.join([world.QUESTION, None], TYPED)
        soon(lambda: metric(first.client.get("/metrics").text, "zhiyin_questions_waiting") == 1)
        told = third.ask(world.QUESTION)
        assert "现在提问的人太多" in told and "秒后再试" in told
        assert third.program() == 503
        bot.go.set()
        assert "118.4" in second.told() and "重庆更多" in first.told()
        assert "118.4" in third.ask(world.QUESTION)
        assert bot.most == 1


def test_a_question_that_takes_too_long_is_stopped_and_said(tmp_path):
    with window(tmp_path, ask_seconds=1) as (address, bot, _):
        told = Chat(address, "a").ask(HELD)
        assert "用的时间太长" in told and "took longer than a question may" in told
        soon(lambda: bot.running == 0)


def test_a_question_that_is_stopped_frees_its_place(tmp_path):
    with window(tmp_path, ask_at_once=1, ask_waiting=0) as (address, bot, _):
        chat = Chat(address, "a")
        event = chat.join([HELD, None], TYPED)
        soon(lambda: bot.running == 1)
        assert chat.program() == 503
        reader = threading.Thread(target=lambda: chat.client.get("/gradio_api/queue/data", params={"session_hash": "a"}), daemon=True)
        reader.start()
        reply = Chat(address, "a").client.post("/gradio_api/cancel", json={"session_hash": "a", "fn_index": TYPED, "event_id": event})
        assert reply.status_code == 200
        soon(lambda: bot.running == 0 and bot.stopped == 1)
        soon(lambda: chat.program() == 200)


@pytest.mark.parametrize("refused", [TooOftenError(12.3), BusyError(13)])
def test_being_turned_away_takes_no_answer_away(refused):
    answered = Turn(1, "q", world.FACT_ANSWER, done=True)
    failed = Turn(2, "q", None, done=True, error=("否", "no"))
    new = Turn(9, "again")
    kept = _turned_away(Talk("a", turns=(answered,)), new, refused, instead=True).turns
    assert [t.number for t in kept] == [1, 2] and kept[0] is answered and "13" in kept[1].error[0] and "13" in kept[1].error[1]
    kept = _turned_away(Talk("a", turns=(answered, failed)), new, refused, instead=True).turns
    assert [(t.number, t.question) for t in kept] == [(1, "q"), (2, "again")]
    kept = _turned_away(Talk("a", turns=(answered, failed)), new, refused, instead=False).turns
    assert [t.number for t in kept] == [1, 2, 3]
    assert _turned_away(Talk("a"), new, refused, instead=False).turns[0].number == 1
