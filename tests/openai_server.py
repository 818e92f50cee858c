"""A model server on this machine that speaks OpenAI's protocol and does what a script says, misbehaving included.

    with serving(Script(Reply(["书屋", "318家。"]))) as server:
        settings = Settings(generator_url=server.url)
        ...
        server.asked[0].body["messages"]
"""

import json
import select
import socket
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Reply:
    """One answer to a chat completion. Without `status` it is a stream of events, one for each of `pieces`.

    `pieces` are texts, whole deltas, or bytes that go on the line as they are. `end` is the finish_reason; None breaks the
    connection off after the last piece.
    """

    pieces: list = field(default_factory=lambda: ["全省新建", "职工书屋", "318家[1]。"])
    end: str | None = "stop"
    delay: float = 0  # seconds before the first byte
    gap: float = 0  # seconds before each piece
    endless: bool = False  # the pieces come again and again
    status: int = 0
    headers: dict = field(default_factory=dict)
    body: str | dict = ""  # what comes with a status


@dataclass
class Asked:
    path: str
    headers: dict  # names in small letters
    body: dict | None
    at: float  # time.monotonic()


class Script:
    """`replies` are given one after the other, the last again and again; a list of models on `/v1/models`."""

    def __init__(self, *replies, models=("模型",), listing=None):
        self.replies = list(replies) or [Reply()]
        self.models = [card if isinstance(card, dict) else {"id": card} for card in models]
        self.listing = listing  # a Reply with a status in place of the list
        self.asked = []
        self.gone = threading.Event()  # a client left before its answer was whole
        self.url = ""
        self._lock = threading.Lock()

    @property
    def chats(self):
        """The requests for completions."""
        return [asked for asked in self.asked if asked.path.endswith("/chat/completions")]

    def take(self):
        with self._lock:
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        script = self.server.script
        self._note(None)
        if script.listing is not None:
            self._wait(script.listing.delay)
            self._whole(script.listing)
        elif self.path == "/v1/models":
            cards = [{"object": "model", "created": 0, "owned_by": "test"} | card for card in script.models]
            self._whole(Reply(status=200, body={"object": "list", "data": cards}))
        else:
            self._whole(Reply(status=404, body={"error": {"message": "no such page"}}))

    def do_POST(self):
        script = self.server.script
        self._note(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        reply = script.take()
        try:
            self._wait(reply.delay)
            if reply.status:
                self._whole(reply)
            else:
                self._stream(reply)
        except OSError:
            script.gone.set()
            self.close_connection = True

    def _note(self, body):
        self.server.script.asked.append(Asked(self.path, {name.lower(): value for name, value in self.headers.items()}, body, time.monotonic()))

    def _wait(self, seconds):
        """Wait, or raise OSError as soon as the client has left."""
        until = time.monotonic() + seconds
        while True:
            ready, _, _ = select.select([self.connection], [], [], max(0, min(0.01, until - time.monotonic())))
            if ready and not self.connection.recv(1, socket.MSG_PEEK):
                raise ConnectionResetError
            if time.monotonic() >= until:
                return

    def _whole(self, reply):
        text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
        kind = "text/html; charset=utf-8" if isinstance(reply.body, str) else "application/json"
        data = text.encode()
        self.send_response(reply.status)
        for name, value in {"Content-Type": kind, **reply.headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, reply):
        self.send_response(200)
        for name, value in {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked", **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        while True:
            for piece in reply.pieces:
                self._wait(reply.gap)
                self._chunk(piece if isinstance(piece, bytes) else _event(piece if isinstance(piece, dict) else {"content": piece}))
            if not reply.endless:
                break
        if reply.end is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._chunk(_event({}, reply.end))
        self._chunk(b"data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def finish(self):
        with suppress(OSError):
            super().finish()


def _event(delta, end=None):
    choice = {"index": 0, "delta": delta, "finish_reason": end}
    return b"data: %s\n\n" % json.dumps({"id": "1", "object": "chat.completion.chunk", "choices": [choice]}, ensure_ascii=False).encode()


@contextmanager
def serving(script=None):
    """`script`, its `url` set, answering while the block runs."""
    script = script or Script()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.script = script
    server.daemon_threads = True
    server.handle_error = lambda request, address: None  # cut connections are meant
    script.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
