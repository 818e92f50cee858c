"""Writing the choice of a model into `config.toml`."""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path

from ..errors import ConfigError

_VALUE = r"""[ \t]*(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^#\n]*?)"""
"""A value on one line, as a pattern; a `#` in a string begins no comment."""


def choose(home: Path, setting: str, value: str) -> Path:
    """Set `setting` to `value` in `home/config.toml`, leaving comments and every other line as they are. Returns the file.

    Raises ConfigError where the file is no TOML, or can't be changed line by line or written.
    """
    path = home / "config.toml"
    line = f"{setting} = {json.dumps(value, ensure_ascii=False)}"
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        before = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"can't read settings from {path}: {error}") from error
    there = re.compile(rf"^{setting}[ \t]*={_VALUE}(?P<comment>[ \t]*(?:#.*)?)$", re.MULTILINE)
    changed, count = there.subn(lambda found: line + found["comment"].rstrip(), text, count=1)
    if not count:
        changed = f"{line}\n{text}"
    try:
        if tomllib.loads(changed) != {**before, setting: value}:
            raise ValueError
    except ValueError:  # of which TOMLDecodeError is one
        raise ConfigError(f"can't change {setting} in {path} by itself; write this line there: {line}") from None
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        home.mkdir(parents=True, exist_ok=True)
        fresh.write_text(changed, encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        raise ConfigError(f"can't write {path}: {error}; write this line there: {line}") from error
    return path
