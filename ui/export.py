"""A conversation as a file to take along: Markdown, or a Word document with real footnotes for its citations."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from rag.types import Answer, Citation

from .conversations import Conversation
from .texts import plain

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~$]|:(?=//)|(?<=www)\.)")
_LEADING = re.compile(r"^(\s*)(\d+)([.)])(?=\s)|^(\s*)([-=])", re.MULTILINE)
_MARK = re.compile(r"\[(\d{1,3})\]")
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_FOOTNOTES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"


def markdown(conversation: Conversation, language: str) -> str:
    """Questions as headings, answers below, each citation a footnote with its quote and where it stands.

    Texts of documents and users are escaped: no address, image or heading of theirs comes to life in a viewer.
    """
    lines = [f"# {_escaped(conversation.title)}", ""]
    notes: list[str] = []
    for turn in conversation.turns:
        lines += [f"## {_escaped(_line(turn.question))}", ""]
        if turn.answer is None:
            lines += [_escaped(_said(turn.error, language)), ""]
            continue
        first = len(notes)
        known = {c.n: first + i + 1 for i, c in enumerate(turn.answer.citations)}
        for piece in _paragraphs(turn.answer):
            lines += ["".join(f"[^{known[p]}]" if isinstance(p, int) else _escaped(p) for p in _split(piece, known)), ""]
        notes += [f"[^{known[c.n]}]: {_escaped(_line(_source(c, language)))}" for c in turn.answer.citations]
    return _CONTROL.sub("\ufffd", "\n".join([*lines, *notes])).rstrip() + "\n"


def docx(conversation: Conversation, language: str) -> bytes:
    """The same as a Word document. python-docx knows no footnotes, so their part is written here (ECMA-376, 17.11)."""
    import docx as word

    document = word.Document()
    document.core_properties.title = _clean(conversation.title)
    document.core_properties.author = ""
    document.core_properties.comments = ""
    _fonts(document)
    document.add_heading(_clean(conversation.title), 0)
    notes: list[str] = []
    for turn in conversation.turns:
        document.add_heading(_clean(_line(turn.question)), 1)
        if turn.answer is None:
            document.add_paragraph(_clean(_said(turn.error, language)))
            continue
        sources = {c.n: c for c in turn.answer.citations}
        for piece in _paragraphs(turn.answer):
            paragraph = document.add_paragraph()
            for part in _split(piece, sources):
                if isinstance(part, int):
                    notes.append(_source(sources[part], language))
                    _reference(paragraph, len(notes))
                else:
                    paragraph.add_run(_clean(part))
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


def _paragraphs(answer: Answer) -> list[str]:
    return [line for line in answer.answer.split("\n") if line.strip()]


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
