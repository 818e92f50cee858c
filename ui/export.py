"""A conversation as a file to take along: Markdown, or a Word document with real footnotes for its citations."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape
from typing import Any

from rag.types import Answer, Citation

from .conversations import Conversation
from .render import Turn
from .texts import plain
from .understood import standing
from .written import lines as said

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~$]|:(?=//)|(?<=www)\.)")
_LEADING = re.compile(r"^(\s*)(\d+)([.)])(?=\s)|^(\s*)([-=])", re.MULTILINE)
_MARK = re.compile(r"\[(\d{1,3})\]")
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_FOOTNOTES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"


def markdown(conversation: Conversation, language: str, *, exported: float | None = None) -> str:
    """Questions as headings, answers below, each citation a footnote with its quote and where it stands.

    `exported` is when the file is made, in seconds since 1970 (None: now). Times are those of the server, with offset.
    Texts of documents and users are escaped: no address, image or heading of theirs comes to life in a viewer.
    """
    lines = [f"# {_escaped(conversation.title)}", "", _dates(conversation, exported, language), ""]
    notes: list[str] = []
    for turn in conversation.turns:
        lines += [f"## {_escaped(_line(turn.question))}", ""]
        lines += [part for whole in _completed(turn, language) for part in (_escaped(whole), "")]
        if turn.answer is None:
            lines += [_escaped(_said(turn.error, language)), ""]
            continue
        first = len(notes)
        known = {c.n: first + i + 1 for i, c in enumerate(turn.answer.citations)}
        for piece in said(turn.answer, language):
            lines += ["".join(f"[^{known[p]}]" if isinstance(p, int) else _escaped(p) for p in _split(piece, known)), ""]
        lines += [part for name in _made_of(turn.answer, language) for part in (_escaped(name), "")]
        notes += [f"[^{known[c.n]}]: {_escaped(_line(_source(c, language)))}" for c in turn.answer.citations]
    return _CONTROL.sub("\ufffd", "\n".join([*lines, *notes])).rstrip() + "\n"


def docx(conversation: Conversation, language: str, *, exported: float | None = None) -> bytes:
    """The same as a Word document. python-docx knows no footnotes, so their part is written here (ECMA-376, 17.11)."""
    import docx as word

    document = word.Document()
    document.core_properties.title = _clean(conversation.title)
    document.core_properties.author = ""
    document.core_properties.comments = ""
    _fonts(document)
    document.add_heading(_clean(conversation.title), 0)
    document.add_paragraph(_dates(conversation, exported, language))
    notes: list[str] = []
    for turn in conversation.turns:
        document.add_heading(_clean(_line(turn.question)), 1)
        for whole in _completed(turn, language):
            document.add_paragraph().add_run(_clean(whole)).italic = True
        if turn.answer is None:
            document.add_paragraph(_clean(_said(turn.error, language)))
            continue
        sources = {c.n: c for c in turn.answer.citations}
        for piece in said(turn.answer, language):
            paragraph = document.add_paragraph()
            for part in _split(piece, sources):
                if isinstance(part, int):
                    notes.append(_source(sources[part], language))
                    _reference(paragraph, len(notes))
                else:
                    paragraph.add_run(_clean(part))
        for name in _made_of(turn.answer, language):
            document.add_paragraph().add_run(_clean(name)).italic = True
    _add_footnotes(document, notes)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _fonts(document: Any) -> None:
    """Chinese text in a font that Word has; without it the theme falls back to one by language of the machine."""
    from docx.oxml.ns import qn

    for name in ("Normal", "Title", "Heading 1"):
        fonts = document.styles[name].element.get_or_add_rPr().get_or_add_rFonts()
        fonts.set(qn("w:eastAsia"), "Microsoft YaHei")


def _dates(conversation: Conversation, exported: float | None, language: str) -> str:
    times = [("exported", time.time() if exported is None else exported), ("last_asked", conversation.changed)]
    return " · ".join(
        plain(key, language, at=datetime.fromtimestamp(at).astimezone().isoformat(" ", "minutes"))
        for key, at in times
        if at
    )


def _completed(turn: Turn, language: str) -> list[str]:
    """What a follow-up was understood as, where that is not what was typed."""
    whole = _line(standing(turn.answer)) if turn.answer is not None else ""
    same = not whole or whole in (_line(turn.question), _line(turn.answer.question if turn.answer else ""))
    return [] if same else [plain("rewritten", language) + f" “{whole}”"]


def _made_of(answer: Answer, language: str) -> list[str]:
    """Which index the answer was made from."""
    return [plain("generation", language, name=_line(answer.generation))] if answer.generation else []


def _split(line: str, known: Any) -> Iterator[str | int]:
    """The line cut at those of its marks that a citation stands behind."""
    at = 0
    for match in _MARK.finditer(line):
        if int(match[1]) in known:
            if match.start() > at:
                yield line[at : match.start()]
            yield int(match[1])
            at = match.end()
    if at < len(line):
        yield line[at:]


def _source(c: Citation, language: str) -> str:
    page = plain("page", language, n=c.page) if c.page is not None else None
    where = [c.title or c.source, c.publisher, c.published, page, f"{c.source}, {c.start}–{c.end}"]
    return " · ".join(w for w in where if w) + f" · “{c.quote}”"


def _said(error: tuple[str, str] | None, language: str) -> str:
    return "" if error is None else error[0 if language == "zh" else 1]


def _line(value: str) -> str:
    return " ".join(value.split())


def _clean(value: str) -> str:
    """What XML 1.0 can hold."""
    return _CONTROL.sub("\ufffd", value)


def _escaped(value: str) -> str:
    out = escape(_SPECIAL.sub(r"\\\1", value), quote=False)
    return _LEADING.sub(lambda m: f"{m[1]}{m[2]}\\{m[3]}" if m[2] else f"{m[4]}\\{m[5]}", out)


def _reference(paragraph: Any, number: int) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    run = paragraph.add_run()
    run.font.superscript = True
    mark = OxmlElement("w:footnoteReference")
    mark.set(qn("w:id"), str(number))
    run._r.append(mark)


def _add_footnotes(document: Any, notes: Sequence[str]) -> None:
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part
    from lxml import etree

    root = etree.Element(f"{{{_W}}}footnotes", nsmap={"w": _W})

    def add(parent: Any, tag: str, **attributes: str) -> Any:
        return etree.SubElement(parent, f"{{{_W}}}{tag}", {f"{{{_W}}}{k}": v for k, v in attributes.items()})

    for number, kind in ((-1, "separator"), (0, "continuationSeparator")):  # Word wants both
        note = add(root, "footnote", id=str(number), type=kind)
        add(add(add(note, "p"), "r"), kind)
    for number, text in enumerate(notes, 1):
        paragraph = add(add(root, "footnote", id=str(number)), "p")
        first = add(paragraph, "r")
        add(add(first, "rPr"), "vertAlign", val="superscript")
        add(first, "footnoteRef")
        run = add(paragraph, "r")
        add(add(run, "rPr"), "sz", val="18")
        words = add(run, "t")
        words.text = " " + _clean(_line(text))
        words.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    content = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    part = Part(PackURI("/word/footnotes.xml"), _TYPE, content, document.part.package)
    document.part.relate_to(part, _FOOTNOTES)
