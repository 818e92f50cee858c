"""The benchmark of scale: its vectors, its recall by hand, and a small run of every kind."""

import json
import lzma
from io import StringIO

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from rag.cli.main import build
from rag.errors import InputError
from rag.eval import scale, scale_vectors
from rag.store.kinds import KINDS


def test_recall_by_hand():
    exact = np.array([[0.9, 0.8, 0.7, 0.6], [0.5, 0.5, 0.4, 0.1]], np.float32)
    assert scale.recall([[0.9, 0.8, 0.7, 0.6], [0.5, 0.5, 0.4, 0.1]], exact, 4) == 1.0
    assert scale.recall([[0.9, 0.7, 0.6], [0.5, 0.4, 0.1]], exact, 2) == 0.5  # 0.9 of two, 0.5 of two
    assert scale.recall([[], [0.5, 0.5]], exact, 2) == 0.5
    assert scale.recall([[0.9, 0.8 - 1e-6], [0.5, 0.5]], exact, 2) == 1.0  # the same but for rounding


def test_text_is_cut_into_whole_sentences():
    text = "一二三。" * 100 + "尾"
    pieces = list(scale_vectors._cut(text))
    assert all(piece.endswith("。") and len(piece) <= scale_vectors.PIECE for piece in pieces[:-1])
    assert text.startswith("".join(pieces))


@pytest.fixture
def data(tmp_path):
    rows = [{"text": f"第{n}条　职工{n * 7}人，其中女职工{n * 3}人，困难职工{n}人，由第{n % 11}工会负责帮扶，每年走访{n % 5}次以上，并且登记在册。"} for n in range(600)]
    with lzma.open(tmp_path / "law.jsonl.xz", "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (tmp_path / "pairs.jsonl").write_text('{"query": "别的", "passage": "格式"}\n', encoding="utf-8")
    (tmp_path / "README.md").write_text("no data")
    return tmp_path


def test_vectors_of_text_are_repeated_with_noise_up_to_the_number(data, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    source = scale_vectors.make(out, 2000, data, 20)
    vectors, queries = np.load(out / "vectors.npy"), np.load(out / "queries.npy")
    assert (source.name, source.texts, source.dim) == ("text", 580, vectors.shape[1])
    assert vectors.shape[0] == 2000 and queries.shape == (20, source.dim)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(2000), abs=1e-5)
    cosines = (vectors[580:1160] * vectors[:580]).sum(axis=1)
    assert float(np.median(cosines)) == pytest.approx(source.cosine, abs=0.03)
    assert source.cosine > 0.5
    assert len(np.unique(vectors.round(5), axis=0)) == 2000  # no two are the same
    again = tmp_path / "again"
    again.mkdir()
    scale_vectors.make(again, 2000, data, 20)
    assert np.array_equal(np.load(again / "vectors.npy"), vectors)


def test_more_text_than_chunks_is_thinned_out(data, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    assert scale_vectors.make(out, 100, data, 20).texts == 100
    assert np.load(out / "vectors.npy").shape[0] == 100


def test_a_folder_without_text(tmp_path):
    with pytest.raises(InputError, match="0 pieces of text"):
        scale_vectors.make(tmp_path, 100, tmp_path, 20)
    with pytest.raises(InputError, match="no folder"):
        scale.measure(1000, tmp_path / "none")


@pytest.mark.slow
def test_every_kind_is_built_searched_and_measured():
    told = []
    figures = scale.measure(3000, None, queries=20, told=told.append)
    assert [row["kind"] for row in figures["kinds"]] == list(scale.ORDER)
    assert set(scale.ORDER) == set(KINDS)
    assert (figures["source"], figures["texts"], figures["noise_cosine"]) == ("synthetic", 0, None)
    by_kind = {row["kind"]: row for row in figures["kinds"]}
    assert by_kind["flat"]["recall_10"] == by_kind["flat"]["filtered_recall_10"] == 1.0
    for row in figures["kinds"]:
        assert 0.3 <= row["recall_10"] <= 1
        assert 0 < row["p50_ms"] <= row["p95_ms"]
        assert row["build_seconds"] >= 0 and row["disk_mb"] > 0
    assert by_kind["rabitq"]["disk_mb"] < by_kind["flat"]["disk_mb"] / 3
    assert json.loads(json.dumps(figures)) == figures
    assert len(told) == 1 + 2 * len(KINDS)
    drawn = StringIO()
    Console(width=80, file=drawn).print(scale.table(figures))
    assert all(kind in drawn.getvalue() for kind in KINDS)
    assert "\u2026" not in drawn.getvalue()  # nothing is cut off in the narrowest of terminals
    assert "人造" in scale.lines(figures)[0]


@pytest.mark.parametrize(("arguments", "said"), [
    (("scale", "--limit", "5"), "--limit"), (("--chunks", "2000"), "--chunks belongs to scale"),
    (("cmrc", "--chunks", "2000"), "--chunks belongs to scale"), (("scail",), "unknown benchmark 'scail'")])
def test_options_that_do_not_belong_together(arguments, said):
    with pytest.raises(InputError, match=said):
        CliRunner().invoke(build(), ["bench", *arguments], catch_exceptions=False)
