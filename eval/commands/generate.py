"""`zhiyin eval generate`: candidate questions out of any documents."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from rag.messages import tr

from .options import Config, Docs, write

if TYPE_CHECKING:
    from rag.session import Session

    from ..mutate.world import Indexed
    from ..rows import Gold

HELP = (
    "由文档自动拟题:每题都能在整个索引中重新找到答案,标为 generated,供人审核(zhiyin eval review)。",
    "Questions out of any documents, each found again in the full index; marked generated until a person accepts them "
    "(zhiyin eval review).",
)


def generate(
    context: typer.Context,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="FILE",
            help=tr("题集的去处 (JSONL)", "where the set goes (JSONL)"),
            show_default=False,
        ),
    ],
    n: Annotated[int, typer.Option("-n", min=1, help=tr("题数", "how many questions"))] = 200,
    docs: Docs = None,
    seed: Annotated[int, typer.Option(help=tr("随机种子", "random seed"))] = 0,
    keep_failed: Annotated[
        Path | None,
        typer.Option(
            "--keep-failed",
            metavar="FILE",
            help=tr(
                "把系统没有答对的题写入该文件,供人审核",
                "write the questions that the system got wrong to this file, for review",
            ),
            show_default=False,
        ),
    ] = None,
    config_file: Config = None,
) -> None:
    """Make the questions; `HELP` is the help text."""
    from rich.console import Console
    from rich.progress import Progress

    from rag.config import load as settings_of
    from rag.generate import load_generator

    from ..generate.loop import generate as run
    from ..homes import at_home, indexed

    session: Session = context.obj
    settings = settings_of(config_file)
    home = indexed(docs, settings) if docs else None
    # the round trip asks the reader: a generator would only write round what it finds
    writer = load_generator(settings)
    errors = Console(stderr=True)
    with at_home(home) if home else nullcontext():
        bot = session.make_bot(settings.replace(generator="", generator_url=""))
        snapshot = cast("Indexed", bot.snapshot)  # type: ignore[attr-defined]
        with Progress(console=errors, transient=True, disable=not errors.is_terminal) as bar:
            task = bar.add_task(tr("提问", "asking"), total=None)
            made = run(bot, snapshot, n, seed, generator=writer, step=lambda: bar.update(task, advance=1))
    _write(out, made.rows)
    if keep_failed is not None:
        _write(keep_failed, made.failed)
    for name, count in made.counts.items():
        typer.echo(f"{count:6d}  {name}")
    typer.echo(
        tr(
            f"已写入 {out};请逐题审核:zhiyin eval review {out}",
            f"written to {out}; review each: zhiyin eval review {out}",
        )
    )


def _write(path: Path, rows: Iterable[Gold]) -> None:
    from ..rows import to_row

    write(path, "".join(json.dumps(to_row(row), ensure_ascii=False) + "\n" for row in rows))
