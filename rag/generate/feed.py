"""Text that a thread of its own brings, for one who waits for it no longer than it is wanted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue

from ..errors import OutOfTime

POLL = 0.05  # seconds between two looks at `stop` and the clock
LEAVE = 1.0  # seconds that the end of a cancelled thread is waited for; it ends by itself, too

Put = Callable[[str], None]


def feed(
    work: Callable[[Put], None], cancel: Callable[[], None], *, stop: Callable[[], bool] | None, seconds: float, name: str
) -> Iterator[str]:
    """Yield what `work` puts, until it returns, `stop()` is true, or the iterator is closed.

    `cancel` is called at the end, whichever it is, and has to make `work` return soon from wherever it is. What `work`
    raises is raised here after all that it put. Raises OutOfTime after `seconds`, naming the model `name`.
    """
    parcels: SimpleQueue[str | BaseException | None] = SimpleQueue()

    def run() -> None:
        try:
            work(parcels.put)
        except BaseException as error:
            parcels.put(error)
        else:
            parcels.put(None)

    thread = threading.Thread(target=run, name="zhiyin-generate", daemon=True)
    until = time.monotonic() + seconds
    thread.start()
    try:
        while not (stop is not None and stop()):
            if time.monotonic() >= until:
                raise OutOfTime(f"the language model {name!r} was not ready after {seconds:g} seconds; allow it more (generator_seconds), or take a smaller one")
            try:
                parcel = parcels.get(timeout=POLL)
            except Empty:
                continue
            if parcel is None:
                return
            if isinstance(parcel, BaseException):
                raise parcel
            yield parcel
    finally:
        cancel()
        thread.join(LEAVE)
