"""A gold file that grows a row at a time, whole at every instant: written beside, then moved into place."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rag.errors import InputError, StoreError
from rag.messages import tr

from ..rows import Gold, parse, read_bytes, to_gold


def rows(path: Path) -> list[Gold]:
    """The rows that are there; none where there is no file. Raises InputError for a file that is no gold set."""
    return list(parse(_text(path).split("\n"), str(path)))


def append(path: Path, row: Mapping[str, Any]) -> dict[str, Any]:
    """Add `row` and return it as it stands in the file: with a number behind its id where that was taken.

    A row that is there already, id and all, is not added again, so that an attempt cut short can be repeated. Raises
    InputError where the file is no gold set, StoreError where it can't be written.
    """
    there = {gold.id: gold for gold in rows(path)}
    added = dict(row)
    number = 1
    while (same := there.get(added["id"])) is not None:
        if same == to_gold(added):
            return added
        number += 1
        added["id"] = f"{row['id']}-{number}"
    text = _text(path)
    _write(path, text + ("\n" if text and not text.endswith("\n") else "") + _line(added) + "\n")
    return added


def remove(path: Path, row: Mapping[str, Any]) -> bool:
    """Take out the line that says exactly `row`; False where one with its id says something else by now.

    One that is gone already is no fault. Raises InputError, StoreError as `append` does.
    """
    lines = _text(path).split("\n")
    for number, line in enumerate(lines):
        if line.strip() == _line(row):
            _write(path, "\n".join(lines[:number] + lines[number + 1 :]))
            return True
    return all(gold.id != row["id"] for gold in rows(path))


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False)


def _text(path: Path) -> str:
    if not path.exists():
        return ""
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"can't read the gold set {path}: {error}") from error


def _write(path: Path, text: str) -> None:
    target = path.resolve()  # a link stays a link
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        try:
            with fresh.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if target.exists():
                fresh.chmod(target.stat().st_mode & 0o777)
            fresh.replace(target)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            tr(
                f"不能写入 {path}：{error.strerror}；文件没有改动。请检查磁盘空间和写权限，再试一次。",
                f"can't write {path}: {error.strerror}; the file is as it was. Check the free space and who may "
                "write there, then try again",
            )
        ) from error
