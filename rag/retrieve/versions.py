"""Versions of a document: which one is in force at a time, and which took its place.

A document says it itself, in the front matter at its top (`valid_from`, `valid_until`: a date or a year; `supersedes`: names or titles of
documents, parted by semicolons), or its title does (`差旅费管理办法（2021年修订）`): documents of one folder whose titles differ in that alone are
versions of one another. Where nothing is said, nothing is left out.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, replace
from datetime import date
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from ..text.fold import fold
from ..text.titles import VERSION
from ..types import Period

if TYPE_CHECKING:
    from ..store import Snapshot

_FIELD = re.compile(r"^(valid_from|valid_until|supersedes)\s*:\s*[\"'\[]?(.*?)[\"'\]]?\s*$", re.MULTILINE)
_DATE = re.compile(r"(\d{4})(?:\s*[-/.年]\s*(\d{1,2})(?:\s*[-/.月]\s*(\d{1,2}))?)?")
_FIRST, _LAST = date.min, date.max


@dataclass(frozen=True, slots=True)
class Validity:
    """From when until when a document is in force, both days included, and the source of the one that took its place, where one did."""

    since: date = _FIRST
    until: date = _LAST
    successor: str | None = None

    def within(self, first: date, last: date) -> bool:
        """Whether it is in force on some day of a span."""
        return self.since <= last and first <= self.until


_known: WeakKeyDictionary[Snapshot, dict[str, Validity]] = WeakKeyDictionary()
_lock = threading.Lock()


def validities(snapshot: Snapshot) -> dict[str, Validity]:
    """By source, of those documents of which something is known."""
    with _lock:
        if snapshot not in _known:
            _known[snapshot] = _found(snapshot)
        return _known[snapshot]


def hidden(snapshot: Snapshot, period: Period | None, today: date) -> frozenset[str]:
    """The documents that are not in force: in the years asked about, or today where no year is asked about.

    Of what was never in force then, everything is left in: a question about an earlier time is not refused for it.
    """
    known = validities(snapshot)
    first, last = (date(period.first, 1, 1), date(period.last, 12, 31)) if period and period.first > 0 else (today, today)
    out = {source for source, validity in known.items() if not validity.within(first, last)}
    return frozenset(out) if len(out) < len(known) else frozenset()


def _found(snapshot: Snapshot) -> dict[str, Validity]:
    infos = snapshot.sources()
    found: dict[str, Validity] = {}
    families: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for info in infos:
        title = _title(info.title)
        mark = VERSION.search(title)
        family = str(PurePosixPath(info.source).parent), VERSION.sub("", title)
        families.setdefault(family, []).append((int(mark[1]) if mark else 0, info.source))
    for versions in families.values():
        years = [year for year, _ in sorted(versions)]
        if len(versions) < 2 or not years[-1] or len(set(years)) < len(years):
            continue
        for (year, source), later in zip(sorted(versions), [*sorted(versions)[1:], (0, None)], strict=True):
            found[source] = Validity(date(year, 1, 1) if year else _FIRST, date(later[0] - 1, 12, 31) if later[0] else _LAST, later[1])
    names = {name: info.source for info in infos for name in (_title(info.title), fold(info.source), fold(PurePosixPath(info.source).name))}
    for source, head in snapshot.front_matter().items():
        told = {m[1]: m[2] for m in _FIELD.finditer(head)}
        since, until = _day(told.get("valid_from", ""), first=True), _day(told.get("valid_until", ""), first=False)
        if told:
            own = found.get(source, Validity())
            found[source] = replace(own, since=since or own.since, until=until or own.until)
        for name in filter(None, (_title(name) for name in re.split(r"[;；,]", told.get("supersedes", "")))):
            if (old := names.get(name)) and old != source:
                before = found.get(old, Validity())
                ends = date.fromordinal(since.toordinal() - 1) if since and since > _FIRST else before.until
                # superseded on a day that nobody names: not in force today, whatever it was before
                found[old] = replace(before, until=min(before.until, ends) if ends < _LAST else _FIRST, successor=source)
    return found


def _title(text: str) -> str:
    return fold(text).strip().strip("《》\"' []")


def _day(text: str, *, first: bool) -> date | None:
    """The first or the last day of a year, a month or a day; None for anything else."""
    found = _DATE.match(text.strip())
    if found is None:
        return None
    year, month, day = (int(number) if number else None for number in found.groups())
    try:
        if day or first:
            return date(year or 1, month or 1, day or 1)
        return date.fromordinal((date(year or 1, month + 1, 1) if month and month < 12 else date((year or 1) + 1, 1, 1)).toordinal() - 1)
    except ValueError:
        return None
