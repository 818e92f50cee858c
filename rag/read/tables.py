"""Tables: which row and column a value stands in, the cell that a question names, and the figures of one column taken together.

A table is a run of sentences that are rows, each value behind its label (`部门：研发部；人数：35`), as readers of files write them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from ..question.query import Query
from ..text.fold import fold
from ..types import Part
from .candidates import Span
from .views import View

MOST_ROWS = 500
"""Rows of a table that is reckoned with; a longer one is searched alone."""
_COVERED = 0.6
"""The share of the question's words, by weight, that table and title must hold."""
_FIGURES = 0.8
"""The share of a column's cells that must be figures."""
_SHOWN = 12
"""Figures that are shown one by one in a sum."""
_FORM = 40
"""Lines of a form, above and below one of them, that belong to it."""

_PAIR = re.compile(r"([^：:；;。，,\n]{1,30})[：:]([^；;\n]*)")
_FIGURE = re.compile(r"([-+]?\d[\d,]*(?:\.\d+)?)\s*([^\d\s.,]{0,4})")
_UNIT = re.compile(r"\(([^()\d]{1,5})\)$")
_TOTAL = re.compile(r"[合总小共]\s*[计数和额]|平均值?|均值|sum|(?:sub)?total|average|mean", re.IGNORECASE)
_OPERATIONS = {
    "mean": re.compile(r"平均|均值|人均|\baverage\b|\bmean\b", re.IGNORECASE),
    "most": re.compile(r"最[高大多长贵重快好]|\b(?:highest|largest|most|greatest|biggest|longest)\b", re.IGNORECASE),
    "least": re.compile(r"最[低小少短轻慢差]|最便宜|\b(?:lowest|smallest|least|fewest|shortest|cheapest)\b", re.IGNORECASE),
    "sum": re.compile(r"合计|总计|共计|总共|一共|总和|总额|加起来|总数|\bsum\b|\btotal\b|\baltogether\b", re.IGNORECASE),
}
_AMOUNT = re.compile(r"多少|几|\bhow (?:much|many)\b", re.IGNORECASE)
_NAMED = re.compile(r"哪|谁|什么|\bwh(?:ich|o|at)\b", re.IGNORECASE)


class Cell(NamedTuple):
    """A value and its label, in characters of the row's view."""

    label: str
    said: Span
    value: Span


class Row(NamedTuple):
    """A row by the labels of its cells."""

    view: View
    cells: dict[str, Cell]

    def text(self, label: str) -> str:
        """The value under `label`; empty where the cell is."""
        cell = self.cells.get(label)
        return self.view.text[cell.value.start : cell.value.end].strip() if cell else ""


class Outcome(NamedTuple):
    """What was found or worked out: the short answer, the sentence that tells it, and the cells that were used, with the row and the column of each."""

    short: str
    text: str
    rows: tuple[Row, ...]
    cells: tuple[tuple[View, Span], ...]


def cells(text: str) -> list[Cell]:
    """The cells of a row; fewer than two where the text is none."""
    return [Cell(m[1].strip(), Span(*m.span(1), 1.0), Span(*m.span(2), 1.0)) for m in _PAIR.finditer(text)]


def beside(view: View, span: Span) -> tuple[Span, ...]:
    """Where the row and the column of a value in a table are named: its row's first value and its own label; empty for any other text."""
    found = cells(view.text)
    own = next((cell for cell in found if cell.value.start <= span.start and span.end <= cell.value.end), None)
    if len(found) < 2 or own is None:
        return ()
    return (own.said,) if own is found[0] else (found[0].value, own.said)


def asked(question: str) -> str | None:
    """Which operation over a column a question asks for: mean, most, least, sum; None for none."""
    return next((name for name, pattern in _OPERATIONS.items() if pattern.search(question)), None)


def table(part: Part, near: int, view: Callable[[int], View]) -> list[Row]:
    """The rows round sentence `near` of `part`, in order; empty where it is no row. `view` gives the view of a sentence."""
    start = _row(view(near))
    if start is None:
        return []

    def run(step: int) -> list[Row]:
        found: list[Row] = []
        at = near + step
        while 0 <= at < len(part.sentences) and len(found) <= MOST_ROWS:
            row = _row(view(at))
            if row is None or len(row.cells.keys() & start.cells.keys()) < max(2, len(start.cells) / 2):
                break
            found.append(row)
            at += step
        return found

    return [*reversed(run(-1)), start, *run(1)]


def form(part: Part, near: int, view: Callable[[int], View]) -> Row | None:
    """The form round sentence `near` of `part` as one row: lines of labels and values, no label twice; None for anything else."""
    labels: set[str] = set()

    def fits(at: int) -> bool:
        own = [cell.label for cell in cells(view(at).text)]
        if not own or len(set(own)) < len(own) or labels & set(own):
            return False
        labels.update(own)
        return True

    if not 0 <= near < len(part.sentences) or not fits(near):
        return None
    first = last = near
    while first > 0 and near - first < _FORM and fits(first - 1):
        first -= 1
    while last + 1 < len(part.sentences) and last - near < _FORM and fits(last + 1):
        last += 1
    return _row(replace(view(first), last=last)) if last > first else None


def cell_asked_for(query: Query, rows: Sequence[Row]) -> Outcome | None:
    """The cell in the one row whose values the question names and in the column that it names last (`三级职员的住宿标准是多少`).

    None where it names none, or several rows, or is about something else than the table.
    """
    question = fold(query.text)
    if asked(query.text) or not (_AMOUNT.search(query.text) or _NAMED.search(query.text)) or not rows or not _about(query, rows):
        return None
    labels = list(dict.fromkeys(label for row in rows for label in row.cells))
    named = []
    for label in labels:
        bare = _bare(label)
        said = next((bare[:size] for size in range(len(bare), 1, -1) if bare[:size] in question), "")
        said = max(said, next((bare[-size:] for size in range(len(bare), 1, -1) if bare[-size:] in question), ""), key=len)
        if len(said) >= 2 and len(said) >= len(bare) / 2:
            named.append((question.rfind(said) + len(said), len(said), label))
    if not named:
        return None
    column = max(named)[2]
    others = [label for label in labels if label != column]
    told = [(row, [cell for label in others if len(value := fold(row.text(label))) >= 2 and value in question and (cell := row.cells[label])]) for row in rows]
    most = max(len(cells_) for _, cells_ in told)
    best = [(row, cells_) for row, cells_ in told if len(cells_) == most and row.text(column)]
    if not most or len(best) != 1:
        return None
    row, by = best[0]
    own = row.cells[column]
    unit = _unit(column) if _figure(row.text(column)) else ""
    text = row.view.text.strip() if row.view.last is None else f"{column}：{row.text(column)}"
    return Outcome(row.text(column) + unit, text, (row,), tuple((row.view, span) for span in (*(cell.value for cell in by), own.said, own.value)))


def over_a_column(query: Query, rows: Sequence[Row]) -> Outcome | None:
    """What the question asks to be worked out, over the column that it names and the rows that it names (`研发部的平均年龄`).

    None where the table says it itself (a row of totals), where the question names no column of figures of one unit or more than one,
    or where it is about something else than the table.
    """
    question, operation = fold(query.text), asked(query.text)
    labels = list(dict.fromkeys(label for row in rows for label in row.cells))
    if operation is None or not 2 <= len(rows) <= MOST_ROWS or not _about(query, rows):
        return None
    if any(_TOTAL.search(label) and _said(label, question) >= 2 for label in labels):
        return None
    totals = [row for row in rows if _TOTAL.fullmatch("".join(row.text(labels[0]).split()))]
    column = _column(rows, labels, question)
    if column is None or (totals and operation in ("sum", "mean")):
        return None
    kept = _named(rows, [label for label in labels if label != column], question)
    used = [(row, figure) for row in kept if row not in totals and (figure := _figure(row.text(column))) is not None]
    units = {unit for _, (_, unit) in used}
    if len(used) < 2 or len(units) != 1:
        return None
    unit = units.pop() or _unit(column)
    values = [value for _, (value, _) in used]
    zh, shown_as = query.language == "zh", column[: len(_UNIT.sub("", fold(column)))]
    if operation in ("sum", "mean"):
        shown = [row.text(column) for row, _ in used]
        listed = "+".join(shown) if len(used) <= _SHOWN else (f"{len(used)}行之和" if zh else f"of {len(used)} rows")
        total = sum(values, Decimal(0))
        if operation == "sum":
            short = _number(total) + unit
            text = f"{shown_as}合计{short}（{listed}）" if zh else f"{shown_as}, total: {short} ({listed})"
        else:
            short = _number(total / len(values)) + unit
            text = f"{shown_as}平均{short}（{_number(total)}÷{len(used)}）" if zh else f"{shown_as}, average: {short} ({_number(total)} / {len(used)})"
        return Outcome(short, text, tuple(row for row, _ in used), tuple((row.view, row.cells[column].value) for row, _ in used))
    best = (max if operation == "most" else min)(values)
    winners = [row for row, (value, _) in used if value == best]
    name = next((label for label in labels if label != column and _said(label, question) == len(fold(label))), labels[0])
    if name == column or len(winners) > 3:
        return None
    names = "、".join(dict.fromkeys(row.text(name) for row in winners))
    word = _OPERATIONS[operation].search(query.text)
    shown_figure = winners[0].text(column)
    shown_figure = shown_figure if not unit or fold(shown_figure).endswith(unit) else shown_figure + unit
    most = word[0] if word else ""
    text = f"{shown_as}{most}：{names}，{shown_figure}" if zh else f"{shown_as}, {most}: {names}, {shown_figure}"
    short = shown_figure if _AMOUNT.search(query.text) and not _NAMED.search(query.text) else names
    return Outcome(short, text, tuple(row for row, _ in used), tuple((row.view, row.cells[label].value) for row in winners for label in (name, column)))


def _row(view: View) -> Row | None:
    found: dict[str, Cell] = {}
    for cell in cells(view.text):
        found.setdefault(cell.label, cell)
    return Row(view, found) if len(found) >= 2 else None


def _figure(text: str) -> tuple[Decimal, str] | None:
    """A cell's figure and its unit; None for any other cell."""
    found = _FIGURE.fullmatch(fold(text).strip())
    return (Decimal(found[1].replace(",", "")), found[2]) if found else None


def _number(value: Decimal) -> str:
    """With two decimals at most, without empty ones."""
    rounded = round(value, 2)
    return f"{rounded:f}".rstrip("0").rstrip(".") if rounded % 1 else f"{rounded:.0f}"


def _bare(label: str) -> str:
    """A label, folded, without blanks and its bracketed unit."""
    return _UNIT.sub("", "".join(fold(label).split()))


def _unit(label: str) -> str:
    """The unit in brackets behind a label (`预算（万元）`); empty where there is none."""
    found = _UNIT.search(fold(label))
    return found[1] if found else ""


def _said(label: str, question: str) -> int:
    """Characters of the longest piece of a label that the question says, its bracketed unit aside."""
    label = _bare(label)
    return max((end - start for start in range(len(label)) for end in range(start + 1, len(label) + 1) if label[start:end] in question), default=0)


def _column(rows: Sequence[Row], labels: Sequence[str], question: str) -> str | None:
    """The column of figures that the question names more of than of any other."""
    found = []
    for label in labels:
        values = [row.text(label) for row in rows if row.text(label)]
        figures = sum(_figure(value) is not None for value in values)
        said = _said(label, question)
        bare = len(_bare(label))
        if figures >= 2 and figures >= _FIGURES * len(values) and said >= 2 and said >= bare / 2:
            found.append((said, said / bare, label))
    found.sort(reverse=True)
    return found[0][2] if found and (len(found) == 1 or found[0][:2] > found[1][:2]) else None


def _named(rows: Sequence[Row], labels: Sequence[str], question: str) -> list[Row]:
    """The rows that the question names by a value of theirs; all where it names none."""
    kept = list(rows)
    for label in labels:
        told = {fold(row.text(label)) for row in rows}
        named = {value for value in told if len(value) >= 2 and _figure(value) is None and value in question}
        named = {value for value in named if not any(value != other and value in other for other in named)}
        if named and len(named) < len(told):
            kept = [row for row in kept if fold(row.text(label)) in named]
    return kept


def _about(query: Query, rows: Sequence[Row]) -> bool:
    """Whether table and title hold what the question says, the words for the operation aside; names and codes to the letter."""
    part = rows[0].view.part
    headings = rows[0].view.sentence.heading
    told = fold("\n".join((rows[0].view.source, part.title, *headings, *(row.view.text for row in rows))))
    terms = [term for term in query.terms if not any(pattern.search(term.text) for pattern in _OPERATIONS.values())]
    held = [any(word in told for word, score in term.variants if score >= 0.8) or fold(term.text) in told for term in terms]
    if any(term.hard and not has for term, has in zip(terms, held, strict=True)):
        return False
    weight = sum(term.weight for term in terms)
    return not weight or sum(term.weight for term, has in zip(terms, held, strict=True) if has) >= _COVERED * weight
