"""The command line: `ask` and `doctor`, and whatever registers under the entry points `zhiyin.commands`.

Nothing heavy is imported before a command runs, so that `zhiyin --help` answers at once.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from importlib.metadata import EntryPoint, entry_points
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from .. import __version__
from ..errors import ConfigError, InputError, ZhiyinError
from ..messages import tr
from ..session import Asks, Session

INTERRUPTED = 130

Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help=tr("设置文件 (TOML)", "settings (TOML)"))
]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `zhiyin` and leave with its exit code: an error's own, 130 after Ctrl-C, 2 for wrong usage."""
    session = Session()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8")  # what is piped is the same on every system
    try:
        build()(args=None if arguments is None else list(arguments), prog_name="zhiyin", obj=session)
    except ZhiyinError as error:
        _tell(error, session)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # whoever read the output has gone: `zhiyin … | head`; Python would complain once more while closing it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def build() -> typer.Typer:
    """The command line with every installed command on it."""
    app = typer.Typer(
        name="zhiyin",
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        help=tr(
            "知引:向本单位的文档提问,每句回答都附原文为证。",
            "Zhiyin: ask an organisation's own documents; every sentence of an answer shows the source's own words.",
        ),
    )
    app.callback()(_root)
    app.command("ask", help=tr("提一个问题,或成批提问。", "Ask one question, or many."))(ask)
    app.command(
        "doctor",
        help=tr("检查安装、模型和索引是否正常。", "Check the installation, the models and the index."),
    )(doctor)
    for entry in sorted(entry_points(group="zhiyin.commands"), key=lambda entry: entry.name):
        _register(app, entry)
    return app


def _register(app: typer.Typer, entry: EntryPoint) -> None:
    try:
        register: Callable[[typer.Typer], None] = entry.load()
    except ImportError as error:
        reason = str(error)

        def broken() -> None:
            raise ConfigError(
                f"the command {entry.name!r} can't be loaded from {entry.value}: {reason}; reinstall the package it is from"
            )

        app.command(entry.name, help=tr("(无法加载)", "(can't be loaded)"))(broken)
    else:
        register(app)


def _version(on: bool) -> None:
    if on:
        typer.echo(f"zhiyin {__version__}")
        raise typer.Exit


def _root(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            callback=_version,
            help=tr("显示版本", "show the version"),
        ),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help=tr("出错时显示完整的调用栈", "show the whole trace of an error"))
    ] = False,
) -> None:
    """Global options; `build` sets the help text."""
    context.obj = context.obj or Session()
    context.obj.verbose = verbose


def ask(
    context: typer.Context,
    question: Annotated[
        str | None,
        typer.Argument(
            help=tr("问题;- 为从标准输入读取", "the question; - reads it from standard input"),
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help=tr("以 JSON 输出(answer.schema.json)", "print JSON (answer.schema.json)")
        ),
    ] = False,
    history: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help=tr("此前的问答:JSON [[问, 答], …]", "the conversation so far: JSON [[question, answer], …]"),
        ),
    ] = None,
    batch: Annotated[
        str | None,
        typer.Option(
            metavar="IN.jsonl",
            help=tr(
                '每行一题 {"id","question","history"};- 为标准输入',
                'a question a line: {"id","question","history"}; - is standard input',
            ),
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT.jsonl",
            help=tr(
                "成批回答的去处,逐行写入;不给则为标准输出",
                "where --batch writes, line by line; none: standard output",
            ),
        ),
    ] = None,
    config_file: Config = None,
) -> None:
    """Answer a question or a batch; `build` sets the help text."""
    from ..batch import require_utf8
    from ..config import load

    if batch is not None:
        if question is not None or history is not None:
            raise InputError(
                "--batch takes questions and history from its rows; leave out QUESTION and --history"
            )
        with _lines(batch) as lines:
            many: Asks = context.obj.make_bot(load(config_file))
            _batch(many, lines, out, batch)
        return
    if out is not None:
        raise InputError("--out goes with --batch; send one answer to a file with >")
    text = (
        sys.stdin.buffer.read().decode("utf-8", "surrogateescape") if question == "-" else question or ""
    ).strip()
    if not text:
        raise InputError(
            tr('没有问题。用法:zhiyin ask "问题"', 'there is no question; usage: zhiyin ask "QUESTION"')
        )
    require_utf8(text)
    turns = _history(history)
    bot: Asks = context.obj.make_bot(load(config_file))
    answer = bot.ask(text, turns)
    if as_json:
        from ..answer import to_dict

        typer.echo(json.dumps(to_dict(answer), ensure_ascii=False))
    else:
        from rich.console import Console

        from .terminal import render

        Console(highlight=False).print(render(answer), end="", soft_wrap=True)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help=tr("以 JSON 输出", "print JSON"))] = False,
    config_file: Config = None,
) -> None:
    """Look at everything; `build` sets the help text. Exit code 1 when something is broken."""
    from ..config import home
    from .doctor import broken, examine, render

    checks = examine(home(), config_file)
    if as_json:
        from dataclasses import asdict

        typer.echo(
            json.dumps({"ok": not broken(checks), "checks": [asdict(c) for c in checks]}, ensure_ascii=False)
        )
    else:
        from rich.console import Console

        Console(highlight=False).print(render(checks), end="", soft_wrap=True)
    if broken(checks):
        raise typer.Exit(1)


def _history(path: Path | None) -> list[tuple[str, str]]:
    from ..batch import parse_history

    if path is None:
        return []
    try:
        return parse_history(json.loads(path.read_text(encoding="utf-8-sig")))
    except (OSError, ValueError) as error:
        raise InputError(f"can't read the history {path}: {error}") from error


def _batch(bot: Asks, lines: Iterator[str], out: Path | None, source: str) -> None:
    """Write a row an answer as soon as it is there, so that a killed run keeps what is done."""
    from ..batch import answer_rows

    started, last, done, bad = time.monotonic(), 0.0, 0, 0
    rows = answer_rows(bot, lines)
    first = list(
        islice(rows, 1)
    )  # before the file is opened: a run that can't start leaves an older one alone
    with _sink(out, source) as sink:
        for row in chain(first, rows):
            sink.write(json.dumps(row, ensure_ascii=False) + "\n")
            sink.flush()
            done, bad = done + 1, bad + ("error" in row)
            if sys.stderr.isatty() and time.monotonic() - last > 0.2:
                last = time.monotonic()
                typer.echo(f"\r{done}", nl=False, err=True)
    seconds = time.monotonic() - started
    lead = "\r" if sys.stderr.isatty() else ""
    typer.echo(
        lead
        + tr(
            f"{done} 行,其中 {bad} 行有误,用时 {seconds:.1f} 秒",
            f"{done} rows, {bad} of them bad, {seconds:.1f} s",
        ),
        err=True,
    )


@contextmanager
def _lines(source: str) -> Iterator[Iterator[str]]:
    """The lines of a file or, for `-`, of standard input; bytes that are no UTF-8 spoil their own line only."""
    if source == "-":
        yield (line.decode("utf-8", "surrogateescape") for line in sys.stdin.buffer)
        return
    try:
        file = Path(source).open(encoding="utf-8", errors="surrogateescape")  # noqa: SIM115  (its errors, not those of the body)
    except OSError as error:
        raise InputError(f"can't read the questions {source}: {error}") from error
    with file:
        yield iter(file)


@contextmanager
def _sink(out: Path | None, source: str) -> Iterator[TextIO]:
    if out is not None and source != "-" and out.exists() and out.samefile(source):
        raise InputError(f"--batch and --out are both {source}; the answers would overwrite the questions")
    try:
        opened: Any = nullcontext(sys.stdout) if out is None else out.open("w", encoding="utf-8")
    except OSError as error:
        raise InputError(f"can't write the answers to {out}: {error}") from error
    with opened as sink:
        yield sink


def _tell(error: ZhiyinError, session: Session) -> None:
    if session.verbose:
        traceback.print_exception(error)
    else:
        typer.echo(f"zhiyin: {' '.join(str(error).split())}", err=True)
