"""`zhiyin eval report RUN`: the report of a stored run, written again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rag.messages import tr

from .options import RunName
from .options import write as to_file

HELP = (
    "为已保存的一次运行重新生成报告（一个 HTML 文件）。",
    "Write the report of a stored run again: one HTML file.",
)
NAME = "report.html"


def report(
    run: RunName,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help=tr("报告文件；不给则写在该文件夹里", "where the report goes; none: the run's own folder"),
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            "--baseline",
            metavar="RUN",
            help=tr(
                "与之前的这次运行比较，写进报告", "compare with this earlier run, in a section of the report"
            ),
            show_default=False,
        ),
    ] = None,
    show: Annotated[
        bool, typer.Option("--open/--no-open", help=tr("在浏览器中打开", "open it in the browser"))
    ] = False,
) -> None:
    """Write it; `HELP` is the help text. Raises InputError where there is no such run, or the file can't be written."""
    from .. import runs
    from ..compare import compare
    from ..report.page import write

    done = runs.load_run(run)
    comparison = compare(runs.load_run(baseline), done) if baseline else None
    file = out or (done.folder or Path()) / NAME
    to_file(file, write(done, comparison=comparison))
    typer.echo(tr(f"报告：{file}", f"report: {file}"))
    if show:
        typer.launch(file.absolute().as_uri())
