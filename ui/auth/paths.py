"""Where somebody may be sent after logging in."""

from __future__ import annotations

import re

_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]{0,500}")


def local_path(target: str) -> str:
    """`target` where it is a path of this service, else the start page: never another address.

    >>> local_path("/embed/setup"), local_path("//evil.example"), local_path("https://evil.example")
    ('/embed/setup', '/', '/')
    """
    return target if _LOCAL.fullmatch(target) else "/"
