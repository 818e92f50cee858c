"""`zhiyin eval` and `zhiyin bench`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from rag.messages import tr

if TYPE_CHECKING:
    from rag.session import Session

    from .run import Answers


def register(app: typer.Typer) -> None:
    """Add the commands `eval` and `bench` to `app`."""
    app.command(
        "eval",
        help=tr(
            "用标准题集检验回答:答案、引证和拒答是否正确。",
            "Score answers, citations and refusals against a gold set.",
        ),
    )(evaluate)
    app.command(
        "bench",
        help=tr(
            "测量建索引、回答和启动的速度与内存(在临时目录中进行)。",
            "Measure indexing, answering, start-up and memory, in a temporary home.",
        ),
    )(bench)


def evaluate(
    context: typer.Context,
    gold: Annotated[
        Path | None,
        typer.Argument(
            help=tr("标准题集(JSONL);不给则用自带的", "gold set (JSONL); none: the bundled one"),
            show_default=False,
        ),
    ] = None,
    config_file: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help=tr("设置文件 (TOML)", "settings (TOML)"))
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--json",
            metavar="OUT",
            help=tr(
                "把全部结果写入该文件(- 为标准输出)", "write all results to this file (- is standard output)"
            ),
        ),
    ] = None,
    failures: Annotated[
        bool, typer.Option("--failures", help=tr("列出每道不正确的题", "list each row that is not right"))
    ] = False,
) -> None:
    """Run the gold set; `register` sets the help text."""
    from rich.console import Console
    from rich.progress import track

    from rag.config import load as settings

    from .terminal import details, failure, lines, summary, table
    from .rows import bundled, load
    from .run import evaluate as run

    session: Session = context.obj
    path = gold or bundled()
    rows = load(path)
    bot = cast("Answers", session.make_bot(settings(config_file)))
    errors, console = Console(stderr=True), Console()
    outcomes = list(
        track(
            run(bot, rows),
            tr("提问", "asking"),
            len(rows),
            console=errors,
            transient=True,
            disable=not errors.is_terminal,
        )
    )
    figures = summary(outcomes)
    if out is not None:
        text = json.dumps(
            {"gold": path.name, **figures, "rows": details(outcomes)}, ensure_ascii=False, indent=1
        )
        if str(out) == "-":
            typer.echo(text)
            return
        out.write_text(text + "\n", encoding="utf-8")
    if failures:
        for outcome in outcomes:
            if not outcome.right or outcome.violations:
                console.print(failure(outcome), soft_wrap=True)
    console.print(table(figures))
    for line in lines(figures):
        console.print(line, highlight=False, markup=False)


def bench(
    context: typer.Context,
    as_json: Annotated[
        bool, typer.Option("--json", help=tr("以 JSON 输出结果", "print the result as JSON"))
    ] = False,
) -> None:
    """Run the benchmark; `register` sets the help text."""
    from rich.console import Console

    from .bench import measure, table

    session: Session = context.obj
    figures = measure(session.make_bot)
    if as_json:
        typer.echo(json.dumps(figures, ensure_ascii=False))
    else:
        Console().print(table(figures))
