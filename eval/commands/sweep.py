"""`zhiyin eval sweep`: quality and latency over a grid of settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.messages import tr

from .options import AsJson, Config, Docs, GoldFile, write

if TYPE_CHECKING:
    from rich.table import Table

    from rag.session import Session

    from ..sweep import Point

HELP = (
    "在多组设置上运行同一标准题集,比较质量与用时。算过的不再重算。",
    "Run one gold set under many settings: quality against latency. What was computed once is kept.",
)


def sweep(
    context: typer.Context,
    gold: GoldFile = None,
    wishes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE,VALUE",
            help=tr(
                "一项设置的各个取值(可重复,各项取所有组合)",
                "the values of one setting (repeatable; all combinations are run)",
            ),
        ),
    ] = None,
    docs: Docs = None,
    config_file: Config = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help=tr("把表和图写成一页 HTML", "write table and plot to one HTML page")
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run the grid; `HELP` is the help text."""
    from rich.console import Console

    from rag.config import load as settings_of
    from rag.errors import ConfigError

    from ..rows import bundled
    from ..sweep import front, grid
    from ..sweep import sweep as run

    session: Session = context.obj
    if not wishes:
        raise ConfigError(
            tr(
                "请用 --set 给出要比较的设置,例如 --set top_k=5,10,20",
                "say what to vary, for example: --set top_k=5,10,20",
            )
        )
    console = Console(stderr=True)
    changes = grid(wishes)
    points = []
    for point in run(session, gold or bundled(), settings_of(config_file), changes, docs or ()):
        console.print(_told(point), highlight=False, markup=False)
        points.append(point)
    if as_json:
        typer.echo(
            json.dumps(
                [
                    {
                        "changes": dict(p.changes),
                        "right": p.quality,
                        "median_ms": p.ms,
                        "cached": p.cached,
                        **p.run.metrics,
                    }
                    for p in points
                ],
                ensure_ascii=False,
            )
        )
    else:
        Console().print(_table(points, front(points)))
    if out is not None:
        from ..report.page import write as page

        best = max(points, key=lambda p: (p.quality, -p.ms))
        write(out, page(best.run, sweep=points))


def _told(point: Point) -> str:
    kept = tr("(缓存)", " (kept)") if point.cached else ""
    return f"{point.label}: {point.quality:.1%}, {point.ms:.1f} ms{kept}"


def _table(points: list[Point], best: list[Point]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    out = Table(
        box=SIMPLE_HEAD,
        caption=tr("* 没有别的组合又好又快", "* no other combination is both better and faster"),
    )
    out.add_column(tr("设置", "settings"))
    for title in (
        tr("正确", "right"),
        tr("有答案", "answerable"),
        tr("拒答", "refused"),
        "recall@5",
        tr("中位用时", "median"),
        "",
    ):
        out.add_column(title, justify="right")
    for point in sorted(points, key=lambda p: (-p.quality, p.ms)):
        figures = point.run.metrics
        shares = [
            figures["overall"]["right"],
            figures["answerable"]["share"],
            figures["refusable"]["share"],
            figures["overall"]["recall@5"],
        ]
        out.add_row(
            point.label,
            *("–" if s is None else f"{s:.1%}" for s in shares),
            f"{point.ms:.1f} ms",
            "*" if point in best else "",
        )
    return out
