"""An Answer as HTML: functions of values, with every text of a document or a user escaped.

No text is read as Markdown, no address becomes a link, and no element carries a script: what a control
does is decided by `static/app.js` from its `data-` attributes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rag.filters import EVERYTHING, Filters
from rag.types import Answer, Citation, RelatedPassage, Statement

from . import understood
from .copying import copy_text
from .escape import text
from .icons import icon
from .table import Cell, Table, table
from .texts import TEXTS, both, label

QUOTE_SHOWN = 260  # characters of a quote on a card; the panel shows all of it
PASSAGE_SHOWN = 140
_MARK = re.compile(r"\s*\[(\d{1,3})\]")
_THUMB = (
    '<svg viewBox="0 0 20 20" width="18" height="18" fill="none" stroke="currentColor" stroke-width="1.5" '
    'aria-hidden="true"><path d="M6.5 9 9.3 3.2c1.3 0 2.2 1 2.2 2.3V8h4c1.1 0 1.9 1 1.7 2.1l-.9 5.1'
    'c-.1.8-.8 1.3-1.6 1.3H6.5z"/><path d="M6.5 9H3v7.5h3.5"/></svg>'
)
_LOOKED = re.compile(r"\s?(?:查找的内容\uff1a|Looked for: )[^\n]*$")
_KINDS = {"years": "years", "regions": "places", "titles": "titles", "terms": "terms"}
_STOPS = "。.!?;\uff01\uff1f\uff1b"


@dataclass(frozen=True, slots=True)
class Turn:
    """A question with what came back: an answer that may still grow, or an error."""

    number: int
    question: str
    answer: Answer | None = None
    done: bool = False
    error: tuple[str, str] | None = None  # Chinese and English
    history: tuple[tuple[str, str], ...] = ()  # the turns that the question was asked after
    filters: Filters = EVERYTHING  # what the question was narrowed to


def conversation(turns: Iterable[Turn]) -> str:
    """All turns, oldest first."""
    return "".join(turn_html(turn) for turn in turns)


def turn_html(turn: Turn) -> str:
    """One question and its answer, refusal, error or sign of waiting."""
    if turn.error is not None:
        body = _error(turn, *turn.error)
    elif turn.answer is None or (not turn.answer.answer and not turn.answer.statements):
        body = f'<div class="answer pending" role="status"><p>{both("pending")}<i class="dots"></i></p></div>'
    elif turn.answer.refused:
        body = _refusal(turn.answer, turn)
    else:
        body = _answer(turn.answer, turn)
    return (
        f'<article class="turn" id="t{turn.number}">'
        f'<div class="question"><span class="sr">{both("you")}</span>{_edit(turn)}<p>{text(turn.question)}</p></div>'
        f"{_narrowed(turn.filters)}{body}</article>"
    )


def _edit(turn: Turn) -> str:
    if not turn.done:
        return ""
    return (
        f'<button type="button" class="icon edit" data-edit="{turn.number}" {label("edit")}>{icon("edit", 17)}</button>'
    )


def _narrowed(filters: Filters) -> str:
    """Say what the question was narrowed to."""
    values = [*(str(y) for y in sorted(filters.years)), *(_place(r) for r in sorted(filters.regions)), *sorted(filters.sources)]
    if not values:
        return ""
    tags = "".join(f'<span class="tag">{text(v)}</span>' for v in values)
    return f'<p class="narrowed"><span>{both("narrowed")}</span>{tags}</p>'


def _answer(answer: Answer, turn: Turn) -> str:
    known = {c.n: c for c in answer.citations}
    statements = (answer.statements or (Statement(answer.answer, ()),)) + _notes(answer)
    out = ['<div class="answer answered">']
    laid = table(answer) if answer.short is None else None
    if laid is not None:
        out.append(_table(laid, known, turn))
    elif answer.short and len(statements) == 1:
        repeated = _bare(statements[0].text) == _bare(answer.short)
        marks = _marks(statements[0].citations, known, turn) if repeated else ""
        out.append(f'<p class="short">{text(answer.short)}{marks}</p>')
        if not repeated:
            out.append(f'<p class="statement">{_statement(statements[0], known, turn)}</p>')
    elif len(statements) == 1:
        out.append(f'<p class="statement alone">{_statement(statements[0], known, turn)}</p>')
    else:
        if answer.short:
            out.append(f'<p class="short">{text(answer.short)}</p>')
        rows = "".join(
            f'<li class="statement{"" if s.citations else " unproved"}">{_statement(s, known, turn)}</li>'
            for s in statements
        )
        out.append(f'<ul class="statements">{rows}</ul>')
    out.append(_rewritten(answer))
    if turn.done:
        out.append(_understood(answer, turn, "understood"))
    if answer.citations:
        cards = "".join(_card(c, turn) for c in answer.citations)
        out.append(f'<h3 class="label">{both("evidence")}</h3><ol class="cards">{cards}</ol>')
    out.append(
        _foot(answer, turn)
        if turn.done
        else f'<p class="foot" role="status">{both("writing")}<i class="dots"></i></p>'
    )
    return "".join([*out, "</div>"])


def _table(laid: Table, known: dict[int, Citation], turn: Turn) -> str:
    """Draw a comparison: each figure in a cell with its marks."""
    head = "".join(f'<th scope="col">{text(name)}</th>' for name in laid.columns)
    top = f'<thead><tr><th scope="col">{both("compared")}</th>{head}</tr></thead>' if head else ""
    rows = "".join(
        f'<tr><th scope="row">{text(name)}</th>{"".join(_cell(c, known, turn) for c in cells)}</tr>'
        for name, cells in laid.rows
    )
    verdict = laid.verdict
    said = f'<p class="short">{_statement(verdict, known, turn)}</p>' if verdict else ""
    return f'{said}<div class="compare"><table>{top}<tbody>{rows}</tbody></table></div>'


def _cell(cell: Cell | None, known: dict[int, Citation], turn: Turn) -> str:
    if cell is None:
        return "<td></td>"
    if cell.value is None:
        return f'<td class="unproved">{both("not_found")}</td>'
    return f'<td><span class="figure">{text(cell.value)}</span>{_marks(cell.citations, known, turn)}</td>'


def _notes(answer: Answer) -> tuple[Statement, ...]:
    """Lines of the answer that are no statement: what was asked for as well and is not in the documents."""
    said = {_bare(line) for s in answer.statements for line in s.text.split("\n")}
    lines = answer.answer.split("\n") if answer.statements else []
    return tuple(
        Statement(line, ()) for line in lines if line.strip() and _bare(line) not in said and len(lines) > 1
    )


def _statement(statement: Statement, known: dict[int, Citation], turn: Turn) -> str:
    """Draw the statement with its marks: where it says `[1]` itself, there; else before its last stop."""
    written = {int(n) for n in _MARK.findall(statement.text)} & set(statement.citations)
    out: list[str] = []
    at = 0
    for match in _MARK.finditer(statement.text):
        if int(match[1]) in written:
            out += (text(statement.text[at : match.start()]), _marks((int(match[1]),), known, turn))
            at = match.end()
    rest = statement.text[at:].rstrip()
    missing = [n for n in statement.citations if n not in written]
    body = rest.rstrip(_STOPS)
    return "".join([*out, text(body), _marks(missing, known, turn), text(rest[len(body) :])])


def _marks(numbers: Iterable[int], known: dict[int, Citation], turn: Turn) -> str:
    return "".join(
        f'<button type="button" class="mark" data-open="t{turn.number}c{n}" {label("mark", n=n)}>{n}</button>'
        for n in numbers
        if n in known
    )


def _card(citation: Citation, turn: Turn) -> str:
    name = f"t{turn.number}c{citation.n}"
    where = [text(citation.publisher or ""), text(citation.published or ""), text(_about(citation))]
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


def _refusal(answer: Answer, turn: Turn) -> str:
    out = [
        f'<div class="answer refused" data-reason="{text(answer.reason or "")}">',
        f'<p class="verdict"><i class="none" aria-hidden="true"></i>{both("refused")}</p>',
        f'<p class="statement">{text(_reason(answer))}</p>',
        _rewritten(answer),
        _understood(answer, turn, "looked_for"),
    ]
    if answer.passages:
        rows = "".join(_passage(p, i, turn) for i, p in enumerate(answer.passages[:3], 1))
        out.append(f'<h3 class="label related">{both("related")}</h3><ul class="passages">{rows}</ul>')
    return "".join([*out, _foot(answer, turn) if turn.done else "", "</div>"])


def _reason(answer: Answer) -> str:
    """The message without its list of what was looked for, which stands below it in parts."""
    return _LOOKED.sub("", answer.answer) if understood.parts(answer) else answer.answer


def _understood(answer: Answer, turn: Turn, title: str) -> str:
    """Draw years, places, titles and terms: a click takes one out of the question, or changes a year or a place."""
    tags = "".join(_tag(p, turn) for p in understood.parts(answer))
    if not tags:
        return ""
    return f'<dl class="sought"><dt class="label">{both(title)}</dt><dd>{tags}</dd></dl>'


def _tag(part: understood.Part, turn: Turn) -> str:
    about = f'data-turn="{turn.number}" data-kind="{part.kind}" data-value="{text(part.value)}"'
    inner = f"<small>{both(_KINDS[part.kind])}</small> {text(part.shown)}"
    cross = '<i class="x" aria-hidden="true"></i>'
    drop = f'data-do="drop" {about} {label("drop", what=part.shown)}'
    if part.kind not in understood.CHANGED:
        return f'<button type="button" class="tag" {drop}>{inner}{cross}</button>'
    swap = f'data-action="swap" aria-expanded="false" {about} {label("swap", what=part.shown)}'
    return (
        f'<span class="tag"><button type="button" class="part" {swap}>{inner}<i class="down" aria-hidden="true"></i></button>'
        f'<button type="button" class="part" {drop}>{cross}</button></span>'
    )


def _rewritten(answer: Answer) -> str:
    rewritten = answer.understood.get("rewritten")
    if not rewritten or not isinstance(rewritten, str) or rewritten == answer.question:
        return ""
    return f'<p class="rewritten">{both("rewritten")} <q>{text(rewritten)}</q></p>'


def _passage(passage: RelatedPassage, number: int, turn: Turn) -> str:
    name = f"t{turn.number}p{number}"
    shown = passage.text.strip()
    cut = '<span class="cut"></span>' if len(shown) > PASSAGE_SHOWN else ""
    return (
        f'<li class="passage" id="{name}" data-related="1" '
        f'data-source="{text(passage.source)}" data-start="{passage.start}" data-end="{passage.end}" '
        f'data-marks="[]" data-title="{text(passage.title or passage.source)}">'
        f'<span class="title">{text(passage.title or passage.source)}</span>'
        f"<p>{text(shown[:PASSAGE_SHOWN])}{cut}</p>"
        f'<button type="button" class="quiet" data-open="{name}">{both("source")}</button></li>'
    )


def _foot(answer: Answer, turn: Turn) -> str:
    notes = []
    if "total" in answer.timing_ms:
        notes.append(both("took", ms=f"{answer.timing_ms['total']:.0f}"))
    if answer.generation:
        notes.append(both("generation", name=answer.generation))
    meta = "".join(f"<span>{n}</span>" for n in notes)
    copy = ""
    if not answer.refused:
        copy = (
            f'<button type="button" class="quiet" data-copy-zh="{text(copy_text(answer, "zh"))}" '
            f'data-copy-en="{text(copy_text(answer, "en"))}">{both("copy")}</button>'
        )
    tools = f'<span class="verbs">{_thumbs(answer, turn)}{copy}{_retry(turn)}</span>'
    return f'<p class="foot"><span class="meta">{meta}</span>{tools}</p>'


def _retry(turn: Turn) -> str:
    return (
        f'<button type="button" class="icon" data-do="retry" data-turn="{turn.number}" {label("retry")}>'
        f"{icon('retry', 17)}</button>"
    )


def _thumbs(answer: Answer, turn: Turn) -> str:
    """Draw both thumbs, with all that a verdict is kept with."""
    judged = {
        "question": turn.question,
        "history": turn.history,
        "generation": answer.generation,
        "answer": {
            "answer": answer.answer,
            "short": answer.short,
            "refused": answer.refused,
            "citations": [
                {"source": c.source, "start": c.start, "end": c.end, "version": c.version}
                for c in answer.citations
            ],
        },
    }
    buttons = "".join(
        f'<button type="button" class="thumb" data-verdict="{verdict}" aria-pressed="false" '
        f"{label('thumb_' + verdict)}>{_THUMB}</button>"
        for verdict in ("up", "down")
    )
    content = text(json.dumps(judged, ensure_ascii=False))
    return f'<span class="thumbs" role="group" {label("judge")} data-judged="{content}">{buttons}</span>'


def _error(turn: Turn, zh: str, en: str) -> str:
    message = f'<span class="zh" lang="zh">{text(zh)}</span><span class="en" lang="en">{text(en)}</span>'
    gone = turn.error == TEXTS["source_gone"]  # it was answered once
    verdict = f'<p class="verdict">{both("withdrawn" if gone else "failed")}</p>'
    again = (
        f'<button type="button" class="quiet" data-do="retry" data-turn="{turn.number}">{both("retry")}</button>'
        if turn.done
        else ""
    )
    return f'<div class="answer failed"><div role="alert">{verdict}<p>{message}</p></div>{again}</div>'


def _about(citation: Citation) -> str:
    return " ".join(w for w in (_place(citation.region), citation.period) if w)


def _place(region: str | None) -> str:
    return (region or "").replace("/", " ")


def _bare(value: str) -> str:
    return _MARK.sub("", value).strip().rstrip(_STOPS)
