"""A small load with a swap in the middle: nothing fails, nothing is lost, nothing is mixed up."""

import pytest

from . import load


@pytest.mark.slow
def test_many_ask_while_the_index_grows():
    figures = load.run(load.parser().parse_args(["--users", "8", "--seconds", "6", "--documents", "40"]))
    assert figures["wrong"] == []
    assert figures["asked"] == figures["answered"] > 8
    assert len(figures["generations"]) == 2
    assert figures["memory_mb"]["end"] < 1.5 * figures["memory_mb"]["start"]


def test_what_goes_wrong_is_told():
    seen = load.Seen(asked=3, told=2, wrong=["1-1: gone"], memory=[(0.5 * n, 100.0) for n in range(20)])
    seen.seconds["1"] = [0.1, 0.2]
    seen.answers["1", "q"] = {"a", "b"}
    figures = load.report(seen, 5.0, 10.0)
    assert figures["wrong"] == ["1-1: gone", "2 answers of one generation to 'q'"]
    assert (figures["asked"], figures["answered"], figures["p50_ms"]) == (3, 2, 150)
    assert figures["memory_mb"] == {"start": 100, "before_swap": 100, "peak": 100, "end": 100}
