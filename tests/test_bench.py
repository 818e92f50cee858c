"""`zhiyin bench` without a name measures what it says, in a home of its own."""

import json
import os

import pytest
from typer.testing import CliRunner

from rag.cli.main import build
from rag.config import Settings, home, load
from rag.errors import ZhiyinError
from rag.eval import homes, rows, speed
from rag.session import Session

from .answers import FakeBot


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    seen = []

    def make_bot(settings):
        seen.append((FakeBot({"a.txt": "没有。"}), home(), (home() / "index").parent.is_dir()))
        return seen[-1][0]

    figures = speed.measure(make_bot)
    return figures, seen


@pytest.mark.slow
def test_every_question_is_asked_twice_in_a_home_that_goes_away(measured):
    figures, [(bot, used, was_there)] = measured
    gold = rows.load(rows.bundled())
    assert [question for question, _, _ in bot.asked] == [row.question for row in gold] * 2
    assert figures["questions"] == len(gold)
    assert was_there
    assert not used.exists()
    assert "zhiyin-" in str(used)


@pytest.mark.slow
def test_figures_are_figures(measured):
    figures, _ = measured
    assert figures["index_chunks"] > 50
    assert 0 < figures["help_seconds"] < figures["index_seconds"]
    assert 0 <= figures["warm_median_ms"] <= figures["warm_p95_ms"]
    # the limits that the bundled models are made for; the time on a busy machine is not held against them here
    assert 1 < figures["embedder_model_mb"] <= 45
    assert 1 < figures["reader_model_mb"] <= 66
    for kind in ("", "avx2_"):
        assert figures[f"{kind}embedder_passages"] > 1
        assert 1 < figures[f"{kind}reader_ms"] < 20_000
    for name in ("index_peak_mb", "answering_peak_mb"):
        assert 10 < figures[name] < 100_000
    assert json.loads(json.dumps(figures)) == figures


def test_settings_reach_the_index_and_the_bot(monkeypatch):
    made, told = [], []

    def run(arguments):
        told.append((arguments, load(None)))
        return {"seconds": 1.0, "output": '{"chunks": 1}'}

    def make_bot(settings):
        made.append(settings)
        return FakeBot({"a.txt": "没有。"})

    monkeypatch.setattr(speed, "_run", run)
    monkeypatch.setattr(speed, "model_figures", lambda settings: {})
    wanted = Settings(chunk_tokens=99, dense=False, embedder="文件夹")
    assert speed.measure(make_bot, wanted)["index_seconds"] == 1.0
    assert made == [wanted]
    assert [arguments for arguments, _ in told] == [["index", "--json"], *[["--help"]] * speed.STARTS]
    assert {settings for _, settings in told} == {wanted}


def test_the_home_is_put_back(monkeypatch, isolated_home):
    with pytest.raises(KeyError), homes.temporary_home() as used:
        assert home() == used
        raise KeyError
    assert home() == isolated_home
    monkeypatch.delenv("ZHIYIN_HOME")
    with homes.temporary_home():
        pass
    assert "ZHIYIN_HOME" not in os.environ


def test_a_command_that_fails_is_told_with_its_words():
    with pytest.raises(
        ZhiyinError, match=r"`python -m rag frobnicate` ended with 2: (?s:.*)No such command 'frobnicate'"
    ):
        speed._run(["frobnicate"])


FIGURES = {
    "index_seconds": 1.25, "index_chunks": 3, "index_peak_mb": 7, "ready_seconds": 0.5, "first_answer_ms": 9.5, "questions": 2,
    "warm_median_ms": 4.0, "warm_p95_ms": 5.0, "help_seconds": 0.2, "answering_peak_mb": 8,
    "embedder_model_mb": 20.0, "embedder_passages": 900.5, "avx2_embedder_passages": 800.5, "reader_model_mb": 13.4, "reader_ms": 99.5,
    "avx2_reader_ms": 150.5, "cores": 2, "python": "3.11.7",
}  # fmt: skip


@pytest.mark.parametrize(("option", "shown"), [((), "1.25 s"), (("--json", "-"), '"index_seconds": 1.25')])
def test_the_command_prints(monkeypatch, option, shown):
    monkeypatch.setattr(speed, "measure", lambda make_bot, settings: FIGURES)
    done = CliRunner().invoke(build(), ["bench", *option], obj=Session(), catch_exceptions=False)
    assert shown in done.stdout
    assert "4.0" in done.stdout
