"""A folder as an office keeps one: twenty formats, some files broken. The report names each file, read or not."""

import zipfile
from email.message import EmailMessage

import openpyxl
import pytest
from docx import Document as Word
from pptx import Presentation

from rag.config import Settings
from rag.index.build import build

from .index_kit import HashEmbedder
from .test_readers_office import ofd_file

TEXT = "仓库每天十八点锁门，钥匙由值班员保管。"
ODT = '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" ' \
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body>{}</office:body></office:document-content>'  # fmt: skip
BROKEN = {"坏.docx": b"PK\x03\x04 and nothing more", "坏.xlsx": b"not a workbook", "坏.pdf": b"%PDF-1.7\nno objects", "坏.zip": b"PK\x05",
          "空.txt": b""}  # fmt: skip
UNKNOWN = {"程序.exe": b"MZ\x90\0", "录音.mp3": b"ID3\x03", "图纸.dwg": b"AC1032", "数据.bin": bytes(range(256))}


def zipped(path, **members):
    with zipfile.ZipFile(path, "w") as out:
        for name, content in members.items():
            out.writestr(name.replace("__", "/").replace("_dot_", "."), content)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("office") / "资料"
    for below in ("制度", "往来"):
        (folder / below).mkdir(parents=True)
        here = folder / below
        for suffix in (".txt", ".md"):
            (here / f"文本{suffix}").write_text(f"# 仓库\n\n{TEXT}\n" if suffix == ".md" else TEXT, encoding="utf-8")
        (here / "旧码.txt").write_bytes(TEXT.encode("gb18030"))
        for suffix in (".html", ".htm"):
            (here / f"网页{suffix}").write_text(f"<html><body><p>{TEXT}</p></body></html>", encoding="utf-8")
        (here / "表.csv").write_text("品名,数量\n墨盒,40\n硒鼓,12\n", encoding="utf-8")
        (here / "表.tsv").write_text("品名\t数量\n墨盒\t40\n硒鼓\t12\n", encoding="utf-8")
        word = Word()
        word.add_paragraph(TEXT)
        word.save(here / "通知.docx")
        book = openpyxl.Workbook()
        book.active.append(["品名", "数量"])
        book.active.append(["墨盒", 40])
        book.save(here / "台账.xlsx")
        deck = Presentation()
        deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = TEXT
        deck.save(here / "汇报.pptx")
        zipped(here / "说明.odt", content_dot_xml=ODT.format(f"<office:text><text:p>{TEXT}</text:p></office:text>"))
        ofd_file(here / "公文.ofd", [("10 20 90 5", TEXT)])
        (here / "公告.rtf").write_text("{\\rtf1\\ansi\\ansicpg936 " + "".join(f"\\'{b:02x}" for b in TEXT.encode("gbk")) + "\\par}", encoding="ascii")
        letter = EmailMessage()
        letter["Subject"], letter["From"], letter["To"] = "锁门时间", "a@example.org", "b@example.org"
        letter.set_content(TEXT)
        letter.add_attachment(TEXT.encode(), maintype="text", subtype="plain", filename="附件.txt")
        (here / "来信.eml").write_bytes(letter.as_bytes())
        zipped(here / "归档.zip", 甲_dot_txt=TEXT, 里__乙_dot_md=f"# 乙\n\n{TEXT}")
    for name, content in {**BROKEN, **UNKNOWN}.items():
        (folder / name).write_bytes(content)
    return folder


def test_every_file_is_named(folder, tmp_path):
    result = build([folder], home=tmp_path / "home", settings=Settings(), embedder=HashEmbedder(dim=16))
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert len(files) >= 39
    skipped = dict(result.skipped)
    named = {*result.added, *skipped}
    # what an archive holds is named by itself
    assert {name for name in files if name not in named and not any(n.startswith(f"{name}/") for n in named)} == set()
    assert {*BROKEN, *UNKNOWN} <= {name.split("/")[-1] for name in skipped}
    assert all(reason.strip() for reason in skipped.values())
    assert {n for n in skipped if n.split("/")[-1] not in {*BROKEN, *UNKNOWN}} == set()
    assert {"往来/来信.eml/附件.txt", "制度/归档.zip/里/乙.md"} <= set(result.added)


def test_a_second_run_names_them_again(folder, tmp_path):
    first = build([folder], home=tmp_path / "home", settings=Settings(), embedder=HashEmbedder(dim=16))
    again = build([folder], home=tmp_path / "home", settings=Settings(), embedder=HashEmbedder(dim=16))
    assert not again.new
    assert set(again.unchanged) == set(first.added)
    assert dict(again.skipped).keys() == dict(first.skipped).keys()
