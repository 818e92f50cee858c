"""A grid of settings, measured once each, and homes of their own."""

import json
import os

import pytest
from typer.testing import CliRunner

from rag.cli.main import build as command_line
from rag.config import Settings, home
from rag.errors import ConfigError, InputError, ZhiyinError
from rag.eval import homes, sweep
from rag.eval.runs import Row, Run
from rag.session import Session

from .answers import FakeBot

TEXTS = {"a.txt": "会员总数已达28万余人。"}
LINE = {"id": "a", "kind": "fact", "question": "会员总数", "answers": [["28万"]], "evidence": [["a.txt", "会员总数已达28万余人"]]}


def test_a_grid_is_all_combinations():
    assert sweep.grid(["top_k=5,10", "lexical=true,false"]) == [
        {"top_k": 5, "lexical": True},
        {"top_k": 5, "lexical": False},
        {"top_k": 10, "lexical": True},
        {"top_k": 10, "lexical": False},
    ]
    assert sweep.grid(["dense_weight=0.5", "embedder=bundled"]) == [{"dense_weight": 0.5, "embedder": "bundled"}]


@pytest.mark.parametrize("wishes", [["top_k"], ["top_k="], ["top_k=1", "top_k=2"], [f"top_k={','.join(map(str, range(501)))}"]])
def test_a_wish_that_can_not_be_read(wishes):
    with pytest.raises(ConfigError):
        sweep.grid(wishes)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("ZHIYIN_HOME", str(tmp_path / "home"))
    gold = tmp_path / "gold.jsonl"
    gold.write_text(json.dumps(LINE), encoding="utf-8")
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.txt").write_text(TEXTS["a.txt"], encoding="utf-8")
    built = []
    monkeypatch.setattr(homes, "build", lambda folder, paths, settings: built.append((folder, settings)))
    asked = []

    def make_bot(settings):
        asked.append((settings, home()))
        return FakeBot(TEXTS)

    return gold, docs, Session(make_bot=make_bot), built, asked


def measure(place, *wishes):
    gold, docs, session, _, _ = place
    return list(sweep.sweep(session, gold, Settings(), sweep.grid(wishes), [docs]))


def test_each_combination_is_measured_in_its_own_index(place):
    _, _, _, built, asked = place
    points = measure(place, "chunk_tokens=80,160", "top_k=5,10")
    assert [p.label for p in points] == [
        "chunk_tokens=80, top_k=5", "chunk_tokens=80, top_k=10", "chunk_tokens=160, top_k=5", "chunk_tokens=160, top_k=10",
    ]
    assert [p.quality for p in points] == [1.0] * 4
    homes_ = [folder for folder, _ in built]
    assert homes_[0] == homes_[1] != homes_[2] == homes_[3]  # top_k needs no index of its own
    assert [where for _, where in asked] == homes_
    assert [s.top_k for s, _ in asked] == [5, 10, 5, 10]
    assert os.environ["ZHIYIN_HOME"] == str(home())


def test_what_was_measured_is_not_measured_again(place):
    gold, docs, _, _, asked = place
    measure(place, "top_k=5,10")
    again = measure(place, "top_k=5,10,15")
    assert [p.cached for p in again] == [True, True, False]
    assert len(asked) == 3
    (docs / "a.txt").write_text("会员总数已达28万余人。又及。", encoding="utf-8")
    assert [p.cached for p in measure(place, "top_k=5")] == [False]
    gold.write_text(json.dumps(LINE | {"id": "b"}), encoding="utf-8")
    assert [p.cached for p in measure(place, "top_k=5")] == [False]


def test_a_wrong_setting_is_told_before_anything_is_measured(place):
    with pytest.raises(ConfigError, match="top_l"):
        measure(place, "top_l=5")
    with pytest.raises(ConfigError, match="out of range"):
        measure(place, "top_k=5,0")
    assert place[4] == []


def test_the_command_prints_a_table_and_writes_a_page(place, tmp_path):
    gold, docs, session, _, _ = place
    out = tmp_path / "sweep.html"
    arguments = ["eval", "sweep", str(gold), "--docs", str(docs), "--set", "top_k=5,10", "--out", str(out)]
    done = CliRunner().invoke(command_line(), arguments, obj=session, catch_exceptions=False)
    assert done.exit_code == 0
    assert "top_k=5" in done.output
    assert "100.0%" in done.output
    page = out.read_text(encoding="utf-8")
    assert "top_k=10" in page
    assert "<svg" in page
    told = CliRunner().invoke(command_line(), [*arguments, "--json"], obj=session, catch_exceptions=False)
    assert [p["cached"] for p in json.loads(told.stdout)] == [True, True]


def point(quality, ms):
    run = Run({}, (Row("a", "fact", "?", True, {}),), {"overall": {"right": quality}, "latency_ms": {"median": ms}})
    return sweep.Point({"top_k": ms}, run, False)


def test_the_front_holds_what_nothing_beats_in_both():
    points = [point(0.9, 30), point(0.8, 10), point(0.8, 20), point(0.95, 50), point(0.7, 60)]
    assert [(p.quality, p.ms) for p in sweep.front(points)] == [(0.8, 10), (0.9, 30), (0.95, 50)]
    alike = [point(0.9, 11.2), point(0.9, 10.7), point(0.85, 10.0)]
    assert [p.ms for p in sweep.front(alike)] == [11.2]  # half a millisecond is no reason to leave what was given first


def test_settings_of_questions_are_swept_over_the_home_s_own_index(place):
    gold, _, session, built, asked = place
    points = list(sweep.sweep(session, gold, Settings(), sweep.grid(["top_k=5,10"]), ()))
    assert [p.cached for p in points] == [False, False]
    assert built == []
    assert [where for _, where in asked] == [home(), home()]
    with pytest.raises(InputError, match="chunk_tokens"):
        list(sweep.sweep(session, gold, Settings(), sweep.grid(["chunk_tokens=40"]), ()))


def test_settings_survive_toml():
    import tomllib

    from rag.config import _build

    settings = Settings(embedder='a "quoted" \\ path\n', lexical=False, dense_weight=0.25)
    assert _build(tomllib.loads(homes.to_toml(settings)), "x") == settings


def test_a_home_for_a_while(tmp_path, monkeypatch):
    monkeypatch.delenv("ZHIYIN_HOME", raising=False)
    with homes.at_home(tmp_path):
        assert home() == tmp_path
    assert "ZHIYIN_HOME" not in os.environ
    with homes.temporary_home() as folder:
        assert home() == folder
    assert not folder.parent.exists()


@pytest.mark.slow
def test_an_index_of_its_own_is_built_by_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("ZHIYIN_HOME", str(tmp_path / "home"))
    (tmp_path / "a.txt").write_text("2022年湖北工会培训职工4.7万人次。", encoding="utf-8")
    folder = homes.indexed([tmp_path / "a.txt"], Settings(chunk_tokens=40))
    assert (folder / "index" / "CURRENT").is_file()
    assert folder.is_relative_to(tmp_path / "home" / "cache")
    assert homes.indexed([tmp_path / "a.txt"], Settings(chunk_tokens=40, top_k=3)) == folder
    with pytest.raises(InputError, match="nowhere"):
        homes.indexed([tmp_path / "nowhere"], Settings())
    (tmp_path / "empty").mkdir()
    with pytest.raises(ZhiyinError, match="indexing failed"):
        homes.indexed([tmp_path / "empty"], Settings())
