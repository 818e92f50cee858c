"""The verifier as the judge of citations: deterministic, and no model's word for anything."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from rag.errors import InputError
from rag.text.fold import fold
from rag.text.numbers import find_quantities
from rag.text.places import find_places
from rag.text.times import find_times
from rag.types import Citation, Period
from rag.verify.check import Cited, check, plainly

from .quotes import Reading, tidy

OWN = 0.5
"""Least share of a statement's own character pairs that must stand in what it cites; the reader of a language model's
answers asks for as much (`rag.verify.proving.NEAR`)."""

_WORD = re.compile(r"[^\W_]+")
_MORE = re.compile(
    r"(?P<which>.+?)(?:[更最](?:[多高大]|(?P<few>[少低小]))|\s+is\s+(?:high|larg|more|most|(?P<fewer>low|few|less|least|small))\w*)"
    r"(?:(?:\uff0c相差|, by )(?P<gap>[^()]+)\([^()]+\))?[\u3002.]?",
    re.IGNORECASE,
)
_ASKED = re.compile(
    r"[^:\uff1a]*(?:多少|什么|[哪谁]|几[个家名位月年日天项场次人件条种类所篇]|\b(?:how|what|which|when|who|where)\b)[^:\uff1a]*[:\uff1a]",
    re.IGNORECASE,
)
_RECKONED = re.compile(r"(?P<column>.+?)(?:(?P<sum>合计|, total: )|平均|, average: )(?P<result>-?\d+(?:\.\d+)?)[^\d(（]*[(（][^()（）]*[)）][。.]?")
_NUMBER = re.compile(r"([-+]?\d[\d,]*(?:\.\d+)?)\D*")
_EQUAL = re.compile(r"两者相同[\u3002.]?|they are equal\.?", re.IGNORECASE)


class VerifierJudge:
    """The project's own verifier, which no wording can talk round, and a share of the statement's own words.

    Supported is what `rag.verify.check` finds nothing against (each number with its unit, date, place, quoted title,
    Latin word and negation is in the quotes; the document's year and region count for a label) and of whose other
    characters at least `own` stand in the quotes, counted in neighbouring pairs: a statement without figures or names
    would pass the verifier on any source. A verdict of a comparison (`辽宁更多`) and the difference that it gives are worked
    out again from the figures that the citations mark. Blind to what neither shows: who did what to whom, a verb exchanged for its opposite.
    """

    def __init__(self, read: Reading = tidy, own: float = OWN) -> None:
        """`read` gives a citation's text (`tidy`, or `reading(snapshot)`), `own` the share, 0 to 1."""
        self._read = read
        self._own = own

    def supports(self, statement: str, cited: Sequence[Citation]) -> bool:
        """See rag.eval.metrics.citations.Judge."""
        if _EQUAL.fullmatch(statement) or _MORE.fullmatch(statement):
            return self._compares(statement, cited)
        if (reckoned := _RECKONED.fullmatch(statement)) and _reckons(reckoned, cited):
            return True
        statement = _unlabelled(statement, cited)
        sources = [Cited(self._read(c), _period(c), (c.region,) if c.region else ()) for c in cited]
        return not check(statement, sources) and own_share(statement, [s.text for s in sources]) >= self._own

    def _compares(self, statement: str, cited: Sequence[Citation]) -> bool:
        figures = [
            find_quantities("".join(c.quote[a - c.start : b - c.start] for a, b in c.marks)) for c in cited
        ]
        if len(cited) < 2 or any(len(found) != 1 for found in figures):
            return False
        values = [found[0] for found in figures]
        kinds = {quantity.kind for quantity in values}
        if len(kinds) > 1 and (len(kinds - {""}) > 1 or kinds & {"money", "percent"}):
            return False
        more = _MORE.fullmatch(statement)
        few = more is not None and bool(more["few"] or more["fewer"])
        best = (min if few else max)(quantity.value for quantity in values)
        winners = [c for c, quantity in zip(cited, values, strict=True) if quantity.value == best]
        if more is None:
            return len(winners) == len(cited)
        if more["gap"]:
            gap = find_quantities(more["gap"])
            if len(values) != 2 or len(gap) != 1 or gap[0].value != abs(values[0].value - values[1].value):
                return False
        return len(winners) == 1 and self.supports(more["which"], winners)


def _reckons(told: re.Match[str], cited: Sequence[Citation]) -> bool:
    """Whether a sum or a mean over a column is that of the figures that the citations mark, and the column theirs."""
    marked = [_NUMBER.fullmatch(c.quote[a - c.start : b - c.start].strip()) for c in cited for a, b in c.marks]
    values = [Decimal(number[1].replace(",", "")) for number in marked if number]
    if len(values) < 2 or len(values) < len(marked) or not any(told["column"] in c.quote for c in cited):
        return False
    total = sum(values, Decimal(0))
    return round(total if told["sum"] else total / len(values), 2) == Decimal(told["result"])


def _unlabelled(statement: str, cited: Sequence[Citation]) -> str:
    """Without the name of the cited document before it (`《…》：120场`): where contradicting sources stand side by side."""
    for citation in cited:
        for name in (citation.title, citation.source):
            label = re.match(rf"(?P<scope>[^《》]*)《{re.escape(name)}》[:\uff1a]\s?", statement)
            if label:
                return label["scope"] + statement[label.end() :]
    return statement


def own_share(statement: str, quotes: Sequence[str]) -> float:
    """Share of a statement's own character pairs that stand in one of the quotes, 0 to 1.

    Its own is what is no place, time or figure, since the verifier has looked at those, and no label in the words of a
    question (`会员总数是多少：`), which asserts nothing. A character by itself counts only where there is nothing else
    at all: `有` and `约` are nobody's words. A statement without own words gives 1.
    """
    asked = _ASKED.match(statement)
    statement = statement[asked.end() :] if asked else statement
    taken = [
        *((m.start, m.end) for m in find_places(statement) if m.kind != "in_name"),
        *((m.start, m.end) for m in find_times(statement, None)),
        *((q.start, q.end) for q in find_quantities(statement)),
    ]
    text = "".join(
        "\n" if any(a <= i < b for a, b in taken) else char for i, char in enumerate(fold(statement))
    )
    runs = _WORD.findall(text)
    pairs = {run[i : i + 2] for run in runs for i in range(len(run) - 1)} or (set() if taken else set(runs))
    held = [plainly(quote) for quote in quotes]
    return sum(any(pair in quote for quote in held) for pair in pairs) / len(pairs) if pairs else 1.0


def _period(citation: Citation) -> Period | None:
    try:
        return Period.parse(citation.period) if citation.period else None
    except InputError:
        return None
