"""Citations as cards: whose words they are, the quote with its proved characters marked, and the way to the source."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from rag.types import Citation

from .escape import text
from .texts import both

QUOTE_SHOWN = 260  # characters of a quote on a card; the panel shows all of it


def card(citation: Citation, turn: int) -> str:
    """One citation of the turn of this number."""
    name = f"t{turn}c{citation.n}"
    where = [text(citation.publisher or ""), text(citation.published or ""), text(about(citation))]
    where += [both("page", n=citation.page) if citation.page is not None else ""]
    where += [text(citation.source)] if citation.title and citation.title != citation.source else []
    meta = "".join(f"<span>{w}</span>" for w in where if w)
    marks = json.dumps([list(m) for m in citation.marks])
    return (
        f'<li class="card" id="{name}" data-n="{citation.n}" data-part="{citation.part}" '
        f'data-source="{text(citation.source)}" data-version="{text(citation.version)}" '
        f'data-start="{citation.start}" data-end="{citation.end}" data-marks="{marks}" '
        f'data-title="{text(citation.title or citation.source)}">'
        f'<div class="card-head"><span class="n">{citation.n}</span>'
        f'<span class="title">{text(citation.title or citation.source)}</span></div>'
        f"<blockquote>{quote_html(citation)}</blockquote>"
        f'<div class="card-foot"><span class="meta">{meta}</span>'
        f'<button type="button" class="quiet" data-open="{name}">{both("show")}</button></div></li>'
    )


def quote_html(citation: Citation) -> str:
    """Draw the quote, its proved characters in `<mark>`; a long one is cut to a window round the first."""
    quote, start = citation.quote, citation.start
    spans = sorted((max(a - start, 0), min(b - start, len(quote))) for a, b in citation.marks if b > start)
    first, last = 0, len(quote)
    if len(quote) > QUOTE_SHOWN:
        room = spans[0] if spans else (0, 0)
        first = max(0, min(room[0] - QUOTE_SHOWN // 3, len(quote) - QUOTE_SHOWN))
        last = max(first + QUOTE_SHOWN, min(room[1], len(quote)))
    out = ['<span class="cut"></span>'] if first else []
    for piece, marked in _pieces(quote, spans, first, last):
        out.append(f"<mark>{text(piece)}</mark>" if marked else text(piece))
    if last < len(quote):
        out.append('<span class="cut"></span>')
    return "".join(out)


def _pieces(
    value: str, spans: Sequence[tuple[int, int]], first: int, last: int
) -> Iterator[tuple[str, bool]]:
    at = first
    for raw_start, raw_end in spans:
        start, end = max(raw_start, at), min(raw_end, last)
        if start >= end:
            continue
        if start > at:
            yield value[at:start], False
        yield value[start:end], True
        at = end
    if at < last:
        yield value[at:last], False


def about(citation: Citation) -> str:
    """The place and the years that it speaks of."""
    return " ".join(w for w in (place(citation.region), citation.period) if w)


def place(region: str | None) -> str:
    """A region as a reader writes it."""
    return (region or "").replace("/", " ")
