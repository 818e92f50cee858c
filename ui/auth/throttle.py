"""Failed proofs are counted, so that nobody can try one password after the other."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

WINDOW = 300.0  # seconds in which failures count
MOST_NAME = 5  # of one name from one address
MOST_ADDRESS = 30  # of one address, whatever the names
_KEPT = 20_000


class Throttle:
    """Failures in the last `window` seconds, by whatever key; in memory, at most some thousand keys."""

    def __init__(self, window: float = WINDOW, clock: Callable[[], float] = time.monotonic) -> None:
        self._window, self._clock = window, clock
        self._failed: OrderedDict[tuple[str, ...], list[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, address: str, name: str | None = None) -> float:
        """Seconds until another try is looked at; 0 for at once."""
        with self._lock:
            waits = [self._wait((address,), MOST_ADDRESS)]
            if name is not None:
                waits.append(self._wait((address, name), MOST_NAME))
        return max(waits)

    def failed(self, address: str, name: str | None = None) -> None:
        """Count a failure."""
        with self._lock:
            for key in [(address,)] if name is None else [(address,), (address, name)]:
                self._failed.setdefault(key, []).append(self._clock())
                self._failed[key] = self._failed[key][-MOST_ADDRESS:]
                self._failed.move_to_end(key)
            while len(self._failed) > _KEPT:
                self._failed.popitem(last=False)

    def succeeded(self, address: str, name: str) -> None:
        """Forget the failures of this name from there."""
        with self._lock:
            self._failed.pop((address, name), None)

    def _wait(self, key: tuple[str, ...], most: int) -> float:
        now = self._clock()
        times = [t for t in self._failed.get(key, ()) if now - t < self._window]
        return times[-most] + self._window - now if len(times) >= most else 0.0
