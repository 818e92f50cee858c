"""The list of conversations over HTTP: rename, delete, undo, take along. Each person sees their own alone."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import FastAPI, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from rag.errors import InputError, ZhiyinError

from .chat import readable_turn
from .conversations import Conversation, ConversationStore
from .export import docx, markdown
from .ports import Answerer
from .who import scope_of, who

_KINDS = {
    "md": ("text/markdown; charset=utf-8", markdown),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", docx),
}


def add(app: FastAPI, bot: Answerer, store: ConversationStore) -> None:
    """Add the routes to `app`."""

    @app.get("/api/conversations", tags=["conversations"], summary="List your conversations")
    def listed(request: Request) -> dict[str, Any]:
        rows = store.all(who(request).id)
        return {"conversations": [{"id": r.id, "title": r.title, "changed": r.changed} for r in rows]}

    @app.patch("/api/conversations/{name}", tags=["conversations"], summary="Rename a conversation")
    async def rename(name: str, request: Request) -> dict[str, str]:
        title = _title(await request.body())
        return {"title": await run_in_threadpool(store.rename, who(request).id, name, title)}

    @app.delete("/api/conversations/{name}", tags=["conversations"], summary="Delete a conversation")
    def delete(name: str, request: Request) -> dict[str, bool]:
        store.delete(who(request).id, name)
        return {"deleted": True}

    @app.post("/api/conversations/{name}/restore", tags=["conversations"], summary="Undo a deletion")
    def restore(name: str, request: Request) -> dict[str, bool]:
        store.restore(who(request).id, name)
        return {"deleted": False}

    @app.get("/api/conversations/{name}/export", tags=["conversations"], summary="Take a conversation along")
    def export(
        name: str,
        request: Request,
        kind: Annotated[str, Query(alias="format", pattern="^(md|docx)$")] = "md",
        language: Annotated[str, Query(pattern="^(zh|en)$")] = "zh",
    ) -> Response:
        found = store.get(who(request).id, name)
        media, write = _KINDS[kind]
        body = write(_readable(found, bot, request), language)
        return Response(body, media_type=media, headers={"content-disposition": _attachment(found.title, kind)})


def _readable(found: Conversation, bot: Answerer, request: Request) -> Conversation:
    try:
        sources = {s.source for s in bot.library(scope_of(request)).sources()}
    except ZhiyinError:
        sources = set()
    return replace(found, turns=tuple(readable_turn(t, sources) for t in found.turns))


def _attachment(title: str, kind: str) -> str:
    """RFC 6266, with a plain name for clients that know no other."""
    name = "".join("_" if c in '\\/:*?"<>|' or not c.isprintable() else c for c in title).strip(". ") or "zhiyin"
    return f"attachment; filename=\"zhiyin.{kind}\"; filename*=UTF-8''{quote(f'{name}.{kind}', safe='')}"


def _title(body: bytes) -> str:
    try:
        row = json.loads(body)
        title = row["title"]
        title.encode()
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError) as error:
        raise InputError('the request should be {"title": "…"}') from error
    return str(title)
