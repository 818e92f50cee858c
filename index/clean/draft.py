"""The algebra of cleaning: a rule looks at a text and says what to edit; a draft keeps the way back.

A rule is a plain function from a text to edits that count in that very text, sorted and without overlap. It never
sees what earlier rules did, nor the raw text: `Draft.after` composes its edits with those made before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.offsets import apply, compose
from rag.types import Edit

Watch = Callable[[str, str, list[Edit]], None]  # told a rule's name, the text that it saw, and its edits


class Rule(Protocol):
    """A named function from a text to edits on it."""

    __name__: str

    def __call__(self, text: str, /) -> list[Edit]:
        """Return the edits, sorted, not overlapping, in the coordinates of `text`."""


@dataclass(frozen=True, slots=True)
class Draft:
    """`text` is `raw` with `edits` applied. Immutable: every step gives a new draft."""

    raw: str
    text: str
    edits: tuple[Edit, ...] = ()

    @classmethod
    def of(cls, raw: str) -> Draft:
        """Begin with a text that nothing has been done to."""
        return cls(raw, raw)

    def edited(self, new: Sequence[Edit]) -> Draft:
        """Make edits on the present text. Raises ValueError if they overlap or leave the text."""
        if not new:
            return self
        return Draft(self.raw, apply(self.text, new), tuple(compose(self.raw, self.edits, new)))

    def after(self, rules: Iterable[Rule], watch: Watch | None = None) -> Draft:
        """Apply each rule in turn to what the one before it left; `watch` is told of each."""
        draft = self
        for rule in rules:
            new = rule(draft.text)
            if watch is not None:
                watch(rule.__name__, draft.text, new)
            draft = draft.edited(new)
        return draft


def substitute(pattern: re.Pattern[str], text: str, replacement: str, rule: str) -> list[Edit]:
    """Replace every match of `pattern` that does not read `replacement` already."""
    return [
        Edit(match.start(), match.end(), replacement, rule)
        for match in pattern.finditer(text)
        if match.group() != replacement
    ]
