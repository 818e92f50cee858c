"""Homes of their own for an evaluation: an index of given documents under given settings, built once and kept."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from rag.config import Settings, home
from rag.errors import InputError, ZhiyinError

INDEX_SETTINGS = ("embedder", "chunk_tokens", "chunk_overlap", "clean", "clean_gently", "index_type", "max_file_mb")
"""The settings that an index depends on; all others act when a question is asked."""

SOME_SKIPPED = 3  # exit code of `zhiyin index`


@contextmanager
def at_home(folder: Path) -> Iterator[None]:
    """Make `folder` this process's home, and that of those it starts, for a while."""
    before = os.environ.get("ZHIYIN_HOME")
    os.environ["ZHIYIN_HOME"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["ZHIYIN_HOME"]
        else:
            os.environ["ZHIYIN_HOME"] = before


@contextmanager
def temporary_home() -> Iterator[Path]:
    """A new home that is deleted afterwards."""
    with TemporaryDirectory(prefix="zhiyin-") as folder:
        path = Path(folder) / "home"
        with at_home(path):
            yield path


def cache() -> Path:
    """Where this home keeps what an evaluation may use again; safe to delete."""
    return home() / "cache"


def indexed(docs: Sequence[Path], settings: Settings) -> Path:
    """A home whose index holds exactly `docs` under `settings`; kept, so that the next call only looks for changes.

    Raises InputError for a path that is not there, ZhiyinError with the message of `zhiyin index` where that failed.
    """
    missing = [str(path) for path in docs if not path.exists()]
    if missing:
        raise InputError(f"no such document or folder: {', '.join(missing)}")
    paths = [str(path.resolve()) for path in docs]
    wanted = {name: getattr(settings, name) for name in INDEX_SETTINGS}
    key = hashlib.sha256(json.dumps([paths, wanted], ensure_ascii=False).encode()).hexdigest()[:16]
    folder = cache() / "indexes" / key
    build(folder, paths, settings)
    return folder


def build(folder: Path, paths: Sequence[str], settings: Settings) -> None:
    """Run `zhiyin index` on `paths` with `folder` for its home, in a process of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "evaluation.toml"
    config.write_text(to_toml(settings), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "rag", "index", *paths, "--config", str(config), "--json", "--wait"],
        env={**os.environ, "ZHIYIN_HOME": str(folder)},
        capture_output=True,
        check=False,
    )
    if done.returncode not in (0, SOME_SKIPPED):
        raise ZhiyinError(f"indexing failed: {done.stderr.decode('utf-8', 'replace').strip()}")


def to_toml(settings: Settings) -> str:
    """All settings as TOML; strings, numbers and truth values are written in it as in JSON."""
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in asdict(settings).items())
