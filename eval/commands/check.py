"""`zhiyin eval check`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.messages import tr

from .options import AsJson

if TYPE_CHECKING:
    from ..documents import Texts
    from ..problem import Problem, Report

HELP = (
    "检查标准题集:格式、依据是否在原文中、答案是否有据、有无重复、各类是否均衡。有错误时退出码为 1。",
    "Check a gold set: format, evidence in its document, answers in the evidence, duplicates, balance. Exits 1 on an error.",
)
_SHOWN = 200  # findings printed; --json has all


def check(
    file: Annotated[
        Path | None,
        typer.Argument(
            help=tr("标准题集(JSONL);不给则为自带的", "gold set (JSONL); none: the bundled one"),
            show_default=False,
        ),
    ] = None,
    docs: Annotated[
        list[Path] | None,
        typer.Option(
            "--docs",
            metavar="FOLDER",
            help=tr(
                "题集所问的文档(可重复);不给则用本目录的索引,没有索引则用自带的文档",
                "the documents it asks about (repeatable); none: the index of this home, else the bundled documents",
            ),
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
    strict: Annotated[
        bool, typer.Option("--strict", help=tr("有警告时退出码也为 1", "exit 1 on a warning, too"))
    ] = False,
) -> None:
    """Check a gold set and its documents."""
    from ..check import check as run
    from ..documents import documents
    from ..rows import bundled, read_bytes

    path = file or bundled()
    data = read_bytes(path)
    with documents(docs or (), bundled=file is None) as (texts, name):
        report = run(data, texts)
        if as_json:
            typer.echo(json.dumps(_figures(path, texts, name, report), ensure_ascii=False, indent=1))
        else:
            _print(path, texts, name, report)
    if report.count("error") or (strict and report.count("warning")):
        raise typer.Exit(1)


def _figures(path: Path, texts: Texts, name: str, report: Report) -> dict[str, Any]:
    refusable = sum(refused for _, refused in report.kinds.values())
    return {
        "file": str(path),
        "documents": {"from": name, "n": len(texts.sources())},
        "rows": report.rows,
        "answerable": report.rows - refusable,
        "refusable": refusable,
        "kinds": {kind: {"n": n, "refuse": refused} for kind, (n, refused) in report.kinds.items()},
        "errors": report.count("error"),
        "warnings": report.count("warning"),
        "problems": [asdict(problem) for problem in report.problems],
    }


def _print(path: Path, texts: Texts, name: str, report: Report) -> None:
    for problem in report.problems[:_SHOWN]:
        typer.echo(_line(path, problem))
    if len(report.problems) > _SHOWN:
        more = len(report.problems) - _SHOWN
        typer.echo(tr(f"另有 {more} 处;--json 全部列出", f"and {more} more; --json lists all"))
    refusable = sum(refused for _, refused in report.kinds.values())
    kinds = ", ".join(f"{kind} {n}" for kind, (n, _) in report.kinds.items())
    n = len(texts.sources())
    typer.echo(tr(f"文档:{name}({n} 份)", f"documents: {name} ({n})"))
    typer.echo(
        tr(
            f"题目:{report.rows},其中无答案 {refusable}({kinds})",
            f"rows: {report.rows}, of these {refusable} without an answer ({kinds})",
        )
    )
    typer.echo(
        tr(
            f"错误 {report.count('error')},警告 {report.count('warning')}",
            f"errors: {report.count('error')}, warnings: {report.count('warning')}",
        )
    )


def _line(path: Path, problem: Problem) -> str:
    level = tr("错误", "error") if problem.level == "error" else tr("警告", "warning")
    name = f" {problem.id}" if problem.id else ""
    place = f"{path}:{problem.line}" if problem.line else str(path)
    return f"{place}: {level} [{problem.code}]{name} {problem.message}"
