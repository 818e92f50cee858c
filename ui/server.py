"""One FastAPI app: the chat page, the JSON interface, and nothing that asks another host for anything."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

# before gradio is imported: it reads these at import
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["GRADIO_RUN_HISTORY"] = "False"
os.environ.setdefault("HF_HUB_OFFLINE", "1")

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from rag.answer import to_dict
from rag.batch import parse_history
from rag.config import Settings, home
from rag.errors import InputError, StoreError, ZhiyinError
from rag.feedback import FILE, FeedbackStore, parse
from rag.web import LOCAL_HOSTS

from . import reading
from .guard import Guard
from .limits import MAX_HISTORY, MAX_QUESTION
from .ports import Answerer
from .reading import MissingError, OutdatedError

STATIC = Path(__file__).parent / "static"


def create_app(
    bot: Answerer,
    *,
    settings: Settings,
    hosts: Iterable[str] | None = LOCAL_HOSTS,
    frame_ancestors: str = "'none'",
    feedback: FeedbackStore | None = None,
) -> FastAPI:
    """Build the whole service over `bot`.

    `hosts` are the host names it answers to (None for any), `frame_ancestors` the pages that may frame it,
    as the directive of that name takes them; `feedback` is where verdicts go (this home's store).
    """
    import gradio as gr

    from .chat import build, theme

    app = FastAPI(title="Zhiyin", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
    _errors(app)
    _asking(app, bot)
    _judging(app, feedback or FeedbackStore(home() / FILE))
    reading.add(app, bot)
    _health(app, bot, settings)
    app.mount("/ui/static", StaticFiles(directory=STATIC), name="static")

    @app.api_route(
        "/api/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False
    )
    def nothing(rest: str) -> None:
        raise HTTPException(404, f"there is nothing at /api/{rest[:80]}")

    gr.mount_gradio_app(
        app,
        build(bot),
        path="/",
        server_name="127.0.0.1",
        theme=theme(),
        footer_links=[],
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        show_error=False,
        enable_monitoring=False,
        favicon_path=str(STATIC / "favicon.png"),
    )
    app.add_middleware(
        Guard, hosts=None if hosts is None else tuple(hosts), frame_ancestors=frame_ancestors, head=_head()
    )
    return app


def _head() -> str:
    """Link the page's own stylesheet and scripts, stamped so that a browser never runs old ones."""
    stamp = str(max(int(p.stat().st_mtime) for p in STATIC.iterdir()))
    return (
        f'<link rel="stylesheet" href="./ui/static/app.css?{stamp}"><script src="./ui/texts.js"></script>'
        f'<script src="./ui/static/app.js?{stamp}"></script>'
    )


def _errors(app: FastAPI) -> None:
    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(x) for x in first["loc"][1:])
        return JSONResponse({"error": f"{where or 'request'}: {first['msg']}"}, 422)

    @app.exception_handler(HTTPException)
    async def failed(_: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": str(error.detail)}, error.status_code)

    @app.exception_handler(ZhiyinError)
    async def known(_: Request, error: ZhiyinError) -> JSONResponse:
        kinds = ((MissingError, 404), (OutdatedError, 409), (InputError, 422), (StoreError, 503))
        return JSONResponse(
            {"error": str(error)}, next((code for kind, code in kinds if isinstance(error, kind)), 500)
        )


def _asking(app: FastAPI, bot: Answerer) -> None:
    @app.post("/api/ask")
    async def ask(request: Request) -> JSONResponse:
        question, history, name = _question(await request.body())
        answer = await run_in_threadpool(bot.ask, question, history)
        return JSONResponse(to_dict(answer) | {"id": name})


def _judging(app: FastAPI, store: FeedbackStore) -> None:
    @app.post("/api/feedback")
    async def judge(request: Request) -> dict[str, str]:
        verdict = parse(_json(await request.body()))
        return {"id": await run_in_threadpool(store.add, verdict)}

    @app.delete("/api/feedback/{name}")
    def withdraw(name: str) -> dict[str, bool]:
        return {"removed": store.remove(name)}


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InputError(f"the request is not JSON: {error}") from error


def _question(body: bytes) -> tuple[str, list[tuple[str, str]], str | int | float | None]:
    row = _json(body)
    if not isinstance(row, dict):
        raise InputError('the request should be {"question", "history"?, "id"?}')
    question, name = row.get("question"), row.get("id")
    if not isinstance(question, str) or not question.strip():
        raise InputError("question should be a text that is not empty")
    if len(question) > MAX_QUESTION:
        raise InputError(f"question has {len(question)} characters; at most {MAX_QUESTION} are taken")
    if not (name is None or isinstance(name, (str, int, float))):
        raise InputError("id should be a string, a number or null")
    history = parse_history(row.get("history"))
    if len(history) > MAX_HISTORY:
        raise InputError(f"history has {len(history)} turns; send the last {MAX_HISTORY}")
    if any("\ud800" <= c <= "\udfff" for c in json.dumps([question, name, history], ensure_ascii=False)):
        raise InputError("the request holds half of a surrogate pair, which is no character")
    return question.strip(), history, name


def _health(app: FastAPI, bot: Answerer, settings: Settings) -> None:
    @app.get("/healthz")
    def alive() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz")
    async def ready() -> JSONResponse:
        try:
            library = await asyncio.to_thread(lambda: bot.snapshot)
        except ZhiyinError as error:
            return JSONResponse({"status": "not ready", "error": str(error)}, 503)
        count = len(library.sources())
        return JSONResponse(
            {
                "status": "ready",
                "generation": library.generation,
                "documents": count,
                "embedder": settings.embedder,
            }
        )
