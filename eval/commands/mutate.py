"""`zhiyin eval mutate GOLD`: stress variants of an accepted gold set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.messages import tr

from .options import Config

if TYPE_CHECKING:
    from rich.table import Table

HELP = (
    "由标准题集生成变体:错别字、同音字、繁体、全角、语音转写、换年份或地方,以及干扰文档、删去依据、改动数字、隐藏指令。",
    "Stress variants of a gold set: slips, homophones, other scripts, speech, another year or place, distractors, "
    "evidence removed, a changed figure, hidden instructions.",
)


def mutate(
    gold: Annotated[Path, typer.Argument(metavar="GOLD", help=tr("标准题集(JSONL)", "gold set (JSONL)"))],
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="FOLDER", help=tr("变体的去处", "where the variants go"), show_default=False
        ),
    ],
    docs: Annotated[
        list[Path] | None,
        typer.Option(
            "--docs",
            metavar="FOLDER",
            help=tr(
                "题集所据的文档(可重复);不给则为自带的",
                "the documents of the set (repeatable); none: the bundled ones",
            ),
            show_default=False,
        ),
    ] = None,
    kinds: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            help=tr("只生成这一种(可重复);不给则全部", "make this kind only (repeatable); none: all of them"),
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help=tr("随机种子", "random seed"))] = 0,
    config_file: Config = None,
) -> None:
    """Make the variants; `HELP` is the help text."""
    from importlib.resources import as_file, files

    from rich.console import Console

    from rag.config import load as settings_of
    from rag.errors import InputError
    from rag.store import Snapshot

    from ..homes import indexed
    from ..mutate.table import KINDS
    from ..mutate.world import World
    from ..mutate.write import write
    from ..rows import load

    unknown = [name for name in kinds or [] if name not in KINDS]
    if unknown:
        raise InputError(f"no kind of mutation {unknown[0]!r}; known: {', '.join(KINDS)}")
    rows = load(gold)
    with as_file(files("rag.seeds")) as seeds:
        snapshot = Snapshot.open(indexed(docs or [Path(seeds)], settings_of(config_file)))
    try:
        world = World.of(snapshot)
    finally:
        snapshot.close()
    wanted = [kind for name, kind in KINDS.items() if not kinds or name in kinds]
    made = {kind.name: (kind, kind.apply(rows, world, seed)) for kind in wanted}
    manifest = write(out, made, world, gold, seed)
    Console().print(_table(manifest["kinds"]))
    typer.echo(
        tr(f"已写入 {out},做法见其中的 README.md", f"written to {out}; its README.md says how to run them")
    )


def _table(entries: list[dict[str, object]]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    out = Table(box=SIMPLE_HEAD)
    out.add_column(tr("变体", "kind"))
    out.add_column(tr("题数", "rows"), justify="right")
    out.add_column(tr("未用的题及原因", "rows left out, and why"))
    for entry in entries:
        dropped = entry["dropped"]
        why = "; ".join(f"{n} {reason}" for reason, n in dropped.items()) if isinstance(dropped, dict) else ""
        out.add_row(str(entry["kind"]), str(entry["rows"]), why)
    return out
