"""Presentations (.pptx) by python-pptx: each slide is a page with its title, texts, tables and notes, top to bottom."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rag.errors import UnreadableDocument
from rag.types import Document

from ._archive import check_archive
from ._common import MAX_BYTES, document, load, own_title
from ._grid import lines

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
_FRAME = 914_400 // 4  # EMU, a quarter of an inch: shapes that begin this near stand in one row


def read(path: Path, *, source: str, max_bytes: int = MAX_BYTES) -> Document:
    """Read the visible slides; `pages` holds where each begins. Raises UnreadableDocument, EmptyDocument, DocumentTooLarge."""
    data = load(path, max_bytes=max_bytes)
    check_archive(data, path, "presentation", old=".ppt", new=".pptx")
    try:
        from pptx import Presentation

        deck = Presentation(io.BytesIO(data))
        slides = ["\n\n".join(_slide(slide)) for slide in deck.slides if slide._element.get("show") != "0"]
        title = own_title(deck.core_properties.title)
    except Exception as error:  # python-pptx lets through whatever zipfile and lxml raise
        raise UnreadableDocument(f"{path} is no presentation, or damaged ({str(error) or type(error).__name__})") from error
    raw, pages = "", []
    for slide in slides:
        pages.append(len(raw))
        raw += slide + "\n\n"
    return document(raw, source=source, path=path, media_type=MEDIA_TYPE, pages=tuple(pages), title=title)


def _slide(slide: Any) -> Iterator[str]:
    title = slide.shapes.title
    if title is not None and title.has_text_frame and title.text_frame.text.strip():
        yield " ".join(title.text_frame.text.split())
    for shape in sorted(slide.shapes, key=lambda s: ((s.top or 0) // _FRAME, s.left or 0)):
        if title is None or shape.shape_id != title.shape_id:
            yield from _shape(shape)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None and (notes := slide.notes_slide.notes_text_frame.text.strip()):
        yield notes


def _shape(shape: Any) -> Iterator[str]:
    if hasattr(shape, "shapes"):  # a group
        for inner in shape.shapes:
            yield from _shape(inner)
    elif getattr(shape, "has_table", False) and shape.has_table:
        yield "\n".join(lines([["" if cell.is_spanned else cell.text for cell in row.cells] for row in shape.table.rows]))
    elif shape.has_text_frame:
        text = "\n".join(" ".join(p.text.split()) for p in shape.text_frame.paragraphs if p.text.strip())
        if text:
            yield text
    elif getattr(shape, "has_chart", False) and shape.has_chart:
        yield from _chart(shape.chart)


def _chart(chart: Any) -> Iterator[str]:
    """The numbers that a chart is drawn from: a row for each category."""
    if chart.has_title and chart.chart_title.has_text_frame:
        yield str(chart.chart_title.text_frame.text)
    for plot in chart.plots:
        names = [str(category) for category in plot.categories]
        columns = [(str(series.name), [("" if v is None else f"{v:g}") for v in series.values]) for series in plot.series]
        head = ["", *(name for name, _ in columns)]
        rows = [[name, *(values[k] if k < len(values) else "" for _, values in columns)] for k, name in enumerate(names)]
        yield "\n".join(lines([head, *rows]))
