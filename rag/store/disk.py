"""Generations on disk: the pointer, the lock of the one writer, what is thrown away.

`$home/index/CURRENT` names the generation that answers; `generations/000012/` is one, never changed once it has that
name; `generations/.building-…` is one in the making; `generations/.old-…` one on its way out.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import IndexCorrupt, IndexLocked, NoIndex, StoreError
from .manifest import Manifest

_NAME = re.compile(r"\d{6,}")
BUILDING = ".building-"
OLD = ".old-"


def root(home: Path) -> Path:
    """The folder of everything that belongs to the index."""
    return home / "index"


def folder(home: Path, generation: str) -> Path:
    """The folder of one generation."""
    return root(home) / "generations" / generation


def current_generation(home: Path) -> str | None:
    """Read the name of the generation that answers, None before the first one. One small read.

    Raises IndexCorrupt where the pointer holds something else.
    """
    path = root(home) / "CURRENT"
    try:
        name = path.read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise IndexCorrupt(f"can't read {path}: {error}") from error
    if not _NAME.fullmatch(name):
        raise IndexCorrupt(
            f"{path} holds {name!r}, not the name of a generation; write one of "
            f"{', '.join(generations(home)) or 'none'} into it, or index again: zhiyin index PATH"
        )
    return name


def require_current(home: Path) -> str:
    """Read the name of the generation that answers. Raises NoIndex where there is none."""
    name = current_generation(home)
    if name is None:
        raise NoIndex(f"nothing has been indexed in {home} yet; run: zhiyin index PATH")
    return name


def generations(home: Path) -> list[str]:
    """List the complete generations on disk, oldest first."""
    try:
        names = [entry.name for entry in (root(home) / "generations").iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted((name for name in names if _NAME.fullmatch(name)), key=int)


@contextlib.contextmanager
def writing(home: Path, *, wait: float = 0.0) -> Iterator[None]:
    """Hold the right to write, for at most one process at a time; a killed one loses it by itself.

    `wait` is in seconds, below zero for ever. Raises IndexLocked.
    """
    with guarded(home):
        root(home).mkdir(parents=True, exist_ok=True)
        lock = FileLock(root(home) / "write.lock")
        try:
            lock.acquire(timeout=wait)
        except Timeout:
            raise IndexLocked(
                f"another process is indexing into {home}; wait for it to end, or run again with --wait"
            ) from None
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def guarded(home: Path) -> Iterator[None]:
    """Turn what the system, SQLite or FAISS say about a full or forbidden disk into an error that helps."""
    try:
        yield
    except (OSError, sqlite3.OperationalError, RuntimeError) as error:  # RuntimeError: FAISS
        raise StoreError(
            f"can't write the index in {root(home)}: {getattr(error, 'strerror', None) or error}; the index that was there is "
            "untouched. Make room, or check who may write there, then run the command again"
        ) from error


def next_name(home: Path) -> str:
    """Name the next generation. A number that was ever on disk is not used again."""
    known = [int(name) for name in (*generations(home), current_generation(home) or "0")]
    return f"{max(known) + 1:06d}"


def sweep(home: Path) -> None:
    """Remove what killed builds left: half-built folders, half-removed ones, and any that was never made current."""
    current = int(current_generation(home) or 0)
    for name in generations(home):
        if int(name) > current:
            _remove(folder(home, name))
    where = root(home) / "generations"
    for path in [*where.glob(f"{BUILDING}*"), *where.glob(f"{OLD}*"), *root(home).glob("CURRENT.*")]:
        _remove(path)


def publish(home: Path, built: Path, generation: str) -> None:
    """Make the complete folder `built` the current generation, in one step for every reader.

    All bytes are on disk before the pointer names them (fsync of files, folder, pointer, pointer's folder).
    """
    for path in [
        *(p for p in built.rglob("*") if p.is_file()),
        *(p for p in built.rglob("*") if p.is_dir()),
        built,
    ]:
        sync(path)
    target = folder(home, generation)
    built.rename(target)
    sync(target.parent)
    pointer = root(home) / "CURRENT"
    fresh = root(home) / f"CURRENT.{os.getpid()}"
    fresh.write_text(generation + "\n", encoding="ascii")
    sync(fresh)
    fresh.replace(pointer)
    sync(root(home))


def prune(home: Path, keep: int) -> list[str]:
    """Remove all but the newest `keep` generations; never the current one. Returns what was removed.

    A reader that has one of them open goes on with it: on POSIX an open file outlives its name, elsewhere the
    removal fails and is tried again after the next build.
    """
    current = current_generation(home)
    gone = [name for name in generations(home)[:-keep] if name != current]
    for name in gone:
        _remove(folder(home, name))
    return gone


def verify(home: Path, generation: str | None = None) -> list[str]:
    """Check every byte of a generation (default: the current one); returns what is wrong, one line each.

    Raises NoIndex, ModelMismatch for another format.
    """
    from .corpus import CORPUS, Corpus

    name = generation or require_current(home)
    where = folder(home, name)
    try:
        manifest = Manifest.read(where)
    except FileNotFoundError:
        return [f"{where} has no manifest"]
    except IndexCorrupt as error:
        return [str(error)]
    wrong = manifest.check_files(where, contents=True)
    listed = {where / file for file in manifest.files}
    wrong += [
        f"{path} does not belong there"
        for path in sorted(where.rglob("*"))
        if path.is_file() and path not in listed and path.name != "manifest.json"
    ]
    if not wrong:
        corpus = Corpus(where)
        said = corpus.check()
        corpus.close()
        wrong += [] if said == "ok" else [f"{where / CORPUS}: {said}"]
    return wrong


def sync(path: Path) -> None:
    """Wait until a file or folder is on disk. Folders can't be synced on every system; that is ignored."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    # under another name first, so that nobody takes a half-removed generation for a whole one
    doomed = path
    if path.is_dir() and not path.name.startswith((OLD, BUILDING)):
        doomed = path.with_name(f"{OLD}{path.name}")
        with contextlib.suppress(OSError):
            path.rename(doomed)
    if doomed.is_dir():
        shutil.rmtree(doomed, ignore_errors=True)
    else:
        doomed.unlink(missing_ok=True)
