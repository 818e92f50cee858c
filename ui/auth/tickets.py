"""Tickets: short-lived JWTs by which the server of an embedding page says who its reader is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.errors import ConfigError, InputError

from ..who import TICKET, Person

if TYPE_CHECKING:
    from jwt.algorithms import AllowedPublicKeys

ALGORITHMS = ("HS256", "RS256", "EdDSA")
LONGEST = 600  # seconds from iat to exp
LEEWAY = 30  # seconds that two clocks may differ
SHORTEST_SECRET = 32  # bytes of an HS256 key (RFC 7518, section 3.2)
_MOST_GROUPS = 100
_MOST_NAME = 200  # characters


class TicketError(InputError):
    """The ticket proves nothing; the message says why, for the log and the one who builds the host page."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket that holds. `once` names it among all tickets, `expires` is in seconds since 1970."""

    person: Person
    once: str
    expires: float


class Tickets:
    """Checks tickets: `key` is a shared secret (HS256) or a public key in PEM; one algorithm, never the ticket's choice."""

    def __init__(
        self,
        key: str,
        algorithm: str,
        audience: str,
        *,
        issuer: str = "",
        origins: Iterable[str] = (),
        admin_group: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Raises ConfigError for a key, algorithm or audience that can't be used."""
        if algorithm not in ALGORITHMS:
            raise ConfigError(f"auth_jwt_algorithm = {algorithm!r}; give {', '.join(ALGORITHMS)}")
        if not audience:
            raise ConfigError("auth_jwt_audience is empty; set it to the address of this service, and sign tickets for it")
        self._key, self._algorithm, self._audience, self._issuer = _usable(key, algorithm), algorithm, audience, issuer
        self._origins, self._admin_group, self._clock = frozenset(origins), admin_group, clock
        if not self._origins:
            raise ConfigError("embed_origins and cors_origins are both empty; list the origins that tickets may come from")

    def read(self, token: str, origin: str) -> Ticket:
        """Check a ticket that was handed over by a page of `origin`. Raises TicketError.

        Looked at: signature and algorithm, `aud`, `iss` where set, `exp` no more than 10 minutes after `iat`, `nbf`,
        `origin`, `sub`, `jti`. That it is used once is for whoever keeps the used ones.
        """
        import jwt

        try:
            # times are checked below, with our clock
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[self._algorithm],
                audience=self._audience,
                issuer=self._issuer or None,
                options={"require": ["exp", "iat", "aud", "sub", "jti", "origin"], "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
        except jwt.PyJWTError as error:
            raise TicketError(f"the ticket does not hold: {error}") from error
        now = self._clock()
        begins, ends = _time(claims, "iat"), _time(claims, "exp")
        if not 0 < ends - begins <= LONGEST:
            raise TicketError(f"the ticket should last at most {LONGEST} seconds, not {ends - begins:.0f}")
        if ends + LEEWAY <= now:
            raise TicketError("the ticket has expired")
        if begins - LEEWAY > now or ("nbf" in claims and _time(claims, "nbf") - LEEWAY > now):
            raise TicketError("the ticket is not valid yet; are the clocks of both servers right?")
        if claims["origin"] != origin or origin not in self._origins:
            raise TicketError("the ticket is for pages of another origin")
        return Ticket(self._person(claims), f"{claims.get('iss', '')}\n{_text(claims, 'jti')}", ends + LEEWAY)

    def _person(self, claims: dict[str, object]) -> Person:
        groups = claims.get("groups", [])
        if not isinstance(groups, list) or len(groups) > _MOST_GROUPS or not all(isinstance(g, str) and g for g in groups):
            raise TicketError(f"groups should be a list of at most {_MOST_GROUPS} names")
        name = claims.get("name", "")
        if not isinstance(name, str) or len(name) > _MOST_NAME:
            raise TicketError(f"name should be a text of at most {_MOST_NAME} characters")
        admin = bool(self._admin_group) and self._admin_group in groups
        return Person(f"{TICKET}{_text(claims, 'sub')}", name, frozenset(groups), admin)


def _text(claims: dict[str, object], key: str) -> str:
    value = claims[key]
    if not isinstance(value, str) or not 0 < len(value) <= _MOST_NAME:
        raise TicketError(f"{key} should be a text of at most {_MOST_NAME} characters")
    return value


def _time(claims: dict[str, object], key: str) -> float:
    value = claims[key]
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise TicketError(f"{key} should be seconds since 1970")
    return float(value)


def _usable(key: str, algorithm: str) -> AllowedPublicKeys | bytes:
    if algorithm == "HS256":
        if len(key.encode()) < SHORTEST_SECRET or "-----BEGIN" in key:
            raise ConfigError(f"the key of HS256 should be a secret of {SHORTEST_SECRET} bytes or more, not {len(key.encode())}")
        return key.encode()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ed448, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        found = load_pem_public_key(key.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"the key of {algorithm} should be a public key in PEM (-----BEGIN PUBLIC KEY-----): {error}") from error
    kinds = (rsa.RSAPublicKey,) if algorithm == "RS256" else (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)
    if not isinstance(found, kinds):
        raise ConfigError(f"the key is no key of {algorithm}")
    if isinstance(found, rsa.RSAPublicKey) and found.key_size < 2048:
        raise ConfigError(f"an RSA key of {found.key_size} bits is too short; use 2048 or more")
    return found
