"""People who log in with a name and a password: `users.toml` in this home, read again whenever it changes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
import threading
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from rag.errors import ConfigError, InputError
from rag.messages import tr

from ..who import Person

FILE = "users.toml"
SHORTEST = 10  # characters of a password
LONGEST = 1024
# OWASP's password storage cheat sheet: N = 2^17, r = 8, p = 1 (128 MiB, about half a second)
COST, BLOCK, PARALLEL = 2**17, 8, 1
_NAME = re.compile(r"[^\s\"'\\/\x00-\x1f\x7f][^\"'\\/\x00-\x1f\x7f]{0,63}")
_HASH = re.compile(r"scrypt\$(\d+)\$(\d+)\$(\d+)\$([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)")


@dataclass(frozen=True, slots=True)
class User:
    """A line of the file. `password` is `scrypt$N$r$p$salt$key`, salt and key in base64."""

    name: str
    password: str
    groups: frozenset[str] = frozenset()
    admin: bool = False

    @property
    def person(self) -> Person:
        """Who this is to the rest of the service."""
        return Person(f"user:{self.name}", self.name, self.groups, self.admin)

    @property
    def stamp(self) -> str:
        """Changes with the password, so that sessions from before end."""
        return hashlib.sha256(self.password.encode()).hexdigest()[:32]


class Users:
    """The users in the file `path`. Safe to share between threads; another process may change the file."""

    def __init__(self, path: Path, *, cost: int | None = None) -> None:
        """`cost` is scrypt's N, a power of two."""
        self.path = path
        self._cost = cost or COST
        self._lock = threading.Lock()
        self._read: tuple[tuple[int, int, int], dict[str, User]] | None = None
        self._nobody = hash_password(secrets.token_hex(), self._cost)

    def all(self) -> dict[str, User]:
        """The users by name. Raises ConfigError for a file that can't be understood."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return {}
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        with self._lock:
            if self._read is None or self._read[0] != stamp:
                self._read = (stamp, _parse(self.path))
            return self._read[1]

    def check(self, name: str, password: str) -> User | None:
        """The user of that name if the password is right. Takes as long for a name that does not exist."""
        user = self.all().get(name)
        right = verify_password(password, user.password if user else self._nobody)
        return user if right else None

    def add(self, name: str, password: str, groups: frozenset[str] = frozenset(), *, admin: bool = False) -> bool:
        """Write a user, new or in place of the one of that name; whether it is a new one.

        Raises InputError for a name or password that can't be used.
        """
        name = name.strip()
        if not _NAME.fullmatch(name):
            raise InputError(tr(f"用户名 {name!r} 不能用：最多 64 个字符，不含引号和斜杠。", f"the name {name!r} can't be used: at most 64 characters, no quotes or slashes"))
        if any(not _NAME.fullmatch(group) or "," in group or group == "*" for group in groups):
            raise InputError(tr("组名不能含引号、斜杠或逗号。", "a group's name takes no quotes, slashes or commas"))
        if not SHORTEST <= len(password) <= LONGEST:
            raise InputError(tr(f"密码应有 {SHORTEST} 到 {LONGEST} 个字符。", f"a password should have {SHORTEST} to {LONGEST} characters"))
        user = User(name, hash_password(password, self._cost), groups, admin)
        with self._changing():
            users = dict(self.all())
            new = name not in users
            self._write(users | {name: user})
        return new

    def remove(self, name: str) -> bool:
        """Take a user out, whose sessions end with that; whether there was one."""
        with self._changing():
            users = dict(self.all())
            if users.pop(name, None) is None:
                return False
            self._write(users)
        return True

    def _changing(self) -> FileLock:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(self.path.with_name(self.path.name + ".lock"))

    def _write(self, users: dict[str, User]) -> None:
        lines = ["# written by `zhiyin users`; passwords are scrypt hashes\n"]
        for user in sorted(users.values(), key=lambda user: user.name):
            groups = ", ".join(f'"{group}"' for group in sorted(user.groups))
            lines.append(f'\n[users."{user.name}"]\npassword = "{user.password}"\ngroups = [{groups}]\nadmin = {str(user.admin).lower()}\n')
        fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("".join(lines))
        fresh.replace(self.path)
        with self._lock:
            self._read = None


def hash_password(password: str, cost: int) -> str:
    """The password as it is stored: scrypt (RFC 7914) with a salt of its own."""
    salt = secrets.token_bytes(16)
    key = _scrypt(password, salt, cost, BLOCK, PARALLEL)
    return f"scrypt${cost}${BLOCK}${PARALLEL}${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"


def verify_password(password: str, stored: str) -> bool:
    """Whether `password` is the one of a stored hash; compared in constant time."""
    match = _HASH.fullmatch(stored)
    if match is None or len(password) > LONGEST:
        return False
    cost, block, parallel = (int(match[n]) for n in (1, 2, 3))
    key = _scrypt(password, base64.b64decode(match[4]), cost, block, parallel)
    return hmac.compare_digest(key, base64.b64decode(match[5]))


def _scrypt(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    data = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(data, salt=salt, n=cost, r=block, p=parallel, maxmem=128 * block * (cost + parallel) + 2**20, dklen=32)


def _parse(path: Path) -> dict[str, User]:
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("users", {})
    except (OSError, ValueError) as error:
        raise ConfigError(f"can't read the users in {path}: {error}") from error
    return {name: _user(name, row, path) for name, row in rows.items()}


def _user(name: str, row: Any, path: Path) -> User:
    groups, admin = (row.get("groups", []), row.get("admin", False)) if isinstance(row, dict) else (None, None)
    if (
        not isinstance(groups, list)
        or not all(isinstance(group, str) for group in groups)
        or not isinstance(admin, bool)
        or not isinstance(row.get("password"), str)
        or not _HASH.fullmatch(row["password"])
    ):
        raise ConfigError(f"{path}: the user {name!r} should have password (a hash), groups (a list) and admin (true or false); use zhiyin users add")
    return User(name, row["password"], frozenset(groups), admin)
