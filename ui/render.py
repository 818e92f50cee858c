"""An Answer as HTML: functions of values, with every text of a document or a user escaped.

No text is read as Markdown, no address becomes a link, and no element carries a script: what a control
does is decided by `static/app.js` from its `data-` attributes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from rag.retrieve.filters import EVERYTHING, Filters
from rag.types import Answer, RelatedPassage

from . import understood
from .cards import card, place
from .copying import copy_text
from .escape import text
from .icons import icon
from .inline import Marker
from .layouts import laid_out
from .texts import TEXTS, both, label
from .written import by_model, by_reader, counts, growing

PASSAGE_SHOWN = 140
_THUMB = (
    '<svg viewBox="0 0 20 20" width="18" height="18" fill="none" stroke="currentColor" stroke-width="1.5" '
    'aria-hidden="true"><path d="M6.5 9 9.3 3.2c1.3 0 2.2 1 2.2 2.3V8h4c1.1 0 1.9 1 1.7 2.1l-.9 5.1'
    'c-.1.8-.8 1.3-1.6 1.3H6.5z"/><path d="M6.5 9H3v7.5h3.5"/></svg>'
)
_LOOKED = re.compile(r"\s?(?:查找的内容\uff1a|Looked for: )[^\n]*$")
_KINDS = {"years": "years", "regions": "places", "titles": "titles", "terms": "terms"}


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
        body = _pending("pending")
    elif turn.answer.refused and growing(turn.answer):
        body = _pending("model_tries")  # no refusal yet: it may still become an answer
    elif turn.answer.refused:
        body = _refusal(turn.answer, turn)
    else:
        body = _answer(turn.answer, turn)
    return (
        f'<article class="turn" id="t{turn.number}">'
        f'<div class="question"><span class="sr">{both("you")}</span>{_edit(turn)}<p>{text(turn.question)}</p></div>'
        f"{_narrowed(turn.filters)}{body}</article>"
    )


def _pending(key: str) -> str:
    return f'<div class="answer pending" role="status"><p>{both(key)}<i class="dots"></i></p></div>'


def _edit(turn: Turn) -> str:
    if not turn.done:
        return ""
    return (
        f'<button type="button" class="icon edit" data-edit="{turn.number}" {label("edit")}>{icon("edit", 17)}</button>'
    )


def _narrowed(filters: Filters) -> str:
    """Say what the question was narrowed to."""
    values = [*(str(y) for y in sorted(filters.years)), *(place(r) for r in sorted(filters.regions)), *sorted(filters.sources)]
    if not values:
        return ""
    tags = "".join(f'<span class="tag">{text(v)}</span>' for v in values)
    return f'<p class="narrowed"><span>{both("narrowed")}</span>{tags}</p>'


def _answer(answer: Answer, turn: Turn) -> str:
    marker = Marker(turn.number, frozenset(c.n for c in answer.citations))
    read, written = by_reader(answer), by_model(answer)
    out = ['<div class="answer answered">']
    if read.statements or not written:
        out.append(laid_out(read, marker))
    if answer.written is not None and written:
        rows = "".join(f'<li class="statement">{marker.statement(s)}</li>' for s in written)
        out.append(f'<h3 class="label">{both("written_by", model=answer.written.model)}</h3><ul class="statements">{rows}</ul>')
    if growing(answer):
        out.append(f'<p class="remark" role="status">{both("model_writing")}<i class="dots"></i></p>')
    out += [_remarks(answer), _rewritten(answer)]
    if turn.done:
        out.append(_understood(answer, turn, "understood"))
    if answer.citations:
        cards = "".join(card(c, turn.number) for c in answer.citations)
        out.append(f'<h3 class="label">{both("evidence")}</h3><ol class="cards">{cards}</ol>')
    if turn.done:
        out.append(_foot(answer, turn))
    elif not growing(answer):
        out.append(f'<p class="foot" role="status">{both("writing")}<i class="dots"></i></p>')
    return "".join([*out, "</div>"])


def _remarks(answer: Answer) -> str:
    """What is told of a language model's work: why it says nothing, what was left out."""
    said = [text(answer.written.note)] if answer.written and answer.written.note else []
    return "".join(f'<p class="remark">{words}</p>' for words in [*said, *(both(key, n=n) for key, n in counts(answer))])


def _refusal(answer: Answer, turn: Turn) -> str:
    out = [
        f'<div class="answer refused" data-reason="{text(answer.reason or "")}">',
        f'<p class="verdict"><i class="none" aria-hidden="true"></i>{both("refused")}</p>',
        f'<p class="statement">{text(_reason(answer))}</p>',
        _remarks(answer),
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
