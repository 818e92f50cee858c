"""Runs on disk: whole or not there, read back as they were written."""

import json

import pytest

from rag.errors import InputError, StoreError
from rag.eval.runs import META, ROWS, Place, Ranked, Row, Run, load_run, new_folder, resolve, runs, save

ROW = Row(
    "a",
    "fact",
    "多少?\u2028\u0085",
    False,
    {"answer": "1", "refused": False},
    expected=(("1", "2"),),
    evidence=(("a.txt", "x"), ("b.txt", "y")),
    history=(("q", "a"),),
    reason="wrong answer",
    stage="not_read",
    metrics={"right": 0.0, "f1": None},
    ms=1.5,
    support=0.25,
    violations=("[1] no",),
    evidence_at=(Place("a.txt", 1, 2), None),
    retrieved=(Ranked("a.txt", 0, 5, 0.5, (0, 1)), Ranked("b.txt", 0, 5, 0.4)),
)
RUN = Run({"gold": "g.jsonl", "started": "2026-01-01"}, (ROW,), {"n": 1})


def test_a_run_is_read_back_as_it_was_written(tmp_path):
    saved = save(RUN, tmp_path / "run", {"report.html": "<p>"})
    again = load_run(tmp_path / "run")
    assert again == saved
    assert again.rows == (ROW,)
    assert (tmp_path / "run" / "report.html").read_text(encoding="utf-8") == "<p>"
    assert [p.name for p in tmp_path.iterdir()] == ["run"]  # nothing half-written is left


def test_a_run_takes_the_place_of_an_older_one_and_of_nothing_else(tmp_path):
    save(RUN, tmp_path / "run")
    save(Run(RUN.meta, (), {"n": 0}), tmp_path / "run")
    assert load_run(tmp_path / "run").rows == ()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(InputError, match="mine"):
        save(RUN, tmp_path / "mine")
    assert (tmp_path / "mine" / "letter.txt").is_file()


def test_a_disk_that_fails_leaves_the_older_run(tmp_path, monkeypatch):
    from pathlib import Path

    save(RUN, tmp_path / "run")
    real = Path.write_text

    def full(self, *a, **more):
        if self.name == ROWS:
            raise OSError(28, "No space left on device")
        return real(self, *a, **more)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(StoreError, match="No space left"):
        save(Run({}, (), {}), tmp_path / "run")
    assert load_run(tmp_path / "run").rows == (ROW,)
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_runs_are_found_by_path_by_name_and_as_the_last(tmp_path, monkeypatch):
    monkeypatch.setenv("ZHIYIN_HOME", str(tmp_path / "home"))
    first = save(RUN, new_folder("some gold.jsonl")).folder
    second = save(RUN, new_folder("some gold.jsonl")).folder
    assert first.parent == runs()
    assert first != second
    assert "some-gold" in first.name
    assert resolve(first.name) == resolve(str(first)) == first
    assert resolve("last") == max(first, second)
    with pytest.raises(InputError, match=first.name):
        resolve("nowhere")


@pytest.mark.parametrize("damage", ["{", "[]", '{"id": "a"}', ""])
def test_a_damaged_run_names_file_and_line(tmp_path, damage):
    folder = save(RUN, tmp_path / "run").folder
    with (folder / ROWS).open("a", encoding="utf-8") as file:
        file.write(damage + "\n")
    with pytest.raises(InputError, match=r"rows\.jsonl, line 2"):
        load_run(folder)


def test_a_run_without_meta_is_none(tmp_path):
    folder = save(RUN, tmp_path / "run").folder
    (folder / META).write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="damaged"):
        load_run(folder)


def test_rows_are_plain_json(tmp_path):
    folder = save(RUN, tmp_path / "run").folder
    [line] = (folder / ROWS).read_bytes().decode("utf-8").split("\n")[:-1]
    assert json.loads(line)["evidence_at"] == [{"source": "a.txt", "start": 1, "end": 2}, None]
