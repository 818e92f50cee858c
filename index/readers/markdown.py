"""Markdown (.md): the decoded file is what citations count in; what is markup in it is read as it is shown.

Block by block, as CommonMark and GitHub's tables say; headings keep their `#`, which `index.headings` reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import unescape
from pathlib import Path

from rag.types import Document, Edit

from ._common import MAX_BYTES, document, own_title
from ._grid import MOST_MERGED
from ._marks import note, raised
from .text import load_text

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}#{2,6}(?=[^\s#\d])(?!#?[^#\n]*#\s*$)")
_UNDERLINE = re.compile(r" {0,3}(?:={3,}|-{3,})\s*$")
_RULER = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")
_CELL = re.compile(r"(?:[^|\\`]|\\.|`[^`\n]*`|[`\\])*")
_NOTE_TEXT = re.compile(r" {0,3}\[\^([^\]\s]{1,30})\]:[ \t]*")
_REFERENCE = re.compile(r" {0,3}\[[^\]\n]{1,200}\]:\s*\S+\s*(?:[\"'(].*[\"')])?\s*$")
_FIELD = re.compile(r"(?m)^(title|标题)\s*[:：]\s*[\"']?(.*?)[\"']?\s*$", re.IGNORECASE)
_INLINE = re.compile(
    r"""(?x)
      \\(?P<escaped>[!-/:-@\[-`{-~])
    | `(?P<code>[^`\n]+)`
    | !\[(?P<alt>[^\]\n]{0,300})\]\((?P<picture>[^)\n]*)\)
    | \[\^(?P<note>[^\]\s]{1,30})\]
    | \[(?P<link>[^\[\]\n]{1,300})\]\((?:[^()\n]|\([^()\n]{0,200}\)){0,2000}\)
    | (?P<strike>~~)(?P<struck>[^~\n]{1,2000})~~
    | <(?P<gone>del|s|strike)\b[^<>\n]{0,200}>(?P<deleted>[^<\n]{0,2000})</(?P=gone)>
    | <sup>(?P<raised>[^<\n]{1,12})</sup>
    | (?P<comment><!--.{0,20000}?-->)
    | (?P<tag></?(?:b|i|u|em|strong|span|font|small|big|sub|p|div|center|img|a|br|hr|ins|kbd|mark|details|summary)\b[^<>\n]*/?>)
    | \*\*(?=\S)(?P<bold>[^*\n]{1,500}?)(?<=\S)\*\*
    | (?<![\w*])\*(?=[^\s*])(?P<slanted>[^*\n]{1,300}?)(?<=[^\s*])\*(?![\w*])
    | (?P<data>data:[\w/+.-]{1,60};base64,[A-Za-z0-9+/=]+)
    """
)
_INNER = ("code", "link", "bold", "slanted", "escaped", "alt")
_TABLE = re.compile(r"<table\b[^>]{0,500}>.*?</table>", re.IGNORECASE | re.DOTALL)
_ROW = re.compile(r"<tr\b[^>]{0,500}>(.*?)(?=<tr\b|</tr>|</table>)", re.IGNORECASE | re.DOTALL)
_DATUM = re.compile(r"<t[dh]\b([^>]{0,500})>(.*?)(?=<t[dh]\b|</t[dh]>|</tr>|$)", re.IGNORECASE | re.DOTALL)


def read(path: Path, *, source: str, max_bytes: int = MAX_BYTES) -> Document:
    """Read a `.md` file in any common encoding. Raises EmptyDocument, DocumentTooLarge, or UnreadableDocument for binary content."""
    raw, encoding = load_text(path, max_bytes=max_bytes)
    title, edits = shown(raw)
    return document(raw, source=source, path=path, media_type="text/markdown", encoding=encoding, title=title, edits=tuple(edits))


def shown(raw: str) -> tuple[str | None, list[Edit]]:
    """The title that the front matter gives, and the edits from the markup to what is shown, sorted."""
    raw = raw.replace("\r\n", " \n").replace("\r", "\n")  # of the same length
    edits: list[Edit] = []
    title, at = _front_matter(raw, edits)
    for table in _TABLE.finditer(raw, at):
        edits += _before_table(raw, at, table.start())
        edits += _web_table(raw, table.start(), table.end())
        at = table.end()
    edits += _before_table(raw, at, len(raw))
    return title, sorted(edits, key=lambda edit: (edit.start, edit.end))


def _front_matter(raw: str, edits: list[Edit]) -> tuple[str | None, int]:
    """Properties between two lines `---` at the top: they stay, the lines go."""
    found = re.match(r"\ufeff?---[ \t]*\n(.{0,20000}?)\n(?:---|\.\.\.)[ \t]*(?:\n|$)", raw, re.DOTALL)
    if found is None or not all(re.match(r"[\w.-]{1,40}\s*:|[\s#-]|$", line) for line in found[1].split("\n")):
        return None, 0
    edits += [Edit(found.start(), found.start(1), "", "markup"), Edit(found.end(1) + 1, found.end(), "", "markup")]
    named = _FIELD.search(found[1])
    return (own_title(named[2]) if named else None), found.end()


def _before_table(raw: str, start: int, end: int) -> Iterator[Edit]:
    """The edits of a stretch without HTML tables, line by line."""
    lines: list[tuple[int, int]] = []
    for line in raw[start:end].split("\n"):
        lines.append((start, start + len(line)))
        start += len(line) + 1
    fence = ""
    number = 0
    while number < len(lines):
        first, last = lines[number]
        text = raw[first:last]
        mark = _FENCE.match(text)
        if mark and (not fence or (mark[1][0] == fence[0] and len(mark[1]) >= len(fence))):
            fence = "" if fence else mark[1]
            yield Edit(first, last, "", "markup")
        elif not fence:
            rows = _rows(raw, lines, number)
            if len(rows) > 1:
                yield Edit(lines[number + 1][0] - 1, lines[number + 1][1], "", "markup")  # the ruler below the headings
                yield from _table(raw, rows, [lines[number], *lines[number + 2 : number + len(rows) + 1]])
                number += len(rows)
            elif text.strip():
                yield from _line(raw, first, last, lines[number + 1] if number + 1 < len(lines) else None)
        number += 1


def _line(raw: str, start: int, end: int, following: tuple[int, int] | None) -> Iterator[Edit]:
    text = raw[start:end]
    if _REFERENCE.match(text) and not _NOTE_TEXT.match(text):
        yield Edit(start, end, "", "markup")
        return
    if _UNDERLINE.match(text):
        return  # belongs to the line above, or is a rule
    if following and _UNDERLINE.match(raw[slice(*following)]) and not text.lstrip().startswith(("#", "|", "-", ">")):
        rank = "# " if raw[slice(*following)].lstrip().startswith("=") else "## "
        yield Edit(start, start + len(text) - len(text.lstrip()), rank, "markup")
        yield from _inline(raw, start + len(text) - len(text.lstrip()), end)
        yield Edit(*following, "", "markup")
        return
    if (heading := _HEADING.match(text)) is not None:
        yield Edit(start + heading.end(), start + heading.end(), " ", "markup")
        start += heading.end()
    elif (found := _NOTE_TEXT.match(text)) is not None:
        yield Edit(start, start + found.end(), note(found[1]), "markup")
        start += found.end()
    elif (quoted := re.match(r"\s{0,3}(?:>\s?)+", text)) is not None:
        yield Edit(start, start + quoted.end(), "", "markup")
        start += quoted.end()
    yield from _inline(raw, start, end)


def _inline(raw: str, start: int, end: int) -> Iterator[Edit]:
    """The edits within one line or cell."""
    at = start
    while (found := _INLINE.search(raw, at, end)) is not None:
        at = found.end()
        if found["strike"] or found["gone"]:
            yield Edit(found.start(), at, "", "struck")
        elif found["raised"]:
            yield Edit(found.start(), at, raised(found["raised"], raw[max(start, found.start() - 20) : found.start()]), "markup")
        elif found["note"]:
            yield Edit(found.start(), at, note(found["note"]), "markup")
        elif (inner := next((name for name in _INNER if found[name] is not None), None)) is None:
            picture = found["data"] is not None
            yield Edit(found.start(), at, " " if (found["tag"] or "").startswith("<br") else "", "picture" if picture else "markup")
        else:
            yield Edit(found.start(), found.start(inner), "", "markup")
            if inner in ("link", "bold", "slanted"):
                yield from _inline(raw, found.start(inner), found.end(inner))
            if found.end(inner) < at:
                yield Edit(found.end(inner), at, "", "picture" if inner == "alt" else "markup")


def _rows(raw: str, lines: Sequence[tuple[int, int]], number: int) -> list[list[tuple[int, int]]]:
    """The cells, as (start, end), of a table that begins at line `number`, the ruler left out; nothing where none does."""
    if number + 1 >= len(lines) or "|" not in raw[slice(*lines[number])]:
        return []
    ruler = raw[slice(*lines[number + 1])]
    if "-" not in ruler or not _RULER.match(ruler):
        return []
    head = _cells(raw, *lines[number])
    if len(head) != len(_cells(raw, *lines[number + 1])):
        return []
    rows = [head]
    for first, last in lines[number + 2 :]:
        if "|" not in raw[first:last]:
            break
        rows.append(_cells(raw, first, last))
    return rows


def _cells(raw: str, start: int, end: int) -> list[tuple[int, int]]:
    """Where the cells of a line stand, without the blanks round them."""
    text = raw[start:end]
    at = len(text) - len(text.lstrip())
    at += text[at : at + 1] == "|"
    found: list[tuple[int, int]] = []
    while at <= len(text):
        cell = _CELL.match(text, at)
        assert cell is not None  # it matches nothing, too
        if cell.end() >= len(text) and not cell[0].strip() and found:
            break  # behind the last bar
        left = at + len(cell[0]) - len(cell[0].lstrip())
        found.append((start + min(left, cell.end()), start + max(left, at + len(cell[0].rstrip()))))
        at = cell.end() + 1
    return found


def _table(raw: str, rows: Sequence[Sequence[tuple[int, int]]], lines: Sequence[tuple[int, int]]) -> Iterator[Edit]:
    names = [_plain(raw, *cell) for cell in rows[0]]
    for number, (row, (first, last)) in enumerate(zip(rows, lines, strict=True)):
        yield from _row(raw, list(row), names if number and any(names) else None, first, last)


def _row(raw: str, cells: list[tuple[int, int]], names: Sequence[str] | None, first: int, last: int) -> Iterator[Edit]:
    """Make `年份：2022；人数：15万` of the cells between `first` and `last`; without names they are parted by bars."""
    at, said = first, False
    filled = sum(start < end for start, end in cells)
    for column, (start, end) in enumerate(cells):
        if start == end:
            continue
        name = names[column] if names is not None and column < len(names) and filled > 1 else ""
        part = ("；" if names is not None else " | ") if said else ""
        yield Edit(at, start, part + (f"{name}：" if name else ""), "table")
        yield from _inline(raw, start, end)
        at, said = end, True
    if at < last:
        yield Edit(at, last, "", "table")


def _plain(raw: str, start: int, end: int) -> str:
    """What a cell shows."""
    pieces, at = [], start
    for edit in _inline(raw, start, end):
        pieces += [raw[at : edit.start], edit.replacement]
        at = edit.end
    return " ".join(unescape("".join([*pieces, raw[at:end]])).split())


def _web_table(raw: str, start: int, end: int) -> Iterator[Edit]:
    """An HTML table: a line a row; a merged cell is said again in each row that it covers."""
    held: dict[tuple[int, int], tuple[int, int]] = {}
    rows: list[tuple[int, list[tuple[int, int]]]] = []
    for n, row in enumerate(_ROW.finditer(raw, start, end)):
        own, at = [], 0
        for datum in _DATUM.finditer(raw, row.start(1), row.end(1)):
            first = datum.start(2) + len(datum[2]) - len(datum[2].lstrip())
            inner = (first, max(first, datum.start(2) + len(datum[2].rstrip())))
            while (n, at) in held:
                at += 1
            down, wide = (_span(datum[1], name) for name in ("rowspan", "colspan"))
            held |= {(n + i, at + k): inner for i in range(down) for k in range(wide)}
            at += wide
            own.append(inner)
        rows.append((n, own))
    width = 1 + max((column for _, column in held), default=-1)
    names = [_plain(raw, *held.get((0, column), (start, start))) for column in range(width)]
    at = start
    for n, own in rows:
        before = "\n" if n else "\n\n"
        for column in range(width):
            cell = held.get((n, column), (start, start))
            if cell[0] == cell[1] or (column and held.get((n, column - 1)) == cell):
                continue
            name = f"{names[column]}：" if n and names[column] and len(set(names)) > 1 else ""
            if cell in own:
                yield Edit(at, cell[0], before + name, "table")
                yield from _inline(raw, *cell)
                at = cell[1]
                before = "；" if n else " | "
            else:
                before += f"{name}{_plain(raw, *cell)}；"
    yield Edit(at, end, "\n\n", "table")



def _span(attributes: str, name: str) -> int:
    """Rows or columns that a cell covers."""
    found = re.search(rf"{name}\s*=\s*[\"']?(\d{{1,4}})", attributes)
    return min(max(int(found[1]), 1), MOST_MERGED) if found else 1
