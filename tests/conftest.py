"""What every test lives in: a home of its own, no model hub, and no way out but to this machine."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

# Before any import: these libraries read the environment once.
os.environ.update(
    HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", GRADIO_ANALYTICS_ENABLED="False", DO_NOT_TRACK="1"
)

# The same examples at every run, and no failure for a machine that is busy.
settings.register_profile("zhiyin", derandomize=True, deadline=None, database=None)
settings.load_profile("zhiyin")


class NetworkBlockedError(Exception):
    """A test tried to leave this machine."""


_attempts: list[str] = []


def _is_here(address: Any) -> bool:
    if not isinstance(address, tuple):  # a path of a Unix socket
        return True
    return _is_local(address[0])


def _is_local(host: Any) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        found = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return found.is_loopback or found.is_unspecified


def _refuse(what: Any) -> NetworkBlockedError:
    _attempts.append(repr(what))
    return NetworkBlockedError(f"a test wanted to reach {what!r}; tests may only reach this machine")


@pytest.fixture(autouse=True, scope="session")
def _no_way_out() -> Iterator[None]:
    """Block connections and name look-ups for other hosts, below every HTTP client."""
    real = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex", "sendto")}
    look_up = socket.getaddrinfo

    def guard(name: str) -> Any:
        def method(self: socket.socket, *args: Any) -> Any:
            address = args[-1]
            if not _is_here(address):
                raise _refuse(address)
            return real[name](self, *args)

        return method

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not _is_local(host):
            raise _refuse(host)
        return look_up(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        for name in real:
            patch.setattr(socket.socket, name, guard(name))
        patch.setattr(socket, "getaddrinfo", getaddrinfo)
        yield


@pytest.fixture(autouse=True)
def network_attempts() -> Iterator[list[str]]:
    """Addresses that this test tried to reach in vain; unless it clears the list, that fails it.

    So a library that swallows the error is found out, too.
    """
    _attempts.clear()
    yield _attempts
    if _attempts:
        pytest.fail(f"tried to reach {', '.join(_attempts)}")


@pytest.fixture(autouse=True)
def isolated_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An empty `$ZHIYIN_HOME`, not below the test's own `tmp_path`; interface texts in Chinese."""
    home = tmp_path_factory.mktemp("home") / "zhiyin"
    monkeypatch.setenv("ZHIYIN_HOME", str(home))
    monkeypatch.setenv("ZHIYIN_LANG", "zh")
    return home


SLOWEST = ("test_quality", "test_uploads", "test_bench", "test_load")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slowest files first, so that no process is left alone with one at the end."""
    items.sort(key=lambda item: item.path.stem not in SLOWEST)
