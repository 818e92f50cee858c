"""An answer as a terminal shows it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..messages import tr

if TYPE_CHECKING:
    from rich.text import Text

    from ..types import Answer, Citation

# Control characters and direction marks of a document could move the cursor, recolour the screen or reorder the line.
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_RELATED_CHARACTERS = 80


def clean(text: str) -> str:
    """`text` with what a terminal would obey instead of show replaced by `�`."""
    return _UNSAFE.sub("\ufffd", text)


def render(answer: Answer) -> Text:
    """The short answer, its statements with their marks, and under them the sources with the exact quotes."""
    from rich.text import Text

    out = Text()
    if answer.refused:
        out.append(tr("未作答 ", "Not answered "), style="bold yellow").append(clean(answer.answer) + "\n")
        return _related(_told(out, answer), answer)
    if answer.short and [s.text for s in answer.statements if not s.generated] != [answer.short]:
        out.append(clean(answer.short) + "\n\n", style="bold green")
    for i, statement in enumerate(answer.statements):
        if statement.generated and answer.written and not (i and answer.statements[i - 1].generated):
            out.append(tr(f"由 {answer.written.model} 写成,每句都已核对:", f"Written by {answer.written.model}, every sentence checked:") + "\n", style="dim")
        marks = "".join(f"[{n}]" for n in statement.citations if f"[{n}]" not in statement.text)
        out.append(clean(statement.text), style="bold").append(marks + "\n", style="bold cyan")
    for note in _notes(answer):
        out.append(clean(note) + "\n", style="yellow")
    _told(out, answer)
    for citation in answer.citations:
        out.append("\n")
        _cite(out, citation)
    return out


def _told(out: Text, answer: Answer) -> Text:
    """What became of a language model's work, where there is something to say of it."""
    written = answer.written
    if written and written.note:
        out.append(clean(written.note) + "\n", style="yellow")
    elif written and written.cut:
        out.append(tr(f"另有 {written.cut} 句未通过核对,已略去。", f"{written.cut} more did not pass and were left out.") + "\n", style="dim")
    return out


def _notes(answer: Answer) -> list[str]:
    """Lines of the answer that carry no citation: what a part of the question was not answered for."""
    return [
        line
        for line in answer.answer.split("\n")
        if answer.statements and line and not re.search(r"\[\d+\]", line)
    ]


def _cite(out: Text, citation: Citation) -> None:
    page = tr(f"第 {citation.page} 页", f"page {citation.page}") if citation.page else None
    about = [citation.source, citation.title, citation.published, page]
    out.append(f"[{citation.n}] ", style="bold cyan")
    out.append(clean(" · ".join(part for part in about if part)) + "\n", style="dim")
    start = len(out) + 4
    out.append("    " + clean(citation.quote).replace("\n", "\n    ") + "\n")
    if "\n" not in citation.quote:  # indentation after line breaks would shift the marks
        for first, last in citation.marks:
            out.stylize("reverse", start + first - citation.start, start + last - citation.start)


def _related(out: Text, answer: Answer) -> Text:
    if answer.passages:
        out.append("\n" + tr("相关段落(不是答案):", "Related, not an answer:") + "\n", style="dim")
    for passage in answer.passages[:3]:
        text = " ".join(clean(passage.text).split())
        shown = text if len(text) <= _RELATED_CHARACTERS else text[:_RELATED_CHARACTERS] + "…"
        out.append(f"  {clean(passage.title or passage.source)}: {shown}\n", style="dim")
    return out
