"""The reader's answer as HTML: contradicting documents, figures over years, a comparison, a list, or one statement."""

from __future__ import annotations

from collections.abc import Sequence

from rag.types import Answer, Statement

from .disputes import Account, Dispute, dispute
from .escape import text
from .inline import Marker, bare
from .items import items
from .plot import axis, plot
from .series import Series, series
from .table import Cell, Table, table
from .texts import both


def laid_out(answer: Answer, marker: Marker) -> str:
    """Draw the statements of an answer and its notes, each statement with its marks."""
    if disputed := dispute(answer):
        return _dispute(disputed, answer, marker)
    compared = table(answer)
    if compared and (over_years := series(compared)):
        return _series(over_years, marker)
    if compared and answer.short is None:
        return _table(compared, marker)
    if listed := items(answer):
        return _items(listed, answer, marker)
    return _statements(answer, marker)


def _statements(answer: Answer, marker: Marker) -> str:
    statements = (answer.statements or (Statement(answer.answer, ()),)) + _notes(answer)
    if len(statements) > 1:
        short = f'<p class="short">{text(answer.short)}</p>' if answer.short else ""
        return short + _rows(statements, marker)
    [only] = statements
    if answer.short is None or not answer.short:
        return f'<p class="statement alone">{marker.statement(only)}</p>'
    repeated = bare(only.text) == bare(answer.short)
    marks = marker.marks(only.citations) if repeated else ""
    said = f'<p class="short">{text(answer.short)}{marks}</p>'
    return said if repeated else f'{said}<p class="statement">{marker.statement(only)}</p>'


def _rows(statements: Sequence[Statement], marker: Marker) -> str:
    rows = "".join(
        f'<li class="statement{"" if s.citations else " unproved"}">{marker.statement(s)}</li>' for s in statements
    )
    return f'<ul class="statements">{rows}</ul>' if rows else ""


def _items(listed: Sequence[Statement], answer: Answer, marker: Marker) -> str:
    """Draw a list, numbered; above it a short answer that says more than its items, below it the sentence they are taken from."""
    short, cut = answer.short or "", len(answer.statements) == 1
    joined = cut or bare(short) in ("", "、".join(bare(s.text) for s in listed))
    said = "" if joined else f'<p class="short">{text(short)}</p>'
    rows = "".join(f'<li class="statement">{marker.statement(s)}</li>' for s in listed)
    whole = answer.statements if cut and bare(answer.statements[0].text) != bare(short) else ()
    return f'{said}<ol class="items">{rows}</ol>{_rows((*whole, *_notes(answer)), marker)}'


def _table(laid: Table, marker: Marker) -> str:
    """Draw a comparison: its verdict with what that is computed from, and each figure in a cell with its marks."""
    head = "".join(f'<th scope="col">{text(name)}</th>' for name in laid.columns)
    top = f'<thead><tr><th scope="col">{both("compared")}</th>{head}</tr></thead>' if head else ""
    rows = "".join(
        f'<tr><th scope="row">{text(name)}</th>{"".join(_cell(c, marker) for c in cells)}</tr>' for name, cells in laid.rows
    )
    said = f'<p class="short">{marker.statement(laid.verdict)}</p>' if laid.verdict else ""
    if figures := laid.computed_from():
        said += f'<p class="remark">{both("computed", figures=" · ".join(figures))}</p>'
    return f'{said}<div class="compare"><table>{top}<tbody>{rows}</tbody></table></div>'


def _cell(cell: Cell | None, marker: Marker) -> str:
    if cell is None:
        return "<td></td>"
    if cell.value is None:
        return f'<td class="unproved">{both("not_found")}</td>'
    return f'<td><span class="figure">{text(cell.value)}</span>{marker.marks(cell.citations)}</td>'


def _series(laid: Series, marker: Marker) -> str:
    """Draw the years as rows, and as a plot that says the same."""
    about = [both("in_unit", unit=laid.unit)] if laid.unit else []
    about += [both("not_from_zero")] if axis(laid.points)[0] else []
    caption = f'<figcaption>{" · ".join(about)}</figcaption>' if about else ""
    drawn = plot(f"t{marker.turn}-plot", laid.points, laid.unit)
    return f'{_table(laid.table, marker)}<figure class="plot">{caption}{drawn}</figure>'


def _dispute(laid: Dispute, answer: Answer, marker: Marker) -> str:
    """Draw what each document says, side by side, with what tells them apart; the note stands above."""
    head = "".join(f'<th scope="col">{both(key)}</th>' for key in ("source", "says", "dated", "about"))
    groups = "".join(
        f'<tbody>{_lead(lead)}{"".join(_account(a, marker) for a in accounts)}</tbody>' for lead, accounts in laid.groups
    )
    rest = tuple(n for n in _notes(answer) if n.text != laid.note)
    return (
        f'<p class="statement alone">{text(laid.note)}</p>'
        f'<div class="compare disputed"><table><thead><tr>{head}</tr></thead>{groups}</table></div>'
        f"{_rows((*laid.others, *rest), marker)}"
    )


def _lead(lead: str) -> str:
    return f'<tr><th scope="rowgroup" colspan="4">{text(lead)}</th></tr>' if lead else ""


def _account(account: Account, marker: Marker) -> str:
    said = _cell(Cell(account.value, account.citations), marker)
    return f'<tr><th scope="row">{text(account.title)}</th>{said}<td>{text(account.published)}</td><td>{text(account.about)}</td></tr>'


def _notes(answer: Answer) -> tuple[Statement, ...]:
    """Lines of the answer that are no statement: what was asked for as well and is not in the documents."""
    said = {bare(line) for s in answer.statements for line in s.text.split("\n")}
    found = answer.answer.split("\n") if answer.statements else []
    return tuple(Statement(line, ()) for line in found if line.strip() and bare(line) not in said and len(found) > 1)
