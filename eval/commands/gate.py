"""`zhiyin eval gate RUN --baseline RUN`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from rag.errors import InputError
from rag.messages import tr

from .options import AsJson, RunName, write

HELP = (
    "按规则把关：答案确定变差、低于底线时退出码为 1，并说明原因。",
    "Hold rules against a run: exits 1 with the reasons where answers are surely worse, or below a floor.",
)
_COLOURS = {"kept": "green", "broken": "bold red", "skipped": "yellow"}


def gate(
    run: RunName,
    baseline: Annotated[
        str | None,
        typer.Option(
            "--baseline",
            metavar="RUN",
            help=tr(
                "与之比较的一次运行；不给则只查底线",
                "the run to compare with; none: floors alone are checked",
            ),
            show_default=False,
        ),
    ] = None,
    rules_file: Annotated[
        Path | None,
        typer.Option(
            "--rules",
            metavar="FILE",
            help=tr("规则（TOML）；不给则用自带的", "the rules (TOML); none: the bundled ones"),
            show_default=False,
        ),
    ] = None,
    junit: Annotated[
        Path | None,
        typer.Option(
            "--junit",
            metavar="FILE",
            help=tr("为 CI 写一份 JUnit XML，每条规则一个用例", "write JUnit XML for CI, a test case a rule"),
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the rules; `HELP` is the help text. Raises ConfigError for the rules, InputError for the runs."""
    from rich.console import Console

    from ..compare_words import what_changed
    from ..gate import check
    from ..junit import gate_junit
    from ..rules import bundled, load
    from ..runs import load_run

    rules = load(rules_file or bundled())
    found = check(load_run(run), rules, load_run(baseline) if baseline else None)
    if junit is not None:
        write(junit, gate_junit(found))
    if as_json:
        typer.echo(json.dumps(found.to_dict(), ensure_ascii=False, indent=1))
    else:
        console = Console()
        words = {
            "kept": tr("通过", "kept"),
            "broken": tr("不通过", "broken"),
            "skipped": tr("未检查", "not checked"),
        }
        for result in found.results:
            console.print(f"{words[result.status]} ", style=_COLOURS[result.status], end="")
            console.print(
                f"{result.name}: {result.said}", style="", highlight=False, markup=False, soft_wrap=True
            )
        for note in found.notes:
            console.print(note, style="yellow", highlight=False, markup=False, soft_wrap=True)
        if found.broken and found.changed:
            said = tr("与基准的不同：", "what is not the same as in the baseline: ")
            said += "; ".join(what_changed(found.changed))
            console.print(said, highlight=False, markup=False, soft_wrap=True)
    if found.broken:
        failed = ", ".join(r.name for r in found.broken)
        typer.echo(
            tr(
                f"不通过：{len(found.broken)} 条规则未达到（{failed}）",
                f"failed: {len(found.broken)} rules are broken ({failed})",
            ),
            err=True,
        )
        raise typer.Exit(1)
    if all(result.status == "skipped" or result.name == "violations" for result in found.results):
        raise InputError(
            tr(
                "没有可检查的规则:这些规则都要与基准比较,请给出 --baseline,或在规则里写明底线 floor",
                "nothing was checked: all rules compare with a baseline; give --baseline, or rules with a floor",
            )
        )
    if not as_json:
        typer.echo(tr("通过", "passed"))
