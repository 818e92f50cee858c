"""What a reader narrows a question to: documents, places, years. Applied before ranking, as one set of allowed chunks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import InputError
from ..text.places import covers
from ..types import Period

MOST = 200  # values of one kind
LONGEST = 1000  # characters of a source's name


@dataclass(frozen=True, slots=True)
class Filters:
    """Any of the values of a kind will do, and each kind that is given must hold; an empty kind says nothing.

    A place takes in what lies in it (`浙江` also takes `浙江/杭州`). What speaks of no known year or place passes no
    filter of that kind: whoever narrows a question wants nothing that may be about something else.
    """

    sources: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    years: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.sources or self.regions or self.years)

    def allows(self, source: str, period: Period | None, regions: Iterable[str]) -> bool:
        """Whether a chunk of `source` that speaks of these years and places may be searched."""
        return (
            (not self.sources or source in self.sources)
            and (not self.years or (period is not None and any(year in period for year in self.years)))
            and (not self.regions or any(covers(wanted, spoken) for spoken in regions for wanted in self.regions))
        )

    def to_dict(self) -> dict[str, list[Any]]:
        """JSON values, sorted; `parse` reads them back."""
        return {"sources": sorted(self.sources), "regions": sorted(self.regions), "years": sorted(self.years)}


EVERYTHING = Filters()
"""No filter."""


def parse(value: object) -> Filters:
    """`{"sources"?, "regions"?, "years"?}`, each a list; None is no filter. Raises InputError for anything else."""
    if value is None:
        return Filters()
    if not isinstance(value, Mapping) or not set(value) <= {"sources", "regions", "years"}:
        raise InputError('filters should be {"sources": [...], "regions": [...], "years": [...]}')
    return Filters(
        frozenset(_list(value, "sources", str)), frozenset(_list(value, "regions", str)), frozenset(_list(value, "years", int))
    )


def _list(value: Mapping[str, Any], key: str, kind: type) -> list[Any]:
    given = value.get(key)
    given = [] if given is None else given
    if not isinstance(given, list) or len(given) > MOST or any(type(v) is not kind for v in given):
        raise InputError(f"{key} should be a list of at most {MOST} {'texts' if kind is str else 'whole numbers'}")
    if any(isinstance(v, str) and not 0 < len(v) <= LONGEST for v in given):
        raise InputError(f"a value of {key} should have 1 to {LONGEST} characters")
    return given
