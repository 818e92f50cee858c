"""Gradio keeps a conversation under a name that the browser chooses; it is bound to the first person who uses it."""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from urllib.parse import parse_qs

from rag.web import Receive, Scope, replay

_KEPT = 50_000
_PATHS = re.compile(r"/gradio_api/(?:queue/|heartbeat/|cancel|reset|upload|stream)")
_HEARTBEAT = re.compile(r"/gradio_api/heartbeat/([^/]+)")


class Bound:
    """Which person each of Gradio's sessions belongs to."""

    def __init__(self) -> None:
        self._owner: OrderedDict[str, str] = OrderedDict()

    async def check(self, scope: Scope, receive: Receive, person: str) -> Receive:
        """Raise PermissionError where the request names the session of another person.

        Returns what the body is to be read from, since it may have been looked at.
        """
        if not _PATHS.match(scope["path"]):
            return receive
        names = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("session_hash", [])
        beat = _HEARTBEAT.match(scope["path"])
        names += [beat[1]] if beat else []
        if scope.get("method") == "POST":
            body = await _body(receive)
            receive = replay(body, receive)
            names += _named(body)
        for name in names:
            if self._owner.setdefault(name, person) != person:
                raise PermissionError("this session belongs to someone else")
            self._owner.move_to_end(name)
        while len(self._owner) > _KEPT:
            self._owner.popitem(last=False)
        return receive


def _named(body: bytes) -> list[str]:
    try:
        row = json.loads(body)
    except (ValueError, RecursionError):
        return []
    name = row.get("session_hash") if isinstance(row, dict) else None
    return [name] if isinstance(name, str) else []


async def _body(receive: Receive) -> bytes:
    """The whole body; the fence outside has limited it."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return bytes(body)
