"""Word documents: the order of reading, what a walk by python-docx misses, and what must not be opened."""

import io
import struct
import zipfile
from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from rag.errors import EmptyDocument, UnreadableDocument
from rag.index.readers import docx as reader

FILES = Path(__file__).parent / "files"
W = nsdecls("w")


def save(tmp_path, build, name="文件.docx"):
    document = docx.Document()
    build(document)
    document.save(str(tmp_path / name))
    return tmp_path / name


def add(document, xml):
    document.element.body.insert(len(document.element.body) - 1, parse_xml(xml))


def test_headings_paragraphs_and_tables_in_order(tmp_path):
    def build(document):
        document.core_properties.title = "2022年工作总结"
        document.add_heading("2022年全省工会工作总结", 0)
        document.add_heading("一、主要成绩", 1)
        document.add_paragraph("全省新建职工书屋318家。")
        table = document.add_table(3, 2)
        for i, words in enumerate(["年份", "人数", "2021", "12万", "2022", "15\n万"]):
            table.cell(i // 2, i % 2).text = words
        document.add_paragraph("　　以上数据由各市上报。")
        document.add_paragraph("")

    document = reader.read(save(tmp_path, build), source="文件.docx")
    assert document.raw == (
        "2022年全省工会工作总结\n\n一、主要成绩\n\n全省新建职工书屋318家。\n\n"
        "年份 | 人数\n年份：2021；人数：12万\n年份：2022；人数：15 万\n\n以上数据由各市上报。"
    )
    assert document.title == "2022年工作总结"
    assert document.media_type.endswith("wordprocessingml.document")


def test_inline_pieces(tmp_path):
    xml = (
        f"<w:p {W}><w:pPr><w:rPr><w:vanish/></w:rPr></w:pPr>"
        "<w:r><w:t>服务</w:t></w:r><w:r><w:tab/></w:r><w:hyperlink><w:r><w:t>职工</w:t></w:r></w:hyperlink>"
        "<w:ins><w:r><w:t>260万</w:t></w:r></w:ins><w:del><w:r><w:delText>删去</w:delText></w:r></w:del>"
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>隐藏</w:t></w:r>"
        '<w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>人次</w:t></w:r><w:r><w:br/><w:t>下一行</w:t></w:r>'
        "<w:r><w:ruby><w:rt><w:r><w:t>han</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>汉</w:t></w:r></w:rubyBase></w:ruby></w:r>"
        "<w:r><w:instrText>PAGE</w:instrText></w:r></w:p>"
    )
    path = save(tmp_path, lambda document: add(document, xml))
    assert reader.read(path, source="x").raw == "服务\t职工260万人次\n下一行汉"


def test_content_controls_and_text_boxes(tmp_path):
    control = f"<w:sdt {W}><w:sdtContent><w:p><w:r><w:t>控件里的段落</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    box = "<w:txbxContent><w:p><w:r><w:t>文本框</w:t></w:r></w:p></w:txbxContent>"
    shape = (
        f'<w:p {W} xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        "<w:r><w:t>正文</w:t></w:r>"
        f"<w:r><mc:AlternateContent><mc:Choice Requires='wps'>{box}</mc:Choice>"
        f"<mc:Fallback>{box}</mc:Fallback>"
        "</mc:AlternateContent></w:r></w:p>"
    )

    def build(document):
        add(document, control)
        add(document, shape)

    assert reader.read(save(tmp_path, build), source="x").raw == "控件里的段落\n\n正文\n\n文本框"


def test_tables_within_tables_merged_cells_and_layout_tables(tmp_path):
    def build(document):
        outer = document.add_table(2, 3)
        outer.cell(0, 0).merge(outer.cell(0, 2)).text = "合并的标题"
        outer.cell(1, 0).text = "左"
        inner = outer.cell(1, 1).add_table(1, 2)
        inner.cell(0, 0).text = "甲"
        inner.cell(0, 1).text = "乙"
        outer.cell(1, 2).text = "右"

    assert reader.read(save(tmp_path, build), source="x").raw == "合并的标题\n\n左 | 甲 | 乙 | 右"


def test_a_document_without_text(tmp_path):
    with pytest.raises(EmptyDocument, match=r"文件\.docx"):
        reader.read(save(tmp_path, lambda document: document.add_paragraph("  ")), source="x")


@pytest.mark.parametrize("title", ["", "Word Document", "Microsoft Word - 新建.doc", "新建文档.docx", "…"])
def test_titles_that_programs_make_do_not_count(tmp_path, title):
    def build(document):
        document.core_properties.title = title
        document.add_paragraph("正文")

    assert reader.read(save(tmp_path, build), source="x").title is None


def test_password():
    with pytest.raises(UnreadableDocument, match=r"password\.docx wants a password"):
        reader.read(FILES / "password.docx", source="x")


def test_old_word_format(tmp_path):
    path = tmp_path / "旧.docx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000))
    with pytest.raises(
        UnreadableDocument, match=r"旧\.docx is in the format of Office 97-2003.*save it as \.docx"
    ):
        reader.read(path, source="x")


def archive(path, parts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in parts.items():
            file.writestr(name, data)
    return path


@pytest.mark.parametrize("name", ["word/document.xml", "word/media/image1.png"])
def test_zip_bomb_is_not_unpacked(tmp_path, monkeypatch, name):
    path = archive(tmp_path / "炸弹.docx", {name: bytes(80 * 2**20)})
    assert path.stat().st_size < 2**17

    def unpacked(*args, **kwargs):
        raise AssertionError("was unpacked")

    monkeypatch.setattr(zipfile.ZipFile, "open", unpacked)
    with pytest.raises(UnreadableDocument, match=r"炸弹\.docx would unpack from 0\.1 to 80 MB"):
        reader.read(path, source="x")


def test_zip_bomb_that_lies_about_its_size(tmp_path):
    path = archive(tmp_path / "谎.docx", {"word/document.xml": bytes(80 * 2**20)})
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = struct.pack("<I", 1000)
    path.write_bytes(data)
    with pytest.raises(UnreadableDocument, match=r"谎\.docx"):
        reader.read(path, source="x")


@pytest.mark.parametrize(
    "parts",
    [{"hello.txt": "x"}, {"[Content_Types].xml": "<broken"}, {"xl/workbook.xml": "<workbook/>"}],
    ids=["zip", "damaged", "spreadsheet"],
)
def test_other_archives(tmp_path, parts):
    path = archive(tmp_path / "别的.docx", parts)
    with pytest.raises(UnreadableDocument, match=r"别的\.docx is no Word document, or damaged \(.+\)"):
        reader.read(path, source="x")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_file_cut_short(tmp_path, share):
    path = save(tmp_path, lambda document: document.add_paragraph("正文"))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(UnreadableDocument, match=r"文件\.docx is damaged"):
        reader.read(path, source="x")


def test_external_entities_are_not_read(tmp_path):
    (tmp_path / "secret.txt").write_text("机密", encoding="utf-8")
    path = save(tmp_path, lambda document: document.add_paragraph("正文占位"))
    swapped = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(swapped, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "word/document.xml":
                entity = f'<!DOCTYPE d [<!ENTITY x SYSTEM "file://{tmp_path}/secret.txt">]>'.encode()
                head, mark, rest = data.partition(b"?>")
                data = head + mark + entity + rest.replace("占位".encode(), b"&x;")
            new.writestr(name, data)
    path.write_bytes(swapped.getvalue())
    assert "机密" not in reader.read(path, source="x").raw
