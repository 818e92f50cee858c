"""Logging in at an OpenID provider: the way there and the way back."""

from __future__ import annotations

import logging
import re
import secrets
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from rag.errors import ZhiyinError

from ..who import Person
from .attempts import SECONDS, Attempt, Attempts
from .audit import AuditLog
from .gate import cookie_name, cookie_of
from .oidc import CALLBACK, START, Oidc
from .paths import local_path
from .provider import LoginRefused, ProviderDown
from .sessions import Session, SessionStore
from .ways import Ways

COOKIE = "zhiyin_login"
SECURE_COOKIE = "__Host-zhiyin_login"
_BROWSER = re.compile(r"[\w-]{43}")
_CODE = re.compile(r"[a-z_]{1,40}")  # of an error (RFC 6749, section 4.1.2.1)
_log = logging.getLogger("zhiyin.oidc")


def add(app: FastAPI, oidc: Oidc, ways: Ways, store: SessionStore, log: AuditLog) -> None:
    """Add the routes."""
    door = _Door(oidc, ways, store, log)
    app.get(START, include_in_schema=False)(door.leave_for_provider)
    app.get(CALLBACK, include_in_schema=False)(door.come_back)


def reachable(oidc: Oidc) -> bool:
    """Whether the provider answers; where it does not, the reason is logged."""
    try:
        oidc.provider.endpoints()
    except ProviderDown as error:
        _log.warning("logging in by OpenID Connect does not work now: %s", error)
        return False
    return True


class _Door:
    """The routes over one provider."""

    def __init__(self, oidc: Oidc, ways: Ways, store: SessionStore, log: AuditLog) -> None:
        self._oidc, self._ways, self._store, self._log = oidc, ways, store, log
        self._attempts = Attempts(store.clock)

    async def leave_for_provider(self, request: Request) -> Response:
        """Send the browser to the provider, with a cookie by which it is known when it comes back."""
        target = local_path(request.query_params.get("next", ""))
        name = self._cookie(request)
        browser = request.cookies.get(name, "")
        if not _BROWSER.fullmatch(browser):
            browser = secrets.token_urlsafe(32)
        attempt = self._attempts.begin(browser, target)
        try:
            address = await run_in_threadpool(self._oidc.provider.login, attempt.state, attempt.nonce, attempt.verifier)
        except ProviderDown as error:
            return self._failed("oidc_down", error, target)
        reply = _redirect(address)
        reply.set_cookie(name, browser, max_age=SECONDS, path="/", httponly=True, samesite="lax", secure=name == SECURE_COOKIE)
        return reply

    async def come_back(self, request: Request) -> Response:
        """Change what the provider sent along into a session, the same as that of any other login."""
        said = {key: values[0] for key in ("state", "code", "error", "iss") if len(values := request.query_params.getlist(key)) == 1}
        attempt = self._attempts.resume(request.cookies.get(self._cookie(request), ""), said.get("state", ""))
        if attempt is None or not await run_in_threadpool(self._store.use, f"oidc\n{attempt.state}", attempt.expires):
            return await self._refused("oidc_again", "it was not begun in this browser, is over, or took too long")
        try:
            person = await self._person(said, attempt)
        except ProviderDown as error:
            return self._failed("oidc_down", error, attempt.target)
        except LoginRefused as error:
            return await self._refused("oidc_refused", str(error), attempt.target)
        before = cookie_of(request, self._ways)
        if before:
            await run_in_threadpool(self._store.end, before)
        expires = self._store.clock() + self._ways.hours * 3600
        name = await run_in_threadpool(self._store.start, Session("oidc", person, self._oidc.stamp, expires))
        await self._note(person, "login", 303)
        reply = _redirect(attempt.target)
        cookie = cookie_name(request, self._ways)
        reply.set_cookie(cookie, name, max_age=int(self._ways.hours * 3600), path="/", httponly=True, samesite="lax", secure=cookie.startswith("__Host-"))
        return reply

    async def _person(self, said: dict[str, Any], attempt: Attempt) -> Person:
        if said.get("iss", self._oidc.provider.issuer) != self._oidc.provider.issuer:  # RFC 9207
            raise LoginRefused("the answer came from another provider")
        if "code" not in said:
            error = said.get("error", "")
            raise LoginRefused(f"the provider sent no code but the error {error if _CODE.fullmatch(error) else '(unnamed)'}")
        claims = await run_in_threadpool(self._oidc.provider.claims, said["code"], attempt.verifier, attempt.nonce)
        return self._oidc.claims.person(claims)

    def _failed(self, problem: str, error: Exception, target: str) -> Response:
        _log.warning("a login by OpenID Connect failed: %s", error)
        return _redirect(f"/login?problem={problem}&next={quote(target, safe='')}")

    async def _refused(self, problem: str, why: str, target: str = "/") -> Response:
        _log.warning("a login by OpenID Connect was refused: %s", why)
        await self._note(Person("oidc"), "login_failed", 401)
        return _redirect(f"/login?problem={problem}&next={quote(target, safe='')}")

    async def _note(self, person: Person, action: str, status: int) -> None:
        try:
            await run_in_threadpool(self._log.note, person.id, action, status=status)
        except ZhiyinError:
            self._log.lost(action)

    def _cookie(self, request: Request) -> str:
        return SECURE_COOKIE if cookie_name(request, self._ways).startswith("__Host-") else COOKIE


def _redirect(address: str) -> RedirectResponse:
    return RedirectResponse(address, 303, headers={"cache-control": "no-store"})
