"""Retrieval metrics by ir_measures, against hand-worked values and a computation that knows nothing of TREC."""

import doctest
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import InputError
from rag.eval.metrics import retrieval

NAMES = ["recall@1", "recall@5", "recall@10", "recall@20", "rr", "ndcg@10"]


def discount(rank):
    return 1 / math.log2(rank + 1)


def test_by_hand():
    found = retrieval.score([[], [0, 1], [1], [2]], 4)
    assert list(found) == NAMES
    assert (found["recall@1"], found["recall@5"], found["rr"]) == (0, 0.75, 0.5)
    # items: nothing, piece 0, piece 1, nothing new, piece 2; the ideal has four pieces at ranks 1 to 4
    ideal = sum(map(discount, (1, 2, 3, 4)))
    assert found["ndcg@10"] == pytest.approx((discount(2) + discount(3) + discount(5)) / ideal)


@pytest.mark.parametrize(
    ("ranked", "pieces", "expected"),
    [
        ([[0]], 1, (1, 1, 1, 1, 1, 1)),
        ([[0, 1]], 2, (1, 1, 1, 1, 1, 1)),  # one passage is enough for both
        ([[0], [1]], 2, (0.5, 1, 1, 1, 1, 1)),  # two in the best order are as good, but for recall@1
        ([[1], [0]], 2, (0.5, 1, 1, 1, 1, 1)),  # pieces are equals
        ([], 2, (0, 0, 0, 0, 0, 0)),
        ([[]] * 30, 2, (0, 0, 0, 0, 0, 0)),
        ([[]] * 19 + [[0]], 1, (0, 0, 0, 1, 1 / 20, 0)),
        ([[]] * 20 + [[0]], 1, (0, 0, 0, 0, 1 / 21, 0)),
        ([[]] * 9 + [[0]], 1, (0, 0, 1, 1, 1 / 10, discount(10))),
        ([[]] * 4 + [[0]], 1, (0, 1, 1, 1, 1 / 5, discount(5))),
        ([[0], [0], [0]], 2, (0.5, 0.5, 0.5, 0.5, 1, 1 / (1 + discount(2)))),  # again is not more
        ([[0, 0]], 1, (1, 1, 1, 1, 1, 1)),
    ],
)
def test_cases(ranked, pieces, expected):
    assert list(retrieval.score(ranked, pieces).values()) == pytest.approx(expected)


def naive(ranked, pieces):
    """Walk down the passages; no documents, no qrels."""
    seen, items, recall = set(), [], {}
    for rank, covered in enumerate(ranked, 1):
        new = set(covered) - seen
        seen |= new
        items += [1] * len(new) or [0]
        recall[rank] = len(seen) / pieces
    out = {f"recall@{k}": recall[min(k, len(ranked))] if ranked else 0 for k in (1, 5, 10, 20)}
    out["rr"] = 1 / (items.index(1) + 1) if 1 in items else 0
    gained = sum(gain * discount(i) for i, gain in enumerate(items[:10], 1))
    out["ndcg@10"] = gained / sum(discount(i) for i in range(1, min(pieces, 10) + 1))
    return out


questions = st.integers(1, 12).flatmap(
    lambda pieces: st.tuples(
        st.lists(st.lists(st.integers(0, pieces - 1), max_size=3), max_size=30), st.just(pieces)
    )
)


@given(st.lists(questions, max_size=6))
def test_agrees_with_a_naive_computation(asked):
    found = retrieval.score_many(asked)
    assert len(found) == len(asked)
    for (ranked, pieces), values in zip(asked, found, strict=True):
        assert values == pytest.approx(naive(ranked, pieces), abs=1e-9)


@given(questions)
def test_bounds_order_and_a_passage_moved_up(question):
    ranked, pieces = question
    values = retrieval.score(ranked, pieces)
    assert all(0 <= value <= 1 + 1e-12 for value in values.values())
    assert values["recall@1"] <= values["recall@5"] <= values["recall@10"] <= values["recall@20"]
    assert retrieval.score([range(pieces), *ranked], pieces) == pytest.approx(dict.fromkeys(NAMES, 1.0))


def test_many_are_in_order_and_do_not_touch_each_other():
    asked = [([[0]], 1), ([[], [0]], 1), ([], 3)] * 20
    found = retrieval.score_many(asked)
    assert [values["rr"] for values in found] == [1, 0.5, 0] * 20
    assert found == [retrieval.score(*question) for question in asked[:3]] * 20
    assert retrieval.score_many([]) == []


@pytest.mark.parametrize(
    ("ranked", "pieces", "said"),
    [
        ([[0]], 0, "without evidence"),
        ([[0], [2]], 2, "rank 2 covers evidence 2; there is only 0 to 1"),
        ([[-1]], 2, "rank 1 covers evidence -1"),
    ],
)
def test_what_can_not_be_scored(ranked, pieces, said):
    with pytest.raises(InputError, match=said):
        retrieval.score(ranked, pieces)


def test_examples_in_docstrings():
    done = doctest.testmod(retrieval)
    assert done.attempted > 0
    assert done.failed == 0
