"""A hub on this machine that speaks as huggingface.co and as modelscope.cn, and can be told to misbehave."""

import hashlib
import json
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "c0ffee" * 6 + "beef"


class Hub:
    """Serves `files` (path: bytes) as `org/model`. What it is told to do wrong, it does once a list item or always."""

    def __init__(self, files):
        self.files = files
        self.commit = COMMIT
        self.cut = []  # bytes after which answers are cut off, one answer each
        self.failures = []  # status codes that files are answered with, one answer each
        self.ranges = True
        self.status = None  # for everything
        self.lies = {}  # path: bytes that come instead
        self.page = 1000  # files a page of the listing
        self.listing = None  # what comes instead of a list
        self.asked = []  # (path, range) of every file asked for

    def digest(self, path):
        return hashlib.sha256(self.files[path]).hexdigest()

    def answer(self, url):
        """(kind, body): json, a file's path, or nothing."""
        parts, query = urlsplit(url), {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}
        path = unquote(parts.path)
        if self.listing is not None and "/api/" in path and "FilePath" not in query:
            return "json", self.listing
        if path.startswith("/api/models/org/model/revision/"):
            if path.rpartition("/")[2] not in ("main", "pr", self.commit):
                return None, None
            return "json", {"sha": self.commit}
        if path == f"/api/models/org/model/tree/{self.commit}":
            at = int(query.get("at", 0))
            rows = [{"type": "directory", "path": "1_Pooling", "oid": "0", "size": 0}]
            for name in sorted(self.files)[at : at + self.page]:
                data = self.files[name]
                git = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
                row = {"type": "file", "path": name, "size": len(data), "oid": git}
                if name.endswith(".safetensors"):  # as large files are: the pointer's own hash, and that of the file
                    row |= {"oid": "0" * 40, "lfs": {"oid": self.digest(name), "size": len(data), "pointerSize": 130}}
                rows.append(row)
            following = at + self.page
            return ("json", rows) if following >= len(self.files) else ("next", (rows, f"{parts.path}?recursive=true&at={following}"))
        if path.startswith(f"/org/model/resolve/{self.commit}/"):
            return "redirect", f"/cdn/{path.partition(self.commit + '/')[2]}"
        if path.startswith("/cdn/"):
            return "file", path.removeprefix("/cdn/")
        if path == "/api/v1/models/org/model/repo/files":
            rows = [{"Type": "tree", "Path": "1_Pooling", "Size": 0, "Sha256": ""}]
            rows += [{"Type": "blob", "Path": n, "Size": len(d), "Sha256": self.digest(n)} for n, d in self.files.items()]
            return "json", {"Code": 200, "Data": {"Files": rows}}
        if path == "/api/v1/models/org/model/repo":
            return "file", query["FilePath"]
        return None, None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        hub = self.server.hub
        kind, body = (None, None) if hub.status else hub.answer(self.path)
        if kind in ("json", "next"):
            rows, link = body if kind == "next" else (body, None)
            data = rows if isinstance(rows, bytes) else json.dumps(rows).encode()
            self._head(200, len(data), **({"Link": f'<http://{self.headers["Host"]}{link}>; rel="next"'} if link else {}))
            self.wfile.write(data)
        elif kind == "redirect":
            self._head(302, 0, Location=body)
        elif kind == "file" and body in hub.files:
            self._file(hub, body)
        else:
            self._head(hub.status or 404, 0)

    def _file(self, hub, path):
        asked = self.headers.get("Range")
        hub.asked.append((path, asked))
        if hub.failures:
            self._head(hub.failures.pop(0), 0)
            return
        data = hub.lies.get(path, hub.files[path])
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and hub.ranges else 0
        if start:
            self._head(206, len(data) - start, **{"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"})
        else:
            self._head(200, len(data))
        data = data[start:]
        if hub.cut and path.endswith(".safetensors"):
            self.wfile.write(data[: hub.cut.pop(0)])
            self.close_connection = True
            self.wfile.flush()
            self.connection.close()
            return
        self.wfile.write(data)

    def _head(self, status, length, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def finish(self):
        with suppress(OSError):
            super().finish()


@contextmanager
def serving(hub):
    """The address of `hub` while the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.hub = hub
    server.daemon_threads = True
    server.handle_error = lambda request, address: None  # cut connections are meant
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
