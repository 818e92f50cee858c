"""The chat's own rules before a request and after a response: a short list of open doors, and scripts by nonce."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rag.web import LOCAL_HOSTS, App, Fence, Message, Scope, Send, security_headers

# Gradio serves more than this page uses: uploads, a file proxy, run history, an editor. It stays shut.
_GRADIO = re.compile(
    r"/(?:$|config$|theme\.css$|assets/|static/|favicon\.ico$|manifest\.json$|robots\.txt$"
    r"|gradio_api/(?:queue/(?:join|data)|heartbeat/[^/]+|cancel|reset|startup-events|info)/?$)"
)
_OWN = re.compile(r"/(?:api/|ui/|healthz$|readyz$)")
_FOREIGN_META = re.compile(rb"<meta\s+(?:property|name)=\"(?:og|twitter):[^>]*?/>\s*", re.DOTALL)
_SCRIPT = re.compile(rb"<script(?=[\s>])")


class Guard(Fence):
    """Wraps the chat's app; `head` goes into the page's head, `frame_ancestors` are the pages that may frame it."""

    def __init__(
        self,
        app: App,
        *,
        hosts: Iterable[str] | None = LOCAL_HOSTS,
        frame_ancestors: str = "'none'",
        head: str = "",
    ) -> None:
        super().__init__(app, hosts=hosts)
        self._ancestors = frame_ancestors
        self._head = head.encode()

    def policy(self, nonce: str) -> dict[str, str]:
        """The headers of a response.

        Gradio's HTML component compiles its template in the page, which takes `unsafe-eval`.

        Inline scripts run with this response's nonce alone, so text that slipped into the page still can't run.
        """
        content = (
            f"default-src 'self'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; "
            "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
            "connect-src 'self'; base-uri 'self'; form-action 'self'"
        )
        return security_headers(content, self._ancestors)

    def refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Refuse what the fence refuses, and what is behind no open door."""
        path = scope["path"]
        refused = super().refusal(scope)
        if refused is None and not (_OWN.match(path) or _GRADIO.match(path)):
            return 404, "there is nothing at this address"
        return refused

    def outgoing(self, scope: Scope, send: Send, nonce: str) -> Send:
        """Send the page through `_Page`, anything else as it is."""
        page = scope["path"] == "/" and scope["method"] == "GET"
        return _Page(send, nonce, self._head).send if page else send


class _Page:
    """Holds the page back until it is whole; gives its scripts the nonce, takes foreign addresses out."""

    def __init__(self, send: Send, nonce: str, head: bytes) -> None:
        self._send, self._nonce, self._head = send, nonce.encode(), head
        self._start: Message = {}
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        if message["type"] != "http.response.body":
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        page = _FOREIGN_META.sub(b"", bytes(self._body))
        page = page.replace(b'lang="en"', b'lang="zh-CN"', 1).replace(b"</head>", self._head + b"</head>", 1)
        page = _SCRIPT.sub(b'<script nonce="' + self._nonce + b'"', page)
        dropped = (b"content-length", b"cache-control")
        headers = [(n, v) for n, v in self._start["headers"] if n.lower() not in dropped]
        headers += [(b"content-length", str(len(page)).encode()), (b"cache-control", b"no-store")]
        await self._send({**self._start, "headers": headers})
        await self._send({"type": "http.response.body", "body": page})
