"""Word documents (.docx), strict or transitional: what Word shows, in the order in which it is read.

The tree is walked here, because python-docx passes over content controls, insertions not yet accepted, text boxes, notes,
headers, and the numbers that Word makes by itself. Struck, hidden and deleted text is set apart (see `_marks`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rag.errors import DocumentError, UnreadableDocument
from rag.types import Document

from ..encoding import decode
from . import _symbols, html
from ._archive import check_archive
from ._common import MAX_BYTES, document, load, own_title
from ._grid import MOST_MERGED, across, lines
from ._marks import lowered, marked, note, plain, raised, without
from ._numbering import Numbering
from ._package import Package

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_RELATED = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_GONE = {f"{_W}{name}" for name in ("rt", "pPr", "rPr", "sectPr", "instrText", "delInstrText")}
_TEXT = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_DELETED = {f"{_W}del", f"{_W}moveFrom"}
_PAGE_NUMBER = re.compile(r"\s*(?:PAGE|NUMPAGES|SECTIONPAGES)\b")
_DEEPEST = 3  # documents within documents


def read(path: Path, *, source: str, max_bytes: int = MAX_BYTES) -> Document:
    """Read a `.docx` file: a blank line between paragraphs; in tables a row a line, as `_grid` tells it.

    Raises UnreadableDocument where it is encrypted, of another format, damaged or a zip bomb; EmptyDocument,
    DocumentTooLarge.
    """
    data = load(path, max_bytes=max_bytes)
    check_archive(data, path, "Word document", old=".doc", new=".docx")
    try:
        package = Package(data)
        blocks = list(_Word(package).blocks())
        core = package.related("", "core-properties")
        title = own_title(core.findtext("{http://purl.org/dc/elements/1.1/}title")) if core is not None else None
    except DocumentError:
        raise
    except Exception as error:  # zipfile, zlib and lxml raise whatever they meet
        why = str(error) or type(error).__name__
        raise UnreadableDocument(f"{path} is no Word document, or damaged ({why})") from error
    return document("\n\n".join(blocks), source=source, path=path, media_type=MEDIA_TYPE, title=title)


class _Word:
    """One package while it is read. `depth`: how many documents it stands within."""

    def __init__(self, package: Package, depth: int = 0) -> None:
        self._package, self._depth = package, depth
        main = next((relation.target for relation in package.relations() if relation.kind == "officeDocument"), None)
        if main is None:
            raise ValueError("no main document in it")
        self._body = package.xml(main)
        self._relations = {relation.id: relation for relation in package.relations(main)}
        self._numbers = Numbering(package.related(main, "numbering"), package.related(main, "styles"))
        self._notes = {kind: self._read_notes(main, kind) for kind in ("footnotes", "endnotes")}
        self._told: dict[str, str] = {}  # notes met since the last block: mark and text
        self._noted = 0

    def blocks(self) -> Iterator[str]:
        """Headers, then paragraphs and tables, then footers."""
        yield from self._margin("header")
        for child in self._body:
            yield from self._blocks(child)
        yield from self._margin("footer")

    def _margin(self, kind: str) -> Iterator[str]:
        """Each paragraph of the headers or footers once, without page numbers and what the body says as well."""
        body = "".join(self._body.itertext())
        seen = set()
        for relation in self._relations.values():
            for paragraph in self._package.xml(relation.target).iter(f"{_W}p") if relation.kind == kind else ():
                text = "".join(self._inline(paragraph, [], "")).strip()
                fields = [*paragraph.iter(f"{_W}instrText"), *paragraph.iter(f"{_W}fldSimple")]
                counted = any(_PAGE_NUMBER.match(field.text or field.get(f"{_W}instr") or "") for field in fields)
                if text and not counted and text not in seen and text not in body:
                    seen.add(text)
                    yield text

    def _read_notes(self, main: str, kind: str) -> dict[str, Any]:
        root = self._package.related(main, kind)
        return {} if root is None else {node.get(f"{_W}id"): node for node in root if node.get(f"{_W}type") not in ("separator", "continuationSeparator", "continuationNotice")}

    def _blocks(self, container: Any) -> Iterator[str]:
        """Yield the paragraphs and tables under `container`, those of content controls and insertions included."""
        for child in container:
            tag = child.tag
            if tag == f"{_W}p":
                yield from self._paragraph(child)
            elif tag == f"{_W}tbl":
                yield from self._table(child)
            elif tag == f"{_W}altChunk":
                yield from self._chunk(child)
            elif tag not in _GONE:
                yield from self._blocks(child)

    def _paragraph(self, paragraph: Any) -> Iterator[str]:
        boxes: list[Any] = []
        text = "".join(self._inline(paragraph, boxes, "")).strip(" \t\n\u3000")
        if without(text).strip():
            label = self._numbers.label(paragraph)
            text = label + text if label.strip() else text
        if text:
            yield text
        notes, self._told = self._told, {}
        yield from (f"{mark}{told}" for mark, told in notes.items())
        for box in boxes:
            yield from self._blocks(box)

    def _chunk(self, node: Any) -> Iterator[str]:
        """A whole document of another kind, put into this one by an office's own system."""
        relation = self._relations.get(node.get(f"{_RELATED}id"))
        if relation is None or self._depth >= _DEEPEST:
            return
        content = self._package.content(relation.target)
        if content.startswith(b"PK"):
            yield from _Word(Package(content), self._depth + 1).blocks()
            return
        text, _ = decode(content)
        yield html.whole(text) if re.search(r"<(?:html|body|p|div|table)\b", text[:4096], re.IGNORECASE) else plain(text)

    def _table(self, table: Any) -> Iterator[str]:
        """Yield a block for rows of several cells; a row of one cell is layout, its paragraphs stand alone."""
        rows: list[list[str]] = []
        for row in table.iter(f"{_W}tr"):
            if next(row.iterancestors(f"{_W}tbl")) is not table:
                continue  # of a table within a cell, which `_blocks` reaches through the cell
            cells = [cell for cell in row.iter(f"{_W}tc") if next(cell.iterancestors(row.tag)) is row]
            texts = [list(self._blocks(cell)) for cell in cells]
            if len(cells) == 1:
                yield from _grid(rows)
                rows = []
                yield from texts[0]
            elif any(texts):
                rows.append(_row(cells, texts, rows[-1] if rows else []))
        yield from _grid(rows)

    def _inline(self, node: Any, boxes: list[Any], before: str) -> Iterator[str]:
        """Yield the pieces of a paragraph's text; text boxes found on the way go to `boxes`. `before`: the text so far."""
        for child in node:
            for piece in self._piece(child, boxes, before):
                before = (before + piece)[-20:]
                yield piece

    def _piece(self, node: Any, boxes: list[Any], before: str) -> Iterator[str]:
        tag = node.tag
        if tag in (f"{_W}t", f"{_W}delText", f"{_MATH}t"):
            yield plain(node.text or "")
        elif tag in _TEXT:
            yield _TEXT[tag]
        elif tag == f"{_W}sym":
            yield _symbols.sign(node.get(f"{_W}font", ""), node.get(f"{_W}char", ""))
        elif tag == f"{_W}checkBox":  # of an old form
            ticked = node.find(f"{_W}checked")
            yield "☑" if _on(node.find(f"{_W}default") if ticked is None else ticked) else "☐"
        elif tag in (f"{_W}footnoteReference", f"{_W}endnoteReference"):
            yield self._note(node)
        elif tag == f"{_W}txbxContent":
            boxes.append(node)
        elif tag == f"{_DIAGRAM}relIds":
            yield from self._diagram(node)
        elif tag == f"{_MC}AlternateContent":  # the same thing for newer and for older programs
            yield from self._inline(node[:1], boxes, before)
        elif tag.startswith(_MATH):
            yield from self._formula(node, boxes, before)
        elif tag in _DELETED:
            yield marked("".join(self._inline(node, boxes, before)), "struck")
        elif tag == f"{_W}r":
            yield self._run(node, boxes, before)
        elif tag not in _GONE:
            yield from self._inline(node, boxes, before)

    def _run(self, run: Any, boxes: list[Any], before: str) -> str:
        """The text of a run, as its properties say that it is shown."""
        text = "".join(self._inline(run, boxes, before))
        properties = run.find(f"{_W}rPr")
        if properties is None or not text:
            return text
        if any(_on(properties.find(f"{_W}{name}")) for name in ("vanish", "webHidden")):
            return marked(text, "hidden")
        if any(_on(properties.find(f"{_W}{name}")) for name in ("strike", "dstrike")):
            return marked(text, "struck")
        fonts = properties.find(f"{_W}rFonts")
        if fonts is not None:
            text = _symbols.in_font(fonts.get(f"{_W}ascii", ""), text)
        place = properties.find(f"{_W}vertAlign")
        if place is not None and not text.startswith("[注"):
            how = {"superscript": raised, "subscript": lowered}.get(place.get(f"{_W}val", ""))
            text = how(text, before) if how else text
        return text

    def _note(self, reference: Any) -> str:
        """The mark of a footnote or endnote; its text follows the paragraph."""
        kind = "footnotes" if reference.tag == f"{_W}footnoteReference" else "endnotes"
        found = self._notes[kind].pop(reference.get(f"{_W}id"), None)
        self._noted += 1
        mark = note(str(self._noted))
        if found is not None and (text := " ".join("".join(self._inline(p, [], "")) for p in found.iter(f"{_W}p")).strip()):
            self._told[mark] = text
        return mark

    def _diagram(self, node: Any) -> Iterator[str]:
        """The texts of a SmartArt drawing, a line each."""
        relation = self._relations.get(node.get(f"{_RELATED}dm"))
        for point in self._package.xml(relation.target).iter(f"{_DIAGRAM}pt") if relation is not None else ():
            if text := "".join(t.text or "" for t in point.iter(f"{_DRAWING}t")).strip():
                yield f"\n{plain(text)}\n"

    def _formula(self, node: Any, boxes: list[Any], before: str) -> Iterator[str]:
        """Office's own formulas (ECMA-376, part 1, section 22.1) on one line: `(a+b)/2`, `10⁵`, `√(x)`."""

        def told(name: str) -> str:
            part = node.find(f"{_MATH}{name}")
            return "" if part is None else "".join(self._inline(part, boxes, ""))

        def held(text: str) -> str:
            return text if re.fullmatch(r"[\w.%]*", text) else f"({text})"

        kind = node.tag.removeprefix(_MATH)
        if kind == "f":
            yield f"{held(told('num'))}/{held(told('den'))}"
        elif kind in ("sSup", "sSub", "sSubSup"):
            base, power, index = told("e"), told("sup"), told("sub")
            power = (power.translate(_RAISED_DIGITS) if power.isdigit() else f"^{held(power)}") if power else ""
            yield base + (f"_{held(index)}" if index else "") + power
        elif kind == "rad":
            yield f"{told('deg').strip()}√({told('e')})"
        else:
            yield from self._inline(node, boxes, before)


_RAISED_DIGITS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def _grid(rows: list[list[str]]) -> Iterator[str]:
    if rows:
        yield "\n".join(lines(rows))


def _row(cells: list[Any], texts: list[list[str]], above: list[str]) -> list[str]:
    """The cells' texts, a merged cell's in each column and row that it covers."""
    row: list[str] = []
    for cell, blocks in zip(cells, texts, strict=True):
        merged = cell.find(f"{_W}tcPr/{_W}vMerge")
        text = " ".join(" ".join(blocks).split())
        if merged is not None and merged.get(f"{_W}val", "continue") == "continue" and len(above) > len(row):
            text = above[len(row)]
        span = cell.find(f"{_W}tcPr/{_W}gridSpan")
        row += across(text, min(int(span.get(f"{_W}val", "1")), MOST_MERGED) if span is not None else 1)
    return row


def _on(switch: Any) -> bool:
    """Whether a property is there and not turned off."""
    return switch is not None and switch.get(f"{_W}val", "true") not in ("0", "false", "off")
