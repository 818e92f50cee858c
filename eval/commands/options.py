"""Arguments that several commands take, and how they write what they were told to write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rag.errors import InputError
from rag.messages import tr

A_RUN = tr("运行结果的文件夹、名称,或 last", "the folder of a run, its name, or last")
RunName = Annotated[str, typer.Argument(metavar="RUN", help=A_RUN)]
GoldFile = Annotated[
    Path | None,
    typer.Argument(
        metavar="[GOLD]",
        help=tr("标准题集(JSONL);不给则用自带的", "gold set (JSONL); none: the bundled one"),
        show_default=False,
    ),
]
Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help=tr("设置文件 (TOML)", "settings (TOML)"))
]
Docs = Annotated[
    list[Path] | None,
    typer.Option(
        "--docs",
        metavar="FOLDER",
        help=tr(
            "用这些文档、按这些设置另建索引(可重复,留作下次使用);不给则用现有索引",
            "build an index of its own of these documents with these settings (repeatable, kept for next time); "
            "none: the index that is there",
        ),
        show_default=False,
    ),
]
JsonOut = Annotated[
    str | None,
    typer.Option(
        "--json",
        metavar="OUT",
        help=tr(
            "把全部结果也写入该文件(- 为标准输出)",
            "also write all results to this file (- is standard output)",
        ),
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help=tr("以 JSON 输出结果", "print the result as JSON"))]


def write(path: Path, text: str) -> None:
    """Write `text` to `path`, making its folder. Raises InputError where that can't be done."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        said = tr(f"无法写入 {path}:{error};换一个地方", f"can't write {path}: {error}; give another place")
        raise InputError(said) from error


def write_json(out: str, text: str) -> None:
    """Print `text` where `out` is `-`, else write it to that file. Raises InputError as `write` does."""
    if out == "-":
        typer.echo(text)
    else:
        write(Path(out), text + "\n")
