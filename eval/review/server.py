"""The review page over HTTP, on this machine alone: one page, its two files, and a few JSON routes."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from rag.errors import InputError, StoreError, ZhiyinError
from rag.web import Fence

from . import reading
from .desk import Desk
from .ledger import Conflict
from .texts import texts

STATIC = Path(__file__).parent / "static"
_CODES = ((Conflict, 409), (InputError, 422), (StoreError, 503))


class _Files(StaticFiles):
    """The page's files; a browser asks each time whether they are still the same."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = "no-cache"
        return response


def create_app(desk: Desk) -> FastAPI:
    """Build the service over `desk`; it answers to this machine's own names alone."""
    app = FastAPI(title="Zhiyin review", docs_url=None, redoc_url=None, openapi_url=None)
    _errors(app)
    _pages(app)
    _looking(app, desk)
    _deciding(app, desk)
    app.mount("/static", _Files(directory=STATIC), name="static")
    app.add_middleware(Fence)
    return app


def _errors(app: FastAPI) -> None:
    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse({"error": str(error.errors()[0]["msg"])}, 422)

    @app.exception_handler(HTTPException)
    async def failed(_: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": str(error.detail)}, error.status_code)

    @app.exception_handler(ZhiyinError)
    async def known(_: Request, error: ZhiyinError) -> JSONResponse:
        code = next((code for kind, code in _CODES if isinstance(error, kind)), 500)
        return JSONResponse({"error": str(error)}, code)


def _pages(app: FastAPI) -> None:
    @app.get("/")
    def page() -> HTMLResponse:
        words = {name: escape(text) for name, text in texts().items()}
        html = Template((STATIC / "review.html").read_text(encoding="utf-8"))
        return HTMLResponse(html.substitute(words), headers={"cache-control": "no-store"})

    @app.get("/texts.js")
    def script() -> Response:
        words = json.dumps(texts(), ensure_ascii=False)
        return Response(
            f"window.reviewTexts = {words};",
            media_type="text/javascript",
            headers={"cache-control": "no-store"},
        )

    @app.get("/favicon.ico")
    def icon() -> Response:
        return Response(status_code=204)


def _looking(app: FastAPI, desk: Desk) -> None:
    @app.get("/api/queue")
    def queue() -> dict[str, Any]:
        return desk.queue()

    @app.get("/api/kinds")
    def kinds() -> list[dict[str, Any]]:
        return desk.kinds()

    @app.get("/api/candidates/{key}")
    def candidate(key: str) -> dict[str, Any]:
        return desk.candidate(key)

    @app.get("/api/documents")
    def documents(q: str = "") -> list[dict[str, Any]]:
        return reading.documents(desk.bot.snapshot, q[:200])

    @app.get("/api/passages")
    def passages(q: str, first: str = "") -> dict[str, Any]:
        return reading.passages(desk.bot.snapshot, q[:200], first=first)

    @app.get("/api/document")
    def document(source: str, at: int = 0) -> dict[str, Any]:
        return reading.stretch(desk.bot.snapshot, source, at)


def _deciding(app: FastAPI, desk: Desk) -> None:
    def post(path: str, act: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        async def route(request: Request) -> dict[str, Any]:
            return await run_in_threadpool(act, _body(await request.body()))

        app.post(path)(route)

    post("/api/ask", lambda b: desk.ask(b.get("question"), b.get("history")))
    post("/api/skip", lambda b: desk.decide(_key(b), "skip"))
    post("/api/drop", lambda b: desk.decide(_key(b), "drop"))
    post("/api/undo", lambda b: desk.undo(_key(b) if "key" in b else None))
    post(
        "/api/accept",
        lambda b: desk.accept(_key(b), b.get("row"), b.get("evidence"), confirmed=b.get("confirmed") is True),
    )


def _body(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InputError(f"the request is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise InputError("the request should be a JSON object")
    return value


def _key(body: dict[str, Any]) -> str:
    key = body.get("key")
    if not isinstance(key, str):
        raise InputError("key should be that of a candidate")
    return key
