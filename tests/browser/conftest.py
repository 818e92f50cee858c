"""A real browser on the real page; skipped only where no Chromium is installed."""

from __future__ import annotations

import json
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

import ui_doubles as world

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-default-apps", "--disable-domain-reliability",
    "--disable-features=OptimizationHints,MediaRouter,Translate", "--no-pings", "--metrics-recording-only",
]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium is installed: apt-get install chromium"))


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[..., str]]:
    """Serve a bot on a free port; returns the address."""
    import uvicorn

    from rag.config import Settings
    from rag.ui.command import listen
    from rag.ui.server import create_app

    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(bot: object) -> str:
        listener = listen("127.0.0.1", 0)
        app = create_app(bot, settings=Settings())  # type: ignore[arg-type]
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
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


@pytest.fixture(scope="session")
def address(serve: Callable[..., str]) -> str:
    return serve(world.canned_bot())


@pytest.fixture(scope="session")
def net_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("net") / "log.json"


@pytest.fixture(scope="session")
def browser(net_log: Path) -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, f"--log-net-log={net_log}"])
        yield started
        started.close()


class Window:
    """A page of one session, with everything that it asked for and complained about."""

    def __init__(self, browser: object, address: str, **options: object) -> None:
        options = {"viewport": {"width": 1280, "height": 800}, "locale": "zh-CN"} | options
        self.context = browser.new_context(**options)  # type: ignore[attr-defined]
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.context.on("request", lambda r: self.requests.append(r.url))
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda e: self.complaints.append(str(e)))
        self.page.on("console", lambda m: m.type in ("error", "warning") and self.complaints.append(m.text))
        self.page.goto(address)
        self.page.wait_for_selector(".welcome")
        self.page.wait_for_selector("#box textarea")

    def ask(self, question: str) -> object:
        """Type a question, press Enter, wait for the whole answer, and return its turn."""
        before = self.page.locator(".turn").count()
        self.page.fill("#box textarea", question)
        self.page.press("#box textarea", "Enter")
        return self.answered(before + 1)

    def answered(self, count: int) -> object:
        """Wait until there are `count` turns and the last one is done; return it."""
        self.page.wait_for_function(
            "n => { const t = document.querySelectorAll('.turn'); return t.length === n && !t[n-1].querySelector('.dots') }",
            arg=count,
        )
        return self.page.locator(".turn").nth(count - 1)

    def hosts(self) -> set[str]:
        """Hosts of everything that was asked for."""
        return {urlsplit(url).netloc for url in self.requests if urlsplit(url).scheme in ("http", "https", "ws", "wss")}


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


def read_net_log(path: Path) -> list[str]:
    """Addresses of all requests that Chromium itself began, whoever asked for them."""
    text = path.read_text(encoding="utf-8").rstrip()
    log = json.loads(text if text.endswith("]}") else text.rstrip(",\n") + "]}")
    kinds = {number: name for name, number in log["constants"]["logEventTypes"].items()}
    return [
        event["params"]["url"]
        for event in log["events"]
        if kinds[event["type"]] == "URL_REQUEST_START_JOB" and "url" in event.get("params", {})
    ]
