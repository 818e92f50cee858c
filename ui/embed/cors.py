"""Scripts of other sites that may call the HTTP interface: those of `cors_origins`, with a token, never with cookies."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_PATHS = ("/api/", "/v1/")
_OWN = ("/api/library", "/api/conversations")  # what a person keeps here is for this service's own page alone
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_HEADERS = ("authorization", "content-type", "x-api-key")
_EXPOSED = ("retry-after",)
_AGE = 600  # seconds that a browser keeps a permission


def is_interface(path: str) -> bool:
    """Whether `path` belongs to the HTTP interface, and so to what `cors_origins` opens."""
    return path.startswith(_PATHS) and not path.startswith(_OWN)


class Cors:
    """Wraps an ASGI app; answers for `origins` under /api and /v1, and says nothing to anyone else.

    Credentials are not allowed: a cookie of a signed-in reader is never sent along with another site's call.
    """

    def __init__(self, app: ASGIApp, *, origins: Sequence[str] = ()) -> None:
        self._app = app
        self._open = CORSMiddleware(
            app,
            allow_origins=tuple(origins),
            allow_methods=_METHODS,
            allow_headers=_HEADERS,
            expose_headers=_EXPOSED,
            max_age=_AGE,
        )
        self._any = bool(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        opened = self._any and scope["type"] == "http" and is_interface(scope["path"])
        await (self._open if opened else self._app)(scope, receive, send)
