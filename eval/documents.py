"""The documents that a gold set asks about, as they are indexed: raw text, which evidence counts in, and clean text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rag.config import home
from rag.messages import tr
from rag.offsets import OffsetMap

from .homes import indexed

if TYPE_CHECKING:
    from rag.store import Snapshot
    from rag.types import Part


class Texts(Protocol):
    """Documents by name."""

    def sources(self) -> Sequence[str]:
        """The names of all documents."""

    def raw(self, source: str) -> str | None:
        """The text of a document that citations count in; None where there is no such document."""

    def clean(self, source: str, start: int, end: int) -> str:
        """What cleaning makes of `raw[start:end]`; empty where it drops it."""


class Indexed:
    """The documents of one generation."""

    def __init__(self, snapshot: Snapshot) -> None:
        """`snapshot` has to stay open."""
        self._names = [info.source for info in snapshot.sources()]
        self._known = frozenset(self._names)
        self._raw = lru_cache(maxsize=64)(lambda source: snapshot.document(source).raw)
        self._maps = lru_cache(maxsize=64)(lambda source: _maps(snapshot.parts(source)))

    def sources(self) -> Sequence[str]:
        """The names of all documents."""
        return self._names

    def raw(self, source: str) -> str | None:
        """The raw text, None where there is no such document."""
        return self._raw(source) if source in self._known else None

    def clean(self, source: str, start: int, end: int) -> str:
        """The clean text of `raw[start:end]`, of each part that has some of it."""
        spans = [(part.clean, offsets.to_clean(start, end)) for part, offsets in self._maps(source)]
        return "\n".join(text[slice(*span)] for text, span in spans if span[0] < span[1])


def _maps(parts: Sequence[Part]) -> list[tuple[Part, OffsetMap]]:
    return [(part, OffsetMap(part.edits)) for part in parts]


@contextmanager
def documents(folders: Sequence[Path] = (), *, bundled: bool = False) -> Iterator[tuple[Texts, str]]:
    """The documents in `folders`, and a name for them; of none, the index of this home.

    With `bundled`, or where this home has no index, the documents that come with the package. What is in no index is
    indexed aside, so that the text is the same as in any other. Raises InputError for a folder that is not there.
    """
    from rag.config import Settings
    from rag.store import Snapshot, current_generation

    if folders or bundled or current_generation(home()) is None:
        with as_file(files("rag.seeds")) as seeds:
            where = indexed(folders or [seeds], Settings())
        name = ", ".join(map(str, folders)) or tr("自带的示例文档", "the documents that come with Zhiyin")
    else:
        where = home()
        name = tr(f"{where} 的索引", f"the index in {where}")
    snapshot = Snapshot.open(where)
    try:
        yield Indexed(snapshot), name
    finally:
        snapshot.close()
