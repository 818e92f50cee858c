"""Logging in and out: a page for people, `/api/session` for the embedded chat."""

from __future__ import annotations

import math
from html import escape
from typing import Any
from urllib.parse import parse_qs, quote

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from rag.errors import ZhiyinError

from ..texts import plain
from ..who import Person
from . import single
from .audit import AuditLog
from .gate import cookie_name, cookie_of, peer_of
from .oidc import Oidc
from .paths import local_path
from .sessions import Session, SessionStore
from .throttle import Throttle
from .tickets import TicketError
from .ways import Ways

HASHING = 2  # passwords that are looked at at the same time: each takes 128 MiB
_PROBLEMS = ("oidc_down", "oidc_again", "oidc_refused")  # that a redirect may name
_MOST_FORM = 8192  # bytes


def add(app: FastAPI, ways: Ways, store: SessionStore, throttle: Throttle, log: AuditLog) -> None:
    """Add the routes."""
    doors = _Doors(ways, store, throttle, log)
    hidden: dict[str, Any] = {"include_in_schema": False}
    if ways.login:
        app.get("/login", **hidden)(doors.page)
        app.post("/login", **hidden)(doors.enter)
    if ways.oidc is not None:
        single.add(app, ways.oidc, ways, store, log)
    app.get("/logout", **hidden)(doors.leaving)
    app.post("/logout", **hidden)(doors.leave)
    app.post("/api/session", tags=["service"], summary="Exchange a host page's ticket for a token")(doors.exchange)
    app.delete("/api/session", tags=["service"], summary="Log out")(doors.leave_by_token)


class _Doors:
    """The routes over one store of sessions."""

    def __init__(self, ways: Ways, store: SessionStore, throttle: Throttle, log: AuditLog) -> None:
        self._ways, self._store, self._throttle, self._log = ways, store, throttle, log
        self._hashing = CapacityLimiter(HASHING)

    def page(self, request: Request) -> Response:
        """The login page; says so where the OpenID provider can't be reached, or a login there came to nothing."""
        problem = request.query_params.get("problem", "")
        if self._ways.oidc is not None and not single.reachable(self._ways.oidc):
            problem = "oidc_down"
        return self._form(request, local_path(request.query_params.get("next", "")), problem if problem in _PROBLEMS else "")

    async def enter(self, request: Request) -> Response:
        """Look at what was typed; a session of a new name where it is right, the old one ends."""
        body = await request.body()
        form = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True) if len(body) <= _MOST_FORM else {}
        user, secret = (form.get(key, [""])[-1] for key in ("user", "secret"))
        user = user.strip()[:200]
        target = local_path(form.get("next", [""])[-1])
        peer = peer_of(request.scope)
        wait = self._throttle.wait(peer, user)
        if wait:
            return self._form(request, target, "login_throttled", 429, {"retry-after": str(math.ceil(wait))})
        session = await self._proved(user, secret)
        if session is None:
            self._throttle.failed(peer, user)
            await self._note(Person(f"user:{user}" if user else "token"), "login_failed", 401)
            return self._form(request, target, "login_wrong", 401)
        self._throttle.succeeded(peer, user)
        before = cookie_of(request, self._ways)
        if before:
            await run_in_threadpool(self._store.end, before)
        name = await run_in_threadpool(self._store.start, session)
        await self._note(session.person, "login", 303)
        reply = RedirectResponse(target, 303, headers={"cache-control": "no-store"})
        cookie = cookie_name(request, self._ways)
        reply.set_cookie(cookie, name, max_age=int(self._ways.hours * 3600), path="/", httponly=True, samesite="lax", secure=cookie.startswith("__Host-"))
        return reply

    async def _proved(self, user: str, secret: str) -> Session | None:
        ways = self._ways
        expires = self._store.clock() + ways.hours * 3600
        if user:
            found = None if ways.users is None else await to_thread.run_sync(ways.users.check, user, secret, limiter=self._hashing)
            return Session("user", found.person, found.stamp, expires) if found else None
        if ways.token is not None and ways.token.check(secret):
            return Session("token", ways.token.person, ways.token.stamp, expires)
        return None

    def leaving(self, request: Request) -> Response:
        """A page with a button: a link of another page can't log anybody out."""
        return _page(request, "logout", f'<form method="post" action="logout"><button>{_word(request, "logout")}</button></form>')

    async def leave(self, request: Request) -> Response:
        """End the session of the cookie, then that at the OpenID provider where it began there.

        To a script the address to go to is told as JSON.
        """
        address = await self._after(request.state.session)
        await self._end(request, request.state.session)
        kept = {"cache-control": "no-store"}
        script = "application/json" in request.headers.get("accept", "")
        reply: Response = JSONResponse({"to": address}, headers=kept) if script else RedirectResponse(address, 303, headers=kept)
        reply.delete_cookie(cookie_name(request, self._ways), path="/", httponly=True, samesite="lax", secure=self._ways.secure)
        return reply

    async def _after(self, name: str | None) -> str:
        here = "login" if self._ways.login else "./"
        session = await run_in_threadpool(self._store.find, name) if name else None
        oidc = self._ways.oidc
        if session is None or session.way != "oidc" or oidc is None:
            return here
        return await run_in_threadpool(oidc.provider.logout, f"{oidc.address}/login") or here

    async def leave_by_token(self, request: Request) -> dict[str, bool]:
        """End the session of the token that was sent."""
        return {"ended": await self._end(request, request.state.session)}

    async def _end(self, request: Request, name: str | None) -> bool:
        if not name:
            return False
        await run_in_threadpool(self._store.end, name)
        await self._note(request.state.person, "logout", 200)
        return True

    async def exchange(self, request: Request) -> JSONResponse:
        """`Authorization: Bearer TICKET` and `{"origin"}` of the host page give `{"token", "expires_in"}`, once for each ticket."""
        tickets, peer = self._ways.tickets, peer_of(request.scope)
        if tickets is None:
            return JSONResponse({"error": "this service takes no tickets"}, 404)
        wait = self._throttle.wait(peer)
        if wait:
            return JSONResponse({"error": "too many tickets that did not hold; try again later"}, 429, {"retry-after": str(math.ceil(wait))})
        try:
            ticket = tickets.read(_bearer(request), await _origin(request))
            if not await run_in_threadpool(self._store.use, ticket.once, ticket.expires):
                raise TicketError("the ticket was used before")
        except TicketError as error:
            self._throttle.failed(peer)
            await self._note(Person("jwt"), "ticket_failed", 401)
            return JSONResponse({"error": str(error)}, 401, {"www-authenticate": 'Bearer realm="Zhiyin"'})
        name = await run_in_threadpool(self._store.start, Session("ticket", ticket.person, "", ticket.expires))
        await self._note(ticket.person, "login", 200)
        left = max(0, math.floor(ticket.expires - self._store.clock()))
        return JSONResponse({"token": name, "expires_in": left, "name": ticket.person.name}, headers={"cache-control": "no-store"})

    async def _note(self, person: Person, action: str, status: int) -> None:
        try:
            await run_in_threadpool(self._log.note, person.id, action, status=status)
        except ZhiyinError:
            self._log.lost(action)

    def _form(self, request: Request, target: str, problem: str = "", status: int = 200, headers: dict[str, str] | None = None) -> Response:
        def word(key: str) -> str:
            return _word(request, key)

        oidc = self._ways.oidc
        told = f'<p role="alert">{escape(plain(problem, _language(request), name=_called(request, oidc)))}</p>' if problem else ""
        link = (
            f'<a class="button" href="login/oidc?next={quote(target, safe="")}">'
            f'{escape(plain("login_oidc", _language(request), name=_called(request, oidc)))}</a>'
            if oidc is not None
            else ""
        )
        if not self._ways.typed:
            return _page(request, "login", f'<div class="form">{told}{link}</div>', status, headers)
        user = (
            f'<label>{word("login_user")}<input name="user" autocomplete="username" autofocus></label>' if self._ways.users is not None else ""
        )
        key = "login_password" if self._ways.token is None else "login_token" if self._ways.users is None else "login_either"
        body = (
            f'<form method="post" action="login">{told}{user}'
            f'<label>{word(key)}<input name="secret" type="password" autocomplete="current-password" required></label>'
            f'<input type="hidden" name="next" value="{escape(target)}"><button>{word("login")}</button></form>'
        )
        either = f'<div class="form">{link}<p class="or">{word("login_or")}</p></div>' if link else ""
        return _page(request, "login", either + body, status, headers)


def _called(request: Request, oidc: Oidc | None) -> str:
    """What the provider is called in a sentence."""
    return (oidc.name if oidc is not None else "") or plain("login_single", _language(request))


def _page(request: Request, title: str, body: str, status: int = 200, headers: dict[str, str] | None = None) -> HTMLResponse:
    language = _language(request)
    page = (
        f'<!doctype html><html lang="{"zh-CN" if language == "zh" else "en"}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f'<title>{_word(request, title)} · 知引 Zhiyin</title><link rel="icon" href="ui/static/favicon.png"><link rel="stylesheet" href="ui/static/login.css"></head>'
        f"<body><main><h1>知引</h1>{body}</main></body></html>"
    )
    return HTMLResponse(page, status, {"cache-control": "no-store", **(headers or {})})


def _language(request: Request) -> str:
    first = request.headers.get("accept-language", "").split(",")[0].strip().lower()
    return "zh" if not first or first.startswith(("zh", "*")) else "en"


def _word(request: Request, key: str) -> str:
    return escape(plain(key, _language(request)))


def _bearer(request: Request) -> str:
    values = request.headers.getlist("authorization")
    scheme, _, given = (values[0] if len(values) == 1 else "").partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        raise TicketError("send the ticket as one header: Authorization: Bearer TICKET")
    return given.strip()


async def _origin(request: Request) -> str:
    """The page that handed the ticket over: what a script of another site can't hide, else what our frame saw."""
    try:
        row = await request.json()
    except (ValueError, RecursionError) as error:
        raise TicketError('send JSON: {"origin": "https://the.host.page"}') from error
    said = row.get("origin") if isinstance(row, dict) else None
    if not isinstance(said, str):
        raise TicketError('send JSON: {"origin": "https://the.host.page"}')
    seen = request.headers.get("origin")
    own = f"://{request.headers.get('host', '')}"
    if seen is not None and not seen.endswith(own) and seen != said:
        raise TicketError("the ticket is for pages of another origin")
    return said
