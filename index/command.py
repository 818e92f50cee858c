"""`zhiyin index`: documents in, a new generation out."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag import config
from rag.messages import tr

if TYPE_CHECKING:
    from .build import BuildResult, Progress

SOMETHING_SKIPPED = 3


def register(app: typer.Typer) -> None:
    """Add the command `index` to `app`."""
    app.command("index", help=tr(_HELP_ZH, _HELP_EN))(index)


_HELP_ZH = """建立索引：索引的内容就是给出的文件和文件夹，其他文档会被移出（保留它们用 --add）。

不给则按现在的设置重建索引中已有的文档（与 --again 相同）；还没有索引时，为自带的示例文档。

未改动的文档不会重新读取,未改动的文字不会重新计算向量。有文件被跳过时退出码为 3。"""
_HELP_EN = """Build the index: it then holds exactly the files and folders given; other documents leave it (--add keeps them).

Without PATHS: the documents that the index holds, by the settings as they are (as --again); where there is no index,
the sample documents.

What did not change is neither read nor embedded again. The exit code is 3 where a file was skipped."""


def index(
    paths: Annotated[
        list[Path] | None, typer.Argument(help=tr("文件或文件夹", "files or folders"), show_default=False)
    ] = None,
    add: Annotated[
        bool,
        typer.Option("--add", help=tr("保留索引中已有的其他文档", "keep the other documents of the index")),
    ] = False,
    remove: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SOURCE", help=tr("从索引中删除一个文档(可重复)", "take out a document (repeatable)")
        ),
    ] = None,
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help=tr(
                "按现在的设置重建索引中已有的文档(换了模型之后)",
                "build the documents of the index again by the settings as they are (after another model was chosen)",
            ),
        ),
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help=tr("核对索引的每个字节", "check every byte of the index"))
    ] = False,
    explain: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help=tr("显示清洗规则对一个文件做了什么", "show what cleaning does to a file")
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help=tr("以 JSON 输出结果", "print the result as JSON"))
    ] = False,
    config_file: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help=tr("设置文件 (TOML)", "settings (TOML)"))
    ] = None,
    wait: Annotated[
        bool,
        typer.Option(
            "--wait", help=tr("等待另一个索引进程结束", "wait for another process that is indexing")
        ),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help=tr("只显示错误", "show errors only"))] = False,
    progress_lines: Annotated[bool, typer.Option("--progress-lines", hidden=True)] = False,
) -> None:
    """Build, check or explain; `register` sets the help text."""
    settings = config.load(config_file)
    home = config.home()
    if explain is not None:
        _explain(explain, settings, as_json=as_json)
    elif verify:
        _verify(home, as_json=as_json, quiet=quiet)
    else:
        if again:
            _require_index(home, paths)
        _build(
            paths or [], home, settings, add=add, remove=remove or [], again=again, wait=wait, as_json=as_json,
            quiet=quiet, lines=progress_lines,
        )  # fmt: skip


def _require_index(home: Path, paths: list[Path] | None) -> None:
    from rag.errors import InputError
    from rag.store.disk import require_current

    if paths:
        raise InputError("--again takes the documents of the index and no others; leave out PATHS, or leave out --again")
    require_current(home)


def _build(
    paths: list[Path],
    home: Path,
    settings: config.Settings,
    *,
    add: bool,
    remove: list[str],
    again: bool,
    wait: bool,
    as_json: bool,
    quiet: bool,
    lines: bool = False,
) -> None:
    from rag.store.disk import current_generation

    from .build import build

    # whoever types `zhiyin index` alone does not want the own documents replaced by the samples
    again = again or not (paths or add or remove or current_generation(home) is None)
    chosen = paths or ([] if remove or again else [seeds()])
    with nullcontext(_line) if lines else _progress(show=not (quiet or as_json)) as report:
        result = build(
            chosen,
            home=home,
            settings=settings,
            add=add,
            remove=remove,
            wait=-1 if wait else 0,
            progress=report,
        )
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(result), ensure_ascii=False))
    else:
        _tell(result, quiet=quiet)
    if result.skipped:
        raise typer.Exit(SOMETHING_SKIPPED)


def seeds() -> Path:
    """The folder of the documents that come with the package."""
    from importlib.resources import files

    return Path(str(files("rag.seeds")))


def _tell(result: BuildResult, *, quiet: bool) -> None:
    for source, reason in result.skipped:
        typer.echo(tr(f"已跳过 {source}:{reason}", f"skipped {source}: {reason}"), err=True)
    if quiet:
        return
    for source, note in result.notes:
        typer.echo(tr(f"请注意 {source}：{note}", f"note on {source}: {note}"), err=True)
    n = len(result.added), len(result.changed), len(result.removed), len(result.unchanged)
    typer.echo(
        tr(
            f"文档:新增 {n[0]},更改 {n[1]},删除 {n[2]},未变 {n[3]},跳过 {len(result.skipped)}",
            f"documents: {n[0]} added, {n[1]} changed, {n[2]} removed, {n[3]} unchanged, {len(result.skipped)} skipped",
        )
    )
    typer.echo(
        tr(
            f"片段:共 {result.chunks},新算向量 {result.embedded},沿用 {result.reused}",
            f"chunks: {result.chunks}, of these {result.embedded} embedded, {result.reused} reused",
        )
    )
    state = tr("已生效", "in use") if result.new else tr("没有变化", "nothing changed")
    typer.echo(
        tr(
            f"索引 {result.generation} {state},用时 {result.seconds:.1f} 秒",
            f"index {result.generation} {state}, {result.seconds:.1f} s",
        )
    )


def _verify(home: Path, *, as_json: bool, quiet: bool) -> None:
    from rag.store import Manifest, verify
    from rag.store.disk import folder, require_current

    name = require_current(home)
    wrong = verify(home, name)
    if as_json:
        typer.echo(json.dumps({"generation": name, "ok": not wrong, "wrong": wrong}, ensure_ascii=False))
    elif wrong:
        for line in wrong:
            typer.echo(line, err=True)
        typer.echo(
            tr(
                "索引已损坏，请用原文件重新建立：zhiyin index 文件或文件夹",
                "the index is damaged, build it again from the files: zhiyin index PATH",
            ),
            err=True,
        )
    elif not quiet:
        files = len(Manifest.read(folder(home, name)).files)
        typer.echo(
            tr(
                f"索引 {name} 完好:{files} 个文件的校验和全部一致",
                f"index {name} is sound: the checksums of {files} files hold",
            )
        )
    if wrong:
        raise typer.Exit(1)


def _explain(file: Path, settings: config.Settings, *, as_json: bool) -> None:
    from .explain import explain, render, to_dict
    from .pipeline import cleaning, default_pipeline
    from .readers._common import check_size

    pipeline = cleaning(default_pipeline(), settings)
    check_size(file, settings.max_file_mb)
    document = pipeline.read(file, file.name)
    parts = pipeline.parts(document)
    if as_json:
        typer.echo(json.dumps(to_dict(document, parts), ensure_ascii=False))
    else:
        typer.echo(render(explain(document, parts)))


def _line(stage: str, done: int, total: int) -> None:
    """Progress for another program: a JSON object a line on standard error."""
    typer.echo(json.dumps({"stage": stage, "done": done, "total": total}), err=True)


@contextmanager
def _progress(*, show: bool) -> Iterator[Progress | None]:
    """Bars on standard error, one a stage; none where it is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not (show and console.is_terminal):
        yield None
        return
    names = {
        "read": tr("读取", "reading"),
        "embed": tr("计算向量", "embedding"),
        "store": tr("写入", "storing"),
    }
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as bars:
        tasks = {stage: bars.add_task(name, total=None, visible=False) for stage, name in names.items()}

        def report(stage: str, done: int, total: int) -> None:
            bars.update(tasks[stage], completed=done, total=total, visible=True)

        yield report
