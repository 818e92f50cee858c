"""`zhiyin eval report`: the report of a stored run, written again."""

import pytest
from typer.testing import CliRunner

from rag.cli.main import build
from rag.errors import InputError
from rag.eval.report.page import write
from rag.eval.runs import load_run, runs, save
from rag.session import Session

from . import report_kit as kit


def zhiyin(*arguments):
    return CliRunner().invoke(
        build(), ["eval", "report", *map(str, arguments)], obj=Session(), catch_exceptions=False
    )


@pytest.fixture
def stored():
    return save(kit.make_run(), runs() / "20260302-091405-library")


def test_it_writes_into_the_run(stored):
    file = stored.folder / "report.html"
    done = zhiyin("last")
    assert (done.exit_code, done.stdout) == (0, f"报告：{file}\n")
    assert file.read_text(encoding="utf-8") == write(load_run(stored.folder))
    assert "34\u00a0道正确" in file.read_text(encoding="utf-8")


def test_it_writes_to_another_file_and_leaves_the_run_alone(stored, tmp_path):
    before = sorted(p.name for p in stored.folder.iterdir())
    zhiyin(stored.folder.name, "--out", tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == write(stored)
    assert sorted(p.name for p in stored.folder.iterdir()) == before


def test_what_was_saved_and_read_gives_the_same_page():
    """Also with the characters that some readers of lines take for the end of one."""
    row = kit.right_row()
    odd = "a\u2028b\u2029c\x85d\x1ce"
    rows = [row, kit.failures()["refused"], *kit.make_rows(10)]
    rows[0] = type(row)(
        **{f: getattr(row, f) for f in row.__dataclass_fields__}
        | {"candidate": odd, "right": False, "stage": "refused"}
    )
    run = kit.make_run(rows)
    folder = save(run, runs() / "odd").folder
    assert write(load_run(folder)) == write(run)


def test_it_can_be_compared_with_an_earlier_run(stored):
    earlier = save(kit.make_run(kit.make_rows(40, wrong=12)), runs() / "20260301-library")
    zhiyin("last", "--baseline", earlier.folder.name)
    html = (stored.folder / "report.html").read_text(encoding="utf-8")
    assert 'id="compared"' in html and "20260301-library" in html


def test_a_run_that_is_not_there():
    with pytest.raises(InputError, match="nowhere"):
        zhiyin("nowhere")


def test_a_place_that_can_not_be_written(stored, tmp_path):
    with pytest.raises(InputError, match="无法写入"):
        zhiyin("last", "--out", tmp_path)


def test_it_opens_the_browser_only_if_asked(stored, monkeypatch):
    opened = []
    monkeypatch.setattr("typer.launch", opened.append)
    zhiyin("last")
    assert opened == []
    zhiyin("last", "--open")
    assert opened == [(stored.folder / "report.html").as_uri()]
