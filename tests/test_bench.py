"""The benchmark measures what it says, in a home of its own."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rag.cli import build
from rag.config import home
from rag.eval import bench, rows
from rag.session import Session

from .answers import FakeBot


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    seen = []

    def make_bot(settings):
        seen.append((FakeBot({"a.txt": "没有。"}), home(), (home() / "index").parent.is_dir()))
        return seen[-1][0]

    figures = bench.measure(make_bot)
    return figures, seen


@pytest.mark.slow
def test_every_question_is_asked_twice_in_a_home_that_goes_away(measured):
    figures, [(bot, used, was_there)] = measured
    gold = rows.load(rows.bundled())
    assert [question for question, _, _ in bot.asked] == [row.question for row in gold] * 2
    assert figures["questions"] == len(gold)
    assert was_there
    assert not used.exists()
    assert "zhiyin-bench-" in str(used)


@pytest.mark.slow
def test_figures_are_figures(measured):
    figures, _ = measured
    assert figures["index_chunks"] > 50
    assert 0 < figures["help_seconds"] < figures["index_seconds"]
    assert 0 <= figures["warm_median_ms"] <= figures["warm_p95_ms"]
    for name in ("index_peak_mb", "answering_peak_mb"):
        assert 10 < figures[name] < 100_000
    assert json.loads(json.dumps(figures)) == figures


def test_the_home_is_put_back(monkeypatch, isolated_home):
    with bench._temporary_home() as environment:
        assert home() == Path(environment["ZHIYIN_HOME"])
    assert home() == isolated_home
    monkeypatch.delenv("ZHIYIN_HOME")
    with pytest.raises(KeyError), bench._temporary_home():
        raise KeyError
    assert "ZHIYIN_HOME" not in os.environ


FIGURES = {
    "index_seconds": 1.25, "index_chunks": 3, "index_peak_mb": 7, "ready_seconds": 0.5, "first_answer_ms": 9.5, "questions": 2,
    "warm_median_ms": 4.0, "warm_p95_ms": 5.0, "help_seconds": 0.2, "answering_peak_mb": 8, "cores": 2, "python": "3.11.7",
}  # fmt: skip


@pytest.mark.parametrize(("option", "shown"), [((), "1.25 s"), (("--json",), '"index_seconds": 1.25')])
def test_the_command_prints(monkeypatch, option, shown):
    monkeypatch.setattr(bench, "measure", lambda make_bot: FIGURES)
    done = CliRunner().invoke(build(), ["bench", *option], obj=Session(), catch_exceptions=False)
    assert shown in done.stdout
    assert "4.0" in done.stdout
