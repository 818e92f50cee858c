"""Refusals and the risk-coverage curve, by hand and against an independent computation."""

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support

from rag.errors import InputError
from rag.eval.metrics import refusal

T, F = True, False


def test_by_hand():
    # should:  3 of 8; refused: 2 of them (hits), 1 missed, 2 of the 5 answerable (false); 1 of the other 3 wrong
    should = [T, T, T, F, F, F, F, F]
    refused = [T, T, F, T, T, F, F, F]
    right = [T, T, F, F, F, T, T, F]
    assert refusal.scores(should, refused, right) == {
        "precision": 2 / 4,
        "recall": 2 / 3,
        "f1": pytest.approx(2 * (1 / 2) * (2 / 3) / (1 / 2 + 2 / 3)),
        "false_refusals": 2 / 5,
        "cost": (2 + 0.5 * 2) / 8,  # the missed one and the wrong answer, and half for each false refusal
        "false_refusal_cost": 0.5 * 2 / 8,
    }
    dear = refusal.scores(should, refused, right, false_refusal=1)
    assert (dear["cost"], dear["false_refusal_cost"]) == (4 / 8, 2 / 8)
    free = refusal.scores(should, refused, right, false_refusal=0)
    assert (free["cost"], free["false_refusal_cost"]) == (2 / 8, 0)


def test_shares_of_nothing():
    none = refusal.scores([], [], [])
    assert set(none.values()) == {None}
    never = refusal.scores([F, T], [F, F], [T, F])
    assert (never["precision"], never["recall"], never["f1"], never["false_refusals"]) == (None, 0, 0, 0)
    answerable = refusal.scores([F], [F], [T])
    assert (answerable["recall"], answerable["f1"], answerable["cost"]) == (None, None, 0)


def test_an_answer_to_what_should_be_refused_is_wrong_whatever_is_said_of_it():
    assert refusal.scores([T], [F], [T])["cost"] == 1


@pytest.mark.parametrize(
    ("arguments", "weight", "said"),
    [
        (([T], [T, F], [T]), 0.5, "1 questions, 2 refusals, 1 verdicts"),
        (([T], [T], [T]), 1.5, "false_refusal = 1.5"),
    ],
)
def test_scores_of_what_does_not_fit(arguments, weight, said):
    with pytest.raises(InputError, match=said):
        refusal.scores(*arguments, false_refusal=weight)


rows = st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=30)


@given(rows)
def test_agrees_with_scikit_learn(found):
    should, refused, right = (list(column) for column in zip(*found, strict=True))
    scores = refusal.scores(should, refused, right)
    precision, recall, f1, _ = precision_recall_fscore_support(
        should, refused, average="binary", zero_division=np.nan
    )
    for name, value in (("precision", precision), ("recall", recall), ("f1", f1)):
        if scores[name] is None:
            assert np.isnan(value)
        else:
            assert scores[name] == pytest.approx(value)


def test_the_curve_by_hand():
    curve = refusal.risk_coverage([0.9, 0.8, 0.6, 0.6, 0.3], [T, F, T, T, F])
    assert curve["points"] == [
        (1 / 5, 0, 0.9),
        (2 / 5, 1 / 2, 0.8),
        (4 / 5, 1 / 4, 0.6),  # both of 0.6 together: no point at 3/5
        (1, 2 / 5, 0.3),
    ]
    assert curve["aurc"] == pytest.approx((0 + 1 / 2 + 1 / 4 + 1 / 4 + 2 / 5) / 5)


def test_perfect_hopeless_and_blind_confidence():
    order = [0.9, 0.8, 0.7, 0.6]
    assert refusal.risk_coverage(order, [T, T, T, T])["aurc"] == 0
    assert refusal.risk_coverage(order, [F, F, F, F])["aurc"] == 1
    assert refusal.risk_coverage([0.5] * 4, [T, F, T, T]) == {"points": [(1, 0.25, 0.5)], "aurc": 0.25}
    best = refusal.risk_coverage(order, [T, T, F, F])["aurc"]
    worst = refusal.risk_coverage(order, [F, F, T, T])["aurc"]
    assert best == pytest.approx((0 + 0 + 1 / 3 + 2 / 4) / 4)
    assert worst == pytest.approx((1 + 1 + 2 / 3 + 2 / 4) / 4)


def test_no_questions_have_no_curve():
    assert refusal.risk_coverage([], []) == {"points": [], "aurc": None}


judged = st.lists(
    st.tuples(st.sampled_from([0, 0.1, 0.25, 0.5, 0.5001, 1]), st.booleans()), min_size=1, max_size=25
)


@given(judged)
def test_agrees_with_the_definition(found):
    """Risk at the threshold of each question's own confidence, with NumPy and no sorting."""
    confidence, right = (np.array(column) for column in zip(*found, strict=True))
    curve = refusal.risk_coverage(list(map(float, confidence)), list(map(bool, right)))
    risks = [1 - right[confidence >= threshold].mean() for threshold in confidence]
    assert curve["aurc"] == pytest.approx(np.mean(risks))
    assert curve["points"] == [
        pytest.approx(((confidence >= t).mean(), 1 - right[confidence >= t].mean(), t))
        for t in sorted(set(confidence.tolist()), reverse=True)
    ]


@given(st.lists(st.booleans(), min_size=1, max_size=25))
def test_without_ties_it_is_the_mean_of_prefix_risks(right):
    wrong = np.cumsum([not ok for ok in right]) / np.arange(1, len(right) + 1)
    confidence = [1 - i / 100 for i in range(len(right))]
    assert refusal.risk_coverage(confidence, right)["aurc"] == pytest.approx(wrong.mean())


@given(judged, st.randoms(use_true_random=False))
def test_coverage_grows_and_the_order_of_questions_does_not_matter(found, random):
    curve = refusal.risk_coverage(*zip(*found, strict=True))
    coverages = [coverage for coverage, _, _ in curve["points"]]
    assert coverages == sorted(set(coverages))
    assert coverages[-1] == 1
    mixed = random.sample(found, len(found))
    assert refusal.risk_coverage(*zip(*mixed, strict=True)) == curve


@pytest.mark.parametrize(
    ("confidence", "right", "said"),
    [([0.5], [], "1 confidences for 0 answers"), ([0.5, float("nan")], [T, F], "confidence of nan")],
)
def test_a_curve_of_what_can_not_be_ranked(confidence, right, said):
    with pytest.raises(InputError, match=said):
        refusal.risk_coverage(confidence, right)


def test_examples_in_docstrings():
    done = doctest.testmod(refusal)
    assert done.attempted > 0
    assert done.failed == 0
