"""An OpenID provider as this service needs it: where its doors are, a code changed into claims that hold, logging out.

The one part of the service that asks another host for something: the issuer's, and those the settings add.
"""

from __future__ import annotations

import ipaddress
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from rag.errors import ConfigError, ZhiyinError

from .id_token import IdTokens, TokenError

if TYPE_CHECKING:
    import ssl

SECONDS = 5.0  # for each answer of the provider
KEPT = 3600.0  # seconds for which what it said of itself and its keys is believed
AGAIN = 10.0  # seconds until a provider that was out of reach is tried again
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_METHODS = ("client_secret_basic", "client_secret_post")
_SECRET = re.compile(r"[!-~]+")
_PLAIN = re.compile(r"[\w.~-]+", re.ASCII)  # the same whether or not a provider decodes it (RFC 6749, section 2.3.1)


class ProviderDown(ZhiyinError):
    """The provider can't be reached, or answers with what is no answer; for the log."""


class LoginRefused(ZhiyinError):
    """The provider did not confirm who it is, or what it said does not hold; for the log."""


class Provider:
    """The provider `issuer`, at which this service is registered as `client`. Safe to share between threads."""

    def __init__(
        self,
        issuer: str,
        client: str,
        secret: str | None = None,
        *,
        callback: str,
        scopes: Iterable[str] = ("openid",),
        algorithms: Iterable[str] = ("RS256",),
        hosts: Iterable[str] = (),
        userinfo: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`callback` is the whole address that the provider sends people back to.

        `hosts` (host or host:port) are further ones where its endpoints may be. Raises ConfigError.
        """
        self.issuer, self.client, self._secret, self._callback = issuer, client, secret, callback
        checked_url("auth_oidc_issuer", issuer)
        if secret is not None and not _SECRET.fullmatch(secret):
            raise ConfigError("the client secret of auth_oidc should be ASCII characters without spaces")
        self._hosts = frozenset((urlsplit(issuer).netloc.lower(), *(host.lower() for host in hosts)))
        self._scope, self._userinfo, self._clock = " ".join(dict.fromkeys(("openid", *scopes))), userinfo, clock
        self._tokens = IdTokens(issuer, client, algorithms, clock=clock)
        self._lock = threading.Lock()
        self._found: tuple[float, dict[str, str]] | None = None
        self._failed: tuple[float, ProviderDown] | None = None
        self._tls: ssl.SSLContext | None = None

    def __repr__(self) -> str:
        return f"Provider({self.issuer!r}, {self.client!r})"  # never the secret

    @property
    def origins(self) -> tuple[str, ...]:
        """Origins to which a form of ours may lead by way of a redirect."""
        scheme = urlsplit(self.issuer).scheme
        return tuple(sorted(f"{scheme}://{host}" for host in self._hosts))

    def endpoints(self) -> dict[str, str]:
        """What the discovery document says (OpenID Connect Discovery 1.0, section 4). Raises ProviderDown."""
        with self._lock:
            now = self._clock()
            if self._found and 0 <= now - self._found[0] < KEPT:
                return self._found[1]
            if self._failed and 0 <= now - self._failed[0] < AGAIN:
                raise self._failed[1]
            try:
                found = self._discover()
            except ProviderDown as error:
                self._failed = (now, error)
                raise
            self._found, self._failed = (now, found), None
            return found

    def login(self, state: str, nonce: str, verifier: str) -> str:
        """Where the browser is sent: authorization code flow with PKCE (RFC 7636, S256). Raises ProviderDown."""
        address = self.endpoints()["authorization_endpoint"]
        with self._session() as session:
            url, _ = session.create_authorization_url(address, state=state, nonce=nonce, code_verifier=verifier)
        return str(url)

    def logout(self, back: str) -> str | None:
        """Where the browser is sent to log out (RP-Initiated Logout 1.0); None where the provider has no such place.

        No token is sent along: none is kept. The provider may ask whether to log out.
        """
        try:
            address = self.endpoints().get("end_session_endpoint")
        except ProviderDown:
            return None
        if not address:
            return None
        query = urlencode({"client_id": self.client, "post_logout_redirect_uri": back})
        return f"{address}{'&' if '?' in address else '?'}{query}"

    def claims(self, code: str, verifier: str, nonce: str) -> dict[str, Any]:
        """Change a code into the claims of its ID token, checked; with `userinfo` those of that endpoint, too.

        Raises ProviderDown, LoginRefused.
        """
        import httpx2
        from authlib.integrations.base_client import OAuthError

        doors = self.endpoints()
        with self._session(doors) as session:
            try:
                token = session.fetch_token(doors["token_endpoint"], grant_type="authorization_code", code=code, code_verifier=verifier)
            except OAuthError as error:  # its description may quote what was sent: the code stays out of the log
                raise LoginRefused(f"the token endpoint refused the code: {_plain(error.error)}") from None
            except (httpx2.HTTPError, ValueError) as error:
                raise ProviderDown(f"the token endpoint gave no answer: {_why(error)}") from None
            try:
                claims = self._tokens.read(token, nonce, lambda: self._json(session, doors["jwks_uri"], "the key set"))
            except TokenError as error:
                raise LoginRefused(str(error)) from None
            if self._userinfo:
                claims = self._more(session, doors, token, claims)
        return claims

    def _more(self, session: Any, doors: Mapping[str, str], token: Mapping[str, Any], claims: dict[str, Any]) -> dict[str, Any]:
        if "userinfo_endpoint" not in doors:
            raise LoginRefused("auth_oidc_userinfo is on, but the provider names no userinfo_endpoint")
        headers = {"authorization": f"Bearer {token.get('access_token', '')}"}
        more = self._json(session, doors["userinfo_endpoint"], "the userinfo endpoint", headers)
        if more.get("sub") != claims["sub"]:  # OpenID Connect Core 1.0, section 5.3.2
            raise LoginRefused("the userinfo endpoint speaks of somebody else than the ID token")
        return more | claims

    def _discover(self) -> dict[str, str]:
        with self._session() as session:
            said = self._json(session, self.issuer.rstrip("/") + "/.well-known/openid-configuration", "the discovery document")
        if said.get("issuer") != self.issuer:
            raise ProviderDown(f"the provider calls itself {_plain(said.get('issuer'))}, not {self.issuer}; set auth_oidc_issuer to the letter")
        doors = {}
        for name in (*_NEEDED, "userinfo_endpoint", "end_session_endpoint"):
            url = said.get(name)
            if url is None and name not in _NEEDED:
                continue
            if not isinstance(url, str) or not self._may(url):
                raise ProviderDown(
                    f"the {name} of the discovery document, {_plain(url)}, is not at {', '.join(sorted(self._hosts))} over "
                    f"{urlsplit(self.issuer).scheme}; if it belongs to the provider, add its host to auth_oidc_hosts"
                )
            doors[name] = url
        doors["method"] = self._method(said.get("token_endpoint_auth_methods_supported"))
        return doors

    def _method(self, supported: object) -> str:
        """How the client secret is sent: in the header, as is the default, unless its characters make that uncertain."""
        if self._secret is None:
            return "none"
        known = supported if isinstance(supported, list) and supported else [_METHODS[0]]
        wanted = _METHODS if _PLAIN.fullmatch(f"{self.client}{self._secret}") else _METHODS[::-1]
        return next((method for method in wanted if method in known), _METHODS[0])

    def _may(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        return parts.scheme == urlsplit(self.issuer).scheme and parts.netloc.lower() in self._hosts and not parts.fragment

    def _session(self, doors: Mapping[str, str] | None = None) -> Any:
        import httpx2
        from authlib.integrations.httpx_client import OAuth2Client

        if self._tls is None:
            self._tls = httpx2.create_ssl_context()
        return OAuth2Client(
            self.client,
            self._secret,
            token_endpoint_auth_method=(doors or {}).get("method"),
            scope=self._scope,
            redirect_uri=self._callback,
            code_challenge_method="S256",
            verify=self._tls,
            timeout=SECONDS,
            follow_redirects=False,  # to no other host
            trust_env=False,  # nor by way of one
        )

    def _json(self, session: Any, url: str, what: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        import httpx2

        try:
            reply = session.request("GET", url, withhold_token=True, headers={"accept": "application/json", **(headers or {})})
            row = reply.raise_for_status().json()
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            raise ProviderDown(f"{what} of {self.issuer} can't be read: {_why(error)}") from None
        if not isinstance(row, dict):
            raise ProviderDown(f"{what} of {self.issuer} is no JSON object")
        return row


def checked_url(name: str, url: str) -> None:
    """Raise ConfigError unless `url` is an address over https, or over http on this machine."""
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and not (parts.query or parts.fragment or parts.username) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not (parts.scheme == "https" or (parts.scheme == "http" and _here(parts.hostname or ""))):
        raise ConfigError(f"{name} = {url!r} should be an address over https, as https://login.example (http only on this machine)")


def _here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _why(error: Exception) -> str:
    """What went wrong, without what was sent or received."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    return f"status {status}" if status else f"{type(error).__name__}"


def _plain(value: object) -> str:
    return repr(str(value)[:200])
