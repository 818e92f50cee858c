"""ID tokens: whether one was signed by the provider, for this service, for this login, and still holds."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rag.errors import ConfigError, ZhiyinError

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""All of public keys: with `none` or HS256 whoever knows the public key could write a token."""
LEEWAY = 30  # seconds that two clocks may differ
KEPT = 3600.0  # seconds until the keys are asked for again, so that one that was withdrawn stops counting
SHORTEST_RSA = 2048  # bits
Fetch = Callable[[], Mapping[str, Any]]


class TokenError(ZhiyinError):
    """The ID token proves nothing; the message says why, for the log."""


class IdTokens:
    """Reads ID tokens of `issuer` for `client`, signed by one of `algorithms`, never by the token's own choice."""

    def __init__(self, issuer: str, client: str, algorithms: Iterable[str], *, clock: Callable[[], float] = time.time) -> None:
        """Raises ConfigError for an algorithm that is none of public keys."""
        self._issuer, self._client, self._algorithms, self._clock = issuer, client, tuple(algorithms), clock
        unknown = [name for name in self._algorithms if name not in ALGORITHMS]
        if unknown or not self._algorithms:
            raise ConfigError(f"auth_oidc_algorithms = {list(self._algorithms)!r}; give some of {', '.join(ALGORITHMS)}")
        self._lock = threading.Lock()
        self._keys: tuple[float, KeySet] | None = None

    def read(self, token: Mapping[str, Any], nonce: str, fetch: Fetch) -> dict[str, Any]:
        """The claims of `token["id_token"]` (OpenID Connect Core 1.0, section 3.1.3.7). Raises TokenError.

        `fetch` gets the provider's JWK set: at first, every hour, and where no known key fits, since keys are rotated.
        """
        from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError

        text = token.get("id_token")
        if not isinstance(text, str) or not text:
            raise TokenError("the provider sent no ID token")
        try:
            known = self._known()
            try:
                header, claims = self._verified(text, known if known is not None else self._fetched(fetch))
            except (InvalidKeyIdError, BadSignatureError):
                if known is None:  # these keys are new
                    raise
                header, claims = self._verified(text, self._fetched(fetch))
            self._check(header, claims, token, nonce)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise TokenError(f"the ID token does not hold: {str(error)[:200] or type(error).__name__}") from None
        return claims

    def _check(self, header: dict[str, Any], claims: dict[str, Any], token: Mapping[str, Any], nonce: str) -> None:
        from authlib.oidc.core import CodeIDToken

        expected: Any = {"iss": {"essential": True, "value": self._issuer}, "aud": {"essential": True, "value": self._client}}
        given = {"nonce": nonce, "client_id": self._client, "access_token": token.get("access_token")}
        CodeIDToken(claims, header, expected, given).validate(now=int(self._clock()), leeway=LEEWAY)
        if not claims["sub"]:
            raise ValueError("sub is empty")

    def _verified(self, text: str, keys: KeySet) -> tuple[dict[str, Any], dict[str, Any]]:
        from joserfc import jwt
        from joserfc.errors import BadSignatureError, JoseError
        from joserfc.jws import JWSRegistry, extract_compact

        registry = JWSRegistry(algorithms=list(self._algorithms), strict_check_header=False)
        header = extract_compact(text.encode("ascii"), registry=registry).headers()
        if "kid" in header or len(keys.keys) == 1:
            found = jwt.decode(text, keys, registry=registry)
            return dict(found.header), dict(found.claims)
        registry.get_alg(header["alg"])  # is it allowed at all?
        for key in keys:  # a token that does not say which
            try:
                found = jwt.decode(text, key, registry=registry)
            except (JoseError, ValueError, TypeError):
                continue
            return dict(found.header), dict(found.claims)
        raise BadSignatureError

    def _known(self) -> KeySet | None:
        with self._lock:
            fresh = self._keys is not None and 0 <= self._clock() - self._keys[0] < KEPT
            return self._keys[1] if fresh and self._keys else None

    def _fetched(self, fetch: Fetch) -> KeySet:
        keys = usable(fetch())
        with self._lock:
            self._keys = (self._clock(), keys)
        return keys


def usable(said: Mapping[str, Any]) -> KeySet:
    """The public signing keys of a JWK set (RFC 7517); secrets, keys of other uses and short ones are left out."""
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet, import_key

    keys = []
    rows = said.get("keys")
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict) or row.get("kty") not in ("RSA", "EC", "OKP") or row.get("use", "sig") != "sig":
            continue
        try:
            if row["kty"] == "RSA" and _bits(row["n"]) < SHORTEST_RSA:
                continue
            keys.append(import_key(row))
        except (JoseError, ValueError, TypeError, KeyError):
            continue  # others may still be good
    if not keys:
        raise TokenError("the provider's key set holds no usable key")
    return KeySet(keys)


def _bits(number: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(number + "=" * (-len(number) % 4))).bit_length()
