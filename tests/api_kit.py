"""The HTTP interface without the page: a small app, a server on a free port, and a bot that can be held."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import uvicorn
from fastapi import FastAPI

from rag.stopping import check
from rag.types import Answer
from rag.ui import api
from rag.ui.api.errors import handle_errors
from rag.ui.api.metrics import Counted, Meter, Metrics
from rag.ui.demo import CannedBot
from rag.ui.guard import Guard
from rag.ui.who import Person
from rag.web import listen

from . import ui_doubles as world
from .rules_kit import Settings

HELD = "等我放行的问题"


class HeldBot(CannedBot):
    """Gives the comparison step by step and waits at HELD, before each step, until it is let go or stopped.

    `running` counts those that wait, `most` how many did at once, `stopped` those that were stopped.
    """

    def __init__(self) -> None:
        super().__init__(world.library(), world.ANSWERS, world.REFUSAL)
        self.go = threading.Event()
        self.running = self.most = self.started = self.stopped = 0
        self._counting = threading.Lock()

    def stream(self, question, history=(), **more) -> Iterator[Answer]:
        if question != HELD:
            yield from super().stream(question, history, **more)
            return
        with self._counting:
            self.started += 1
            self.running += 1
            self.most = max(self.most, self.running)
        try:
            whole = replace(world.COMPARISON_ANSWER, question=question)
            for n in range(1, len(whole.statements) + 1):
                while not self.go.wait(0.01):
                    check()
                yield whole if n == len(whole.statements) else replace(whole, short=None, statements=whole.statements[:n])
        except BaseException:
            self.stopped += 1
            raise
        finally:
            with self._counting:
                self.running -= 1


class As:
    """Puts a person on every request, as the authentication in front does."""

    def __init__(self, app: object, person: Person | None) -> None:
        self.app, self.person = app, person

    async def __call__(self, scope, receive, send) -> None:
        if self.person is not None:
            scope.setdefault("state", {})["person"] = self.person
        await self.app(scope, receive, send)


def service(bot: object, *, person: Person | None = None, **settings: object) -> FastAPI:
    """The routes for programs behind the fence of the whole service, with these settings."""
    chosen = Settings(**settings)
    app, metrics = FastAPI(openapi_url="/api/openapi.json"), Metrics()
    handle_errors(app)
    api.add(app, Counted(bot, metrics), chosen, metrics)
    app.add_middleware(As, person=person)
    app.add_middleware(Guard, max_body=chosen.body_kb * 1024, body_seconds=chosen.body_seconds)
    app.add_middleware(Meter, metrics=metrics)
    app.state.metrics = metrics
    return app


@contextmanager
def served(app: object) -> Iterator[str]:
    """The app on a free port of this machine; its address without the last slash."""
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1))  # type: ignore[arg-type]
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    soon(lambda: server.started, 60)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()


def soon(true: Callable[[], object], seconds: float = 10) -> None:
    """Wait until `true()` is; fail after `seconds`."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.005)


def metric(text: str, name: str) -> float:
    """The value of a line of Prometheus' text format; 0 for one that is not there."""
    return next((float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(f"{name} ")), 0.0)
