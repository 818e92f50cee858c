"""Figures about the service for Prometheus: `GET /metrics`, for those who may administer it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI, Request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException
from starlette.responses import Response

from rag.errors import Stopped, ZhiyinError
from rag.types import Answer
from rag.web import App, Message, Receive, Scope, Send

from ..ports import Answerer, History, Library
from ..who import who
from .desk import Desk

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Metrics:
    """The counters of one service, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)  # memory, threads, open files
        self.requests = Counter(
            "zhiyin_requests", "HTTP requests.", ("method", "path", "status"), registry=registry
        )
        self.request_seconds = Histogram(
            "zhiyin_request_seconds", "Time from request to the end of its response.", ("path",),
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self.in_flight = Gauge("zhiyin_requests_in_flight", "HTTP requests being served.", registry=registry)
        self.answers = Counter("zhiyin_answers", "Questions that got a proved answer.", registry=registry)
        self.refusals = Counter(
            "zhiyin_refusals", "Questions that were refused, by reason.", ("reason",), registry=registry
        )
        self.failures = Counter("zhiyin_failures", "Questions that ended in an error.", registry=registry)
        self.answer_seconds = Histogram(
            "zhiyin_answer_seconds", "Time of a worker on a question, its waiting not included.",
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip

    def watch(self, bot: Answerer, desk: Desk) -> None:
        """Show what `bot` and `desk` are at whenever someone looks."""

        def gauge(name: str, about: str, read: Any) -> None:
            Gauge(name, about, registry=self.registry).set_function(read)

        gauge("zhiyin_questions_answering", "Questions that a worker is at.", lambda: desk.answering)
        gauge("zhiyin_questions_waiting", "Questions that wait for a worker.", lambda: desk.waiting)
        gauge("zhiyin_index_generation", "Number of the index in use; NaN for none.", lambda: _generation(bot))

    def answered(self, answer: Answer, seconds: float) -> None:
        """Count an answer or refusal that took `seconds`."""
        self.answer_seconds.observe(seconds)
        if answer.refused:
            self.refusals.labels(answer.reason or "unknown").inc()
        else:
            self.answers.inc()


class Counted:
    """A bot whose streams are counted: people's questions are streamed, the page's own trials are not."""

    def __init__(self, bot: Any, metrics: Metrics) -> None:
        self._bot, self._metrics = bot, metrics

    @property
    def snapshot(self) -> Library:
        """The bot's."""
        found: Library = self._bot.snapshot
        return found

    def ask(self, question: str, history: History = (), **more: Any) -> Answer:
        """The bot's, not counted."""
        answer: Answer = self._bot.ask(question, history, **more)
        return answer

    def stream(self, question: str, history: History = (), **more: Any) -> Iterator[Answer]:
        """The bot's; its end is counted."""
        started = time.perf_counter()
        last: Answer | None = None
        try:
            for last in self._bot.stream(question, history, **more):
                yield last
        except Stopped:
            raise
        except Exception:
            self._metrics.failures.inc()
            raise
        if last is not None:
            self._metrics.answered(last, time.perf_counter() - started)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bot, name)


class Meter:
    """Counts the requests to an ASGI app. Outermost, so that those turned away at the fence count, too."""

    def __init__(self, app: App, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 499  # no answer was begun: the client went away

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = time.perf_counter()
        try:
            with self._metrics.in_flight.track_inprogress():
                await self._app(scope, receive, counted)
        finally:
            # the route's pattern and never the path: names of documents are no label, and labels are kept for ever
            path = getattr(scope.get("route"), "path", "other")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.requests.labels(method, path, status).inc()
            self._metrics.request_seconds.labels(path).observe(time.perf_counter() - started)


def add(app: FastAPI, metrics: Metrics) -> None:
    """Add `GET /metrics`."""

    @app.get(
        "/metrics", tags=["service"], response_class=Response, summary="Figures for Prometheus",
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, 403: {"description": "Not for you."}},
    )  # fmt: skip
    def figures(request: Request) -> Response:
        if not who(request).admin:
            raise HTTPException(403, "figures are for administrators")
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _generation(bot: Answerer) -> float:
    try:
        return float(bot.snapshot.generation)
    except (ZhiyinError, ValueError):
        return float("nan")
