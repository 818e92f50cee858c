"""Refusing what has no answer, and only that: precision, recall, cost, and the risk at every threshold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import TypedDict

from rag.errors import InputError

FALSE_REFUSAL = 0.5
"""What a needless refusal costs, where a wrong answer costs 1 and anything right costs nothing.

By Chow (1970, "On optimum recognition error and reject tradeoff") refusing pays where the chance of being right is
below 1 - cost: with 0.5 a bot should answer what it is more likely right than wrong about. An office in which a wrong
figure does more harm sets less.
"""


class Scores(TypedDict):
    """How well a bot refuses; None where there is nothing to take a share of."""

    precision: float | None  # share of the refusals that were due
    recall: float | None  # share of the due refusals that were made
    f1: float | None
    false_refusals: float | None  # share of the answerable questions that were refused
    cost: float | None  # expected cost of a question: wrong answers and needless refusals
    false_refusal_cost: float | None  # the part of it that needless refusals make


class Curve(TypedDict):
    """Risk over coverage. A point is (coverage, risk, threshold), from the highest threshold to the lowest."""

    points: list[tuple[float, float, float]]
    aurc: float | None


def scores(
    should: Sequence[bool],
    refused: Sequence[bool],
    right: Sequence[bool],
    *,
    false_refusal: float = FALSE_REFUSAL,
) -> Scores:
    """Score refusals, a question each: whether it should be refused, was refused, and came out right.

    Positive is what should be refused (precision, recall and F1 as for any classifier; for unanswerable questions
    Rajpurkar et al. 2018, "Know What You Don't Know"). An answer to a question that should be refused counts as
    wrong whatever `right` says. `cost` is a mean over all questions: 1 for a wrong answer, `false_refusal` for a
    refusal of what has an answer (see FALSE_REFUSAL). Raises InputError where lengths differ or the weight is not
    between 0 and 1.

    >>> scores([True, False, False], [True, True, False], [True, False, True])["precision"]
    0.5
    """
    if not len(should) == len(refused) == len(right):
        raise InputError(
            f"{len(should)} questions, {len(refused)} refusals, {len(right)} verdicts: give one of each"
        )
    if not 0 <= false_refusal <= 1:
        raise InputError(f"false_refusal = {false_refusal}; give 0 to 1, the cost of a wrong answer")
    hits = sum(s and r for s, r in zip(should, refused, strict=True))
    false = sum(r and not s for s, r in zip(should, refused, strict=True))
    missed = sum(s and not r for s, r in zip(should, refused, strict=True))
    wrong = sum(not r and (s or not ok) for s, r, ok in zip(should, refused, right, strict=True))
    n = len(should)
    return Scores(
        precision=_share(hits, hits + false),
        recall=_share(hits, hits + missed),
        f1=_share(2 * hits, 2 * hits + false + missed),
        false_refusals=_share(false, n - hits - missed),
        cost=_share(wrong + false_refusal * false, n),
        false_refusal_cost=_share(false_refusal * false, n),
    )


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None


def risk_coverage(confidence: Sequence[float], right: Sequence[bool]) -> Curve:
    """How often answers are wrong if only those with at least some confidence are given, for every threshold.

    At threshold t the questions with confidence >= t are answered: coverage is their share of all, risk the share of
    them that is wrong (El-Yaniv and Wiener 2010, "On the Foundations of Noise-free Selective Classification").
    Questions of one confidence are answered together, so there is a point for each distinct value and none between.

    `aurc` is the area under the curve as Geifman et al. define it (2019, "Bias-Reduced Uncertainty Estimation for
    Deep Neural Classifiers", arXiv 1805.08206): the mean, over all questions, of the risk at the threshold that the
    question's own confidence sets. Without ties that is the mean of the risks of the 1, 2, … n most confident; no
    trapezoids. Lower is better; for a bot that is right with probability p whatever its confidence it is near 1 - p.
    What should be refused is never right, whatever was answered. No questions give no points and None.
    Raises InputError where lengths differ or a confidence is not finite.

    >>> risk_coverage([0.9, 0.4, 0.4], [True, True, False])["points"][0]
    (0.3333333333333333, 0.0, 0.9)
    """
    if len(confidence) != len(right):
        raise InputError(f"{len(confidence)} confidences for {len(right)} answers: give one for each")
    if bad := [value for value in confidence if not math.isfinite(value)]:
        raise InputError(f"a confidence of {bad[0]} can't be ranked; give finite numbers")
    n = len(right)
    answered = wrong = 0
    area = 0.0
    points = []
    ranked = sorted(zip(confidence, right, strict=True), key=lambda pair: -pair[0])
    for threshold, group in groupby(ranked, key=lambda pair: pair[0]):
        verdicts = [ok for _, ok in group]
        answered += len(verdicts)
        wrong += verdicts.count(False)
        area += wrong / answered * len(verdicts)
        points.append((answered / n, wrong / answered, float(threshold)))
    return Curve(points=points, aurc=area / n if n else None)
