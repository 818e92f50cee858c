"""An intranet of our own on other ports: pages that embed the chat, in a strict policy and a hostile stylesheet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

# All that a page can do to what is put in it, short of hiding itself.
HOSTILE = """
* { all: unset !important; display: none !important; position: static !important; opacity: 0 !important; visibility: hidden !important;
    transform: scale(0) !important; width: 1px !important; height: 1px !important; z-index: -1 !important; font-size: 1px !important;
    pointer-events: none !important; filter: blur(9px) !important; color: lime !important; animation: none !important; }
:host, iframe, button, [data-zhiyin-host], html > div { display: none !important; clip-path: inset(50%) !important; left: -9999px !important; }
html, body { display: block !important; visibility: visible !important; opacity: 1 !important; transform: none !important; width: auto !important;
    height: auto !important; pointer-events: auto !important; background: #dfe7ee !important; }
body { transform: translateX(0) !important; overflow: hidden !important; }
"""
PLAIN = "body { margin: 0; font: 16px/1.7 sans-serif; background: #eef2f6; color: #223; } main { max-width: 640px; margin: 40px auto; background: #fff; padding: 24px; }"
# what the page's own script keeps for the tests
RECORDER = """
window.events = [];
window.violations = [];
addEventListener('securitypolicyviolation', (e) => violations.push(e.violatedDirective + ' ' + e.blockedURI));
addEventListener('DOMContentLoaded', () => {
  if (window.Zhiyin) for (const name of ['ready', 'open', 'close', 'answer', 'error'])
    Zhiyin.on(name, (detail) => events.push([name, detail === undefined ? null : detail]));
});
"""


@dataclass
class Intranet:
    """Serves whatever is put in `pages`. Its address by the name localhost is another site than 127.0.0.1."""

    service: str = ""  # origin of the chat
    tokens: Callable[[], object] = dict
    pages: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    others: str = ""  # further frame sources

    def app(self) -> Starlette:
        """The application."""
        return Starlette(
            routes=[
                Route("/host.js", lambda _: Response(RECORDER, media_type="text/javascript")),
                Route("/plain.css", lambda _: Response(PLAIN, media_type="text/css")),
                Route("/hostile.css", lambda _: Response(HOSTILE, media_type="text/css")),
                Route("/ticket", lambda _: JSONResponse(self.tokens())),
                Route("/favicon.ico", lambda _: Response(status_code=204)),
                Route("/{name}", self._page),
            ]
        )

    def put(self, name: str, attributes: str = "", body: str = "", *, style: str = "plain", script: bool = True, service: str = "") -> None:
        """Make a page with the snippet, as an administrator would paste it."""
        tag = f'<script src="{service or self.service}/embed.js" data-zhiyin {attributes} defer></script>' if script else ""
        self.pages[name] = (tag, body, style)

    def _page(self, request: Request) -> Response:
        tag, body, style = self.pages[request.path_params["name"]]
        chat = f"{self.service} {origin(self.service)}"  # by either of its names
        policy = (
            f"default-src 'none'; script-src 'self' {chat}; frame-src {chat} {self.others}; style-src 'self'; "
            "connect-src 'self'; img-src 'self'; require-trusted-types-for 'script'; base-uri 'none'; form-action 'none'"
        )
        page = (
            '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f'<title>内网</title><link rel="stylesheet" href="/{style}.css"><script src="/host.js"></script>{tag}</head>'
            f"<body><main><h1>通知</h1><p>正文。</p><button id=own>本页的按钮</button>{body}</main></body></html>"
        )
        return HTMLResponse(page, headers={"content-security-policy": policy})


def origin(address: str, name: str = "localhost") -> str:
    """The origin of a server of this machine under another of its names."""
    return f"http://{name}:{urlsplit(address).port}"
