"""Documents that contradict each other: the same sentence with another figure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..text.designators import find_designators
from ..text.numbers import find_quantities
from ..text.tokens import pairs
from . import Finding

ALIKE = 0.8
"""Jaccard index of character pairs, figures left out, from which two sentences count as the same one."""

_FIGURES = re.compile(r"[\d\s,.\uff0c]+|[零一二三四五六七八九十百千万亿两]+(?=[个项家人名次场元%])")


def contradicting(best: Finding, findings: Sequence[Finding]) -> Iterator[Finding]:
    """Findings of other documents whose sentence is that of `best` but for the figure; each document once.

    A near copy with another figure is a correction, a misprint or a forgery. Which one, no program can tell, so all of
    them have to be shown (a figure of another year or place is no contradiction: see `Asking`).
    """
    ours = find_quantities(best.text)
    if len(ours) != 1:
        return
    own = _pairs(best.view.folded)
    numbered = {(d.noun, d.number) for d in find_designators(best.view.folded)}
    seen = {best.view.source}
    for finding in findings:
        theirs = find_quantities(finding.text)
        if finding.view.source in seen or len(theirs) != 1 or theirs[0].kind != ours[0].kind or theirs[0].value == ours[0].value:
            continue
        if finding.period != best.period or set(finding.regions) != set(best.regions):
            continue
        other = _pairs(finding.view.folded)
        if {(d.noun, d.number) for d in find_designators(finding.view.folded)} != numbered:
            continue  # of another workshop: no contradiction
        if own and len(own & other) >= ALIKE * len(own | other) and _place(finding) == _place(best):
            seen.add(finding.view.source)
            yield finding


def _place(finding: Finding) -> str:
    """What stands before the figure, so that two figures of one sentence are not taken for each other."""
    before = _FIGURES.sub("", finding.view.folded[: finding.span.start])
    return before[-4:]


def _pairs(folded: str) -> set[str]:
    return pairs(_FIGURES.sub("", folded))
