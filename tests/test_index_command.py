"""`zhiyin index`: what it prints, what it returns, and what it leaves on disk."""

import json
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from rag.encoder import embed
from rag.errors import ConfigError, EmptyDocument, IndexLocked, InputError, NoIndex
from rag.index import command, readers
from rag.index import pipeline as steps
from rag.store import Snapshot, generations, writing

from .index_kit import HashEmbedder, pipeline, write


@pytest.fixture(autouse=True)
def light(monkeypatch):
    """A quick embedder and pipeline; what is under test is the command."""
    monkeypatch.setattr(embed, "load_embedder", lambda settings: HashEmbedder())
    monkeypatch.setattr("rag.index.build.default_pipeline", pipeline)


def run(*arguments):
    app = typer.Typer()
    app.callback()(lambda: None)
    command.register(app)
    return CliRunner().invoke(app, ["index", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def docs(tmp_path):
    return write(tmp_path / "docs", a="甲。", b="乙。")


def test_it_tells_what_it_did(docs, isolated_home):
    result = run(docs)
    assert result.exit_code == 0
    assert "新增 2" in result.stdout
    assert "新算向量 2" in result.stdout
    assert "000001" in result.stdout
    assert result.stderr == ""
    assert [info.source for info in Snapshot.open(isolated_home).sources()] == ["a.txt", "b.txt"]
    assert "没有变化" in run(docs).stdout


def test_it_speaks_english(docs, monkeypatch):
    monkeypatch.setenv("ZHIYIN_LANG", "en")
    assert "documents: 2 added" in run(docs).stdout
    assert "Build the index" in run("--help").stdout


def test_json_has_the_whole_result(docs):
    write(docs, bad=" ")
    result = run(docs, "--json")
    row = json.loads(result.stdout)
    assert row["added"] == ["a.txt", "b.txt"]
    assert (row["chunks"], row["embedded"], row["reused"]) == (2, 2, 0)
    assert [source for source, _ in row["skipped"]] == ["bad.txt"]
    assert result.exit_code == 3


def test_what_was_skipped_is_named_on_stderr_and_in_the_exit_code(docs):
    write(docs, bad=" ")
    result = run(docs, "--quiet")
    assert result.exit_code == 3
    assert result.stdout == ""
    assert "bad.txt" in result.stderr
    assert "no text" in result.stderr


def test_without_paths_it_takes_the_seeds(isolated_home):
    assert run().exit_code == 0
    sources = Snapshot.open(isolated_home).sources()
    assert len(sources) == 5
    assert all(info.source.endswith(".txt") for info in sources)


def test_add_and_remove(docs, tmp_path, isolated_home):
    run(docs)
    assert "新增 1" in run(write(tmp_path / "more", c="丙。"), "--add").stdout
    assert "删除 2" in run("--remove", "a.txt", "--remove", "b.txt").stdout
    assert [info.source for info in Snapshot.open(isolated_home).sources()] == ["c.txt"]


def test_verify(docs, isolated_home):
    with pytest.raises(NoIndex):
        run("--verify")
    run(docs)
    assert "完好" in run("--verify").stdout
    assert json.loads(run("--verify", "--json").stdout) == {"generation": "000001", "ok": True, "wrong": []}
    path = isolated_home / "index/generations/000001/vectors.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    result = run("--verify")
    assert result.exit_code == 1
    assert "vectors.npy" in result.stderr
    assert json.loads(run("--verify", "--json").stdout)["ok"] is False


def test_settings_come_from_a_file(docs, tmp_path, isolated_home):
    (tmp_path / "settings.toml").write_text('index_type = "hnsw"\nkeep_generations = 1')
    run(docs)
    run(docs, "--config", tmp_path / "settings.toml")
    assert Snapshot.open(isolated_home).manifest.index == "hnsw"
    assert generations(isolated_home) == ["000002"]
    (tmp_path / "settings.toml").write_text("index_typ = 1")
    with pytest.raises(ConfigError, match="index_type"):
        run(docs, "--config", tmp_path / "settings.toml")


def test_errors_reach_the_caller(docs, tmp_path, isolated_home):
    with pytest.raises(InputError, match="nowhere"):
        run(tmp_path / "nowhere")
    with writing(isolated_home), pytest.raises(IndexLocked):
        run(docs)


@pytest.fixture
def dirty(tmp_path, monkeypatch):
    """A file for the real pipeline."""
    monkeypatch.undo()
    file = tmp_path / "辽宁.txt"
    file.write_text("辽宁省总工会2022年工作综述\n\n全省工会產(chǎn)业工人  共  有 26万人。\n", encoding="utf-8")
    return file


def test_explain_shows_the_rules(dirty):
    assert "辽宁.txt" in run("--explain", dirty).stdout


def test_explain_as_json_holds_edits_that_apply(dirty):
    from rag.offsets import apply
    from rag.types import Edit

    row = json.loads(run("--explain", dirty, "--json").stdout)
    raw = dirty.read_text("utf-8")
    assert row["source"] == "辽宁.txt"
    [part] = row["parts"]
    assert set(part) == {"title", "region", "period", "clean", "edits"}
    assert part["edits"]
    assert apply(raw, [Edit(*edit) for edit in part["edits"]]) == part["clean"]
    assert "chǎn" not in part["clean"]


def test_explain_says_why_a_file_can_not_be_read(dirty):
    dirty.write_bytes(b"")
    with pytest.raises(EmptyDocument):
        run("--explain", dirty)


def test_the_real_pipeline_knows_every_registered_format():
    made = steps.default_pipeline()
    assert {".txt", ".md", ".html", ".htm", ".pdf", ".docx", ".xlsx", ".xls", ".ods", ".pptx", ".odt", ".rtf", ".epub", ".eml", ".csv"} <= set(made.readers)
    assert readers.__name__ == "rag.index.readers"


def test_help_imports_nothing_heavy():
    code = ("import sys, typer; from rag.index import command; app = typer.Typer(); command.register(app);"
            "print({'numpy', 'torch', 'faiss', 'bm25s', 'rag.store', 'rag.index.build', 'rich.progress'} & set(sys.modules))")
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_without_paths_an_index_is_built_again_and_loses_nothing(docs, isolated_home):
    run(docs)
    assert run().exit_code == 0
    assert [info.source for info in Snapshot.open(isolated_home).sources()] == ["a.txt", "b.txt"]
