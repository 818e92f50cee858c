"""What all readers share: which files are refused before they are opened, and what a Document holds."""

import hashlib
import os
import threading
import tracemalloc
from pathlib import Path

import pytest

from rag import registry
from rag.errors import DocumentError, DocumentTooLarge, EmptyDocument, UnreadableDocument
from rag.index.readers import docx, html, markdown, pdf, text
from rag.index.readers._common import check_size

READERS = {suffix: registry.load("file_readers", suffix) for suffix in registry.names("file_readers")}
each_format = pytest.mark.parametrize("suffix", READERS)


def test_formats_have_their_entry_points():
    known = {".txt": text.read, ".md": markdown.read, ".html": html.read, ".htm": html.read, ".pdf": pdf.read, ".docx": docx.read}
    assert {suffix: READERS[suffix] for suffix in known} == known
    assert len(READERS) > 20


@pytest.mark.parametrize("name", ["总结.txt", "2022 年工作 总结（定稿）.md", "a.txt"])
def test_text_is_kept_exactly(tmp_path, name):
    raw = "　　第一段\r\n\r\n  第二段\t末尾空格 \n"
    (tmp_path / name).write_bytes(raw.encode())
    document = (markdown if name.endswith(".md") else text).read(tmp_path / name, source=f"folder/{name}")
    assert document.raw == raw
    assert document.source == f"folder/{name}"
    assert document.version == "sha256:" + hashlib.sha256(raw.encode()).hexdigest()
    assert document.encoding == "utf-8"
    assert document.media_type == ("text/markdown" if name.endswith(".md") else "text/plain")
    assert document.pages == () and document.title is None


def test_the_version_is_of_the_text_not_of_the_bytes(tmp_path):
    for name, encoding in (("a.txt", "utf-8"), ("b.txt", "gbk"), ("c.txt", "utf-16")):
        (tmp_path / name).write_bytes("全省新建职工书屋318家。".encode(encoding))
    versions = {text.read(path, source=path.name).version for path in tmp_path.iterdir()}
    assert len(versions) == 1


@each_format
def test_empty_files_and_white_space(tmp_path, suffix):
    path = tmp_path / f"空{suffix}"
    path.touch()
    with pytest.raises(EmptyDocument, match=r"空.*0 bytes"):
        READERS[suffix](path, source="x")
    if suffix in (".txt", ".md", ".html"):
        for blank in (" \n\t\r\n　", "\ufeff", "\ufeff\n"):
            path.write_bytes(blank.encode())
            with pytest.raises(EmptyDocument, match="white space"):
                READERS[suffix](path, source="x")


@each_format
def test_300_mb_are_refused_without_being_loaded(tmp_path, suffix):
    path = tmp_path / f"大{suffix}"
    with path.open("wb") as file:
        file.truncate(300 * 2**20)
    tracemalloc.start()
    try:
        with pytest.raises(DocumentTooLarge, match=r"大.*300\.0 MB.*limit of 200 MB.*max_file_mb"):
            READERS[suffix](path, source="x")
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@each_format
def test_the_limit_can_be_set(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"x" * 11)
    with pytest.raises(DocumentTooLarge):
        READERS[suffix](path, source="x", max_bytes=10)
    check_size(path, 1)
    with path.open("wb") as file:
        file.truncate(2**20 + 1)
    with pytest.raises(DocumentTooLarge):
        check_size(path, 1)


@each_format
def test_what_is_no_file_is_refused_at_once(tmp_path, suffix):
    folder = tmp_path / f"folder{suffix}"
    folder.mkdir()
    nowhere = tmp_path / f"nowhere{suffix}"
    nowhere.symlink_to(tmp_path / "gone")
    circle = tmp_path / f"circle{suffix}"
    circle.symlink_to(circle)
    pipe = tmp_path / f"pipe{suffix}"
    os.mkfifo(pipe)
    failures = {}

    def read_all():
        for path in (folder, nowhere, circle, pipe, tmp_path / f"missing{suffix}", Path(f"nul\0{suffix}")):
            try:
                READERS[suffix](path, source="x")
            except UnreadableDocument as error:
                failures[path.stem] = str(error)

    worker = threading.Thread(target=read_all, daemon=True)
    worker.start()
    worker.join(timeout=20)
    assert not worker.is_alive(), "a reader hangs"
    assert "folder, not a file" in failures["folder"]
    assert "link to nowhere" in failures["nowhere"]
    assert "circle" in failures["circle"]
    assert "pipe or device" in failures["pipe"]
    assert "does not exist" in failures["missing"]
    assert len(failures) == 6


def test_a_link_to_a_file_is_read(tmp_path):
    (tmp_path / "真.txt").write_text("正文", encoding="utf-8")
    (tmp_path / "链接.txt").symlink_to(tmp_path / "真.txt")
    assert text.read(tmp_path / "链接.txt", source="x").raw == "正文"


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")]
)
@each_format
def test_a_file_that_cannot_be_opened(tmp_path, suffix, monkeypatch, error):
    path = tmp_path / f"密{suffix}"
    path.write_bytes(b"x")

    def refuse(*args, **kwargs):
        raise error

    monkeypatch.setattr(Path, "open", refuse)  # not chmod: tests may run as root, whom nothing stops
    with pytest.raises(UnreadableDocument, match=f"密.*{error.strerror}"):
        READERS[suffix](path, source="x")


BINARY = {
    "a PDF": b"%PDF-1.7\n1 0 obj",
    "a ZIP archive": b"PK\x03\x04" + bytes(40),
    "a PNG image": b"\x89PNG\r\n\x1a\n" + bytes(40),
    "an old Office file": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512),
    "NUL bytes": b"text\0text",
    "control characters": bytes(range(1, 32)) * 9,
}


@pytest.mark.parametrize("kind", BINARY)
@pytest.mark.parametrize("suffix", [".txt", ".md", ".html"])
def test_binary_content_under_a_text_name(tmp_path, suffix, kind):
    path = tmp_path / f"内容{suffix}"
    path.write_bytes(BINARY[kind])
    with pytest.raises(UnreadableDocument, match=f"内容.*{kind}"):
        READERS[suffix](path, source="x")


@each_format
@pytest.mark.parametrize("data", [b"%PDF-1.4 broken", b"PK\x03\x04broken", b"\xff\xfe\xff", b"\x00" * 100])
def test_damage_gives_a_document_error_and_nothing_else(tmp_path, suffix, data):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(data)
    with pytest.raises(DocumentError):
        READERS[suffix](path, source="x")


@pytest.mark.parametrize(
    "seed", sorted((Path(__file__).parents[1] / "seeds").glob("*.txt")), ids=lambda path: path.name
)
def test_the_documents_that_ship(seed):
    document = text.read(seed, source=seed.name)
    assert document.encoding == "utf-8"
    assert document.raw.encode() == seed.read_bytes()
