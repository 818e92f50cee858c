"""The text of a citation as a person reads it, for those who judge what it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Protocol

from rag.errors import InputError
from rag.offsets import OffsetMap
from rag.types import Citation, Part

Reading = Callable[[Citation], str]
"""From a citation to the text of its quote."""

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_TONES = "\u0101\u00e1\u01ce\u00e0\u0113\u00e9\u011b\u00e8\u012b\u00ed\u01d0\u00ec\u014d\u00f3\u01d2\u00f2\u016b\u00fa\u01d4\u00f9\u01d6\u01d8\u01da\u01dc\u0144\u0148"
_PINYIN = re.compile(
    rf"[(\uff08]\s*[a-z\u00fc]{{0,5}}[{_TONES}][a-z\u00fc]{{0,3}}\s*[)\uff09]", re.IGNORECASE
)
_BLANK = re.compile(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])")


def tidy(citation: Citation) -> str:
    r"""A quote without what cleaning would take out within a sentence: inline pinyin, blanks beside Chinese.

    What a citation alone can tell; `reading` gives the very text that was indexed.

    >>> from rag.types import Citation
    >>> tidy(Citation(1, "a", "", "籌 集 9944 万\n元,共产(chǎn)党", 0, 20, ""))
    '籌集9944万元,共产党'
    """
    return _BLANK.sub("", _PINYIN.sub("", _INVISIBLE.sub("", citation.quote))).strip()


class Indexed(Protocol):
    """What `reading` needs of an index: `rag.store.Snapshot`."""

    def part(self, source: str, number: int) -> Part:
        """One article of a document. Raises InputError where there is none."""


def reading(snapshot: Indexed) -> Reading:
    """Citations as the index has cleaned them; `tidy` for one that is not in it."""

    def read(citation: Citation) -> str:
        try:
            part = snapshot.part(citation.source, citation.part)
        except InputError:
            return tidy(citation)
        start, end = OffsetMap(part.edits).to_clean(citation.start, citation.end)
        return part.clean[start:end]

    return read


def premise(cited: Sequence[Citation], read: Reading = tidy) -> str:
    """The quotes as one text for a model, each under its title, year and place, as ALCE puts titles before passages."""
    parts = []
    for citation in cited:
        label = " ".join(filter(None, (citation.title, citation.period, citation.region)))
        parts.append(f"{label}\n{read(citation)}" if label else read(citation))
    return "\n".join(parts)
