"""What an answer says against what it should say: CMRC 2018's exact match and F1, figures, completeness.

`references` are alternatives, of which the best one counts; `joined` makes them out of a gold row's answers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import TypeVar

from rag.errors import InputError
from rag.text.fold import fold
from rag.text.numbers import find_quantities, same

from .segment import PUNCTUATION, segment

_T = TypeVar("_T")
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_CLAUSE = "\x01"  # keeps a full-width comma, which never groups digits, apart from one that may


def joined(alternatives: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Each alternative as one text, its strings in their order: a list is scored as a list.

    >>> joined([["大连", "朝阳"], ["两市"]])
    ('大连、朝阳', '两市')
    """
    return tuple("\u3001".join(alternative) for alternative in alternatives)


def exact(prediction: str, references: Sequence[str]) -> float:
    """1.0 where the prediction is one of the references, but for case and punctuation; else 0.0.

    EM of CMRC 2018 (Cui et al. 2019, "A Span-Extraction Dataset for Chinese Machine Reading Comprehension";
    `calc_em_score` of its `cmrc2018_evaluate.py`): white space inside a text counts, ASCII commas and
    full stops count, the scorer's own list of punctuation does not. Raises InputError without references.

    >>> exact("《人民的名义》。", ["人民的名义"]), exact("26 万", ["26万"])
    (1.0, 0.0)
    """
    return float(_plain(prediction) in {_plain(text) for text in _some(references)})


def _plain(text: str) -> str:
    return "".join(char for char in text.lower().strip() if char not in PUNCTUATION)


def f1(prediction: str, references: Sequence[str]) -> float:
    """Character F1 of CMRC 2018: how much of both texts their longest common run of tokens makes up, 0 to 1.

    Tokens are Chinese characters and English words (`segment`). Unlike SQuAD's, the overlap is the longest common
    substring and no bag of words (Cui et al. 2019; `calc_f1_score` of the official scorer). Two texts
    without a token in common score 0, two empty ones too. Raises InputError without references.

    >>> f1("全省新建职工书屋318家", ["职工书屋318家"])
    0.75
    """
    said = segment(prediction)
    return max(_overlap(said, segment(text)) for text in _some(references))


def _overlap(said: list[str], wanted: list[str]) -> float:
    common = _longest_common(said, wanted)
    return 2 * common / (len(said) + len(wanted)) if common else 0.0


def _longest_common(one: list[str], other: list[str]) -> int:
    """Length of the longest run of tokens in both, by dynamic programming in O(len(one) * len(other))."""
    best = 0
    before = [0] * (len(other) + 1)
    for token in one:
        row = [0]
        row += [before[j] + 1 if token == wanted else 0 for j, wanted in enumerate(other)]
        best = max(best, *row)
        before = row
    return best


def numbers(prediction: str, references: Sequence[str]) -> float | None:
    """Share of a reference's figures that the prediction states, 0 to 1; None where no reference has a figure.

    A figure is a number with its unit as `rag.text.numbers` reads it, so its spelling does not matter: `2.15万对` is
    `21,500对`. Units must agree where both texts give one; the softening words (`近`, `超过`) are not compared. Of
    several references with figures the best one counts. Numeric equality after normalising the notation is how DROP
    (Dua et al. 2019) scores numbers; the units are ours.

    >>> numbers("共21,500对", ["2.15万对"]), numbers("26%和3人", ["百分之二十六,5人"]), numbers("是", ["否"])
    (1.0, 0.5, None)
    """
    said = find_quantities(prediction)
    shares = []
    for reference in _some(references):
        wanted = find_quantities(reference)
        if wanted:
            shares.append(
                sum(any(same(quantity, other) for other in said) for quantity in wanted) / len(wanted)
            )
    return max(shares, default=None)


def complete(prediction: str, alternatives: Sequence[Sequence[str]]) -> float:
    """Share of the required strings that the prediction holds, of the alternative that it serves best; 0 to 1.

    For lists and comparisons, where half of an answer is worth more than none: the recall over answer strings that
    ALCE calls EM recall (Gao et al. 2023, after STR-EM of Stelmakh et al. 2022). A string is held where
    `contains` finds it in the normalised text, as for the verdict on the whole answer. Raises InputError without
    alternatives.

    >>> complete("大连市和朝阳市", [["大连", "朝阳", "鞍山"]])
    0.6666666666666666
    """
    text = normalise(prediction)
    return max(
        sum(contains(text, normalise(part)) for part in parts) / len(parts)
        for parts in _some([parts for parts in alternatives if parts])
    )


def _some(references: Sequence[_T]) -> Sequence[_T]:
    if isinstance(references, str) or not references:
        raise InputError(f"references = {references!r}; give a list of at least one expected answer")
    return references


def normalise(text: str) -> str:
    """NFKC, Simplified, small letters, without white space and digit-group commas.

    >>> normalise("共 1,234 萬\u3000元\uff0cＡＢ")
    '共1234万元,ab'
    """
    text = unicodedata.normalize("NFKC", text.replace("\uff0c", _CLAUSE))
    text = _GROUPED.sub(lambda found: found[0].replace(",", ""), text).replace(_CLAUSE, ",")
    return re.sub(r"\s+", "", fold(text))


def contains(text: str, wanted: str) -> bool:
    """Whether `wanted` is in `text` without cutting a number short; both normalised.

    >>> contains("共2507人", "250"), contains("26%", "6%"), contains("1.28万", "28万"), contains("250万", "250")
    (False, False, False, False)
    >>> contains("约28万余人", "28万"), contains("2682项", "2682")
    (True, True)
    """
    pattern = re.escape(wanted)
    if wanted[:1].isdecimal():
        pattern = r"(?<!\d)(?<!\d\.)" + pattern
    if wanted[-1:].isdecimal():
        pattern += r"(?![\d%‰百千万亿])(?!\.\d)"
    elif re.search(r"\d[百千万]$", wanted):
        pattern += r"(?![千万亿])"
    return re.search(pattern, text) is not None
