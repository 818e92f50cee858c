"""What stands before every request and after every response: limits, headers, and a short list of open doors.

Plain ASGI, since a wrapped response class would hold back the streams.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_log = logging.getLogger("zhiyin.ui")
LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")
MAX_BODY = 256 * 1024  # bytes

# Gradio serves more than this page uses: uploads, a file proxy, run history, an editor. It stays shut.
_GRADIO = re.compile(
    r"/(?:$|config$|theme\.css$|assets/|static/|favicon\.ico$|manifest\.json$|robots\.txt$"
    r"|gradio_api/(?:queue/(?:join|data)|heartbeat/[^/]+|cancel|reset|startup-events|info)/?$)"
)
_OWN = re.compile(r"/(?:api/|ui/|healthz$|readyz$)")
_FOREIGN_META = re.compile(rb"<meta\s+(?:property|name)=\"(?:og|twitter):[^>]*?/>\s*", re.DOTALL)
_SCRIPT = re.compile(rb"<script(?=[\s>])")


class Guard:
    """Wraps an ASGI app.

    `hosts` are the names it answers to (None for any), `head` goes into the page's head.

    A page of another site can neither reach it by a name of its own (Host) nor post to it (Origin).
    """

    def __init__(
        self,
        app: App,
        *,
        hosts: Iterable[str] | None = LOCAL_HOSTS,
        frame_ancestors: str = "'none'",
        head: str = "",
    ) -> None:
        self._app = app
        self._hosts = None if hosts is None else frozenset(hosts)
        self._ancestors = frame_ancestors
        self._head = head.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        if scope["type"] != "http":
            return
        nonce = secrets.token_urlsafe(16)
        reply = _Reply(send, security_headers(nonce, self._ancestors))
        refusal = self._refusal(scope)
        if refusal is None and scope["method"] in ("POST", "PUT", "PATCH"):
            body = await _read(receive)
            receive = _replay(body, receive)
            if len(body) > MAX_BODY:
                refusal = 413, f"the request is larger than {MAX_BODY // 1024} KiB; send less history"
        if refusal is not None:
            await _error(reply.send, *refusal)
            return
        page = scope["path"] == "/" and scope["method"] == "GET"
        try:
            await self._app(scope, receive, _Page(reply.send, nonce, self._head).send if page else reply.send)
        except Exception:
            _log.exception("%s %s failed", scope["method"], scope["path"])
            if not reply.started:
                await _error(reply.send, 500, "something went wrong; the log of the service says what")

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get(b"host", "")
        if self._hosts is not None and _hostname(host) not in self._hosts:
            return 421, f"this service does not answer to the name {host[:80]!r}"
        origin = headers.get(b"origin")
        if origin is not None and scope["method"] not in ("GET", "HEAD") and urlsplit(origin).netloc != host:
            return 403, "requests from other sites are not accepted"
        path = scope["path"]
        if not (_OWN.match(path) or _GRADIO.match(path)):
            return 404, "there is nothing at this address"
        return None


class _Reply:
    """Sends a response with the headers that every response has."""

    def __init__(self, send: Send, headers: dict[str, str]) -> None:
        self._send = send
        self._extra = [(name.encode(), value.encode()) for name, value in headers.items()]
        self._replaced = {name for name, _ in self._extra} | {b"server"}
        self.started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            kept = [(n, v) for n, v in message.get("headers", []) if n.lower() not in self._replaced]
            message = {**message, "headers": kept + self._extra}
        await self._send(message)


def security_headers(nonce: str, ancestors: str = "'none'") -> dict[str, str]:
    """Return the headers of every response.

    Gradio's HTML component compiles its template in the page, which takes `unsafe-eval`.

    Inline scripts run with this response's nonce alone, so text that slipped into the page still can't run.
    """
    policy = (
        f"default-src 'self'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
        "connect-src 'self'; object-src 'none'; base-uri 'self'; "
        f"form-action 'self'; frame-ancestors {ancestors}"
    )
    headers = {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
    }
    if ancestors == "'none'":
        headers |= {"x-frame-options": "DENY", "cross-origin-resource-policy": "same-origin"}
    return headers


class _Page:
    """Holds the page back until it is whole; gives its scripts the nonce, takes foreign addresses out."""

    def __init__(self, send: Send, nonce: str, head: bytes) -> None:
        self._send, self._nonce, self._head = send, nonce.encode(), head
        self._start: Message = {}
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        if message["type"] != "http.response.body":
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        page = _FOREIGN_META.sub(b"", bytes(self._body))
        page = page.replace(b'lang="en"', b'lang="zh-CN"', 1).replace(b"</head>", self._head + b"</head>", 1)
        page = _SCRIPT.sub(b'<script nonce="' + self._nonce + b'"', page)
        dropped = (b"content-length", b"cache-control")
        headers = [(n, v) for n, v in self._start["headers"] if n.lower() not in dropped]
        headers += [(b"content-length", str(len(page)).encode()), (b"cache-control", b"no-store")]
        await self._send({**self._start, "headers": headers})
        await self._send({"type": "http.response.body", "body": page})


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while len(body) <= MAX_BODY:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            break
    return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _error(send: Send, status: int, message: str) -> None:
    body = json.dumps({"error": message}, ensure_ascii=False).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
