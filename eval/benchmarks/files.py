"""Reads the files of a benchmark: JSON, JSON lines, either of them xz-compressed."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rag.errors import InputError


def choose(data: Path, patterns: Sequence[str], what: str) -> Path:
    """The file that `data` means: itself, or the one below it that the first matching pattern names.

    Raises InputError where there is none, or where a pattern names several.
    """
    if data.is_file():
        return data
    for pattern in patterns:
        found = sorted(path for path in data.glob(pattern) if path.is_file())
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise InputError(f"{data} holds several files of {what}: {names}; give one of them as --data")
        if found:
            return found[0]
    raise InputError(
        f"no file of {what} in {data}: looked for {', '.join(patterns)}; or give the file itself as --data"
    )


def load(path: Path) -> Any:
    """The value of a JSON file, or the list of values of a file with one on each line. Raises InputError."""
    text = "".join(_lines(path))
    try:
        return json.loads(text)
    except ValueError:
        return list(rows(path))


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON-lines file, one after the other. Raises InputError, naming the line."""
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            raise InputError(f"{path}, line {number}: this is no JSON: {error}") from error
        if not isinstance(value, dict):
            raise InputError(f"{path}, line {number}: expected an object, found {type(value).__name__}")
        yield value


def _lines(path: Path) -> Iterator[str]:
    try:
        if path.suffix == ".xz":
            with lzma.open(path, "rt", encoding="utf-8-sig", newline="\n") as packed:
                yield from packed
        else:
            with path.open(encoding="utf-8-sig", newline="\n") as plain:
                yield from plain
    except (OSError, UnicodeDecodeError, lzma.LZMAError, EOFError) as error:
        raise InputError(f"can't read {path}: {error}") from error


def text_of(value: dict[str, Any], key: str, where: str) -> str:
    """The text under `key`; a number counts as text. Raises InputError where there is none."""
    found = value.get(key)
    if isinstance(found, (str, int)) and not isinstance(found, bool):
        return str(found)
    raise InputError(f"{where}: {key!r} should be a text, it is {found!r:.60}; is this the published file?")


def texts_of(value: dict[str, Any], key: str, where: str) -> list[str]:
    """The list of texts under `key`. Raises InputError where it is something else."""
    found = value.get(key)
    if isinstance(found, list) and all(isinstance(item, str) for item in found):
        return found
    raise InputError(
        f"{where}: {key!r} should be a list of texts, it is {found!r:.60}; is this the published file?"
    )
