"""`zhiyin bench`: how fast this machine is, how far it scales, or how good answers to a published benchmark are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.messages import tr

from .options import Config, JsonOut, write_json

if TYPE_CHECKING:
    from rag.config import Settings
    from rag.session import Session

HELP = (
    "测量建索引、回答和启动的速度与内存（在临时目录中进行）；scale 测量各种向量索引在百万片段下的开销与召回；liar 测量语言模型的不实陈述有多少被识破；给出 NAME 和 --data 则在公开评测集上评分。",
    "Measure indexing, answering, start-up and memory, in a temporary home; with `scale`, what each vector index costs and finds at a million chunks; with `liar`, how many untrue statements of a language model are caught; with NAME and --data, score a published benchmark.",
)
SCALE = "scale"
LIAR = "liar"
STATEMENTS = 1200
CHUNKS = 1_000_000


def bench(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help=tr(
                "scale、liar，或公开评测集：cmrc、drcd、squad、rgb、crud、beir；不给则测速度",
                "scale, liar, or a published benchmark: cmrc, drcd, squad, rgb, crud, beir; none: speed",
            ),
            show_default=False,
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="FOLDER",
            help=tr(
                "评测集文件所在的文件夹，或其中一个文件；scale 则为文本所在的文件夹，liar 则为文档文件夹",
                "the folder with its files, or one file; for scale, a folder of text; for liar, of documents",
            ),
        ),
    ] = None,
    chunks: Annotated[
        int | None,
        typer.Option(
            "--chunks",
            min=1000,
            metavar="N",
            help=tr(f"scale 的片段数（默认 {CHUNKS:,}）", f"how many chunks for scale (default {CHUNKS:,})"),
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            min=1,
            metavar="N",
            help=tr("每个集合只取前 N 题；liar 的陈述数", "only the first N questions of each set; for liar, how many statements"),
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", help=tr("liar 的随机种子（默认 0）", "the seed of chance for liar (default 0)"))
    ] = None,
    config_file: Config = None,
    as_json: JsonOut = None,
) -> None:
    """Run the benchmark; `HELP` is the help text."""
    from rich.console import Console

    from rag.config import load
    from rag.errors import InputError

    console = Console()
    if chunks is not None and name != SCALE:
        raise InputError("--chunks belongs to scale: zhiyin bench scale --chunks N --data FOLDER")
    if seed is not None and name != LIAR:
        raise InputError("--seed belongs to liar: zhiyin bench liar --seed N")
    if name == SCALE:
        if limit is not None:
            raise InputError("--limit belongs to a published benchmark; scale takes --chunks")
        _scale(chunks or CHUNKS, data, as_json)
        return
    if name is None:
        if data is not None or limit is not None:
            given = "--data" if data is not None else "--limit"
            raise InputError(
                f"{given} belongs to a published benchmark; name it: zhiyin bench NAME --data FOLDER"
            )
        from ..speed import measure, table

        session: Session = context.obj
        figures = measure(session.make_bot, load(config_file))
        _written(figures, as_json)
        if as_json != "-":
            console.print(table(figures))
        return
    if name == LIAR:
        _liar(data, limit or STATEMENTS, seed or 0, load(config_file), as_json)
        return
    from ..benchmarks import check_name

    check_name(name)
    if data is None:
        raise InputError(
            f"{name} needs its data: zhiyin bench {name} --data FOLDER; docs/benchmarks.md says where to get them"
        )

    from ..benchmarks import run
    from ..benchmarks.table import lines, tables

    result = run(name, data, limit, load(config_file), _tracked)
    _written(result.to_dict(), as_json)
    if as_json != "-":
        for shown in tables(result):
            console.print(shown)
        for line in lines(result):
            console.print(line, highlight=False, markup=False, soft_wrap=True)


def _scale(chunks: int, data: Path | None, as_json: str | None) -> None:
    from rich.console import Console

    from ..scale import lines, measure, table

    errors = Console(stderr=True)
    told = measure(chunks, data, told=lambda line: errors.print(line, highlight=False, markup=False, soft_wrap=True))
    _written(told, as_json)
    if as_json != "-":
        console = Console()
        console.print(table(told))
        for line in lines(told):
            console.print(line, highlight=False, markup=False, soft_wrap=True)


def _liar(data: Path | None, count: int, seed: int, settings: Settings, as_json: str | None) -> None:
    from rich.console import Console

    from ..liar import stand_ins
    from ..liar.measure import measure, table

    figures = measure(data, count, settings, seed)
    asked = stand_ins.measure(settings)
    _written(figures | {"stand_ins": asked}, as_json)
    if as_json != "-":
        Console().print(table(figures))
        Console().print(stand_ins.table(asked))


def _written(value: dict[str, Any], out: str | None) -> None:
    if out is not None:
        write_json(out, json.dumps(value, ensure_ascii=False, indent=1))


def _tracked(items: Sequence[Any], what: str) -> Iterable[Any]:
    from rich.console import Console
    from rich.progress import track

    errors = Console(stderr=True)
    return track(items, what, len(items), console=errors, transient=True, disable=not errors.is_terminal)
