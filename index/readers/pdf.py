"""PDF by pdfium: the text layer, page by page, in the order in which it is read (`_page`)."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rag.errors import UnreadableDocument
from rag.messages import tr
from rag.types import Document

from . import _ocr, _page
from ._common import MAX_BYTES, document, load, own_title, really
from ._marks import marked, plain, without
from .picture import doubts

PAGE_BREAK = "\n"  # a sentence that runs over the page is joined again like any broken line

_PDFIUM = threading.Lock()  # pdfium must not be called from two threads at once
_SOFT_HYPHEN = re.compile(
    "[\ufffe\x02]"
)  # pdfium's mark for a hyphen at a line's end; it swallows the line end
_UNMAPPED = re.compile("[\ue000-\uf8ff\ufffd]")

_DOTS = 200  # an inch, of a page that is recognised
_DIGITS = re.compile(r"\d+")
_HEADS = 3  # lines at the top and at the foot, at most
_FEWEST_HEADS = 3  # pages



def read(path: Path, *, source: str, max_bytes: int = MAX_BYTES) -> Document:
    """Read the text layer of a PDF; `pages` holds where in `raw` each page starts.

    Raises UnreadableDocument where it is no PDF, damaged, wants a password, or has no text layer that can be
    used, as scans; EmptyDocument, DocumentTooLarge.
    """
    data = load(path, max_bytes=max_bytes)
    with _PDFIUM:
        texts, title = _extract(data, path)
    unread: list[str] = []
    if scans := [number for number, text in enumerate(texts, 1) if not without(text).strip()]:
        shown = "、".join(map(str, scans[:10])) + ("…" if len(scans) > 10 else "")
        if _ocr.available():
            for number in scans:
                found = _ocr.recognise(_picture(data, number - 1))
                texts[number - 1] = found.text
                unread += doubts(number, found)
        elif len(scans) == len(texts):
            why = f"has no text layer on any of its {len(texts)} pages: a scan? Recognising its text needs OCR: pip install 'zhiyin[ocr]'"
            raise UnreadableDocument(f"{path} {why}")
        else:
            unread.append(tr(f"{len(texts)} 页中有 {len(scans)} 页没有文字层（扫描页？），没有读取：第 {shown} 页；文字识别：pip install 'zhiyin[ocr]'",
                             f"no text layer on {len(scans)} of {len(texts)} pages (scans?), which were not read: {shown}; to recognise them: pip install 'zhiyin[ocr]'"))  # fmt: skip
    texts = _without_running_heads(texts)
    raw = PAGE_BREAK.join(texts)
    if len(_UNMAPPED.findall(raw)) > 0.3 * len(raw):
        raise UnreadableDocument(f"{path} does not say which characters its fonts show; run OCR on it first")
    pages: list[int] = []
    at = 0
    for text in texts:
        pages.append(at)
        at += len(text) + len(PAGE_BREAK)
    return document(
        raw, source=source, path=path, media_type="application/pdf", pages=tuple(pages), title=title, unread=tuple(unread)
    )


def _without_running_heads(texts: Sequence[str]) -> list[str]:
    """Set apart what stands as the first or last line on most pages, its first time excepted unless it counts the pages."""
    pages = [text.split("\n") for text in texts]
    filled = [[i for i, line in enumerate(lines) if without(line).strip()] for lines in pages]
    for depth in (*range(_HEADS), *range(-1, -_HEADS - 1, -1)):
        heads = {n: pages[n][found[depth]].strip() for n, found in enumerate(filled) if len(found) > 2 * _HEADS}
        for key in (lambda n, head: head, _counted):  # the same words, or a number that grows with the pages
            keys = {n: key(n, head) for n, head in heads.items()}
            usual, count = Counter(keys.values()).most_common(1)[0] if keys else ("", 0)
            if usual and count >= _FEWEST_HEADS and 2 * count >= len(texts):
                same = [n for n, found in keys.items() if found == usual]
                for n in same if key is _counted else same[1:]:
                    at = filled[n][depth]
                    pages[n][at] = marked(pages[n][at], "running_head")
                break
    return ["\n".join(lines) for lines in pages]


def _counted(page: int, line: str) -> str:
    """A line with the page's own number taken out of it; "" where it holds none."""
    numbers = [int(found[0]) - page for found in _DIGITS.finditer(line) if len(found[0]) < 5]
    return f"{_DIGITS.sub('', line, count=1)} {numbers[0]}" if numbers else ""


def _extract(data: bytes, path: Path) -> tuple[list[str], str | None]:
    """Return the text of each page, with Unix line ends, and the title of the file's properties."""
    import pypdfium2 as pdfium
    import pypdfium2.raw as pdfium_c

    try:
        pdf = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if error.err_code == pdfium_c.FPDF_ERR_PASSWORD:
            raise UnreadableDocument(f"{path} wants a password; save a copy without one") from error
        kind = really(data)
        why = f"is no PDF but {kind}" if kind not in (None, "a PDF") else f"is no PDF, or damaged ({error})"
        raise UnreadableDocument(f"{path} {why}") from error
    try:
        if not len(pdf):
            raise UnreadableDocument(f"{path} is a PDF without pages; it is damaged")
        texts = [_text(pdf, number, path) for number in range(len(pdf))]
        return texts, own_title(pdf.get_metadata_value("Title"))
    finally:
        pdf.close()


def _picture(data: bytes, number: int) -> Any:
    """A page as an image, in the resolution of a scan."""
    import pypdfium2 as pdfium

    with _PDFIUM:
        pdf = pdfium.PdfDocument(data)
        try:
            page = pdf[number]
            scale = min(_DOTS / 72, _ocr.LARGEST / max(page.get_size()))
            return page.render(scale=scale).to_pil()
        finally:
            pdf.close()


def _text(pdf: Any, number: int, path: Path) -> str:
    import pypdfium2 as pdfium

    try:
        page = pdf[number]
        try:
            textpage = page.get_textpage()
            text = _page.in_order(textpage) or plain(textpage.get_text_range())
        finally:
            page.close()
    except pdfium.PdfiumError as error:
        raise UnreadableDocument(f"page {number + 1} of {path} is damaged ({error})") from error
    text = _SOFT_HYPHEN.sub("-\n", text.replace("\r\n", "\n").replace("\r", "\n"))
    return re.sub("[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]", "", text)
