"""Which files a list of paths means, and what each is called in the index."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.errors import InputError


@dataclass(frozen=True, slots=True)
class Found:
    """A file to index. `named`: given by the user itself, not met in a folder. `within`: the archive or mail that it was taken from."""

    source: str
    path: Path
    named: bool
    within: Path | None = None


def find(paths: Sequence[Path]) -> tuple[list[Found], list[tuple[str, str]]]:
    """All files below `paths`, sorted by source, and the folders that can't be read, as (name, reason).

    A source is the POSIX path below the given folder, or a given file's name. Where two files would have the same
    source, both get the name of the folder above in front, until they differ. The same file, reached twice, counts once;
    hidden files and folders, locks of open Office files and the like are left out; a folder that is linked into itself is entered once.
    Raises InputError for a path that does not exist.
    """
    failed: list[tuple[str, str]] = []
    files: dict[str, tuple[Path, Path, bool]] = {}
    for path in paths:
        if path.is_dir():
            for file in _walk(path, failed):
                files.setdefault(os.path.realpath(file), (file, path.absolute(), False))
        elif os.path.lexists(path):
            files[os.path.realpath(path)] = (path, path.absolute().parent, True)
        else:
            raise InputError(f"no file or folder {str(path)!r}; check the spelling, or give another path")
    names = _names([(file.absolute(), base) for file, base, _ in files.values()])
    found = [Found(name, file, named) for name, (file, _, named) in zip(names, files.values(), strict=True)]
    return sorted(found, key=lambda item: item.source), failed


def _walk(root: Path, failed: list[tuple[str, str]]) -> Iterator[Path]:
    seen: set[tuple[int, int]] = set()

    def refuse(error: OSError) -> None:
        failed.append((_text(Path(error.filename or root)), f"can't open this folder: {error.strerror}"))

    for folder, below, files in os.walk(root, onerror=refuse, followlinks=True):
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in seen:
            below.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        below[:] = sorted(name for name in below if not _aside(name))
        for name in sorted(files):
            if not _aside(name):
                yield Path(folder, name)


def _aside(name: str) -> bool:
    """Whether a name is hidden, or what Python and Windows keep beside files."""
    return name.startswith((".", "~$")) or name in ("__init__.py", "__pycache__", "Thumbs.db", "desktop.ini")


def _names(files: list[tuple[Path, Path]]) -> list[str]:
    """Name each (file, base) by its path below base, or below a folder above base while names collide."""
    names = [_text(file.relative_to(base)) for file, base in files]
    bases = [base for _, base in files]
    while True:
        counts = Counter(names)
        doubled = [n for n, name in enumerate(names) if counts[name] > 1 and bases[n] != bases[n].parent]
        if not doubled:
            return names
        for n in doubled:
            bases[n] = bases[n].parent
            names[n] = _text(files[n][0].relative_to(bases[n]))


def _text(path: Path) -> str:
    # a name that is not UTF-8 on disk can't be stored as text; its bytes are spelled out
    return os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")
