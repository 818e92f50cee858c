"""What a command writes where it was told to."""

from __future__ import annotations

from pathlib import Path

from rag.errors import InputError
from rag.messages import tr


def write(path: Path, text: str) -> None:
    """Write `text` to `path`, making its folder. Raises InputError where that can't be done."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        said = tr(f"无法写入 {path}：{error}；换一个地方", f"can't write {path}: {error}; give another place")
        raise InputError(said) from error
