"""Tables of cells as text: every row a line that can be read alone, each value behind the heading of its column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, zip_longest

_FIGURE = re.compile(r"\d{1,2}[:：]\d\d.*|[-+]?[\d,.]+\s*[%％]?|\d{4}-\d\d-\d\d.*")
MOST_MERGED = 1000
"""Rows and columns of one merged cell that are filled."""
_DEEPEST = 12  # rows from the top among which the headings are looked for


class Covered(str):
    """The text of a merged cell in a column beyond its first."""

    __slots__ = ()


def across(text: str, columns: int) -> list[str]:
    """The text of one cell in each of the columns that it covers."""
    return [text, *[Covered(text)] * (columns - 1)] if columns > 0 else []


def lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A line for each row that holds anything, in order.

    The headings are the first row of two cells and more without a figure that another row follows; two rows, where cells
    of the first span columns. They are said before each value (`年份：2022；人数：15万`). Above them, and where there are
    none, cells stand as they are, parted by bars. What stands behind an empty row has its own headings, or those before.
    """
    names: list[str] = []
    for filled, block in groupby([[type(cell)(" ".join(cell.split())) for cell in row] for row in rows], key=any):
        if filled:
            table = list(block)
            if _is_form(table):
                yield from map(_pairs, table)
                continue
            last, own = _headings(table)
            names = own or names
            for number, row in enumerate(table):
                yield _line(row, names if number > last else [])


def _line(row: Sequence[str], names: Sequence[str]) -> str:
    cells = list(filter(None, row))
    if sum(not isinstance(cell, Covered) for cell in cells) == 1:
        return cells[0]
    if not names:
        return " | ".join(cells)
    return "；".join(f"{name}：{cell}" if name else cell for name, cell in zip_longest(names, row, fillvalue="") if cell)


_LABEL = re.compile(
    r".{0,8}(?:姓名|名称|性别|年龄|民族|籍贯|学历|学位|职称|职务|岗位|工种|部门|单位|科室|班组|电话|手机|传真|邮箱|地址|住址|邮编|编号|代码|日期|时间|年月|地点|"
    r"身份证号?码?|政治面貌|院校|专业|负责人|联系人|经办人|申请人|审核人|意见|事由|原因|备注|金额|账号|开户行|说明|内容|类别|签字|盖章)(?:[（(].{0,10}[)）])?[:：]?"
)


def _is_form(rows: Sequence[Sequence[str]]) -> bool:
    """Whether labels stand beside their values, in several rows, and not above them."""
    found = {(n, row[k]) for n, row in enumerate(rows) for k in range(0, len(row) - 1, 2)
             if _LABEL.fullmatch(row[k]) and row[k + 1] and not _LABEL.fullmatch(row[k + 1])}  # fmt: skip
    wide = sum(len(set(filter(None, row))) > 1 for row in rows)
    return len({label for _, label in found}) >= 2 and len({n for n, _ in found}) >= max(2, wide / 2)


def _pairs(row: Sequence[str]) -> str:
    """`姓名：秦岭；性别：男`; a cell that spans the others stands alone."""
    cells = [cell for cell in row if cell and not isinstance(cell, Covered)]
    told = [f"{label.rstrip(':：')}：{value}" for label, value in zip(cells[::2], cells[1::2], strict=False)]
    return "；".join([*told, *cells[len(told) * 2 :]])


def _headings(rows: Sequence[Sequence[str]]) -> tuple[int, list[str]]:
    """Number of the last row of headings, and what each column is called; -1 and nothing where there are none."""
    for number, row in enumerate(rows[:_DEEPEST]):
        if len(set(filter(None, row))) < 2:
            continue
        for last in (number, number + 1):
            if last + 1 >= len(rows) or any(_FIGURE.fullmatch(cell) for cell in rows[last]):
                break
            names = [" ".join(dict.fromkeys(filter(None, parts))) for parts in zip_longest(*rows[number : last + 1], fillvalue="")]
            if len(set(filter(None, names))) == len(list(filter(None, names))):
                return last, names
        break
    return -1, []
