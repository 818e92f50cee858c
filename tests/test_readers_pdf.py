"""PDF: text of each page, page starts, and why some have none."""

import math
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pypdfium2 as pdfium
import pytest

from rag.errors import UnreadableDocument
from rag.index.clean import clean
from rag.index.readers import _ocr
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


@pytest.fixture
def no_ocr(monkeypatch):
    monkeypatch.setattr(_ocr, "available", lambda: False)


def test_scan_without_text_layer(no_ocr):
    with pytest.raises(
        UnreadableDocument, match=r"scanned\.pdf has no text layer on any of its 2 pages.*OCR"
    ):
        read(FILES / "scanned.pdf", source="x")


def test_password():
    with pytest.raises(UnreadableDocument, match=r"password\.pdf wants a password"):
        read(FILES / "password.pdf", source="x")


def test_some_pages_without_text_are_named(tmp_path, monkeypatch, no_ocr):
    monkeypatch.setenv("ZHIYIN_LANG", "en")
    target = pdfium.PdfDocument.new()
    for name in ("scanned.pdf", "通知.pdf"):
        with pdfium.PdfDocument(FILES / name) as part:
            target.import_pages(part)
    target.save(tmp_path / "混合.pdf")
    target.close()
    document = read(tmp_path / "混合.pdf", source="x")
    assert document.pages[:3] == (0, 1, 2) and len(document.pages) == 5
    assert document.raw[2:].startswith("关于命名")
    assert document.unread == ("no text layer on 2 of 5 pages (scans?), which were not read: 1、2; to recognise them: pip install 'zhiyin[ocr]'",)


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


def written(path, *pages):
    """A PDF whose pages are lists of (x, y, text) or (x, y, text, degrees), in 10 point Helvetica."""
    bodies = []
    for page in pages:
        stream = []
        for x, y, text, *slant in page:
            a = math.radians(slant[0] if slant else 0)
            matrix = f"{math.cos(a):.4f} {math.sin(a):.4f} {-math.sin(a):.4f} {math.cos(a):.4f} {x} {y}"
            stream.append(f"BT /F1 10 Tf {matrix} Tm ({text}) Tj ET")
        bodies.append("\n".join(stream))
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(bodies)))
    objects = ["<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Kids[{kids}]/Count {len(bodies)}>>", "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    for n, body in enumerate(bodies):
        objects.append(f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 840]/Resources<</Font<</F1 3 0 R>>>>/Contents {5 + 2 * n} 0 R>>")
        objects.append(f"<</Length {len(body)}>>stream\n{body}\nendstream")
    out, places = "%PDF-1.4\n", []
    for n, text in enumerate(objects, 1):
        places.append(len(out))
        out += f"{n} 0 obj{text}endobj\n"
    table = "".join(f"{at:010} 00000 n \n" for at in places)
    path.write_text(f"{out}xref\n0 {len(places) + 1}\n0000000000 65535 f \n{table}trailer<</Size {len(places) + 1}/Root 1 0 R>>startxref\n{len(out)}\n%%EOF", encoding="ascii")
    return read(path, source="x")


LEFT = ("The north plant finished its new line, so", "that the capacity rose to ninety tons a", "day in the second half of the year.")
RIGHT = ("In the south the pipes were renewed and", "the losses fell from nine to six percent", "which saved two million yuan.")


def test_columns_are_read_one_after_another(tmp_path):
    page = [(60, 800, "Report of the water works")]
    page += [(x, 760 - 14 * n, line) for n, both in enumerate(zip(LEFT, RIGHT, strict=True)) for x, line in zip((60, 320), both, strict=True)]
    assert written(tmp_path / "a.pdf", page).raw == "Report of the water works\n" + " ".join(LEFT) + "\n" + " ".join(RIGHT)


@pytest.mark.parametrize("by_column", [True, False])
def test_tables_are_read_by_the_row_however_they_are_drawn(tmp_path, by_column):
    rows = [("Item", "Result", "Unit"), ("Iron", "3.9", "g"), ("Zinc", "142", "mg"), ("Lead", "88", "mg")]
    cells = [(60 + 140 * k, 760 - 20 * n, text) for n, row in enumerate(rows) for k, text in enumerate(row)]
    cells.sort(key=(lambda cell: (cell[0], -cell[1])) if by_column else (lambda cell: (-cell[1], cell[0])))
    assert written(tmp_path / "a.pdf", cells).raw.split("\n")[1:] == ["Item：Iron；Result：3.9；Unit：g", "Item：Zinc；Result：142；Unit：mg", "Item：Lead；Result：88；Unit：mg"]


def test_a_cell_of_several_lines_stays_in_its_row(tmp_path):
    cells = [(60, 760, "Room"), (180, 760, "Checks"), (400, 760, "Who"), (60, 730, "Archive"), (180, 730, "extinguisher,"), (400, 730, "Qiu"), (180, 716, "doors"),
             (60, 686, "Lab"), (180, 686, "bottles,"), (400, 686, "Mi"), (180, 672, "draught")]  # fmt: skip
    assert written(tmp_path / "a.pdf", cells).raw.split("\n")[1:] == ["Room：Archive；Checks：extinguisher, doors；Who：Qiu", "Room：Lab；Checks：bottles, draught；Who：Mi"]


def test_a_watermark_is_set_apart(tmp_path):
    document = written(tmp_path / "a.pdf", [(60, 760, "The trial takes three months and pays"), (90, 700, "INTERNAL USE", 35), (60, 744, "4800 yuan a month."), (200, 600, "INTERNAL USE", 35)])
    assert document.raw == "The trial takes three months and pays\n4800 yuan a month.\nINTERNAL USE\nINTERNAL USE"
    assert "INTERNAL" not in clean(document)[0].clean and "pays 4800 yuan" in clean(document)[0].clean.replace("\n", " ")


def test_running_heads_and_page_numbers_stand_once(tmp_path):
    pages = [[(60, 820, "Rules of the depot"), *((60, 760 - 16 * k, f"Sentence {n * 10 + k} of the rules.") for k in range(8)), (60, 40, f"- {n + 1} -")] for n in range(4)]
    document = written(tmp_path / "a.pdf", *pages)
    text = clean(document)[0].clean
    assert text.count("Rules of the depot") == 1 and "- 2 -" not in text
    assert all(f"Sentence {n * 10 + k} of" in text for n in range(4) for k in range(8))
    assert [document.raw[at : at + 5] for at in document.pages] == ["Rules"] * 4
