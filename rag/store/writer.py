"""Builds one generation beside the others and publishes it whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from ..access import Groups
from ..types import Chunk, Document, Part
from . import vectors as dense
from .corpus import CorpusWriter
from .disk import BUILDING, guarded, next_name, prune, publish, root, sweep
from .kinds import choose
from .lexical import Lexical
from .manifest import Entry, Manifest, Model, Recipe, sums

LEXICAL = "lexical"


class GenerationWriter:
    """`with GenerationWriter(home) as writer:` add documents, then `finish`. Call it while `writing(home)`.

    Leaving the block without `finish` throws away what was built. Errors of the disk become StoreError.
    """

    def __init__(self, home: Path) -> None:
        """Sweep up after killed builds and make the folder to build in."""
        self._home = home
        with guarded(home):
            self.generation = next_name(home)
            sweep(home)
            self._folder = root(home) / "generations" / f"{BUILDING}{self.generation}"
            self._folder.mkdir(parents=True)
        self._corpus = CorpusWriter(self._folder)
        self._entries: dict[str, Entry] = {}

    def __enter__(self) -> GenerationWriter:
        return self

    def add(
        self,
        document: Document,
        file: str,
        parts: Sequence[Part],
        chunks: Sequence[Chunk],
        keys: Sequence[bytes],
        groups: Groups = None,
    ) -> None:
        """Append a document. `file` is the SHA-256 of the file's bytes, `keys` what was embedded for each chunk.

        `groups` may read it; None lets everyone.
        """
        with guarded(self._home):
            self._corpus.add(document, parts, chunks, keys)
        self._entries[document.source] = Entry(
            file, document.version, len(parts), len(chunks), None if groups is None else tuple(sorted(groups))
        )

    def finish(
        self,
        vectors: NDArray[np.float32],
        terms: Sequence[Sequence[str]],
        model: Model,
        recipe: Recipe,
        keep: int,
    ) -> str:
        """Write vectors `(chunks, dim)` and terms, seal the manifest, swap the pointer, prune. Returns the name."""
        counts = dict(self._corpus.counts)
        if not counts["chunks"] == len(vectors) == len(terms):
            raise ValueError(
                f"{counts['chunks']} chunks, {len(vectors)} vectors, {len(terms)} lists of terms"
            )
        index = choose(recipe.index_type, len(vectors))
        with guarded(self._home):
            self._corpus.close(commit=True)
            dense.build(vectors, index, self._folder)
            Lexical.build(terms).save(self._folder / LEXICAL)
            Manifest(
                generation=self.generation,
                created=datetime.now(UTC).isoformat(timespec="seconds"),
                model=model,
                recipe=recipe,
                index=index,
                documents=self._entries,
                files=sums(self._folder, [path for path in self._folder.rglob("*") if path.is_file()]),
                counts=counts,
            ).write(self._folder)
            publish(self._home, self._folder, self.generation)
        prune(self._home, keep)
        return self.generation

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._corpus.close(commit=False)
        shutil.rmtree(self._folder, ignore_errors=True)
