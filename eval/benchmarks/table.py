"""The figures of a benchmark for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rag.messages import tr

from .result import Figure, Result, Section

if TYPE_CHECKING:
    from rich.table import Table


LEAST = 0.001  # smaller values of p are shown as smaller than this


def tables(result: Result) -> Iterator[Table]:
    """One table a section; measures are its columns, in the order in which the rows name them."""
    for title, section in result.figures.items():
        yield _table(title, section)


def _table(title: str, section: Section) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    measures = list(dict.fromkeys(measure for row in section.values() for measure in row))
    out = Table(box=SIMPLE_HEAD, title=title, title_justify="left")
    out.add_column("")
    for measure in measures:
        out.add_column(measure, justify="right")
    for name, row in section.items():
        out.add_row(name, *(shown(measure, row.get(measure)) for measure in measures))
    return out


def shown(measure: str, value: Figure) -> str:
    """A figure as people read it: shares in percent, p and counts as they are, nothing for None.

    >>> shown("em", 0.125), shown("n", 40), shown("median ms", 7.25), shown("p, BM25", 0.0214), shown("f1", None)
    ('12.5%', '40', '7.2', '0.021', '')
    """
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    if measure.startswith("p, "):
        return f"{value:.3f}" if value >= LEAST else f"<{LEAST}"
    return f"{value:.1f}" if measure in ("median ms", "length") else f"{value:.1%}"


def lines(result: Result) -> list[str]:
    """What the tables do not hold, a line each."""
    seconds = result.meta.get("seconds", 0.0)
    return [*result.notes, tr(f"用时 {seconds:.0f} 秒", f"took {seconds:.0f} s")]
