"""What is served for the chat in other pages: `/embed.js`, the frame `/embed`, and `/embed/setup`, which writes the snippet."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from rag.web import security_headers

from ..who import who
from .setup import preview_page, setup_page

PAGE = "/embed"
SCRIPT = "/embed.js"
SETUP = "/embed/setup"
PREVIEW = "/embed/preview"
STATIC = Path(__file__).parent / "static"
_FRESH = 300  # seconds that a browser keeps the script: a new release reaches every page within that
# pages of our own that need nothing of what Gradio needs
_STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; frame-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'"
)


def add(app: FastAPI, origins: Sequence[str]) -> None:
    """Add the routes; `origins` are those that may frame the chat. Before Gradio is mounted at the root."""
    app.router.routes.append(Route(PAGE, _Shell(app), methods=["GET"], include_in_schema=False))
    app.mount("/embed/static", StaticFiles(directory=STATIC), name="embed")

    @app.get(SCRIPT, include_in_schema=False)
    def script() -> FileResponse:
        # no-cors requests of other origins: what may not use it learns so from the frame that stays shut
        return FileResponse(
            STATIC / "embed.js",
            media_type="text/javascript; charset=utf-8",
            headers={"cache-control": f"public, max-age={_FRESH}"},
        )

    @app.get(SETUP, include_in_schema=False)
    def setup(request: Request) -> HTMLResponse:
        if not who(request).admin:
            raise HTTPException(403, "only an administrator may open this page")
        return HTMLResponse(setup_page(origins), headers={"cache-control": "no-store"})

    @app.get(PREVIEW, include_in_schema=False)
    def preview() -> HTMLResponse:
        return HTMLResponse(preview_page())


class _Shell:
    """The chat page under a second address; what it may do differs by that address alone."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app.router({**scope, "path": "/", "raw_path": b"/"}, receive, send)


def head(origins: Sequence[str]) -> str:
    """What the framed page has in its head before the chat's own scripts."""
    stamp = str(max(int(p.stat().st_mtime) for p in STATIC.iterdir()))
    return (
        f'<script src="./embed/static/frame.js?{stamp}" data-origins="{escape(" ".join(origins))}"></script>'
        f'<link rel="stylesheet" href="./embed/static/frame.css?{stamp}">'
    )


def headers(path: str, origins: Sequence[str], chat: str) -> dict[str, str] | None:
    """The headers of what is served at `path`; None for what is not of this module. `chat` is the chat's own policy."""
    if path == PAGE:
        return security_headers(chat, " ".join(("'self'", *origins)))
    if path == SCRIPT:  # the one thing that other sites load
        return security_headers(_STRICT) | {"cross-origin-resource-policy": "cross-origin"}
    if path == PREVIEW:
        return security_headers(_STRICT, "'self'")
    return security_headers(_STRICT) if path.startswith(PAGE + "/") else None
