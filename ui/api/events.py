"""Server-sent events (WHATWG HTML, 9.2): written as they come, given up where nobody reads them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

T = TypeVar("T")
HEARTBEAT = 10.0  # seconds of silence after which a comment is sent, so that proxies keep the connection
STALLED = 30.0  # seconds that a reader may let a full connection stand
RETRY = "retry: 5000\n\n"  # milliseconds before a client that lost the connection asks again
PING = ": still looking\n\n"


class GoneError(Exception):
    """The client closed the connection before its answer was there."""


def event(data: Any, name: str | None = None) -> str:
    r"""One event of JSON data.

    >>> event({"a": 1}, "answer")
    'event: answer\ndata: {"a": 1}\n\n'
    """
    line = json.dumps(data, ensure_ascii=False)  # holds no line break: JSON escapes them
    return f"event: {name}\ndata: {line}\n\n" if name else f"data: {line}\n\n"


class Events(StreamingResponse):
    """Sends `content` until its end, until the client goes, or until it has not read for STALLED seconds."""

    media_type = "text/event-stream"

    def __init__(self, content: AsyncIterator[str]) -> None:
        # X-Accel-Buffering: nginx would hold the events back
        super().__init__(content, headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one client."""
        try:
            await unless_gone(self._write(send), receive)
        except (GoneError, TimeoutError):
            pass
        finally:
            close = getattr(self._content, "aclose", None)
            if close is not None:
                await close()

    async def _write(self, send: Callable[[Message], Awaitable[None]]) -> None:
        async with asyncio.timeout(STALLED):
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for text in self._content:
            body = {"type": "http.response.body", "body": text.encode(), "more_body": True}
            async with asyncio.timeout(STALLED):
                await send(body)
        async with asyncio.timeout(STALLED):
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def unless_gone(work: Awaitable[T], receive: Receive) -> T:
    """What `work` gives. Raises GoneError, with `work` cancelled, where the client goes first."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise GoneError
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
