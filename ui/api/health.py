"""`/healthz`: the process is alive. `/readyz`: it has an index and can answer."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse

from rag.config import Settings
from rag.errors import ZhiyinError

from ..ports import Answerer
from ..who import who
from . import schema


def add(app: FastAPI, bot: Answerer, settings: Settings) -> None:
    """Add both routes."""

    @app.get("/healthz", tags=["service"], summary="Alive?", responses=schema.HEALTHZ)
    async def alive() -> dict[str, str]:
        """Answers as long as the process does."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["service"], summary="Ready?", responses=schema.READYZ)
    async def ready(request: Request) -> JSONResponse:
        """Ready once an index is loaded. How many documents there are is for administrators alone."""
        try:
            library = await asyncio.to_thread(lambda: bot.snapshot)
        except ZhiyinError as error:
            return JSONResponse({"status": "not ready", "error": str(error)}, 503)
        about = {"status": "ready", "generation": library.generation, "embedder": settings.embedder}
        if who(request).admin:
            about["documents"] = len(library.sources())  # type: ignore[assignment]
        return JSONResponse(about)
