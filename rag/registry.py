"""Finds exchangeable parts by entry point, so that a new one needs one file and one line."""

from __future__ import annotations

import difflib
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from .errors import UnknownPlugin


def names(group: str) -> list[str]:
    """Names registered under `zhiyin.<group>`, sorted."""
    return sorted(ep.name for ep in _all(group))


def load(group: str, name: str) -> Any:
    """Import and return the part `name` of `zhiyin.<group>`.

    Raises UnknownPlugin, with what is installed and the nearest name.
    """
    for ep in _all(group):
        if ep.name == name:
            return ep.load()
    known = names(group)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise UnknownPlugin(f"no {group} part named {name!r}; installed: {', '.join(known) or 'none'}{hint}")


def _all(group: str) -> list[EntryPoint]:
    return list(entry_points(group=f"zhiyin.{group}"))
