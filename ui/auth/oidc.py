"""OpenID Connect as the settings have it: the provider, and what its claims say about a person."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any
from urllib.parse import urlsplit

from rag.config import Settings
from rag.errors import ConfigError

from ..who import Person
from .provider import LoginRefused, Provider, checked_url

START = "/login/oidc"
CALLBACK = "/login/callback"
_MOST_GROUPS = 1000
_LONGEST = 200  # characters of a name


@dataclass(frozen=True, slots=True)
class Claims:
    """Which claims say who someone is. A dot leads into an object, as in `realm_access.roles`."""

    id: str = "sub"
    name: str = "name"
    groups: str = "groups"
    admin: str = ""
    admin_group: str = ""

    def person(self, claims: Mapping[str, Any]) -> Person:
        """Who the claims speak of. Raises LoginRefused for claims that can't be used."""
        who = _at(claims, self.id)
        if not isinstance(who, str) or not 0 < len(who) <= _LONGEST:
            raise LoginRefused(f"the claim {self.id!r} should be a text of at most {_LONGEST} characters; see auth_oidc_id_claim")
        if self.id == "email" and claims.get("email_verified") is not True:
            raise LoginRefused("the claim 'email' is not verified; choose another auth_oidc_id_claim, as sub")
        name = _at(claims, self.name)
        groups = self._groups(claims)
        admin = bool(self.admin) and _at(claims, self.admin) is True
        admin = admin or (bool(self.admin_group) and self.admin_group in groups)
        return Person(f"oidc:{who}", name[:_LONGEST] if isinstance(name, str) else "", groups, admin)

    def _groups(self, claims: Mapping[str, Any]) -> frozenset[str]:
        found = _at(claims, self.groups) if self.groups else None
        if found is None:
            return frozenset()
        listed = [found] if isinstance(found, str) else found
        if not isinstance(listed, list) or len(listed) > _MOST_GROUPS or not all(isinstance(group, str) for group in listed):
            raise LoginRefused(f"the claim {self.groups!r} should be a list of at most {_MOST_GROUPS} names; see auth_oidc_groups_claim")
        return frozenset(group for group in listed if group)


@dataclass(frozen=True, slots=True)
class Oidc:
    """A provider, the claims that count, and the address of this service as browsers have it."""

    provider: Provider
    claims: Claims
    address: str
    name: str = ""  # of the provider, on the login page

    @property
    def stamp(self) -> str:
        """Changes with the provider and what is read of it, so that sessions from before end."""
        parts = (self.provider.issuer, self.provider.client, *astuple(self.claims))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]

    @property
    def secure(self) -> bool:
        """Whether browsers come over https."""
        return urlsplit(self.address).scheme == "https"


def oidc(s: Settings, secret: str | None) -> Oidc | None:
    """What the settings say, None where no issuer is set. Raises ConfigError."""
    if not s.auth_oidc_issuer:
        return None
    for name in ("auth_oidc_client", "auth_oidc_address", "auth_oidc_id_claim"):
        if not getattr(s, name):
            raise ConfigError(f"auth_oidc_issuer is set but {name} is empty; see docs/howto-auth.md")
    checked_url("auth_oidc_address", s.auth_oidc_address)
    if urlsplit(s.auth_oidc_address).path not in ("", "/"):
        raise ConfigError(f"auth_oidc_address = {s.auth_oidc_address!r} should have no path, as https://chat.example")
    for host in s.auth_oidc_hosts:
        if not host or urlsplit(f"//{host}").netloc != host or "@" in host:
            raise ConfigError(f"auth_oidc_hosts: {host!r} is no host; give names, as keys.example or keys.example:8443")
    address = s.auth_oidc_address.rstrip("/")
    provider = Provider(
        s.auth_oidc_issuer,
        s.auth_oidc_client,
        secret,
        callback=address + CALLBACK,
        scopes=s.auth_oidc_scopes,
        algorithms=s.auth_oidc_algorithms,
        hosts=s.auth_oidc_hosts,
        userinfo=s.auth_oidc_userinfo,
    )
    claims = Claims(s.auth_oidc_id_claim, s.auth_oidc_name_claim, s.auth_oidc_groups_claim, s.auth_oidc_admin_claim, s.auth_admin_group)
    return Oidc(provider, claims, address, s.auth_oidc_name)


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """The claim of that very name, else what the dots lead to; None where there is nothing."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for step in path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found
