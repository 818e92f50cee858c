"""One browser session on the page, and Chromium's own log of what it asked for."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit


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

    def reload(self) -> None:
        """Load the page again, and forget what the page that was left says of its own cut connections."""
        before = len(self.complaints)
        self.page.reload()
        self.page.wait_for_selector(".welcome, .turn")
        cut = ("AbortError", "Connection errored out", "net::ERR_ABORTED")
        self.complaints[before:] = [c for c in self.complaints[before:] if not any(word in c for word in cut)]

    def hosts(self) -> set[str]:
        """Hosts of everything that was asked for."""
        return {
            urlsplit(url).netloc
            for url in self.requests
            if urlsplit(url).scheme in ("http", "https", "ws", "wss")
        }


def read_net_log(path: Path) -> list[tuple[str, str]]:
    """Initiator and address of every request in Chromium's own log.

    What the browser asks for on its own account (updates, say) has the initiator "not an origin", as has an
    address that was typed in.
    """
    text = path.read_text(encoding="utf-8").rstrip()
    log = json.loads(text if text.endswith("]}") else text.rstrip(",\n") + "]}")
    kinds = {number: name for name, number in log["constants"]["logEventTypes"].items()}
    begun = [
        e["params"] for e in log["events"] if kinds[e["type"]] == "URL_REQUEST_START_JOB" and "params" in e
    ]
    return [(params["initiator"], params["url"]) for params in begun if "url" in params]
