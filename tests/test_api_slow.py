"""Clients that are slow or go away, at a real server: none of them keeps a worker from the others."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from rag.ui.api import events

from . import ui_doubles as world
from .api_kit import HELD, HeldBot, metric, served, service, soon


@pytest.fixture
def bot() -> HeldBot:
    return HeldBot()


@pytest.fixture
def address(bot: HeldBot) -> Iterator[str]:
    """One worker and one place to wait, so that whoever holds them is noticed."""
    with served(service(bot, ask_at_once=1, ask_waiting=1, body_seconds=1)) as address:
        yield address


def connect(address: str, *, window: int | None = None) -> socket.socket:
    host, _, port = address.removeprefix("http://").partition(":")
    made = socket.socket()
    if window:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    made.settimeout(20)
    made.connect((host, int(port)))
    return made


def post(question: str, *extra: str, path: str = "/api/ask") -> bytes:
    body = json.dumps({"question": question}).encode()
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}", *extra, "", ""]
    return "\r\n".join(lines).encode() + body


def answers(address: str) -> bool:
    """Whether someone else gets an answer."""
    return httpx.post(f"{address}/api/ask", json={"question": world.QUESTION}, timeout=20).status_code == 200


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_whoever_goes_away_frees_the_worker(address, bot, accept):
    gone = connect(address)
    gone.sendall(post(HELD, f"Accept: {accept}"))
    soon(lambda: bot.running == 1)
    gone.close()
    soon(lambda: bot.running == 0)
    assert bot.stopped == 1
    assert answers(address)


def test_whoever_goes_away_while_waiting_is_never_begun(address, bot):
    first, second = connect(address), connect(address)
    first.sendall(post(HELD))
    soon(lambda: bot.running == 1)
    second.sendall(post(HELD))
    soon(lambda: metric(httpx.get(f"{address}/metrics").text, "zhiyin_questions_waiting") == 1)
    second.close()
    soon(lambda: metric(httpx.get(f"{address}/metrics").text, "zhiyin_questions_waiting") == 0)
    bot.go.set()
    assert b"200 OK" in first.recv(4096)
    first.close()
    assert bot.started == 1
    soon(lambda: metric(httpx.get(f"{address}/metrics").text, 'zhiyin_requests_total{method="POST",path="/api/ask",status="499"}') == 1)


def test_slow_bodies_hold_nobody_up_and_are_given_up(address):
    slow = [connect(address) for _ in range(40)]
    for one in slow:
        one.sendall(post(world.QUESTION)[:-10])
    assert answers(address)
    for one in slow:
        reply = one.recv(65536)
        assert reply.startswith(b"HTTP/1.1 408 ") and b"connection: close" in reply.lower()
        one.close()
    assert answers(address)


def test_a_body_broken_off_is_not_served(address, bot):
    cut = connect(address)
    cut.sendall(post(world.QUESTION)[:-10])
    time.sleep(0.1)
    cut.close()
    assert answers(address)
    assert [question for question, _ in bot.calls] == [world.QUESTION]


def test_whoever_does_not_read_holds_no_worker_and_is_given_up(address, bot, monkeypatch):
    monkeypatch.setattr(events, "STALLED", 0.5)
    long = "很长的回答" * 1_000_000
    whole = world.FACT_ANSWER
    bot._answers[HELD + "?"] = type(whole)(whole.question, long, statements=whole.statements, citations=whole.citations)
    deaf = connect(address, window=4096)
    deaf.sendall(post(HELD + "?", "Accept: text/event-stream"))
    soon(lambda: metric(httpx.get(f"{address}/metrics").text, "zhiyin_answers_total") == 1)
    figures = httpx.get(f"{address}/metrics").text
    assert metric(figures, "zhiyin_questions_answering") == 0  # the worker is done, though nothing is read
    assert metric(figures, "zhiyin_requests_in_flight") == 2
    assert answers(address)
    soon(lambda: metric(httpx.get(f"{address}/metrics").text, "zhiyin_requests_in_flight") == 1)
    deaf.close()
