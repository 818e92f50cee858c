"""A comparison laid out as a table, from the labels that its statements begin with; None where it is none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.types import Answer, Statement

_LABELLED = re.compile(r"(?P<label>[^\uff1a:。；;？?！!\n]{1,24}?)(?:\uff1a|:\s?)(?P<value>\S.*)", re.DOTALL)
_SCOPE = re.compile(r"(?P<year>\d{4}(?:-\d{4})?)\s?年?\s?(?P<place>.*)", re.DOTALL)
_NOT_FOUND = re.compile(r"(资料中没有找到|not found in the documents)[。.]?$")
_STOPS = "。.; \uff1b"


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure with the numbers of its citations; no value where nothing was found."""

    value: str | None
    citations: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """`verdict` stands above it. `columns` are empty where there is one figure a row."""

    verdict: Statement | None
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell | None, ...]], ...]

    def computed_from(self) -> list[str]:
        """The figures, each after what it is of, that the verdict rests on: those that it cites, where these are several."""
        cited = set(self.verdict.citations) if self.verdict else set()
        cells = [(row, column, cell) for row, found in self.rows for column, cell in zip(self.columns or ("",), found, strict=True)]
        told = [
            " ".join(word for word in (row, column, cell.value) if word)
            for row, column, cell in cells
            if cell is not None and cell.value is not None and cell.citations and cited >= set(cell.citations)
        ]
        return told if len(told) > 1 else []


def table(answer: Answer) -> Table | None:
    """Lay out an answer whose statements are a label and a figure each, after a verdict perhaps.

    Years and places that cross become columns and rows. What was asked for and not found is a cell without a value.
    """
    statements = list(answer.statements)
    verdict = statements.pop(0) if len(statements) > 1 and _LABELLED.fullmatch(statements[0].text) is None else None
    cells: dict[str, Cell] = {}
    for statement in statements:
        match = _LABELLED.fullmatch(statement.text)
        if match is None or match["label"] in cells:
            return None
        cells[match["label"].strip()] = Cell(match["value"].strip().rstrip(_STOPS), statement.citations)
    for label in missing(answer):
        cells.setdefault(label, Cell(None))
    if len(cells) < 2:
        return None
    return Table(verdict, *(_crossed(cells) or ((), tuple((label, (cell,)) for label, cell in cells.items()))))


def missing(answer: Answer) -> list[str]:
    """The labels of what was asked for as well and is not in the documents."""
    lines = (_LABELLED.fullmatch(line) for line in answer.answer.split("\n"))
    return [m["label"].strip() for m in lines if m and _NOT_FOUND.search(m["value"])]


def _crossed(cells: dict[str, Cell]) -> tuple[tuple[str, ...], tuple[tuple[str, tuple[Cell | None, ...]], ...]] | None:
    """Places as rows and years as columns, where there are two or more of both."""
    found: dict[tuple[str, str], Cell] = {}
    for label, cell in cells.items():
        match = _SCOPE.fullmatch(label)
        if match is None or not match["place"]:
            return None
        found[match["place"], match["year"]] = cell
    places = _ordered([place for place, _ in found])
    years = sorted({year for _, year in found})
    if len(places) < 2 or len(years) < 2:
        return None
    return tuple(years), tuple((place, tuple(found.get((place, year)) for year in years)) for place in places)


def _ordered(values: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(values))
