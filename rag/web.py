"""What every page of this machine stands behind: whose requests are served, how much is read, which headers go back.

A page of another site can neither reach a service by a name of its own (Host, against DNS rebinding) nor post to it
(Origin). Plain ASGI, since a wrapped response class would hold back streams.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from .errors import ConfigError
from .messages import tr

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_log = logging.getLogger("zhiyin.web")
LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")
MAX_BODY = 256 * 1024  # bytes
BODY_SECONDS = 30.0  # longest that a body may take to arrive


class Fence:
    """Wraps an ASGI app that answers to the names `hosts` (None: to any).

    A service with rules of its own overrides `policy`, `trusts`, `refusal`, `limits` or `outgoing`.
    """

    def __init__(self, app: App, *, hosts: Iterable[str] | None = LOCAL_HOSTS) -> None:
        self._app = app
        self._hosts = None if hosts is None else frozenset(hosts)

    def policy(self, nonce: str, path: str) -> dict[str, str]:
        """The headers of a response to a request for `path`; `nonce` is new for each."""
        return security_headers(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
            "base-uri 'none'; form-action 'none'"
        )

    def trusts(self, origin: str, path: str) -> bool:
        """Whether pages of another site may post to `path`."""
        return False

    def refusal(self, scope: Scope) -> tuple[int, str] | None:
        """The status and reason with which a request is turned away; None for one to serve."""
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get(b"host", "")
        if self._hosts is not None and _hostname(host) not in self._hosts:
            return 421, f"this service does not answer to the name {host[:80]!r}"
        origin = headers.get(b"origin")
        foreign = origin is not None and urlsplit(origin).netloc != host and not self.trusts(origin, scope["path"])
        if foreign and scope["method"] not in ("GET", "HEAD"):
            return 403, "requests from other sites are not accepted"
        return None

    def limits(self, scope: Scope) -> tuple[int, float]:
        """The most bytes of a request's body, and the seconds in which it has to arrive.

        A negative number leaves the body to the app, which must then bound both itself.
        """
        return MAX_BODY, BODY_SECONDS

    def outgoing(self, scope: Scope, send: Send, nonce: str) -> Send:
        """What the app's response goes through."""
        return send

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        if scope["type"] != "http":
            return
        nonce = secrets.token_urlsafe(16)
        reply = _Reply(send, self.policy(nonce, scope["path"]))
        refusal = self.refusal(scope)
        if refusal is None and scope["method"] in ("POST", "PUT", "PATCH"):
            most, seconds = self.limits(scope)
        else:
            most, seconds = -1, 0.0
        if most >= 0:
            try:
                # read here, on the event loop: a slow sender holds a socket and no thread
                async with asyncio.timeout(seconds):
                    body = await _read(receive, most)
            except TimeoutError:
                refusal = 408, f"the request took longer than {seconds:g} s to arrive; send it again"
            else:
                if body is None:  # the sender has gone: nobody is there to answer
                    return
                receive = replay(body, receive)
                if len(body) > most:
                    refusal = 413, f"the request is larger than {most // 1024} KiB; send less"
        if refusal is not None:
            await _error(reply.send, *refusal)
            return
        try:
            await self._app(scope, receive, self.outgoing(scope, reply.send, nonce))
        except Exception:
            _log.exception("%s %s failed", scope["method"], scope["path"])
            if not reply.started:
                await _error(reply.send, 500, "something went wrong; the log of the service says what")


def security_headers(content: str, ancestors: str = "'none'") -> dict[str, str]:
    """The headers of every response: the content policy `content`, and who may frame the page."""
    headers = {
        "content-security-policy": f"{content}; object-src 'none'; frame-ancestors {ancestors}",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
    }
    if ancestors == "'none'":
        headers |= {"x-frame-options": "DENY", "cross-origin-resource-policy": "same-origin"}
    return headers


def listen(host: str, port: int) -> socket.socket:
    """Bind a socket. Raises ConfigError for an address or port that can't be had, with the reason."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, proto)
    except OSError as error:
        raise ConfigError(tr(f"不能监听 {host}：{error}", f"can't listen on {host}: {error}")) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise ConfigError(
            tr(
                f"{host} 的端口 {port} 不能用（{error.strerror}），请用 --port 换一个。",
                f"port {port} of {host} can't be used ({error.strerror}); choose another with --port",
            )
        ) from error
    return listener


def serve_app(app: Any, listener: socket.socket) -> None:
    """Serve an ASGI app on a bound socket until interrupted."""
    import uvicorn

    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", server_header=False, proxy_headers=False, access_log=False)
    )
    server.run(sockets=[listener])


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


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


async def _read(receive: Receive, most: int) -> bytes | None:
    """The body, or a little more than `most` bytes of it; None where the sender went away in the middle."""
    body = bytearray()
    while len(body) <= most:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return bytes(body)


def replay(body: bytes, receive: Receive) -> Receive:
    """Give a body that was read already once more, then whatever else comes."""
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
    headers = {"content-type": "application/json"}
    if status == 408:  # the rest of that request would be taken for the next one
        headers["connection"] = "close"
    await reply(send, status, body, headers)


async def reply(send: Send, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    """Send a whole response; its length is added to the headers."""
    sent = {"content-length": str(len(body)), **headers}
    await send({"type": "http.response.start", "status": status, "headers": [(n.encode(), v.encode()) for n, v in sent.items()]})
    await send({"type": "http.response.body", "body": body})
