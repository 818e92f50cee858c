"""One generation, open for reading."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..access import Scope
from ..config import BUNDLED, BUNDLED_FAST
from ..errors import IndexCorrupt, ModelMismatch, NoIndex
from ..types import Chunk, Document, Hit, Part, Period
from .corpus import Corpus, SourceInfo
from .disk import current_generation, folder, generations, require_current
from .lexical import Lexical
from .manifest import Manifest
from .vectors import Mask, SomeVectors, Vectors
from .writer import LEXICAL

Allowed = Mask | Collection[int]

# numpy parses the head of a file with `ast`, which in CPython 3.11 fails now and then in two threads at once
# (python/cpython#106905)
_opening = threading.Lock()


class _Fingerprinted(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...


class Snapshot:
    """A generation as it was when it was opened, whatever is indexed or pruned meanwhile. Safe to share.

    `allowed`, where a search takes it, limits it to some chunks: a mask of `(len(self),)` or chunk numbers.
    """

    def __init__(self, manifest: Manifest, corpus: Corpus, vectors: Vectors | SomeVectors, lexical: Lexical) -> None:
        """See `Snapshot.open`."""
        self.manifest = manifest
        self.generation = manifest.generation
        self.groups = frozenset(g for entry in manifest.documents.values() for g in entry.groups or ())
        self._corpus = corpus
        self._vectors = vectors
        self._lexical = lexical
        self._chunk = lru_cache(maxsize=8192)(corpus.chunk)
        self._part = lru_cache(maxsize=64)(corpus.part)
        self._document = lru_cache(maxsize=8)(corpus.document)
        self._sources = lru_cache(maxsize=1)(corpus.sources)
        self._about = lru_cache(maxsize=1)(corpus.about)

    @classmethod
    def open(cls, home: Path, generation: str | None = None) -> Snapshot:
        """Open `generation`, or the current one.

        Checks the manifest's seal and the sizes of all files; `verify` checks every byte.
        Raises NoIndex, IndexCorrupt, ModelMismatch (written in another format).
        """
        while True:
            name = generation or require_current(home)
            try:
                with _opening:
                    return cls._open(folder(home, name))
            except FileNotFoundError as error:
                if generation is None and current_generation(home) != name:
                    continue  # pruned between reading the pointer and opening the files
                if generation is not None:
                    raise NoIndex(
                        f"no generation {name} in {home}; there is {', '.join(generations(home)) or 'none'}"
                    ) from error
                raise IndexCorrupt(
                    f"the current generation {name} is incomplete: {error}; build it again from its documents: zhiyin index PATH"
                ) from error

    @classmethod
    def _open(cls, where: Path) -> Snapshot:
        manifest = Manifest.read(where)
        wrong = manifest.check_files(where, contents=False)
        if wrong:
            if not where.is_dir():
                raise FileNotFoundError(wrong[0])
            raise IndexCorrupt(f"{wrong[0]}; build the index again from its documents: zhiyin index PATH")
        try:
            return cls(
                manifest,
                Corpus(where),
                Vectors(where, manifest.index),
                Lexical.load(where / LEXICAL, manifest.counts["chunks"]),
            )
        except FileNotFoundError:
            raise
        except (OSError, ValueError, RuntimeError, KeyError, sqlite3.Error) as error:
            if not where.is_dir():
                raise FileNotFoundError(str(where)) from error
            raise IndexCorrupt(
                f"can't open {where}: {error}; build the index again from its documents: zhiyin index PATH"
            ) from error

    def readable(self, scope: Scope) -> frozenset[str]:
        """The sources that `scope` allows."""
        return frozenset(s for s, entry in self.manifest.documents.items() if scope.allows(entry.groups))

    def restricted(self, sources: Collection[str]) -> Snapshot:
        """The same generation as if it held the documents `sources` alone.

        All of it is taken from them: lists and counts, numbers of chunks, statistics, scores. What is left out can't be
        reached from it.
        """
        corpus, chunks = self._corpus.restricted(sources)
        return Snapshot(
            self.manifest.restricted(sources), corpus, self._vectors.restricted(chunks), self._lexical.restricted(chunks)
        )

    def close(self) -> None:
        """Let go of the files. A snapshot that is not closed lets go of them when it is collected."""
        self._corpus.close()

    def __len__(self) -> int:
        return self.manifest.counts["chunks"]

    def require(self, model: _Fingerprinted) -> None:
        """Raise ModelMismatch, naming both, where the vectors are not from `model`."""
        built = self.manifest.model
        if built.fingerprint == model.fingerprint:
            return
        if built.name == model.name:
            changed = f"({built.fingerprint[:19]} then, {model.fingerprint[:19]} now)"
            if built.name in (BUNDLED, BUNDLED_FAST):
                raise ModelMismatch(
                    f"the index was built with the embedder of another version of Zhiyin {changed}; build it again: zhiyin index --again"
                )
            raise ModelMismatch(
                f"the files of the model {built.name!r} have changed since the index was built with it {changed}; compare "
                f"them: zhiyin models check {built.name}, and pull it again; or take it as it is: zhiyin index --again"
            )
        raise ModelMismatch(
            f"the index was built with the embedder {built.name!r} ({built.fingerprint[:19]}), the one in use is "
            f"{model.name!r} ({model.fingerprint[:19]}); set embedder back, or build the index again: zhiyin index --again"
        )

    def chunk(self, number: int) -> Chunk:
        """Read chunk `number`, as in a Hit. Raises InputError where there is none."""
        return self._chunk(number)

    def document(self, source: str) -> Document:
        """Read the document `source`. Raises InputError where there is none."""
        return self._document(source)

    def as_read(self, source: str) -> Document:
        """`document(source)` with the edits that its reader made. Raises InputError where there is none."""
        return self._corpus.as_read(source)

    def part(self, source: str, number: int) -> Part:
        """Read part `number` (from 0) of `source`. Raises InputError where there is none."""
        return self._part(source, number)

    def sources(self) -> list[SourceInfo]:
        """List the documents."""
        return list(self._sources())

    def front_matter(self) -> dict[str, str]:
        """By source, the properties that some documents state at their top, as they are written."""
        return self._corpus.front_matter()

    def parts(self, source: str) -> list[Part]:
        """Read all parts of a document."""
        return self._corpus.parts(source)

    def chunks(self, source: str) -> list[Chunk]:
        """Read all chunks of a document, in order."""
        return self._corpus.chunks(source)

    def keys(self) -> dict[bytes, int]:
        """Map the key of what was embedded to a chunk that has its vector."""
        return self._corpus.keys()

    def vectors(self) -> NDArray[np.float32]:
        """Return all vectors, `(len(self), dim)` float32, L2-normalised, memory-mapped."""
        return self._vectors.matrix

    def search_dense(self, vector: NDArray[np.float32], k: int, allowed: Allowed | None = None) -> list[Hit]:
        """Find the `k` chunks nearest to `vector` (`(dim,)`, L2-normalised) by inner product, best first."""
        return self._vectors.search(vector, k, self._mask(allowed))

    def search_lexical(self, terms: Sequence[str], k: int, allowed: Allowed | None = None) -> list[Hit]:
        """Find the `k` chunks with the highest BM25 for `terms`, best first; only those that share a term."""
        return self._lexical.search(terms, k, self._mask(allowed))

    def likeness(self, vector: NDArray[np.float32], chunks: Sequence[int]) -> NDArray[np.float32]:
        """Give the inner product of `vector` `(dim,)` with each of `chunks`: `(n,)` float32."""
        return self._vectors.likeness(vector, np.asarray(chunks, np.int64))

    def coverage(self, terms: Sequence[str], chunks: Sequence[int]) -> NDArray[np.float32]:
        """Give the share of the most that BM25 could give for `terms` that each of `chunks` has: `(n,)` float32, 0 to 1."""
        return self._lexical.coverage(terms, chunks)

    def df(self, term: str) -> int:
        """How many chunks hold `term`."""
        return self._lexical.df(term)

    def select(self, allows: Callable[[str, Period | None, tuple[str, ...]], bool]) -> Mask:
        """Which chunks to search: those for whose source, period and regions `allows` says so."""
        kinds, numbers = self._about()
        return np.array([allows(*kind) for kind in kinds], np.bool_)[numbers]

    def _mask(self, allowed: Allowed | None) -> Mask | None:
        if allowed is None:
            return None
        given = np.asarray(allowed if isinstance(allowed, np.ndarray) else list(allowed))
        if given.dtype == np.bool_ and given.shape == (len(self),):
            return given
        mask = np.zeros(len(self), np.bool_)
        mask[given.astype(np.int64)] = True
        return mask
