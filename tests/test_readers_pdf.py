"""PDF: text of each page, page starts, and why some have none."""

import logging
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pypdfium2 as pdfium
import pytest

from rag.errors import UnreadableDocument
from rag.index.readers.pdf import read

FILES = Path(__file__).parent / "files"
PAGES = (
    "关于命名职工书屋示范点的通知\n各市总工会：\n2022年全省新建职工书屋318家，服务职工\n12.5万人次。\n"
    "Trade unions co-\noperate.",
    "二、工作要求\n各级工会要加强管理，6月30日前报送名单。",
    "联系人：王小明\n电话：0000-1234567",
)


@pytest.mark.parametrize("name", ["通知.pdf", "owner-password.pdf"])
def test_pages_are_kept(name):
    document = read(FILES / name, source=name)
    assert document.raw == "\n".join(PAGES)
    assert document.title == "关于命名职工书屋示范点的通知"
    assert document.media_type == "application/pdf" and document.encoding is None
    starts = (*document.pages, len(document.raw) + 1)
    assert [document.raw[a : b - 1] for a, b in pairwise(starts)] == list(PAGES)


def test_scan_without_text_layer():
    with pytest.raises(
        UnreadableDocument, match=r"scanned\.pdf has no text layer on any of its 2 pages.*OCR"
    ):
        read(FILES / "scanned.pdf", source="x")


def test_password():
    with pytest.raises(UnreadableDocument, match=r"password\.pdf wants a password"):
        read(FILES / "password.pdf", source="x")


def test_some_pages_without_text_are_named(tmp_path, caplog):
    target = pdfium.PdfDocument.new()
    for name in ("scanned.pdf", "通知.pdf"):
        with pdfium.PdfDocument(FILES / name) as part:
            target.import_pages(part)
    target.save(tmp_path / "混合.pdf")
    target.close()
    with caplog.at_level(logging.WARNING):
        document = read(tmp_path / "混合.pdf", source="x")
    assert document.pages[:3] == (0, 1, 2) and len(document.pages) == 5
    assert document.raw[2:].startswith("关于命名")
    assert "混合.pdf" in caplog.text and "2 of 5 pages" in caplog.text and "[1, 2]" in caplog.text


@pytest.mark.parametrize("kept", [0.02, 0.3])
def test_a_file_cut_short(tmp_path, kept):
    data = (FILES / "通知.pdf").read_bytes()
    path = tmp_path / "断.pdf"
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(UnreadableDocument, match=r"断\.pdf"):
        read(path, source="x")


@pytest.mark.parametrize(
    ("data", "what"), [(b"PK\x03\x04....", "a ZIP archive"), ("纯文字".encode(), "no PDF, or damaged")]
)
def test_another_format_under_the_name(tmp_path, data, what):
    path = tmp_path / "假.pdf"
    path.write_bytes(data)
    with pytest.raises(UnreadableDocument, match=f"假.*{what}"):
        read(path, source="x")


def test_pages_without_any(tmp_path):
    path = tmp_path / "无页.pdf"
    empty = pdfium.PdfDocument.new()
    empty.save(path)
    empty.close()
    with pytest.raises(UnreadableDocument, match=r"无页\.pdf"):
        read(path, source="x")


def test_several_threads_at_once():
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: read(FILES / "通知.pdf", source="x").raw, range(24)))
    assert set(found) == {"\n".join(PAGES)}
