"""Documents taken in and out by administrators, in the window: upload, delete, index again, while answers go on."""

from __future__ import annotations

import asyncio
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from rag.config import Settings
from rag.errors import DocumentError, DocumentTooLarge, NoIndex, StoreError, UnreadableDocument
from rag.messages import tr

from .indexing import Indexer
from .ports import Answerer
from .reading import MissingError
from .uploads import TYPES, check, safe_name
from .who import who

UPLOADS = "uploads"
FILES = "/api/library/files"
"""Bodies of requests to it are read by the route itself, piece by piece."""
_SECONDS = 600.0  # longest that one file may take to arrive
_INCOMING = ".incoming"  # hidden, so that what is half there is never indexed


class Shelf:
    """The folder of uploaded files."""

    def __init__(self, folder: Path, bot: Answerer, max_mb: int) -> None:
        self.folder = folder
        self._bot = bot
        self._max_mb = max_mb
        self.fresh: set[str] = set()  # uploaded since the last build

    def names(self) -> list[str]:
        """Files that were uploaded, by name."""
        if not self.folder.is_dir():
            return []
        return sorted(f.name for f in self.folder.iterdir() if f.is_file() and not f.name.startswith("."))

    async def take(self, given: str, request: Request) -> dict[str, Any]:
        """Keep the body of `request` as a file. Raises a DocumentError that says what is wrong with it."""
        name = safe_name(given)
        if name in self.indexed() and name not in self.names():
            raise UnreadableDocument(
                tr(
                    "索引中已有同名文档，且不是从这里上传的；请改名后再试",
                    "the index holds a document of this name that was not uploaded here; rename the file",
                )
            )
        incoming = self.folder / _INCOMING
        try:
            incoming.mkdir(parents=True, exist_ok=True)
            handle, path = tempfile.mkstemp(dir=incoming)
        except OSError as error:
            raise StoreError(f"can't write to {self.folder}: {error.strerror}") from error
        part = Path(path)
        try:
            await self._receive(request, handle)
            await run_in_threadpool(check, part, name, self._max_mb)
            replaced = name in self.names()
            self.fresh.add(name)
            part.replace(self.folder / name)
        except OSError as error:
            raise StoreError(f"can't write to {self.folder}: {error.strerror}") from error
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
        return {"name": name, "replaced": replaced}

    async def _receive(self, request: Request, handle: int) -> None:
        most = self._max_mb * 1024 * 1024
        size = 0
        with os.fdopen(handle, "wb") as file:
            try:
                async with asyncio.timeout(_SECONDS):
                    async for piece in request.stream():
                        size += len(piece)
                        if size > most:
                            raise DocumentTooLarge(
                                tr(f"文件超过 {self._max_mb} MB", f"the file is larger than {self._max_mb} MB")
                            )
                        await run_in_threadpool(file.write, piece)
            except TimeoutError as error:
                raise UnreadableDocument(tr("上传太慢，已中断", "the upload took too long")) from error

    def drop(self, source: str) -> None:
        """Remove the uploaded file of that name, if there is one. Raises MissingError for an unknown document."""
        if source in self.names():
            (self.folder / source).unlink(missing_ok=True)
        elif source not in self.indexed():
            raise MissingError(f"no document named {source[:200]!r}")

    def unindexed(self) -> list[str]:
        """Uploaded files that the index does not hold: their build was cut off, or failed."""
        names = self.names()
        known = self.indexed() if names else set()
        return [name for name in names if name not in known]

    def indexed(self) -> set[str]:
        """Sources of all documents in the index."""
        try:
            return {s.source for s in self._bot.snapshot.sources()}
        except NoIndex:
            return set()


def add(app: FastAPI, bot: Answerer, settings: Settings, home: Path, *, indexer: Indexer | None = None) -> None:
    """Add the routes to `app`; `indexer` runs the builds (a process of its own for each)."""
    shelf = Shelf(home / UPLOADS, bot, settings.max_file_mb)
    work = indexer or Indexer(
        home, settings, shelf.folder, shelf.names, indexed=shelf.indexed, fresh=shelf.fresh
    )

    @app.get("/api/library", tags=["library"], summary="Uploaded files and the state of indexing")
    def state(request: Request) -> dict[str, Any]:
        if not who(request).admin:
            return {"admin": False}
        limits = {"types": list(TYPES), "max_mb": settings.max_file_mb}
        job = work.state()
        # while a build runs, what it has not come to yet is no news
        unindexed = [] if job["running"] else shelf.unindexed()
        return {"admin": True, "uploads": shelf.names(), "unindexed": unindexed, "job": job, **limits}

    @app.put(FILES, tags=["library"], summary="Upload a file (its bytes are the body)")
    async def upload(request: Request, name: Annotated[str, Query(min_length=1, max_length=1000)]) -> dict[str, Any]:
        _admin(request)
        try:
            return await shelf.take(name, request)
        except DocumentError as error:
            raise HTTPException(413 if isinstance(error, DocumentTooLarge) else 422, str(error)) from error

    @app.delete(FILES, tags=["library"], summary="Take a document out of the index")
    def delete(request: Request, source: Annotated[str, Query(min_length=1, max_length=1000)]) -> dict[str, Any]:
        _admin(request)
        shelf.drop(source)
        return {"job": work.start(remove=source)}

    @app.post("/api/library/index", tags=["library"], summary="Index the uploaded files")
    def index(request: Request) -> dict[str, Any]:
        _admin(request)
        return {"job": work.start()}


def _admin(request: Request) -> None:
    if not who(request).admin:
        raise HTTPException(403, tr("只有管理员可以管理文档", "only administrators may manage documents"))


