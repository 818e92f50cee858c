"""A real browser on the real page; skipped only where no Chromium is installed."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .. import ui_doubles as world
from .browsing import Window

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-default-apps", "--disable-domain-reliability",
    "--no-pings", "--metrics-recording-only",
]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium is installed: apt-get install chromium"))


@pytest.fixture(scope="module")
def run_app() -> Iterator[Callable[..., str]]:
    """Serve an app on a free port, or on a socket that is bound already; returns the address.

    To the end of the module and no longer: dozens of idle servers slow down whatever runs after them.
    """
    import uvicorn

    from rag.web import listen

    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(app: object, listener: socket.socket | None = None) -> str:
        listener = listener or listen("127.0.0.1", 0)
        config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1)  # type: ignore[arg-type]
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        running.append((server, thread))
        until = time.monotonic() + 60
        while not server.started and time.monotonic() < until:
            time.sleep(0.05)
        assert server.started
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    yield start
    for server, _ in running:
        server.should_exit = True
    for _, thread in running:
        thread.join(20)


@pytest.fixture(scope="module")
def serve(run_app: Callable[..., str]) -> Callable[..., str]:
    """Serve a bot's chat window on a free port; returns the address."""
    from rag.config import Settings
    from rag.ui.server import create_app

    def start(bot: object, **options: object) -> str:
        return run_app(create_app(bot, settings=Settings(), **options))  # type: ignore[arg-type]

    return start


@pytest.fixture(scope="module")
def address(serve: Callable[..., str]) -> str:
    return serve(world.canned_bot())


@pytest.fixture(scope="package")
def net_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("net") / "log.json"


@pytest.fixture(scope="package")
def browser(net_log: Path) -> Iterator[object]:
    """A Chromium for the tests of this package. Not for longer: Playwright's loop runs in the main thread, where no other can then be run."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*FLAGS, f"--log-net-log={net_log}"]
        )
        yield started
        started.close()


@pytest.fixture
def window(browser: object, address: str) -> Iterator[Callable[..., Window]]:
    """Open windows that must not complain and must stay with their own host."""
    opened: list[Window] = []

    def open_window(at: str = address, **options: object) -> Window:
        opened.append(Window(browser, at, **options))
        return opened[-1]

    yield open_window
    for one in opened:
        hosts, complaints = one.hosts(), one.complaints
        one.context.close()
        assert len(hosts) == 1, hosts
        assert complaints == []
