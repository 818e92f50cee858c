"""The gate: puts a person on every request and WebSocket, and turns away whoever has proved nothing.

Plain ASGI, like the fence around it, so that streams are not held back.
"""

from __future__ import annotations

import json
import math
import re
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from rag.errors import ZhiyinError
from rag.web import App, Receive, Scope, Send, reply

from ..who import Person
from .bound import Bound
from .oidc import CALLBACK, START
from .sessions import SessionStore
from .throttle import Throttle
from .ways import Ways

COOKIE = "zhiyin_session"
SECURE_COOKIE = "__Host-zhiyin_session"
NOBODY = Person("", "", frozenset(), False)
"""Whoever a request to an open path comes from: may read what is open to everyone, changes nothing."""

# Alive or not, logging in, and files that are the same for everyone. Whatever is not listed needs a person.
_OPEN = re.compile(
    r"/(?:healthz|login|embed\.js|embed/static/[^/]+|ui/static/[^/]+|ui/texts\.js"
    r"|theme\.css|favicon\.ico|manifest\.json|robots\.txt|(?:assets|static)/.+)"
)
_SINGLE = frozenset((("GET", START), ("GET", CALLBACK)))  # to the OpenID provider and back; open where there is one
_EXCHANGE = ("POST", "/api/session")  # a ticket is looked at there
_FRAME = "/embed"  # the empty page that asks its host for a ticket; open only where there are tickets
# What stands in the frame elsewhere: the guard puts the frame's script in, which says what is wrong. The login page can't be framed.
_NOBODY_FRAMED = b'<!doctype html><html lang="en" data-nobody><head><meta charset="utf-8"><title>Zhiyin</title></head><body></body></html>'
_LONGEST = 8192  # characters of a credential
_SECRETS = frozenset((b"authorization", b"cookie"))


class Denied(Exception):
    """Nobody in particular. `wait` is in seconds, for one who has tried too often."""

    def __init__(self, why: str, wait: float = 0.0) -> None:
        super().__init__(why)
        self.why, self.wait = why, wait


class Gate:
    """Wraps an ASGI app. `ways` is what counts as a proof, `store` holds the sessions."""

    def __init__(self, app: App, *, ways: Ways, store: SessionStore, throttle: Throttle) -> None:
        self._app, self._ways, self._store, self._throttle = app, ways, store, throttle
        self._bound = Bound()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["person"], state["session"] = NOBODY, None
        if self._is_open(scope.get("method", ""), scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            person = await self._person(scope)
            if person is None:
                raise Denied("log in first")
            receive = await self._bound.check(scope, receive, person.id)
        except Denied as denied:
            await self._turn_away(scope, send, denied)
            return
        except PermissionError as error:
            await _reply(send, scope, 403, {"error": str(error)})
            return
        except ZhiyinError as error:
            await _reply(send, scope, 503, {"error": str(error)})
            return
        state["person"] = person
        # what is behind needs no secrets, and can't log or show what it does not get
        scope["headers"] = [(n, v) for n, v in scope["headers"] if n.lower() not in _SECRETS]
        await self._app(scope, receive, send)

    def _is_open(self, method: str, path: str) -> bool:
        framed = self._ways.tickets is not None and (path == _FRAME or (method, path) == _EXCHANGE)
        single = self._ways.oidc is not None and (method, path) in _SINGLE
        return framed or single or _OPEN.fullmatch(path) is not None

    async def _person(self, scope: Scope) -> Person | None:
        peer = peer_of(scope)
        if self._ways.proxy is not None:
            person = self._ways.proxy.person(peer, scope["headers"])
            if person is not None:
                return person
        connection = HTTPConnection(scope)
        authorization = connection.headers.getlist("authorization")
        if authorization:
            return await self._bearer(authorization, peer, scope)
        name = cookie_of(connection, self._ways)
        return await self._holder(name, scope) if name else None

    async def _bearer(self, values: list[str], peer: str, scope: Scope) -> Person:
        scheme, _, given = values[0].partition(" ")
        given = given.strip()
        if len(values) != 1 or scheme.lower() != "bearer" or not 0 < len(given) <= _LONGEST:
            raise Denied("send one header: Authorization: Bearer TOKEN")
        wait = self._throttle.wait(peer)
        if wait:
            raise Denied("too many tokens that were wrong; try again later", wait)
        if self._ways.token is not None and self._ways.token.check(given):
            return self._ways.token.person
        person = await self._holder(given, scope)
        if person is None:
            self._throttle.failed(peer)
            raise Denied("this token is unknown or has expired")
        return person

    async def _holder(self, name: str, scope: Scope) -> Person | None:
        scope["state"]["session"] = name  # so that it can be ended
        session = await run_in_threadpool(self._store.find, name)
        return None if session is None else self._ways.holder(session)

    async def _turn_away(self, scope: Scope, send: Send, denied: Denied) -> None:
        if denied.wait:
            await _reply(send, scope, 429, {"error": denied.why}, {"retry-after": str(math.ceil(denied.wait))})
            return
        accept = HTTPConnection(scope).headers.get("accept", "")
        page = scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and "text/html" in accept
        path = scope["path"]
        if page and path == _FRAME and HTTPConnection(scope).headers.get("sec-fetch-dest") == "iframe":
            await reply(send, 401, _NOBODY_FRAMED, {"content-type": "text/html; charset=utf-8", "cache-control": "no-store"})
            return
        if page and self._ways.login:
            target = "/login" if path == "/" else f"/login?next={quote(path)}"
            await _reply(send, scope, 303, {"error": denied.why}, {"location": target, "cache-control": "no-store"})
            return
        await _reply(send, scope, 401, {"error": denied.why}, {"www-authenticate": 'Bearer realm="Zhiyin"', "cache-control": "no-store"})


def cookie_of(connection: HTTPConnection, ways: Ways) -> str | None:
    """The session that a browser's cookie names."""
    name = connection.cookies.get(cookie_name(connection, ways))
    return name if name and len(name) <= _LONGEST else None


def cookie_name(connection: HTTPConnection, ways: Ways) -> str:
    """Over https a name that a browser only takes with Secure, for this host alone and from nobody else."""
    return SECURE_COOKIE if ways.secure or connection.url.scheme in ("https", "wss") else COOKIE


def peer_of(scope: Scope) -> str:
    """The address at the other end of the connection; no header can change it."""
    client = scope.get("client")
    return str(client[0]) if client else ""


async def _reply(send: Send, scope: Scope, status: int, body: dict[str, str], headers: dict[str, str] | None = None) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4401})  # before it was accepted: a 403 to the client
        return
    data = json.dumps(body, ensure_ascii=False).encode()
    await reply(send, status, data, {"content-type": "application/json", **(headers or {})})
