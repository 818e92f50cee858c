"""One file from a hub to the disk: goes on where it was cut off, and is kept only if its checksum holds."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelError
from .sources import Remote, elsewhere, refused

if TYPE_CHECKING:
    import httpx2

TRIES = 5
"""Attempts in a row that bring nothing, before the download is given up."""

BLOCK = 1 << 20

Told = Callable[[int], None]
"""Called with bytes that came in; below zero for bytes that have to come again."""

sleep = time.sleep


def fetch(client: httpx2.Client, file: Remote, target: Path, told: Told, *, hub: str, repo: str) -> None:
    """Fetch `file` to `target`; what an earlier call left of it is not fetched again.

    Raises ModelError where it can't be had or its checksum is wrong, OSError where the disk fails.
    """
    import httpx2

    if target.is_file() and target.stat().st_size == file.bytes and matches(target, file.digest):
        told(file.bytes)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = partial(target, file.digest)
    part.touch()
    if part.stat().st_size > file.bytes:
        part.write_bytes(b"")
    have = part.stat().st_size
    told(have)
    failures, why = 0, ""
    while have < file.bytes:
        try:
            _stream(client, file, part, have, told, hub=hub, repo=repo)
            why = "the answer ended early"
        except (httpx2.HTTPError, _TryAgain) as error:
            why = str(error) or type(error).__name__
        now = part.stat().st_size
        failures = 0 if now > have else failures + 1
        have = now
        if failures >= TRIES:
            raise ModelError(
                f"{hub} broke off {file.path} of {repo} {TRIES} times in a row ({why}); {have:,} of {file.bytes:,} bytes "
                f"are kept, run the command again to go on. {elsewhere(hub, repo)}"
            )
        if have < file.bytes:
            sleep(min(2**failures, 30))
    if not matches(part, file.digest):
        part.unlink()
        told(-file.bytes)
        raise ModelError(
            f"{file.path} of {repo} did not come as {hub} lists it ({file.digest[:19]}…): changed on its way, or damaged "
            "there. It was thrown away; run the command again"
        )
    part.replace(target)


class _TryAgain(Exception):
    """The hub is busy."""


def _stream(
    client: httpx2.Client, file: Remote, part: Path, have: int, told: Told, *, hub: str, repo: str
) -> None:
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with client.stream("GET", file.url, headers=headers) as answer:
        status = answer.status_code
        if status == 416:
            part.write_bytes(b"")
            told(-have)
            raise _TryAgain("the hub has less of it")
        if status == 429 or status >= 500:
            raise _TryAgain(f"status {status}")
        goes_on = status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if status not in (200, 206) or (status == 206 and not goes_on):
            raise refused(hub, repo, status, f"file {file.path} of {repo}")
        if have and not goes_on:  # the whole file comes again
            told(-have)
            have = 0
        with part.open("ab" if have else "wb") as out:
            for block in answer.iter_raw():  # as it comes: what waits in a buffer is lost when the line is cut
                have += len(block)
                if have > file.bytes:
                    out.truncate(0)
                    raise ModelError(
                        f"{file.path} of {repo} is longer than {hub} lists it ({file.bytes:,} bytes); run the command again"
                    )
                out.write(block)
                told(len(block))


def partial(target: Path, digest: str) -> Path:
    """Where the beginning of `target` is kept; another version of the file has another place."""
    return target.with_name(f"{target.name}.{digest.rpartition(':')[2][:12]}.part")


def matches(path: Path, digest: str) -> bool:
    """Whether the bytes of `path` are those of `digest`, `sha256:…` or `git:…` (SHA-1 of a git blob)."""
    kind, _, expected = digest.partition(":")
    found = hashlib.sha256() if kind == "sha256" else hashlib.sha1(usedforsecurity=False)
    if kind == "git":
        found.update(b"blob %d\0" % path.stat().st_size)
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            found.update(block)
    return found.hexdigest() == expected.lower()
