"""A login at another host that is under way: nothing is kept of it here, all of it comes back sealed and is used once.

What ties an attempt to the browser that began it is a cookie; `state`, `nonce` and the PKCE verifier follow from that
cookie under a key of this process, so that any number of attempts, or of tabs, needs no memory.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

SECONDS = 600  # that a login may take
_LONGEST = 4096  # characters of a state


@dataclass(frozen=True, slots=True)
class Attempt:
    """One login. `target` is the path to go to afterwards; `expires` is in seconds since 1970."""

    state: str
    nonce: str
    verifier: str
    target: str
    expires: float


class Attempts:
    """Seals attempts and opens them again."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._key, self._clock = secrets.token_bytes(32), clock

    def begin(self, browser: str, target: str) -> Attempt:
        """A new attempt of the browser with the secret cookie `browser`."""
        expires = self._clock() + SECONDS
        row = json.dumps([secrets.token_urlsafe(16), expires, target]).encode()
        body = base64.urlsafe_b64encode(row).decode().rstrip("=")
        return self._attempt(browser, body, target, expires)

    def resume(self, browser: str, state: str) -> Attempt | None:
        """The attempt that came back as `state`; None where this browser did not begin it, or too long ago."""
        body = state.partition(".")[0]
        if not 0 < len(state) <= _LONGEST or not hmac.compare_digest(state.encode(), self._state(browser, body).encode()):
            return None
        _, expires, target = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))  # sealed: it is our own
        return self._attempt(browser, body, target, expires) if self._clock() < expires else None

    def _attempt(self, browser: str, body: str, target: str, expires: float) -> Attempt:
        return Attempt(self._state(browser, body), self._derived("nonce", browser, body), self._derived("verifier", browser, body), target, expires)

    def _state(self, browser: str, body: str) -> str:
        return f"{body}.{self._derived('state', browser, body)}"

    def _derived(self, purpose: str, browser: str, body: str) -> str:
        """43 characters, as PKCE wants them at least (RFC 7636, section 4.1)."""
        data = "\n".join((purpose, browser, body)).encode("utf-8", "surrogatepass")
        return base64.urlsafe_b64encode(hmac.new(self._key, data, hashlib.sha256).digest()).decode().rstrip("=")
