"""Figures side by side: which of the findings belong together, which is the most, and by how much."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from decimal import Decimal

from ..text.fold import fold
from ..text.numbers import Quantity, find_quantities
from . import Finding
from .candidates import units_alike

MOST_CHOICES = 4  # findings of a step, best first, that are weighed against those of the other steps
MOST_STEPS = 5
NEAR = 0.75  # how near the best a finding must come to take its place
OTHER_UNIT, SAME_FIGURE = 0.85, 0.7  # what a selection keeps of its score where figures can't be compared, or one is given twice

_LEAST = re.compile(r"[更最较][少低小](?=些|一些|一点|的|呢|吗|[,;?。!\s]|$)|(?:哪|谁)[^,;?多高大]{0,12}[少低小](?=些|一些|一点|的?呢|[,;?。!\s]|$)|\b(?:fewer|fewest|less|least|lower|lowest|smaller|smallest)\b", re.IGNORECASE)
_EITHER = re.compile(r"[多高大]还是[少低小]|[少低小]还是[多高大]")
_GAP = re.compile(r"相差|差距|差了?(?:多少|几)|(?<![至最])[多少高低大小](?:出|了)?(?:多少|几)|[增减](?:加|长|少)了?(?:多少|几)|(?:difference|how (?:much|many) (?:more|fewer|less))", re.IGNORECASE)
_WORDS = {"zh": {True: ("更少", "最少"), False: ("更多", "最多")}, "en": {True: (" is lower", " is lowest"), False: (" is higher", " is highest")}}
_SCALES = (("亿", Decimal(10**8)), ("万", Decimal(10**4)))


def together(choices: Sequence[Sequence[Finding]], *, compares: bool) -> list[Finding]:
    """One finding of each step, of those that could answer it (best first, none empty).

    What is compared is counted in the same unit where the documents give it so, and a figure is that of one thing, not of
    two: of all selections the one with the largest sum of scores, lowered where it breaks either rule.
    """
    kept = [[f for f in found[:MOST_CHOICES] if f.score >= NEAR * found[0].score] for found in choices]
    if len(kept) > MOST_STEPS:
        return [found[0] for found in kept]

    def worth(selection: tuple[Finding, ...]) -> float:
        total = sum(f.score for f in selection)
        if compares and not _of_one_measure([figure(f) for f in selection]):
            total *= OTHER_UNIT
        return total * SAME_FIGURE ** (len(selection) - len({_place(f) for f in selection}))

    best = max(itertools.product(*kept), key=worth)
    return list(best)


def compared(labels: Sequence[str], findings: Sequence[Finding], question: str, language: str) -> str | None:
    """Which figure is the largest, or the smallest where that is asked, and the difference where that is; None where they can't be compared.

    The difference is worked out from two exact figures of one unit alone, and both are shown in it.
    """
    figures = [figure(f) for f in findings]
    quantities = [q for q in figures if q is not None]
    if len(quantities) < max(2, len(figures)) or not _comparable(figures) or len({_place(f) for f in findings}) < len(findings):
        return None
    language = "zh" if language == "zh" else "en"
    few = bool(_LEAST.search(question)) and not _EITHER.search(question)
    best = (min if few else max)(range(len(figures)), key=lambda i: quantities[i].value)
    if sum(q.value == quantities[best].value for q in quantities) > 1:
        equal = len({q.value for q in quantities}) == 1 and len(figures) == 2
        return ("两者相同" if language == "zh" else "they are equal") if equal else None
    said = labels[best] + _WORDS[language][few][len(figures) > 2]
    gap = _difference(findings, quantities) if len(figures) == 2 and _GAP.search(question) else None
    if gap is None:
        return said
    return f"{said}\uff0c相差{gap}" if language == "zh" else f"{said}, by {gap}"


def figure(finding: Finding) -> Quantity | None:
    """The figure that a finding is; None where it holds none, or several."""
    found = find_quantities(finding.text)
    return found[0] if len(found) == 1 else None


def _comparable(figures: Sequence[Quantity | None]) -> bool:
    """Whether all are figures, and no two are of different units; a bare number goes with any but money and percent."""
    kinds = {q.kind if q else "?" for q in figures}
    return len(kinds) == 1 or ("" in kinds and len(kinds) == 2 and not kinds & {"money", "percent", "?"})


def _of_one_measure(figures: Sequence[Quantity | None]) -> bool:
    """Whether all may count the same, though with another measure word (`场`, `项`)."""
    return all(a is not None and b is not None and (_comparable([a, b]) or units_alike(a.unit, b.unit)) for a, b in itertools.combinations(figures, 2))


def _place(finding: Finding) -> tuple[str, int, int, int, int]:
    view = finding.view
    return view.source, view.number, view.index, finding.span.start, finding.span.end


def _difference(findings: Sequence[Finding], quantities: Sequence[Quantity]) -> str | None:
    """`220人(600人-380人)`, or None where a figure is only about so large or the units differ."""
    one, other = quantities
    if one.approx or other.approx or one.unit != other.unit or not one.unit:
        return None
    texts = [fold(f.text) for f in findings]
    scale, factor = next(((s, n) for s, n in _SCALES if all(s in text for text in texts)), ("", Decimal(1)))
    gap = abs(one.value - other.value) / factor
    number = f"{gap.normalize():f}" if gap % 1 else f"{gap:.0f}"
    unit = "个百分点" if one.unit == "%" else one.unit
    first, last = sorted(zip(quantities, findings, strict=True), key=lambda pair: -pair[0].value)
    return f"{number}{scale}{unit}({first[1].text}-{last[1].text})"
