"""The chat's own rules before a request and after a response: a short list of open doors, and scripts by nonce."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from rag.web import BODY_SECONDS, LOCAL_HOSTS, MAX_BODY, App, Fence, Message, Scope, Send, security_headers

from .embed import pages as embedding
from .embed.cors import is_interface
from .library import FILES

# Gradio serves more than this page uses: uploads, a file proxy, run history, an editor. It stays shut.
_GRADIO = re.compile(
    r"/(?:$|config$|theme\.css$|assets/|static/|favicon\.ico$|manifest\.json$|robots\.txt$"
    r"|gradio_api/(?:queue/(?:join|data)|heartbeat/[^/]+|cancel|reset|startup-events|info)/?$)"
)
_OWN = re.compile(r"/(?:api/|v1/|ui/|embed(?:$|\.js$|/)|healthz$|readyz$|metrics$)")
_FORMS = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action"
_FOREIGN_META = re.compile(rb"<meta\s+(?:property|name)=\"(?:og|twitter):[^>]*?/>\s*", re.DOTALL)
_SCRIPT = re.compile(rb"<script(?=[\s>])")


class Guard(Fence):
    """Wraps the chat's app; `head` goes into the page's head.

    Pages of `embed_origins` may frame the chat, scripts of `cors_origins` may call the HTTP interface. Of the
    paths of logging in those of `login_paths` are open: Gradio has some of its own. The form that logs out may lead on to
    `login_origins`: browsers hold redirects against form-action, too.
    """

    def __init__(
        self,
        app: App,
        *,
        hosts: Iterable[str] | None = LOCAL_HOSTS,
        embed_origins: Sequence[str] = (),
        cors_origins: Sequence[str] = (),
        login_paths: Collection[str] = (),
        login_origins: Sequence[str] = (),
        head: str = "",
        max_body: int = MAX_BODY,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        super().__init__(app, hosts=hosts)
        self._limits = (max_body, body_seconds)
        self._embed, self._cors = tuple(embed_origins), frozenset(cors_origins)
        self._logins = frozenset(login_paths)
        self._forms = " ".join((_FORMS, "'self'", *login_origins))
        self._heads = {"/": head.encode(), embedding.PAGE: (embedding.head(self._embed) + head).encode()}

    def policy(self, nonce: str, path: str) -> dict[str, str]:
        """The headers of a response.

        Gradio's HTML component compiles its template in the page, which takes `unsafe-eval`.

        Inline scripts run with this response's nonce alone, so text that slipped into the page still can't run.
        """
        content = (
            f"default-src 'self'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; "
            "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
            "connect-src 'self'; base-uri 'self'; form-action 'self'"
        )
        own = embedding.headers(path, self._embed, content)
        if path in ("/login", "/logout"):  # forms: without a referrer a browser hides where they were sent from
            return security_headers(self._forms) | {"referrer-policy": "same-origin"}
        return security_headers(content) if own is None else own

    def trusts(self, origin: str, path: str) -> bool:
        """Whether `cors_origins` opens `path` to pages of that origin."""
        return origin in self._cors and is_interface(path)

    def limits(self, scope: Scope) -> tuple[int, float]:
        """What the settings allow; an upload is read, and bounded, where it is written."""
        return (-1, 0.0) if scope["path"] == FILES and scope["method"] == "PUT" else self._limits

    def refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Refuse what the fence refuses, and what is behind no open door."""
        path = scope["path"]
        refused = super().refusal(scope)
        if refused is None and not (path in self._logins or _OWN.match(path) or _GRADIO.match(path)):
            return 404, "there is nothing at this address"
        return refused

    def outgoing(self, scope: Scope, send: Send, nonce: str) -> Send:
        """Send the page through `_Page`, anything else as it is."""
        head = self._heads.get(scope["path"]) if scope["method"] == "GET" else None
        return send if head is None else _Page(send, nonce, head).send


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
