"""`zhiyin eval compare RUN_A RUN_B`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from rag.messages import tr

from .options import A_RUN, JsonOut, write_json

HELP = (
    "比较两次运行：每个指标变好、变差还是没有可靠差别，赢了和丢了哪些题。",
    "Compare two runs: each measure surely better, surely worse or neither, and which questions were won and lost.",
)


def compare(
    run_a: Annotated[
        str, typer.Argument(metavar="RUN_A", help=tr("原来的一次：", "the run before: ") + A_RUN)
    ],
    run_b: Annotated[
        str, typer.Argument(metavar="RUN_B", help=tr("后来的一次：", "the run after: ") + A_RUN)
    ],
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            metavar="NAME",
            help=tr("只比较这个指标（可重复）", "compare this measure alone (repeatable)"),
            show_default=False,
        ),
    ] = None,
    show: Annotated[
        int,
        typer.Option(
            "--show", min=0, help=tr("最多列出多少道题；0 为全部", "list so many questions at most; 0 is all")
        ),
    ] = 20,
    out: JsonOut = None,
) -> None:
    """Compare two runs; `HELP` is the help text. Raises InputError where they can't be."""
    from rich.console import Console

    from .. import compare_words as words
    from ..compare import compare as between
    from ..runs import load_run

    found = between(load_run(run_a), load_run(run_b), metric)
    if out is not None:
        text = json.dumps(found.to_dict(), ensure_ascii=False, indent=1)
        write_json(out, text)
        if out == "-":
            return
    console = Console()

    def section(title: str, lines: list[str]) -> None:
        for line in [title, *(f"  {line}" for line in lines)] if lines else []:
            console.print(line, highlight=False, markup=False, soft_wrap=True)

    console.print(f"{found.before} \u2192 {found.after}", highlight=False, markup=False, soft_wrap=True)
    if said := words.headline(found):
        console.print(said, style="bold", highlight=False, markup=False, soft_wrap=True)
    console.print(words.table(found.changes))
    if found.by_kind and found.change("right"):
        console.print(words.table(found.by_kind, by_kind=True))
    for flips, lost in ((found.lost, True), (found.won, False)):
        if flips:
            console.print(words.flips(flips, lost=lost, shown=show), soft_wrap=True)
    section(
        tr("错题丢在哪一步（前 → 后）：", "where wrong answers were lost (before → after):"),
        words.moved(found.stages),
    )
    section(
        tr("两次运行的不同：", "what is not the same in the two runs:"), words.what_changed(found.changed)
    )
    section(tr("请注意：", "note:"), words.notes(found))
