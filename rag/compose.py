"""From findings to an answer: citations into the raw text, statements, and the words around them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from .offsets import OffsetMap
from .read import Finding
from .read.candidates import Span
from .read.tables import beside
from .types import Citation, Document, Part
from .verify.check import Cited


def cite(finding: Finding, document: Document, n: int, spans: Sequence[Span] = ()) -> Citation:
    """The citation of a finding: its sentence as it is on disk, with the short answer marked in it, or `spans` where given.

    Of a value in a table, row and column are marked as well.
    """
    view, part = finding.view, finding.view.part
    offsets = OffsetMap(part.edits)
    base = view.sentence.start
    lead = len(view.text) - len(view.text.lstrip())
    start, end = offsets.to_raw(base + lead, base + len(view.text.rstrip()))
    spans = spans or (*beside(view, finding.span), finding.span)
    marks = tuple(sorted({offsets.to_raw(base + span.start, base + span.end) for span in spans}))
    page = bisect_right(document.pages, start) if document.pages else None
    return Citation(
        n=n, source=document.source, title=part.title or document.title or document.source, quote=document.raw[start:end],
        start=start, end=end, version=document.version, marks=marks, page=page, published=part.published,
        publisher=part.publisher, region=part.region, period=str(finding.period) if finding.period else None, part=view.number,
    )


def proof(finding: Finding) -> Cited:
    """What the verifier may hold a statement of this finding against."""
    part: Part = finding.view.part
    regions = finding.regions or ((part.region,) if part.region else ())
    return Cited(finding.view.text, finding.period, regions)


def marked(text: str, citations: Sequence[int], language: str = "zh") -> str:
    """Text with its citation marks, before the full stop of the language: `26万余人次[1]。`."""
    stop = "。" if language == "zh" or any("\u4e00" <= c <= "\u9fff" for c in text) else "."
    body = text.rstrip("。.; \uff1b")
    if said := body[len(body.rstrip("!?\uff01\uff1f")) :]:
        return body.removesuffix(said) + "".join(f"[{n}]" for n in citations) + said
    return body + "".join(f"[{n}]" for n in citations) + stop


LONGEST = 160
"""Characters up to which a sentence is shown whole below the short answer."""


def whole(finding: Finding) -> str:
    """The sentence that an answer stands in, of a long one its clauses: what makes the short answer whole.

    What tells whoever answers what to say is left out of it.
    """
    view, span = finding.view, finding.span
    if len(view.text) <= LONGEST:
        return view.text[: view.instructs].strip()
    first, last = view.clause_of(span.start), view.clause_of(max(span.start, span.end - 1))
    return view.text[view.clauses[max(first - 1, 0)][0] : view.clauses[last][1]].strip(" ,\uff0c;\uff1b\u3001")


def said(verdict: str, language: str) -> str:
    """Yes or no in the question's language; empty for neither."""
    return {"yes": ("是", "Yes"), "no": ("否", "No")}[verdict][0 if language == "zh" else 1] if verdict else ""
