"""How often someone may ask, and who counts as one."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from starlette.requests import HTTPConnection

from ..who import LOCAL, who

_MINUTE = 60.0
_KEPT = 10_000  # askers remembered
_SHARED = "token"  # the person that everyone with the shared token is


class Rates:
    """At most `per_minute` questions in any minute from each asker; 0 for any number."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = per_minute
        self._clock = clock
        self._asked: OrderedDict[str, deque[float]] = OrderedDict()  # whoever asked last stands last

    def __len__(self) -> int:
        return len(self._asked)

    def take(self, asker: str) -> float:
        """Count one question of `asker` and return 0; or count nothing and return the seconds until it may be asked."""
        if not self._most:
            return 0.0
        now = self._clock()
        times = self._asked.setdefault(asker, deque(maxlen=self._most))
        if len(times) == self._most and now < times[0] + _MINUTE:
            return times[0] + _MINUTE - now
        times.append(now)
        self._asked.move_to_end(asker)
        self._forget(now)
        return 0.0

    def _forget(self, now: float) -> None:
        """Drop whoever has not asked for a minute, and of too many those who asked longest ago."""
        while self._asked:
            asker, times = next(iter(self._asked.items()))
            if len(self._asked) <= _KEPT and now < times[-1] + _MINUTE:
                break
            del self._asked[asker]


def asker(request: HTTPConnection) -> str:
    """Who is counted: the person, or where that is not one person the address."""
    person = who(request)
    if person == LOCAL or person.id == _SHARED:
        return f"address {_address(request.client.host if request.client else '')}"
    return f"person {person.id}"


def _address(host: str) -> str:
    """The address; of IPv6 its network of 64 bits, all of which one subscriber has."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address) and not address.is_loopback:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
