"""The ways of proving who one is that the settings switch on, with their secrets read."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rag.config import Settings
from rag.errors import ConfigError
from rag.messages import tr

from ..embed.origins import parse_origins
from ..who import Person
from .oidc import CALLBACK, START, Oidc, oidc
from .sessions import Session
from .tickets import Tickets
from .users import FILE, Users

SHORTEST_TOKEN = 20  # characters
_OIDC = ("auth_oidc_client", "auth_oidc_secret_env", "auth_oidc_secret_file", "auth_oidc_address")
_HEADER = re.compile(r"[A-Za-z0-9-]+")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class SharedToken:
    """One secret for all who have it; kept as its hash."""

    digest: bytes
    person: Person

    def check(self, given: str) -> bool:
        """Whether `given` is the token, in constant time."""
        return hmac.compare_digest(hashlib.sha256(given.encode("utf-8", "surrogatepass")).digest(), self.digest)

    @property
    def stamp(self) -> str:
        """Changes with the token, so that sessions from before end."""
        return hashlib.sha256(self.digest).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that has asked already and says in a header who it is."""

    header: bytes
    groups_header: bytes
    networks: tuple[Network, ...]
    admin_group: str

    def person(self, peer: str, headers: Iterable[tuple[bytes, bytes]]) -> Person | None:
        """Who the header names; None where the connection is from anyone else, or the header is missing or doubled."""
        if not self.trusts(peer):
            return None
        found: dict[bytes, list[str]] = {}
        for name, value in headers:
            found.setdefault(name.lower(), []).append(_decoded(value).strip())
        names, groups = found.get(self.header, []), found.get(self.groups_header, []) if self.groups_header else []
        if len(names) != 1 or not names[0] or len(names[0]) > 200 or len(groups) > 1:
            return None
        member = frozenset(g.strip() for g in re.split(r"[,;|]", groups[0]) if g.strip()) if groups else frozenset()
        return Person(f"proxy:{names[0]}", names[0], member, bool(self.admin_group) and self.admin_group in member)

    def trusts(self, peer: str) -> bool:
        """Whether the connection comes from one of the proxies."""
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in network for network in self.networks)


@dataclass(frozen=True, slots=True)
class Ways:
    """What is switched on."""

    token: SharedToken | None = None
    users: Users | None = None
    proxy: Proxy | None = None
    tickets: Tickets | None = None
    oidc: Oidc | None = None
    hours: float = 12.0  # that a login lasts
    secure: bool = False  # cookies over https alone

    def __bool__(self) -> bool:
        return any((self.token, self.users is not None, self.proxy, self.tickets, self.oidc))

    @property
    def login(self) -> bool:
        """Whether there is a login page."""
        return self.typed or self.oidc is not None

    @property
    def typed(self) -> bool:
        """Whether there is something to type into it."""
        return self.token is not None or self.users is not None

    @property
    def paths(self) -> tuple[str, ...]:
        """The pages of logging in and out that there are."""
        single = (START, CALLBACK) if self.oidc is not None else ()
        return (*(("/login",) if self.login else ()), *(("/logout",) if self else ()), *single)

    def holder(self, session: Session) -> Person | None:
        """Whose session it is now; None where what proved it has changed, or that way is switched off."""
        if session.way == "user" and self.users is not None:
            user = self.users.all().get(session.person.name)
            return user.person if user and hmac.compare_digest(user.stamp, session.stamp) else None
        if session.way == "token" and self.token is not None:
            return self.token.person if hmac.compare_digest(self.token.stamp, session.stamp) else None
        if session.way == "oidc" and self.oidc is not None:
            return session.person if hmac.compare_digest(self.oidc.stamp, session.stamp) else None
        if session.way == "ticket" and self.tickets is not None:
            return session.person
        return None


def ways(settings: Settings, home: Path, environ: Mapping[str, str] | None = None) -> Ways:
    """What `settings` switch on. Raises ConfigError for a secret that is missing, too short or in the open."""
    environ = os.environ if environ is None else environ
    s = settings
    if s.auth_users and not Users(home / FILE, cost=2).all():
        raise ConfigError(tr(f"auth_users 已打开，但 {home / FILE} 里还没有用户：请先运行 zhiyin users add 名字", f"auth_users is on, but {home / FILE} holds nobody yet; first run: zhiyin users add NAME"))
    single = oidc(s, _secret("auth_oidc_secret", s.auth_oidc_secret_env, s.auth_oidc_secret_file, environ))
    found = Ways(
        token=_token(s, environ),
        users=Users(home / FILE) if s.auth_users else None,
        proxy=_proxy(s),
        tickets=_tickets(s, environ),
        oidc=single,
        hours=s.auth_session_hours,
        secure=s.auth_secure_cookies or (single is not None and single.secure),
    )
    _complete(s)
    return found


def require(found: Ways, host: str, *, local: bool) -> None:
    """Raise ConfigError where `host` can be reached from other machines and nobody would be asked who it is."""
    if local or found:
        return
    raise ConfigError(
        tr(
            f"{host} 能被其他机器访问，但没有设置任何登录方式，因此不启动。请在 config.toml 中任选一种："
            "auth_token_env 或 auth_token_file（共享口令）；auth_users = true（用户，用 zhiyin users add 添加）；"
            "auth_proxy_header 和 auth_proxies（可信代理）；auth_oidc_issuer（OpenID 单点登录）；"
            "auth_jwt_key_env 或 auth_jwt_key_file（嵌入页面的 JWT）。"
            "详见 docs/howto-auth.md。只在本机使用请用 --host 127.0.0.1。",
            f"{host} can be reached from other machines and no way to log in is set, so the server does not start. Set one in "
            "config.toml: auth_token_env or auth_token_file (a shared token); auth_users = true (users, added with zhiyin "
            "users add); auth_proxy_header and auth_proxies (a trusted proxy); auth_oidc_issuer (OpenID Connect); auth_jwt_key_env "
            "or auth_jwt_key_file (JWTs of an embedding page). See docs/howto-auth.md. For this machine alone: --host 127.0.0.1.",
        )
    )


def _token(s: Settings, environ: Mapping[str, str]) -> SharedToken | None:
    secret = _secret("auth_token", s.auth_token_env, s.auth_token_file, environ)
    if secret is None:
        return None
    if len(secret) < SHORTEST_TOKEN:
        raise ConfigError(
            tr(
                f"共享口令只有 {len(secret)} 个字符，至少要 {SHORTEST_TOKEN} 个；可用 openssl rand -base64 32 生成。",
                f"the shared token has {len(secret)} characters; use {SHORTEST_TOKEN} or more, as from: openssl rand -base64 32",
            )
        )
    person = Person("token", "", frozenset(s.auth_token_groups), s.auth_token_admin)
    return SharedToken(hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest(), person)


def _tickets(s: Settings, environ: Mapping[str, str]) -> Tickets | None:
    key = _secret("auth_jwt_key", s.auth_jwt_key_env, s.auth_jwt_key_file, environ)
    if key is None:
        return None
    origins = parse_origins("embed_origins", s.embed_origins) + parse_origins("cors_origins", s.cors_origins)
    return Tickets(
        key, s.auth_jwt_algorithm, s.auth_jwt_audience, issuer=s.auth_jwt_issuer, origins=origins, admin_group=s.auth_admin_group
    )


def _proxy(s: Settings) -> Proxy | None:
    if not s.auth_proxy_header:
        return None
    for name in (s.auth_proxy_header, s.auth_proxy_groups_header):
        if name and not _HEADER.fullmatch(name):
            raise ConfigError(f"{name!r} is no name of a header; give letters, digits and hyphens")
    try:
        networks = tuple(ipaddress.ip_network(text) for text in s.auth_proxies)
    except ValueError as error:
        raise ConfigError(f"auth_proxies: {error}; give addresses or networks, as in 10.0.0.5 or 10.0.0.0/28") from error
    if not networks or any(network.prefixlen == 0 for network in networks):
        raise ConfigError("auth_proxy_header needs auth_proxies: the addresses of the proxies, not of everybody")
    return Proxy(s.auth_proxy_header.lower().encode(), s.auth_proxy_groups_header.lower().encode(), networks, s.auth_admin_group)


def _complete(s: Settings) -> None:
    """Refuse half of a way: whoever set it believes that it is on."""
    lonely: list[tuple[str, Callable[[], bool], str]] = [
        ("auth_proxies", lambda: bool(s.auth_proxies) and not s.auth_proxy_header, "auth_proxy_header"),
        ("auth_proxy_groups_header", lambda: bool(s.auth_proxy_groups_header) and not s.auth_proxy_header, "auth_proxy_header"),
        ("auth_jwt_audience", lambda: bool(s.auth_jwt_audience) and not (s.auth_jwt_key_env or s.auth_jwt_key_file), "auth_jwt_key_file"),
        ("auth_token_admin", lambda: s.auth_token_admin and not (s.auth_token_env or s.auth_token_file), "auth_token_file"),
    ]
    for name in _OIDC:
        if getattr(s, name) and not s.auth_oidc_issuer:
            raise ConfigError(f"{name} is set but auth_oidc_issuer is not; set both or neither")
    for name, alone, needed in lonely:
        if alone():
            raise ConfigError(f"{name} is set but {needed} is not; set both or neither")


def _secret(what: str, env: str, file: str, environ: Mapping[str, str]) -> str | None:
    if env and file:
        raise ConfigError(f"{what}_env and {what}_file are both set; keep one")
    if env:
        value = environ.get(env, "")
        if not value.strip():
            raise ConfigError(f"{what}_env names the environment variable {env!r}, which is empty or missing")
        return value.strip()
    if not file:
        return None
    path = Path(file).expanduser()
    try:
        value = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{what}_file: can't read {path}: {error}") from error
    if os.name == "posix" and what in ("auth_token", "auth_oidc_secret") and path.stat().st_mode & 0o007:
        raise ConfigError(f"{what}_file: everybody on this machine may read {path}; run: chmod 600 {path}")
    if not value:
        raise ConfigError(f"{what}_file: {path} is empty")
    return value


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
