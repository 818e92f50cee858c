"""Pictures and scans: recognised where the extra is installed, named where it is not."""

import io
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image

from rag.errors import EmptyDocument, UnreadableDocument
from rag.index.readers import _ocr, pdf, picture
from rag.index.readers._page import Run, arranged

FILES = Path(__file__).parent / "files"
TEXT = "关于命名职工书屋示范点的通知\n各市总工会：\n2022年全省新建职工书屋318家，服务职工\n12.5万人次。\nTrade unions co-\noperate."
needs_ocr = pytest.mark.skipif(not _ocr.available(), reason="the extra zhiyin[ocr] is not installed")


@pytest.fixture(scope="module")
def page():
    """The first page of a notice, as a scanner sees it: tilted by a degree, and noisy."""
    with pdfium.PdfDocument(FILES / "通知.pdf") as notice:
        image = notice[0].render(scale=150 / 72).to_pil().convert("RGB")
    image = image.crop((0, 0, image.width, image.height // 3)).rotate(1, fillcolor="white", resample=Image.Resampling.BICUBIC)
    noisy = np.asarray(image, float) + np.random.default_rng(0).normal(0, 12, (image.height, image.width, 3))
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


@needs_ocr
def test_a_picture_and_a_scan_of_it(tmp_path, page):
    page.save(tmp_path / "扫描.png")
    page.save(tmp_path / "扫描.pdf")
    assert picture.read(tmp_path / "扫描.png", source="x").raw.strip() == TEXT
    scan = pdf.read(tmp_path / "扫描.pdf", source="x")
    assert (scan.raw, scan.pages, scan.unread) == (TEXT, (0,), ())


@needs_ocr
def test_an_empty_picture(tmp_path):
    Image.new("RGB", (300, 200), "white").save(tmp_path / "a.png")
    with pytest.raises(EmptyDocument):
        picture.read(tmp_path / "a.png", source="x")


@needs_ocr
def test_what_is_no_picture(tmp_path):
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    with pytest.raises(UnreadableDocument, match=r"a\.png is no picture"):
        picture.read(tmp_path / "a.png", source="x")


@needs_ocr
def test_a_picture_that_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(picture, "MOST_PIXELS", 100)
    out = io.BytesIO()
    Image.new("RGB", (30, 20)).save(out, "PNG")
    (tmp_path / "a.png").write_bytes(out.getvalue())
    with pytest.raises(UnreadableDocument, match="30×20"):
        picture.read(tmp_path / "a.png", source="x")


def test_without_the_extra(tmp_path, monkeypatch):
    monkeypatch.setattr(_ocr, "available", lambda: False)
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png")
    with pytest.raises(UnreadableDocument, match=r"a\.png.*zhiyin\[ocr\]"):
        picture.read(tmp_path / "a.png", source="x")


def test_doubtful_lines_are_named(monkeypatch):
    monkeypatch.setenv("ZHIYIN_LANG", "en")
    assert picture.doubts(3, _ocr.Recognised("", ("甲", "乙"))) == ["page 3: 2 lines were recognised with doubt: 「甲」、「乙」"]
    assert picture.doubts(3, _ocr.Recognised("甲")) == []


def test_lines_are_put_in_order_from_top_to_bottom():
    assert arranged([Run("下", 0, 0, 10, 10), Run("上右", 60, 50, 80, 60), Run("上左", 0, 51, 20, 61)]) == "上左 上右\n下"
