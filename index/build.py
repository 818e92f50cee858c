"""From files to a new generation: read, clean, describe, chunk, embed, store."""

from __future__ import annotations

import difflib
import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rag.access import Groups, groups_of
from rag.config import Settings
from rag.errors import DocumentError, IndexCorrupt, InputError, NoIndex, StoreError
from rag.store import Entry, GenerationWriter, Model, Recipe, Snapshot, verify, writing
from rag.store.manifest import sha256
from rag.types import Chunk, Document, Part

from . import containers
from .files import Found, find
from .losses import lost
from .pipeline import Pipeline, cleaning, default_pipeline
from .readers._common import check_size

if TYPE_CHECKING:
    from rag.encoder.embed import Embedder

BATCH = 256  # texts handed to the embedder at a time, between two reports of progress
CONTEXT_TOKENS = 64  # kept free for the context where the model reads only so much of a text

Progress = Callable[[str, int, int], None]
"""Called with a stage (`read`, `embed`, `store`), how much of it is done, and of how much."""


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build did. `new` is false where nothing had changed and the generation is the one before.

    `embedded` chunks went through the model, `reused` ones took their vectors from the generation before.
    """

    generation: str
    new: bool
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()  # (source, reason)
    notes: tuple[tuple[str, str], ...] = ()  # (source, what of it could not be read, or went in cleaning), of what was read now
    chunks: int = 0
    embedded: int = 0
    reused: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Job:
    """One document to be in the index. No `path`: it is taken over from the generation before."""

    source: str
    file: str  # SHA-256 of the bytes
    path: Path | None = None
    groups: Groups = None  # who may read it


@dataclass(slots=True)
class _Texts:
    """What is embedded and searched, chunk by chunk, as the documents come by."""

    texts: list[str] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)

    def take(self, chunks: Sequence[Chunk]) -> list[bytes]:
        texts = [f"{c.context}\n{c.text}" if c.context else c.text for c in chunks]
        keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
        self.texts += texts
        self.keys += keys
        return keys


def build(
    paths: Sequence[Path],
    *,
    home: Path,
    settings: Settings,
    add: bool = False,
    remove: Sequence[str] = (),
    wait: float = 0.0,
    embedder: Embedder | None = None,
    pipeline: Pipeline | None = None,
    progress: Progress | None = None,
) -> BuildResult:
    """Make the index hold exactly the documents of `paths`, or with `add` these besides what it holds.

    A document of the same source is replaced. `remove` takes sources out; with no `paths` the others stay. A document
    whose file, model and recipe did not change is not read again, a chunk whose text did not change is not embedded
    again; where nothing changed at all, no generation is written. A file that can't be used is reported in `skipped`
    and is not in the index. `wait` is how many seconds to wait for another writer, below zero for ever.

    Raises InputError where `paths` hold no document or `remove` names an unknown one, DocumentError where none of the
    documents can be used, IndexLocked, ModelError, and StoreError where the disk fails; after an error the
    generation before goes on answering.
    """
    started = time.perf_counter()
    if embedder is None:
        from rag.encoder.embed import load_embedder

        embedder = load_embedder(settings)
    with writing(home, wait=wait):
        keep = add or not paths
        old = _previous(home, needed=keep)
        try:
            steps = cleaning(pipeline or default_pipeline(), settings)
            with TemporaryDirectory(prefix="zhiyin-") as scratch:
                builder = _Builder(home, settings, steps, embedder, old, progress, Path(scratch))
                result = builder.run(paths, remove, keep=keep)
        finally:
            if old is not None:
                old.close()
    return replace(result, seconds=time.perf_counter() - started)


def _previous(home: Path, *, needed: bool) -> Snapshot | None:
    """Open the current generation, to take over from it; None where there is none, or none that can be trusted."""
    try:
        wrong = verify(home)
        if wrong:
            raise IndexCorrupt(f"{wrong[0]}; build the index again: zhiyin index PATH")
        return Snapshot.open(home)
    except NoIndex:
        return None
    except StoreError:
        if needed:
            raise
        return None


class _Builder:
    def __init__(
        self,
        home: Path,
        settings: Settings,
        pipeline: Pipeline,
        embedder: Embedder,
        old: Snapshot | None,
        progress: Progress | None,
        scratch: Path,
    ) -> None:
        self.home, self.settings, self.pipeline, self.embedder, self.old = (
            home,
            settings,
            pipeline,
            embedder,
            old,
        )
        self.report: Progress = progress or (lambda stage, done, total: None)
        self.skipped: list[tuple[str, str]] = []
        self.notes: list[tuple[str, str]] = []
        self.scratch = scratch  # what archives and mails hold
        self.names: dict[str, str] = {}
        limit = getattr(embedder, "max_tokens", None)
        size = settings.chunk_tokens if limit is None else min(settings.chunk_tokens, limit - CONTEXT_TOKENS)
        self.recipe = Recipe(pipeline.version, max(16, size), settings.chunk_overlap, settings.index_type)
        self.model = Model(embedder.name, embedder.fingerprint, embedder.dim)
        self.known: dict[str, Entry] = dict(old.manifest.documents) if old else {}
        self.same_model = old is not None and old.manifest.model.fingerprint == embedder.fingerprint
        # chunks were measured in the tokens of the model, so those of another model are made again
        self.same_chunks = (
            old is not None
            and self.same_model
            and replace(old.manifest.recipe, index_type=self.recipe.index_type) == self.recipe
        )

    def run(self, paths: Sequence[Path], remove: Sequence[str], *, keep: bool) -> BuildResult:
        jobs = self._jobs(paths, remove, keep=keep)
        before = self._unchanged({job.source: job for job in jobs})
        if before:
            return before
        kept: dict[str, _Job] = {}
        texts = _Texts()
        with GenerationWriter(self.home) as writer:
            for done, job in enumerate(jobs):
                self.report("read", done, len(jobs))
                try:
                    document, parts, chunks = self._document(job)
                except DocumentError as error:
                    words = str(error)
                    if job.path is not None and str(job.path) in self.names:
                        words = words.replace(str(job.path), job.source)
                    self.skipped.append((job.source, words))
                    continue
                writer.add(document, job.file, parts, chunks, texts.take(chunks), job.groups)
                kept[job.source] = job
            self.report("read", len(jobs), len(jobs))
            if jobs and not kept:
                raise self._nothing()
            before = self._unchanged(kept)
            if before:
                return before
            vectors, embedded = self._vectors(texts)
            self.report("store", 0, 1)
            terms = [self.pipeline.terms(text) for text in texts.texts]
            name = writer.finish(vectors, terms, self.model, self.recipe, self.settings.keep_generations)
            self.report("store", 1, 1)
        return self._result(name, kept, chunks=len(texts.texts), embedded=embedded)

    def _jobs(self, paths: Sequence[Path], remove: Sequence[str], *, keep: bool) -> list[_Job]:
        """What is to be in the index, by source. Files that are no documents at all end in `skipped`."""
        found, unreadable = find(paths)
        self.skipped += unreadable
        jobs = (
            {source: _Job(source, e.file, groups=_set(e.groups)) for source, e in self.known.items()} if keep else {}
        )
        for source in remove:
            if source not in self.known:
                near = difflib.get_close_matches(source, self.known, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; it holds {len(self.known)} documents"
                raise InputError(f"can't remove {source!r}: the index has no such document{hint}")
            jobs.pop(source, None)
        for item in self._unpacked(found):
            if not item.named and not self.pipeline.knows(item.path):
                self.skipped.append((item.source, self.pipeline.unknown(item.path)))
                continue
            jobs.pop(item.source, None)
            try:
                check_size(item.path, self.settings.max_file_mb)
                jobs[item.source] = _Job(item.source, sha256(item.path), item.path, groups_of(item.within or item.path))
            except DocumentError as error:
                self.skipped.append((item.source, str(error)))
            except OSError as error:
                self.skipped.append((item.source, f"can't open it: {error.strerror}"))
        if paths and not jobs:
            raise self._nothing(paths)
        return [jobs[source] for source in sorted(jobs)]

    def _unpacked(self, found: Sequence[Found]) -> Iterator[Found]:
        """The files, and after each the documents within it; these lie in a folder of this build until it ends."""
        for item in found:
            suffix = item.path.suffix.lower()
            if suffix not in containers.SUFFIXES or not item.path.is_file():
                yield item
                continue
            if suffix in containers.MAILS:
                yield item
            try:
                check_size(item.path, self.settings.max_file_mb)
                for number, (name, content) in enumerate(containers.members(item.path, max_bytes=self.settings.max_file_mb * 1024**2)):
                    source = f"{item.source}/{name}"
                    if not self.pipeline.knows(Path(name)):
                        (self.notes if suffix in containers.MAILS else self.skipped).append((source, self.pipeline.unknown(Path(name))))
                        continue
                    path = self.scratch / f"{len(self.names)}-{number}{Path(name).suffix.lower()}"
                    path.write_bytes(content)
                    self.names[str(path)] = source
                    yield Found(source, path, named=False, within=item.path)
            except DocumentError as error:
                if suffix not in containers.MAILS:  # of a mail, its own reader says it
                    self.skipped.append((item.source, str(error)))

    def _document(self, job: _Job) -> tuple[Document, list[Part], list[Chunk]]:
        taken_over = (
            self.old is not None and job.source in self.known and self.known[job.source].file == job.file
        )
        if self.old is not None and taken_over and self.same_chunks:
            return self.old.as_read(job.source), self.old.parts(job.source), self.old.chunks(job.source)
        if job.path is not None:
            document = self.pipeline.read(job.path, job.source)
        else:
            assert self.old is not None
            document = self.old.as_read(job.source)
        parts = self.pipeline.parts(document)
        self.notes += [(job.source, note) for note in (*document.unread, lost(document, parts)) if note]
        chunks = self.pipeline.chunks(
            job.source, parts, self.embedder.count_tokens, self.recipe.chunk_tokens, self.recipe.chunk_overlap
        )
        return document, parts, chunks

    def _vectors(self, texts: _Texts) -> tuple[NDArray[np.float32], int]:
        """Vectors of all chunks, and how many of them went through the model."""
        vectors = np.zeros((len(texts.texts), self.embedder.dim), np.float32)
        stored = self.old.keys() if self.old is not None and self.same_model else {}
        todo: dict[bytes, list[int]] = {}
        for row, key in enumerate(texts.keys):
            if self.old is not None and key in stored:
                vectors[row] = self.old.vectors()[stored[key]]
            else:
                todo.setdefault(key, []).append(row)
        places = list(todo.values())
        for at in range(0, len(places), BATCH):
            self.report("embed", at, len(places))
            batch = places[at : at + BATCH]
            for rows, vector in zip(
                batch, self.embedder.encode_passages([texts.texts[rows[0]] for rows in batch]), strict=True
            ):
                vectors[rows] = vector
        self.report("embed", len(places), len(places))
        return vectors, sum(len(rows) for rows in places)

    def _unchanged(self, jobs: dict[str, _Job]) -> BuildResult | None:
        """Say that nothing changed, where the generation before was made of these files by this recipe and model.

        Who may read them counts as well: other rules alone make a generation, for which nothing is read or embedded.
        """
        if self.old is None or not self.same_model or self.old.manifest.recipe != self.recipe:
            return None
        found = {source: (job.file, job.groups) for source, job in jobs.items()}
        if found != {source: (entry.file, _set(entry.groups)) for source, entry in self.known.items()}:
            return None
        return self._result(self.old.generation, jobs, chunks=len(self.old), embedded=0)

    def _result(self, name: str, jobs: dict[str, _Job], *, chunks: int, embedded: int) -> BuildResult:
        files = {source: job.file for source, job in jobs.items()}
        known = {source: entry.file for source, entry in self.known.items()}
        return BuildResult(
            generation=name,
            new=self.old is None or name != self.old.generation,
            added=tuple(s for s in files if s not in known),
            changed=tuple(s for s, file in files.items() if s in known and known[s] != file),
            removed=tuple(s for s in known if s not in files),
            unchanged=tuple(s for s, file in files.items() if known.get(s) == file),
            skipped=tuple(self.skipped),
            notes=tuple(self.notes),
            chunks=chunks,
            embedded=embedded,
            reused=chunks - embedded,
        )

    def _nothing(self, paths: Sequence[Path] = ()) -> InputError | DocumentError:
        if self.skipped:
            why = "; ".join(f"{source}: {reason}" for source, reason in self.skipped[:5])
            more = f"; and {len(self.skipped) - 5} more" if len(self.skipped) > 5 else ""
            return DocumentError(
                f"none of {len(self.skipped)} files can be used, the index is as it was: {why}{more}"
            )
        return InputError(
            f"no document in {', '.join(map(str, paths))}; Zhiyin reads {', '.join(sorted(self.pipeline.readers))}"
        )


def _set(groups: tuple[str, ...] | None) -> Groups:
    return None if groups is None else frozenset(groups)
