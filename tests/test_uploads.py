"""What may be uploaded, and what an upload, a deletion and a build do."""

from __future__ import annotations

import io
import json
import struct
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from rag.bot import Bot
from rag.config import Settings
from rag.errors import DocumentError, DocumentTooLarge, UnreadableDocument, ZhiyinError
from rag.ui import library
from rag.ui.api.errors import problem, status_of
from rag.ui.guard import Guard
from rag.ui.indexing import Indexer
from rag.ui.library import FILES
from rag.ui.uploads import MAX_NAME, TYPES, check, safe_name
from rag.ui.who import Person

from . import ui_doubles as world


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("年报.txt", "年报.txt"), ("../../etc/passwd.txt", "passwd.txt"), ("C:\\Windows\\a.PDF", "a.pdf"),
        ("/abs/olute.md", "olute.md"), ("a\x00b\n.txt", "ab.txt"), ("exe\u202etxt.docx", "exetxt.docx"),
        ("...hidden.txt", "hidden.txt"), ("e\u0301.txt", "\u00e9.txt"), ("a b.html ", "a b.html"), ("x" * 300 + ".txt", "x" * (MAX_NAME - 4) + ".txt"),
        ("-rf.txt", "-rf.txt"), ("a<b>|?*.txt", "ab.txt"),
    ],
)  # fmt: skip
def test_a_name_is_its_last_part_without_tricks(given: str, kept: str) -> None:
    assert safe_name(given) == kept


@pytest.mark.parametrize(
    "given", ["", "txt", ".txt", "..", "../", "a.exe", "a.txt.exe", "con.txt", "a.docm", "acl.toml", "a.txt.acl.toml", "a.zip", "   .txt", "a.txt/"]
)  # fmt: skip
def test_some_names_can_not_be_used(given: str) -> None:
    with pytest.raises(UnreadableDocument):
        safe_name(given)


@given(st.text(max_size=200), st.sampled_from(["", *TYPES, ".exe"]))
def test_a_name_never_leads_anywhere(stem: str, ending: str) -> None:
    try:
        name = safe_name(stem + ending)
    except UnreadableDocument:
        return
    assert Path("/up", name).parent == Path("/up") and name not in ("", ".", "..")
    assert not name.startswith(".") and name.endswith(TYPES) and len(name) <= MAX_NAME
    assert safe_name(name) == name


def archive(entries: dict[str, bytes], **options: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, **options) as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return out.getvalue()


DOCX = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<document/>"}
GOOD = {
    "a.txt": "文字".encode(), "b.md": "# 题".encode("gb18030"), "c.html": b"<p>x", "d.pdf": b"%PDF-1.7\n", "e.docx": archive(DOCX),
    "f.txt": "\ufeff文字".encode("utf-16"), "g.csv": "甲,乙".encode(), "h.rtf": b"{\\rtf1 x}", "i.xls": b"\xd0\xcf\x11\xe0\xa1\xb1", "j.eml": b"Subject: x",
    "k.xlsx": archive({"[Content_Types].xml": b"", "xl/workbook.xml": b""}), "l.odt": archive({"content.xml": b""}),
}  # fmt: skip
BAD = {
    "a.txt": b"%PDF-1.7", "b.txt": archive(DOCX), "c.md": b"\x7fELF\x01", "d.html": b"abc\x00def", "e.pdf": b"hello", "f.docx": b"PK\x03\x04 no",
    "g.docx": archive({"xl/workbook.xml": b""}), "h.docx": archive(DOCX | {"word/vbaProject.bin": b"x"}), "i.txt": b"",
    "j.txt": b"MZ\x90\x00", "k.xlsx": archive(DOCX), "l.rtf": b"rtf", "m.xls": b"PK\x03\x04", "n.pptx": archive({"ppt/presentation.xml": b""}), "o.csv": b"a\x00b",
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_what_is_what_it_says_is_taken(name: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(GOOD[name])
    check(tmp_path / "x", name, 1)


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_what_it_says_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(BAD[name])
    with pytest.raises(UnreadableDocument):
        check(tmp_path / "x", name, 1)


def overlapping() -> bytes:
    """A bomb whose entries share one body (Fifield, WOOT 2019): every local header is the same."""
    content = bytearray(archive(DOCX | {"word/a.xml": b"x" * 5000, "word/b.xml": b"y" * 5000}))
    at = [i for i in range(len(content)) if content[i : i + 4] == b"PK\x01\x02"]
    first = struct.unpack_from("<I", content, at[2] + 42)[0]
    struct.pack_into("<I", content, at[3] + 42, first)
    return bytes(content)


@pytest.mark.parametrize(
    "content",
    [
        archive(DOCX | {"word/big.xml": b"0" * (8 << 20)}),
        archive(DOCX | {f"word/{n}.xml": b"" for n in range(5100)}),
        overlapping(),
    ],
    ids=["ratio", "entries", "overlap"],
)  # fmt: skip
def test_bombs_are_refused_without_being_unpacked(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(content)
    started = time.monotonic()
    with pytest.raises(DocumentTooLarge):
        check(tmp_path / "x", "x.docx", 200)
    assert time.monotonic() - started < 5


@given(st.binary(max_size=300), st.sampled_from(TYPES))
def test_any_bytes_are_taken_or_refused(content: bytes, kind: str) -> None:
    import tempfile

    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        try:
            check(Path(file.name), "x" + kind, 1)
        except DocumentError:
            return
    assert content


# ---- over HTTP -----------------------------------------------------------------


class Noted:
    """Stands in for the Indexer: notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str | None] = []

    def state(self) -> dict[str, Any]:
        return {"running": False}

    def start(self, *, remove: str | None = None) -> dict[str, Any]:
        self.asked.append(remove)
        return {"running": True}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[TestClient, Path, Noted]]:
    app = FastAPI()
    noted = Noted()

    @app.middleware("http")
    async def believe(request: Request, follow):  # type: ignore[no-untyped-def]
        request.state.person = Person("anna", admin=request.headers.get("x-admin") == "yes")
        return await follow(request)

    @app.exception_handler(ZhiyinError)
    async def known(request: Request, error: ZhiyinError):  # type: ignore[no-untyped-def]
        return problem(request, status_of(error), str(error))

    library.add(app, world.canned_bot(), Settings(max_file_mb=1), tmp_path, indexer=noted)  # type: ignore[arg-type]
    app.add_middleware(Guard, hosts=None)
    with TestClient(app, headers={"x-admin": "yes"}) as client:
        yield client, tmp_path / "uploads", noted


def put(client: TestClient, name: str, content: Any, **headers: str) -> Any:
    return client.put(FILES, params={"name": name}, content=content, headers=headers)


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_a_file_larger_than_any_request_is_kept_under_a_safe_name(place: tuple[TestClient, Path, Noted]) -> None:
    client, folder, _ = place
    content = "年".encode() * 300_000
    assert put(client, "../../上级/年报.TXT", content).json() == {"name": "年报.txt", "replaced": False}
    assert (folder / "年报.txt").read_bytes() == content
    assert put(client, "年报.txt", b"new").json()["replaced"] is True
    assert files(folder.parent) == ["uploads/年报.txt"]  # and nothing else anywhere


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [("a.pdf", b"hello", 422), ("a.exe", b"MZ", 422), ("a.txt", b"", 422), ("a.txt", b"x" * (2 << 20), 413), ("hill.pdf", b"%PDF-", 422)],
)  # fmt: skip
def test_what_is_refused_leaves_nothing_behind(place: tuple[TestClient, Path, Noted], name: str, content: bytes, status: int) -> None:
    client, folder, noted = place
    answer = put(client, name, content)
    assert answer.status_code == status and answer.json()["detail" if "detail" in answer.json() else "error"]
    assert not folder.exists() or files(folder) == []
    assert noted.asked == []


def test_only_administrators_manage_and_others_do_not_learn_what_was_uploaded(place: tuple[TestClient, Path, Noted]) -> None:
    client, folder, noted = place
    put(client, "geheim.txt", b"x")
    no = {"x-admin": "no"}
    assert client.get("/api/library", headers=no).json() == {"admin": False}
    assert put(client, "a.txt", b"x", **no).status_code == 403
    assert client.delete(FILES, params={"source": "geheim.txt"}, headers=no).status_code == 403
    assert client.post("/api/library/index", headers=no).status_code == 403
    assert files(folder) == ["geheim.txt"] and noted.asked == []


def test_a_page_of_another_site_can_not_upload(place: tuple[TestClient, Path, Noted]) -> None:
    client, folder, _ = place
    assert put(client, "a.txt", b"x", origin="https://evil.example").status_code == 403
    assert not folder.exists()


def test_deleting_removes_the_upload_and_nothing_outside(place: tuple[TestClient, Path, Noted]) -> None:
    client, folder, noted = place
    put(client, "a.txt", b"x")
    outside = folder.parent / "b.txt"
    outside.write_text("stays")
    assert client.delete(FILES, params={"source": "../b.txt"}).status_code == 404
    assert client.delete(FILES, params={"source": "a.txt"}).status_code == 200
    assert client.delete(FILES, params={"source": world.HILL.source}).status_code == 200  # indexed from elsewhere
    assert outside.exists() and files(folder) == []
    assert noted.asked == ["a.txt", world.HILL.source]


def test_an_upload_that_the_index_does_not_hold_is_listed_and_can_be_deleted(place: tuple[TestClient, Path, Noted]) -> None:
    client, folder, noted = place
    assert client.get("/api/library").json()["unindexed"] == []
    put(client, "cut off.txt", b"x")
    (folder / world.HILL.source).write_bytes(b"%PDF-")  # as if it had come in by an upload and been indexed
    found = client.get("/api/library").json()
    assert found["uploads"] == sorted(["cut off.txt", world.HILL.source]) and found["unindexed"] == ["cut off.txt"]
    noted.state = lambda: {"running": True}  # type: ignore[method-assign]
    assert client.get("/api/library").json()["unindexed"] == []  # it is being indexed
    assert client.delete(FILES, params={"source": "cut off.txt"}).status_code == 200
    assert files(folder) == [world.HILL.source]


# ---- the builds -----------------------------------------------------------------


def finished(work: Indexer) -> dict[str, Any]:
    until = time.monotonic() + 120
    while work.state()["running"] and time.monotonic() < until:
        time.sleep(0.05)
    return work.state()


@pytest.mark.slow
def test_an_upload_is_answered_from_and_gone_after_its_deletion_while_answers_go_on(isolated_home: Path) -> None:
    uploads = isolated_home / "uploads"
    uploads.mkdir(parents=True)
    settings = Settings()
    work = Indexer(isolated_home, settings, uploads, lambda: sorted(p.name for p in uploads.glob("*.txt")))
    (uploads / "-海滨.txt").write_text("海滨书店2023年年报\n\n2023年,浙江省海滨书店接待读者73.5万人次。\n", encoding="utf-8")
    (uploads / "empty.txt").write_text(" \n")
    work.start()
    state = finished(work)
    assert state["error"] is None, state
    assert state["result"]["added"] == ["-海滨.txt"]
    assert [name for name, _ in state["result"]["skipped"]] == ["empty.txt"]
    bot = Bot(settings, isolated_home)
    question = "2023年海滨书店接待读者多少人次?"
    assert bot.ask(question).short == "73.5万人次"

    (uploads / "山.txt").write_text("山城书店2023年年报\n\n2023年,重庆市山城书店接待读者9.8万人次。\n", encoding="utf-8")
    work.start()
    answered = 0
    while work.state()["running"]:
        assert bot.ask(question).short == "73.5万人次"
        answered += 1
        threading.Event().wait(0.05)
    assert answered > 1
    assert bot.ask("2023年重庆市山城书店接待读者多少人次?").short == "9.8万人次"

    (uploads / "-海滨.txt").unlink()
    work.start(remove="-海滨.txt")
    assert finished(work)["result"]["removed"] == ["-海滨.txt"]
    assert [s.source for s in bot.snapshot.sources()] == ["山.txt"]
    assert all(c.source == "山.txt" for c in bot.ask(question).citations)


class Told(Indexer):
    """Instead of a build: notes its command, does what `meanwhile` does, and comes back with `result`."""

    result: dict[str, Any]
    meanwhile = staticmethod(lambda: None)

    def _run(self, command: list[str]) -> tuple[dict[str, Any] | None, str | None]:
        self.command = command
        self.meanwhile()
        return self.result, None


def shelf_of(folder: Path, *names: str) -> Any:
    for name in names:
        (folder / name).write_text("old", encoding="utf-8")
    return lambda: sorted(p.name for p in folder.iterdir())


def test_what_a_build_refuses_is_not_kept_and_what_came_in_meanwhile_is(tmp_path: Path) -> None:
    names = shelf_of(tmp_path, "again.txt", "bad.pdf", "good.txt", "limit.txt", "worse.txt")
    fresh = {"again.txt", "bad.pdf", "worse.txt"}
    work = Told(tmp_path, Settings(), tmp_path, names, fresh=fresh)
    skipped = [[name, "why"] for name in ("again.txt", "bad.pdf", "limit.txt", "worse.txt", "seed.txt")]
    # limit.txt and worse.txt were in the index; worse.txt was uploaded in the place of what was
    work.result = {"added": ["good.txt"], "removed": ["limit.txt", "worse.txt"], "skipped": skipped}

    def upload() -> None:
        (tmp_path / "part").write_text("new", encoding="utf-8")
        (tmp_path / "part").replace(tmp_path / "again.txt")

    work.meanwhile = upload  # type: ignore[method-assign]
    work.start()
    assert finished(work)["result"]["skipped"] == skipped  # the reasons stay
    assert names() == ["again.txt", "good.txt", "limit.txt"]
    assert (tmp_path / "again.txt").read_text(encoding="utf-8") == "new"
    assert fresh == {"again.txt"}  # its own build is still to come


def test_deleting_what_was_never_indexed_asks_the_index_for_nothing(tmp_path: Path) -> None:
    work = Told(tmp_path, Settings(), tmp_path, shelf_of(tmp_path, "a.txt"), indexed=lambda: {"old.txt"})
    work.result = {"skipped": []}
    work.start(remove="never.txt")
    assert finished(work)["error"] is None
    assert [part for part in work.command if part.startswith("--remove")] == []
    work.start(remove="old.txt")
    finished(work)
    assert "--remove=old.txt" in work.command


def test_a_build_that_fails_says_why(isolated_home: Path, tmp_path: Path) -> None:
    isolated_home.mkdir(parents=True)
    (tmp_path / "a.txt").write_text(" ")
    work = Indexer(isolated_home, Settings(), tmp_path, lambda: ["a.txt"])
    work.start()
    state = finished(work)
    assert state["result"] is None and "a.txt" in state["error"]
    assert json.dumps(state)
