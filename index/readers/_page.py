"""The order in which a PDF page is read: columns one after another, tables by the row, watermarks aside.

A page says where each character stands, and nothing else. What stands apart by more than a character's height is a run of
its own; runs side by side over several lines are columns of text where each fills its column, and a table where not.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from ._grid import lines as told
from ._marks import marked

_APART = 1.0  # heights of a character between two runs of one line
_SLANTED = math.radians(3)  # off the horizontal and the vertical: a watermark
_FEWEST = 3  # lines side by side that make columns or a table
_PROSE = 10  # characters of a line of a column, in the middle
_FILLED = 0.75  # of a column's width, by its middle line
_WRAPPED = 1.9  # heights from one line of a cell to the next, at most


@dataclass
class Run:
    """Characters side by side; a box in points, from the lower left corner of the page."""

    text: str
    left: float
    bottom: float
    right: float
    top: float

    @property
    def height(self) -> float:
        """Of its box, one at least."""
        return max(self.top - self.bottom, 1.0)

    @property
    def middle(self) -> float:
        """Height of its middle line."""
        return (self.top + self.bottom) / 2


@dataclass
class _Line:
    """Runs at one height, from left to right."""

    runs: list[Run] = field(default_factory=list)

    @property
    def middle(self) -> float:
        return median(run.middle for run in self.runs)

    @property
    def height(self) -> float:
        return median(run.height for run in self.runs)

    @property
    def text(self) -> str:
        return " ".join(run.text for run in self.runs)


def in_order(textpage: Any) -> str | None:
    """The text of a page with columns, tables or a watermark; None where the order of the file will do."""
    upright, slanted = _runs(textpage)
    if not slanted and all(isinstance(block, str) for block in _blocks(_lines(upright))):
        return None
    return "\n".join([arranged(upright), *(marked(run.text, "watermark") for run in slanted)])


def arranged(runs: Sequence[Run]) -> str:
    """The text of runs that stand on a page, in reading order."""
    return "\n".join(block if isinstance(block, str) else "\n".join(block) for block in _blocks(_lines(runs)))


def _runs(textpage: Any) -> tuple[list[Run], list[Run]]:
    """The upright runs of a page and the slanted ones, as the file draws them; nothing where most characters stand on end."""
    import pypdfium2.raw as pdfium

    upright: list[Run] = []
    slanted: list[Run] = []
    box = pdfium.FS_RECTF()
    last, space = None, False
    on_end, characters = 0, pdfium.FPDFText_CountChars(textpage)
    for number in range(characters):
        code = pdfium.FPDFText_GetUnicode(textpage, number)
        char = "-" if code in (0x02, 0xFFFE) else chr(code) if code < 0xD800 or 0xE000 <= code <= 0x10FFFF else ""
        if not char.strip() or pdfium.FPDFText_IsGenerated(textpage, number) == 1:
            space = space or char == " "
            continue
        if not pdfium.FPDFText_GetLooseCharBox(textpage, number, ctypes.byref(box)):
            continue
        angle = pdfium.FPDFText_GetCharAngle(textpage, number) % (math.pi / 2)
        crooked = min(angle, math.pi / 2 - angle) > _SLANTED
        on_end += not crooked and abs(math.sin(pdfium.FPDFText_GetCharAngle(textpage, number))) > 0.5
        kind = slanted if crooked else upright
        if kind is last and kind and (crooked or _goes_on(kind[-1], box)):
            run = kind[-1]
            run.text += (" " if space else "") + char
            run.left, run.right = min(run.left, box.left), max(run.right, box.right)
            run.bottom, run.top = min(run.bottom, box.bottom), max(run.top, box.top)
        else:
            kind.append(Run(char, box.left, box.bottom, box.right, box.top))
        last, space = kind, False
    return ([], []) if 2 * on_end > characters else (upright, slanted)


def _goes_on(run: Run, box: Any) -> bool:
    """Whether the next character stands in the same line and close to the run's end."""
    height = min(run.height, max(box.top - box.bottom, 1.0))
    near = -height < box.left - run.right < _APART * height
    return bool(near and abs((box.top + box.bottom) / 2 - run.middle) < height / 2)


def _lines(runs: Sequence[Run]) -> list[_Line]:
    """The runs by lines, from top to bottom."""
    lines: list[_Line] = []
    for run in sorted(runs, key=lambda run: -run.middle):
        if lines and abs(lines[-1].middle - run.middle) < min(lines[-1].height, run.height) / 2:
            lines[-1].runs.append(run)
        else:
            lines.append(_Line([run]))
    for line in lines:
        line.runs.sort(key=lambda run: run.left)
    return lines


def _blocks(lines: Sequence[_Line]) -> Iterator[str | list[str]]:
    """A text for each plain line; the lines of columns and tables, put in order, as lists."""
    at = 0
    while at < len(lines):
        end = _side_by_side(lines, at)
        block = lines[at:end]
        columns = _columns(block)
        if len(columns) > 1 and sum(len(line.runs) > 1 for line in block) >= _FEWEST - (len(columns) > 2):
            yield _by_column(block, columns) if _is_prose(block, columns) else _by_row(block, columns)
        else:
            yield from (line.text for line in block)
        at = end


def _side_by_side(lines: Sequence[_Line], at: int) -> int:
    """Where the lines end that, with the one at `at`, leave the same gaps free."""
    end = at + 1
    if len(lines[at].runs) < 2:
        return end
    columns = _columns(lines[at : at + 1])
    while end < len(lines):
        line, above = lines[end], lines[end - 1]
        wrapped = above.middle - line.middle <= _WRAPPED * max(line.height, above.height)
        if len(line.runs) < 2 and not wrapped:
            break
        merged = _columns(lines[at : end + 1])
        if len(merged) < min(2, len(columns)) or (len(line.runs) < 2 and len(merged) < len(columns)):
            break
        columns = merged
        end += 1
    while end > at + 1 and len(lines[end - 1].runs) < 2 and lines[end - 1].runs[0].left <= columns[0][0] + 1 and len(lines[end - 1].text) > _PROSE:
        end -= 1  # a line of its own below
    return end


def _columns(lines: Sequence[_Line]) -> list[tuple[float, float]]:
    """What stretches of the width are used, from left to right."""
    columns: list[tuple[float, float]] = []
    for left, right in sorted((run.left, run.right) for line in lines for run in line.runs):
        if columns and left < columns[-1][1]:
            columns[-1] = (columns[-1][0], max(columns[-1][1], right))
        else:
            columns.append((left, right))
    return columns


def _column(run: Run, columns: Sequence[tuple[float, float]]) -> int:
    return next(n for n, (left, right) in enumerate(columns) if left <= run.left and run.right <= right)


def _is_prose(lines: Sequence[_Line], columns: Sequence[tuple[float, float]]) -> bool:
    """Whether each column is filled with lines of text."""
    for number, (left, right) in enumerate(columns):
        runs = [run for line in lines for run in line.runs if _column(run, columns) == number]
        filled = median(run.right - run.left for run in runs) >= _FILLED * (right - left)
        if len(runs) < _FEWEST or not filled or median(len(run.text) for run in runs) < _PROSE:
            return False
    return True


def _by_column(lines: Sequence[_Line], columns: Sequence[tuple[float, float]]) -> list[str]:
    """The paragraphs of each column: a line that fills it goes on in the next, unless that is set in."""
    found: list[str] = []
    for number, (left, right) in enumerate(columns):
        full = False
        for run in (run for line in lines for run in line.runs if _column(run, columns) == number):
            if full and run.left < left + run.height:
                found[-1] = _joined([found[-1]], [run.text])[0]
            else:
                found.append(run.text)
            full = run.right > right - 1.5 * run.height
    return found


def _by_row(lines: Sequence[_Line], columns: Sequence[tuple[float, float]]) -> list[str]:
    """The rows of a table; a line without the first cell goes on with the nearer of the rows round it."""
    rows: list[list[str]] = []
    ahead: list[str] | None = None  # cells of a row whose first cell stands lower
    for number, line in enumerate(lines):
        cells = [" ".join(run.text for run in line.runs if _column(run, columns) == n) for n in range(len(columns))]
        above = lines[number - 1].middle - line.middle if number else math.inf
        below = line.middle - lines[number + 1].middle if number + 1 < len(lines) else math.inf
        if cells[0] or not rows:
            rows.append(_joined(ahead, cells) if ahead else cells)
            ahead = None
        elif below < 0.8 * above:
            ahead = _joined(ahead, cells) if ahead else cells
        else:
            rows[-1] = _joined(rows[-1], cells)
    if ahead:
        rows.append(ahead)
    return list(told(rows))


def _joined(above: Sequence[str], below: Sequence[str]) -> list[str]:
    return [f"{a} {b}" if a[-1:].isascii() and b[:1].isascii() and a and b else a + b for a, b in zip(above, below, strict=True)]
