"""One FastAPI app: the chat page, the JSON interface, and nothing that asks another host for anything."""

from __future__ import annotations

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
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from rag import __version__
from rag.config import Settings, home
from rag.errors import InputError
from rag.feedback import FILE, FeedbackStore, parse
from rag.web import LOCAL_HOSTS

from . import api, library, reading, suggestions, talks
from .api.errors import handle_errors
from .api.metrics import Counted, Meter, Metrics
from .auth.setup import log_in
from .auth.ways import Ways, ways
from .conversations import FILE as CONVERSATIONS
from .conversations import ConversationStore
from .embed import pages as embedding
from .embed.cors import Cors
from .embed.origins import parse_origins
from .guard import Guard
from .ports import Answerer

STATIC = Path(__file__).parent / "static"


def create_app(
    bot: Answerer,
    *,
    settings: Settings,
    hosts: Iterable[str] | None = LOCAL_HOSTS,
    feedback: FeedbackStore | None = None,
    proofs: Ways | None = None,
    conversations: ConversationStore | None = None,
) -> FastAPI:
    """Build the whole service over `bot`.

    `hosts` are the host names it answers to (None for any); `feedback` is where verdicts go (this home's store).
    `proofs` are the ways of logging in (what the settings say); without any, whoever comes is `LOCAL`.
    """
    import gradio as gr

    from .chat import build, theme

    app = FastAPI(
        title="Zhiyin", version=__version__, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json"
    )
    handle_errors(app)
    metrics = Metrics()
    proofs = ways(settings, home()) if proofs is None else proofs
    if proofs:
        bot = log_in(app, bot, settings, proofs, home())
    bot = Counted(bot, metrics)
    front = api.add(app, bot, settings, metrics)
    _judging(app, feedback or FeedbackStore(home() / FILE))
    reading.add(app, bot)
    kept = conversations or ConversationStore(home() / CONVERSATIONS)
    talks.add(app, bot, kept)
    suggestions.add(app, bot)
    library.add(app, bot, settings, home())
    framed = parse_origins("embed_origins", settings.embed_origins)
    calling = parse_origins("cors_origins", settings.cors_origins)
    embedding.add(app, framed)
    app.mount("/ui/static", StaticFiles(directory=STATIC), name="static")

    @app.api_route(
        "/api/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False
    )
    @app.api_route(
        "/v1/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False
    )
    def nothing(request: Request) -> None:
        raise HTTPException(404, f"there is nothing at {request.url.path[:80]}")

    gr.mount_gradio_app(
        app,
        build(front, kept),
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
    app.add_middleware(Cors, origins=calling)
    app.add_middleware(
        Guard, hosts=None if hosts is None else tuple(hosts), embed_origins=framed, cors_origins=calling, head=_head(),
        login_paths=proofs.paths, login_origins=proofs.oidc.provider.origins if proofs.oidc else (),
        max_body=settings.body_kb * 1024, body_seconds=settings.body_seconds,
    )  # fmt: skip
    app.add_middleware(Meter, metrics=metrics)  # outermost
    return app


def _head() -> str:
    """Link the page's own stylesheet and scripts, stamped so that a browser never runs old ones."""
    stamp = str(max(int(p.stat().st_mtime) for p in STATIC.iterdir()))
    return (
        f'<link rel="stylesheet" href="./ui/static/app.css?{stamp}"><script src="./ui/texts.js"></script>'
        f'<script src="./ui/static/app.js?{stamp}"></script><script src="./ui/static/talks.js?{stamp}"></script>'
        f'<script src="./ui/static/library.js?{stamp}"></script>'
        f'<script src="./ui/static/swap.js?{stamp}"></script>'
    )


def _judging(app: FastAPI, store: FeedbackStore) -> None:
    @app.post("/api/feedback", tags=["feedback"], summary="Judge an answer", **api.schema.feedback())
    async def judge(request: Request) -> dict[str, str]:
        verdict = parse(_json(await request.body()))
        return {"id": await run_in_threadpool(store.add, verdict)}

    @app.delete("/api/feedback/{name}", tags=["feedback"], summary="Take a verdict back")
    def withdraw(name: str) -> dict[str, bool]:
        return {"removed": store.remove(name)}


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InputError(f"the request is not JSON: {error}") from error
