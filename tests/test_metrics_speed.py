"""Latency by hand and against NumPy; characters shown, counted by hand."""

import dataclasses
import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.eval.metrics import speed

from .answers import answer, refusal


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.95, None),
        ([3], 0.95, 3),
        (list(range(1, 21)), 0.95, 19),
        (list(range(1, 101)), 0.95, 95),
        ([2, 1], 0.5, 1),
        ([3, 1, 2], 0.0, 1),
        ([3, 1, 2], 1.0, 3),
    ],
)
def test_percentile_is_nearest_rank(values, share, expected):
    assert speed.percentile(values, share) == expected


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60), st.integers(1, 100))
def test_percentile_is_numpys_inverted_cdf(values, percent):
    share = percent / 100
    assert speed.percentile(values, share) == np.quantile(values, share, method="inverted_cdf")


def test_latency_by_hand():
    assert speed.latency([10.0, 40.0, 20.0]) == {"median": 20, "p95": 40, "mean": pytest.approx(70 / 3)}
    assert speed.latency([10.0, 20.0])["median"] == 15
    assert speed.latency([]) == {"median": None, "p95": None, "mean": None}


def test_cold_start_holds_the_first_answer():
    assert speed.cold_start(1.5, 250) == 1.75


def test_characters_shown_by_hand():
    raw = "会员 总数\n28万余人。"
    one = answer("?", "28万 余人", [("a.txt", raw, 0, len(raw))])
    assert one.answer == "28万 余人[1]"
    assert speed.shown(one) == 5 + 10
    twice = dataclasses.replace(one, citations=(*one.citations, dataclasses.replace(one.citations[0], n=2)))
    assert speed.shown(twice) == 15
    other = dataclasses.replace(one.citations[0], n=2, start=3, end=5, quote="总数")
    assert speed.shown(dataclasses.replace(one, citations=(*one.citations, other))) == 17
    assert speed.shown(refusal("?")) == len("资料中没有找到。")


def test_examples_in_docstrings():
    done = doctest.testmod(speed)
    assert done.attempted > 0
    assert done.failed == 0
