"""A small OpenID provider on this machine, which does as it should until a test tells it otherwise."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT = "zhiyin"
SECRET = "s3cret-of-the-client_0123456789"


def rsa_key(kid: str | None = "one", **more: str) -> RSAKey:
    """A new RSA key."""
    return RSAKey.import_key(rsa.generate_private_key(65537, 2048), {"kid": kid, **more} if kid else more or None)


def b64(data: bytes) -> str:
    """URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def by_hand(header: dict[str, Any], claims: dict[str, Any], mark: Callable[[bytes], bytes]) -> str:
    """A token with any header, signed by `mark`: what no library would write."""
    text = ".".join(b64(json.dumps(row).encode()) for row in (header, claims))
    return f"{text}.{b64(mark(text.encode()))}"


def unsigned(claims: dict[str, Any], algorithm: str = "none") -> str:
    """A token with `alg: none`."""
    return by_hand({"alg": algorithm, "typ": "JWT"}, claims, lambda text: b"")


def by_secret(claims: dict[str, Any], kid: str, secret: bytes) -> str:
    """HS256."""
    return by_hand({"alg": "HS256", "kid": kid}, claims, lambda text: hmac.digest(secret, text, "sha256"))


def with_header(claims: dict[str, Any], key: RSAKey, **header: Any) -> str:
    """RS256 with whatever else in the header."""
    private = key.private_key
    assert private is not None
    return by_hand({"alg": "RS256", "kid": key.kid, **header}, claims, lambda text: private.sign(text, padding.PKCS1v15(), hashes.SHA256()))


def signed(claims: dict[str, Any], key: Any, algorithm: str = "RS256", **header: Any) -> str:
    """A token, signed."""
    kid = {"kid": key.kid} if key.kid else {}
    return jwt.encode({"alg": algorithm, **kid, **header}, claims, key, algorithms=[algorithm])


@dataclass
class OpenProvider:
    """What it says and signs can be changed while it runs; it counts who asks for what."""

    address: str = ""
    keys: list[RSAKey | ECKey] = field(default_factory=lambda: [rsa_key()])
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "4711", "name": "Anna Müller", "groups": ["hr"]})
    claims: dict[str, Any] = field(default_factory=dict)  # put over what is in the token; None takes a claim out
    write: Callable[[dict[str, Any], Any], str] = signed
    said: dict[str, Any] = field(default_factory=dict)  # put over the discovery document
    more: dict[str, Any] = field(default_factory=dict)  # of the userinfo endpoint
    down: bool = False
    error: str = ""  # sent back instead of a code
    asked: list[str] = field(default_factory=list)
    sent: list[dict[str, str]] = field(default_factory=list)  # to the token endpoint
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def app(self) -> Starlette:
        """The application."""
        routes = {
            "/.well-known/openid-configuration": self._discovery, "/authorize": self._authorize, "/token": self._token,
            "/jwks": self._jwks, "/userinfo": self._userinfo, "/logout": self._logout,
        }  # fmt: skip
        return Starlette(routes=[Route(path, self._unless_down(call), methods=["GET", "POST"]) for path, call in routes.items()])

    def _unless_down(self, call: Callable[[Request, dict[str, str]], Response]) -> Any:
        async def endpoint(request: Request) -> Response:
            self.asked.append(request.url.path)
            form = {key: str(value) for key, value in (await request.form()).items()} if request.method == "POST" else {}
            return Response("gone fishing", 503) if self.down else call(request, form)

        return endpoint

    def _discovery(self, request: Request, form: dict[str, str]) -> Response:
        ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks", "userinfo_endpoint": "userinfo", "end_session_endpoint": "logout"}
        said = {"issuer": self.address, **{name: f"{self.address}/{path}" for name, path in ends.items()}}
        return JSONResponse({key: value for key, value in (said | self.said).items() if value is not None})

    def _jwks(self, request: Request, form: dict[str, str]) -> Response:
        return JSONResponse({"keys": [key.as_dict(private=False) for key in self.keys]})

    def _authorize(self, request: Request, form: dict[str, str]) -> Response:
        asked = dict(request.query_params)
        if (asked.get("client_id"), asked.get("response_type"), asked.get("code_challenge_method")) != (CLIENT, "code", "S256"):
            return Response("a bad request", 400)
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        answer = {"error": self.error, "error_description": "<b>because</b>"} if self.error else {"code": code}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({**answer, 'state': asked['state']})}", 302)

    def _token(self, request: Request, form: dict[str, str]) -> Response:
        self.sent.append(form | {"authorization": request.headers.get("authorization", "")})
        asked = self._codes.pop(form.get("code", ""), None)  # once
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
        if asked is None or asked["code_challenge"] != challenge or asked["redirect_uri"] != form.get("redirect_uri"):
            return JSONResponse({"error": "invalid_grant", "error_description": f"the code {form.get('code')}"}, 400)
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if form.get("client_secret") != SECRET and self.sent[-1]["authorization"] != f"Basic {basic}":
            return JSONResponse({"error": "invalid_client"}, 401)
        now = int(time.time())
        token = {"iss": self.address, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"], **self.person}
        token = {key: value for key, value in (token | self.claims).items() if value is not None}
        return JSONResponse({"access_token": "access", "token_type": "Bearer", "expires_in": 300, "id_token": self.write(token, self.keys[0])})

    def _userinfo(self, request: Request, form: dict[str, str]) -> Response:
        if request.headers.get("authorization") != "Bearer access":
            return Response("who?", 401)
        return JSONResponse({"sub": self.person["sub"], **self.more})

    def _logout(self, request: Request, form: dict[str, str]) -> Response:
        return RedirectResponse(request.query_params["post_logout_redirect_uri"], 302)
