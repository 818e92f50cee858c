"""`zhiyin eval [GOLD]`: ask every question, and write the run to a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.messages import tr

from .options import Config, Docs, GoldFile, JsonOut, write_json

if TYPE_CHECKING:
    from rag.session import Session

HELP = (
    "用标准题集检验回答:答案、引证和拒答是否正确。结果和报告写入一个文件夹。",
    "Score answers, citations and refusals against a gold set; the run and its report go to a folder.",
)


def run(
    context: typer.Context,
    gold: GoldFile = None,
    config_file: Config = None,
    docs: Docs = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FOLDER",
            help=tr(
                "运行结果的去处;不给则为 $ZHIYIN_HOME/runs 下的新文件夹",
                "where the run goes; none: a new folder in $ZHIYIN_HOME/runs",
            ),
        ),
    ] = None,
    as_json: JsonOut = None,
    failures: Annotated[
        bool, typer.Option("--failures", help=tr("列出每道不正确的题", "list each row that is not right"))
    ] = False,
    judge: Annotated[
        str,
        typer.Option(
            "--judge",
            metavar="NAME",
            help=tr(
                "谁来核对引证:verifier、llm,或一个 NLI 模型的文件夹",
                "who checks citations: verifier, llm, or the folder of an NLI model",
            ),
        ),
    ] = "verifier",
    small: Annotated[
        bool,
        typer.Option(
            "--slim",
            help=tr(
                "不保存段落和引文,便于与代码一起存作基线",
                "keep no passages and quotes: small enough to be kept beside the code as a baseline",
            ),
        ),
    ] = False,
    note: Annotated[
        str, typer.Option("--note", help=tr("记入运行结果的一句话", "a line kept with the run"))
    ] = "",
) -> None:
    """Run the gold set; `HELP` is the help text."""
    from dataclasses import asdict

    from rich.console import Console

    from rag.config import load as settings_of

    from ..junit import to_junit
    from ..measure import measured
    from ..report.page import write
    from ..rows import bundled
    from ..runs import new_folder, save, slim
    from ..terminal import failure, lines, table

    session: Session = context.obj
    path = gold or bundled()
    settings = settings_of(config_file)
    console = Console(stderr=as_json == "-")
    done = measured(session, path, settings, docs=docs or (), judge=judge, note=note)
    folder = out or new_folder(path.name)
    pages = {} if small else {"report.html": write(done), "junit.xml": to_junit(done)}
    saved = save(slim(done) if small else done, folder, pages)
    if as_json is not None:
        text = json.dumps(
            {**saved.meta, **saved.metrics, "rows": [asdict(row) for row in saved.rows]},
            ensure_ascii=False,
            indent=1,
        )
        write_json(as_json, text)
    for row in saved.rows if failures else ():
        if not row.right or row.violations:
            console.print(failure(row), soft_wrap=True)
    console.print(table(saved.metrics))
    where = folder if small else folder / "report.html"
    for line in (*lines(saved), tr(f"结果:{where}", f"results: {where}")):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
