"""Spreadsheets: xlsx and xlsm by openpyxl, which knows how a number is shown; xls, xlsb and ods by python-calamine.

A sheet is a heading with its name, and a line for each row (`_grid`). Merged cells count in each row and column that they
cover. Hidden sheets, rows and columns are left out, as they are for a reader. Formulas stand with the value last computed.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from rag.errors import UnreadableDocument
from rag.types import Document

from ._archive import check_archive
from ._common import MAX_BYTES, document, load
from ._grid import MOST_MERGED, across, lines

MEDIA_TYPES = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xlsm": "application/vnd.ms-excel.sheet.macroEnabled.12",
    ".xlsb": "application/vnd.ms-excel.sheet.binary.macroEnabled.12",
    ".xls": "application/vnd.ms-excel",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
}
MAX_STYLED = 16 * 1024**2
"""Bytes of an xlsx file up to which openpyxl reads it: its cells take fifty times that in memory."""
_DECIMALS = re.compile(r"0\.(0+)")

Sheet = tuple[str, list[list[str]]]


def read(path: Path, *, source: str, max_bytes: int = MAX_BYTES) -> Document:
    """Read a spreadsheet. Raises UnreadableDocument where it is encrypted, damaged or something else; EmptyDocument, DocumentTooLarge."""
    data, suffix = load(path, max_bytes=max_bytes), path.suffix.lower()
    if suffix != ".xls":
        check_archive(data, path, "spreadsheet")
    try:
        styled = suffix in (".xlsx", ".xlsm") and len(data) <= MAX_STYLED
        sheets = list(_openpyxl(data) if styled else _calamine(data))
    except Exception as error:  # both let through whatever zip and XML parsers raise
        raise UnreadableDocument(f"{path} is no spreadsheet, or damaged ({str(error) or type(error).__name__})") from error
    told = [(name, list(lines(rows))) for name, rows in sheets]
    blocks = [f"{name}\n\n" + "\n".join(text) for name, text in told if text]
    return document("\n\n".join(blocks), source=source, path=path, media_type=MEDIA_TYPES.get(suffix, "application/octet-stream"))


def _openpyxl(data: bytes) -> Iterator[Sheet]:
    from openpyxl import load_workbook
    from openpyxl.utils import get_column_letter

    sheet: Any
    for sheet in load_workbook(io.BytesIO(data), data_only=True).worksheets:
        if sheet.sheet_state != "visible":
            continue
        # a sheet may be a million rows long with twenty cells in it: only those that hold something are looked at
        held = {place: text for place, cell in sheet._cells.items() if (text := _shown(cell.value, cell.number_format or ""))}
        for merged in sheet.merged_cells.ranges:
            if shown := held.get((merged.min_row, merged.min_col)):
                covered = across(shown, min(merged.max_col + 1 - merged.min_col, MOST_MERGED))
                held |= {(row, merged.min_col + k): text for row in range(merged.min_row, merged.max_row + 1)[:MOST_MERGED] for k, text in enumerate(covered)}
        width = max((column for _, column in held), default=0)
        hidden = {letter for letter, column in sheet.column_dimensions.items() if column.hidden}
        columns = [k for k in range(1, width + 1) if get_column_letter(k) not in hidden]
        rows = [row for row in sorted({row for row, _ in held}) if not sheet.row_dimensions[row].hidden]
        gaps = {row + 1 for row, following in pairwise(rows) if following > row + 1}
        yield sheet.title, [[held.get((row, column), "") for column in columns] for row in sorted({*rows, *gaps})]


def _calamine(data: bytes) -> Iterator[Sheet]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    for told in book.sheets_metadata:
        if told.typ != SheetTypeEnum.WorkSheet or told.visible != SheetVisibleEnum.Visible:
            continue
        sheet = book.get_sheet_by_name(told.name)
        rows = [[_shown(value, "") for value in row] for row in sheet.to_python(skip_empty_area=False)]
        for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
            for row in rows[top : min(bottom, top + MOST_MERGED) + 1]:
                if right < len(row):
                    row[left : right + 1] = across(rows[top][left], right + 1 - left)
        yield told.name, rows


def _shown(value: Any, style: str) -> str:
    """A cell as a reader sees it: percent, thousands and decimals by the cell's number format; dates as 2024-03-01."""
    if value is None or isinstance(value, bool):
        return "" if value is None else ("是" if value else "否")
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if not isinstance(value, (int, float)):
        return str(value)
    style = style.partition(";")[0]
    decimals = _DECIMALS.search(style)
    if "%" in style:
        return f"{value * 100:.{len(decimals[1]) if decimals else 0}f}%"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if decimals and "E" not in style:
        return f"{value:{',' if '#,##' in style else ''}.{len(decimals[1])}f}"
    return f"{value:,}" if "#,##" in style else str(value)
