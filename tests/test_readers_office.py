"""Spreadsheets, presentations, mails, RTF, OpenDocument and EPUB: each value beside its label, and nothing that is hidden."""

import io
import struct
import zipfile
from datetime import date

import pytest
from openpyxl import Workbook
from pptx import Presentation
from pptx.util import Inches

from rag.errors import EmptyDocument, UnreadableDocument
from rag.index.readers import book, mail, ofd, opendocument, outlook, rtf, slides, spreadsheet
from rag.index.readers._grid import across, lines


class TestGrid:
    def test_each_value_stands_behind_the_heading_of_its_column(self):
        assert list(lines([["品名", "数量", "单价"], ["螺栓", "12", "350"], ["垫片", "", "7"]])) == [
            "品名 | 数量 | 单价", "品名：螺栓；数量：12；单价：350", "品名：垫片；单价：7",
        ]  # fmt: skip

    def test_a_title_above_and_two_rows_of_headings(self):
        rows = [["防汛物资", "", ""], ["名称", "仓库", "仓库"], ["名称", "东库", "西库"], ["沙袋", "900", "340"]]
        assert list(lines(rows))[-1] == "名称：沙袋；仓库 东库：900；仓库 西库：340"
        assert next(lines(rows)) == "防汛物资"

    def test_a_second_table_has_its_own_headings(self):
        rows = [["班次", "人数"], ["早班", "14"], ["", ""], ["设备", "状态"], ["水泵", "停用"]]
        assert list(lines(rows))[-1] == "设备：水泵；状态：停用"

    def test_after_a_blank_row_the_headings_go_on(self):
        assert list(lines([["班次", "人数"], ["早班", "14"], [], ["晚班", "9"]]))[-1] == "班次：晚班；人数：9"

    def test_in_a_form_labels_stand_beside_their_values(self):
        rows = [["姓名", "秦岭", "性别", "男"], ["联系电话", "5550131", "申请岗位", "电工"], ["学历", "大专", "学历", ""], ["备注", *across("周末可到岗", 3)]]
        assert list(lines(rows))[:2] == ["姓名：秦岭；性别：男", "联系电话：5550131；申请岗位：电工"]
        assert list(lines(rows))[3] == "备注：周末可到岗"

    def test_without_headings_cells_stay_apart(self):
        assert list(lines([["2021", "12"], ["2022", "350"]])) == ["2021 | 12", "2022 | 350"]


def save_book(tmp_path, fill, name="表.xlsx"):
    book_ = Workbook()
    fill(book_)
    book_.save(tmp_path / name)
    return tmp_path / name


def test_numbers_are_shown_as_the_sheet_shows_them(tmp_path):
    def fill(book_):
        sheet = book_.active
        sheet.title = "完成情况"
        for row in (["项目", "完成率", "金额", "日期", "件数"], ["清淤", 0.873, 1234567.5, date(2023, 4, 5), 12.0]):
            sheet.append(row)
        sheet["B2"].number_format, sheet["C2"].number_format = "0.0%", "#,##0.00"

    raw = spreadsheet.read(save_book(tmp_path, fill), source="表.xlsx").raw
    assert raw == "完成情况\n\n项目 | 完成率 | 金额 | 日期 | 件数\n项目：清淤；完成率：87.3%；金额：1,234,567.50；日期：2023-04-05；件数：12"


def test_hidden_rows_columns_and_sheets_are_left_out(tmp_path):
    def fill(book_):
        sheet = book_.active
        for row in (["姓名", "工号", "内线"], ["秦岭", "A7", "6021"], ["作废", "A8", "6022"]):
            sheet.append(row)
        sheet.column_dimensions["B"].hidden = True
        sheet.row_dimensions[3].hidden = True
        book_.create_sheet("草稿").append(["不要", "看"])
        book_["草稿"].sheet_state = "hidden"

    raw = spreadsheet.read(save_book(tmp_path, fill), source="表.xlsx").raw
    assert "姓名：秦岭；内线：6021" in raw
    assert not any(word in raw for word in ("A7", "作废", "草稿"))


def test_merged_cells_count_in_every_row_that_they_cover(tmp_path):
    def fill(book_):
        sheet = book_.active
        for row in (["科室", "设备", "台数"], ["检验科", "离心机", 3], [None, "冰箱", 5]):
            sheet.append(row)
        sheet.merge_cells("A2:A3")

    assert "科室：检验科；设备：冰箱；台数：5" in spreadsheet.read(save_book(tmp_path, fill), source="表.xlsx").raw


def test_one_cell_a_million_rows_down_takes_no_time(tmp_path):
    def fill(book_):
        book_.active.append(["桩号", "水位"])
        book_.active.append(["K3", 17])
        book_.active.cell(1_000_000, 1).value = "完"

    assert spreadsheet.read(save_book(tmp_path, fill), source="表.xlsx").raw.endswith("桩号：K3；水位：17\n完")


@pytest.mark.parametrize("reader", [spreadsheet, slides, opendocument, book, rtf])
def test_what_is_something_else_is_said(tmp_path, reader):
    path = tmp_path / "文件.xlsx"
    path.write_bytes(b"%PDF-1.7 and so on")
    with pytest.raises(UnreadableDocument, match="PDF"):
        reader.read(path, source=path.name)


def test_slides_are_pages(tmp_path):
    deck = Presentation()
    for title, text in (("食堂改造", "八月完工"), ("预算", "")):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text, slide.placeholders[1].text = title, text
    table = deck.slides[1].shapes.add_table(2, 2, Inches(1), Inches(3), Inches(4), Inches(1)).table
    for k, text in enumerate(("项目", "万元", "灶台", "41")):
        table.cell(k // 2, k % 2).text = text
    deck.slides[0].notes_slide.notes_text_frame.text = "验收由后勤处负责"
    hidden = deck.slides.add_slide(deck.slide_layouts[5])
    hidden.shapes.title.text = "备用页"
    hidden._element.set("show", "0")
    deck.save(tmp_path / "汇报.pptx")
    document = slides.read(tmp_path / "汇报.pptx", source="汇报.pptx")
    assert [document.raw[a:].splitlines()[0] for a in document.pages] == ["食堂改造", "预算"]
    assert "验收由后勤处负责" in document.raw
    assert "项目：灶台；万元：41" in document.raw
    assert "备用页" not in document.raw


def test_a_mail(tmp_path):
    path = tmp_path / "通知.eml"
    head = "From: =?utf-8?b?6ZmI6Z2Z?= <chen@example.org>\nTo: all@example.org\nSubject: =?gb2312?b?zai75rjEztE=?=\nDate: Tue, 4 Jun 2024 09:30:00 +0800\n"
    path.write_bytes((head + "Content-Type: text/html; charset=utf-8\n\n<p>例会改到<b>周五</b>。</p><style>p{}</style>").encode())
    document = mail.read(path, source=path.name)
    assert "发件人：陈静 <chen@example.org>" in document.raw
    assert "日期：2024-06-04 09:30" in document.raw
    assert document.raw.endswith("例会改到周五。")


def test_a_text_file_is_no_mail(tmp_path):
    path = tmp_path / "假.eml"
    path.write_text("这里没有邮件头", encoding="utf-8")
    with pytest.raises(UnreadableDocument, match="no mail"):
        mail.read(path, source=path.name)


def test_rtf_in_a_chinese_code_page(tmp_path):
    path = tmp_path / "公告.rtf"
    text = "".join(f"\\'{byte:02x}" for byte in "停水公告".encode("gbk"))
    path.write_text("{\\rtf1\\ansi\\ansicpg936 " + text + "\\par \\u19979?\\u21320?\\par}", encoding="ascii")
    document = rtf.read(path, source=path.name)
    assert document.raw.split() == ["停水公告", "下午"]


ODT = """<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:text>
 <text:tracked-changes><text:p>旧的</text:p></text:tracked-changes><text:h>值班表</text:h><text:p>周三<text:s text:c="2"/>轮换<text:line-break/>见下</text:p>
 <table:table><table:table-row><table:table-cell><text:p>日期</text:p></table:table-cell><table:table-cell><text:p>值班人</text:p></table:table-cell></table:table-row>
 <table:table-row><table:table-cell><text:p>周一</text:p></table:table-cell><table:table-cell><text:p>严真</text:p></table:table-cell></table:table-row></table:table>
 </office:text></office:body></office:document-content>"""


def test_opendocument_text(tmp_path):
    path = tmp_path / "表.odt"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("content.xml", ODT)
    assert opendocument.read(path, source="表.odt").raw == "值班表\n\n周三  轮换\n见下\n\n日期 | 值班人\n日期：周一；值班人：严真"


def test_epub_in_the_order_of_its_spine(tmp_path):
    container = '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>'
    package = """<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>员工手册</dc:title></metadata>
     <manifest><item id="b" href="b.xhtml"/><item id="a" href="a.xhtml"/></manifest><spine><itemref idref="a"/><itemref idref="b"/></spine></package>"""
    files = {"META-INF/container.xml": container, "OPS/book.opf": package, "OPS/a.xhtml": "<html><body><h1>第一章</h1><p>请假</p></body></html>",
             "OPS/b.xhtml": "<html><body><h1>第二章</h1></body></html>"}  # fmt: skip
    with zipfile.ZipFile(tmp_path / "手册.epub", "w") as out:
        for name, content in files.items():
            out.writestr(name, content)
    document = book.read(tmp_path / "手册.epub", source="手册.epub")
    assert document.title == "员工手册"
    assert [document.raw[a:].split()[0] for a in document.pages] == ["第一章", "第二章"]


def test_an_archive_that_would_unpack_to_a_thousand_times_its_size_is_not_opened(tmp_path):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("content.xml", b"0" * (65 * 1024**2))
    (tmp_path / "弹.odt").write_bytes(data.getvalue())
    with pytest.raises(UnreadableDocument, match="zip bomb"):
        opendocument.read(tmp_path / "弹.odt", source="弹.odt")


def test_an_empty_workbook_is_empty(tmp_path):
    with pytest.raises(EmptyDocument):
        spreadsheet.read(save_book(tmp_path, lambda book_: None), source="表.xlsx")


NS = 'xmlns:ofd="http://www.ofdspec.org/2016"'


def ofd_file(path, *pages):
    """An OFD whose pages are lists of (box, text)."""
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("OFD.xml", f"<ofd:OFD {NS}><ofd:DocBody><ofd:DocInfo><ofd:Title>通报</ofd:Title></ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>")
        listed = "".join(f'<ofd:Page ID="{k}" BaseLoc="Pages/Page_{k}/Content.xml"/>' for k in range(len(pages)))
        frame = '<ofd:CommonData><ofd:TemplatePage ID="90" BaseLoc="Tpls/0.xml"/></ofd:CommonData>'
        out.writestr("Doc_0/Document.xml", f"<ofd:Document {NS}>{frame}<ofd:Pages>{listed}</ofd:Pages></ofd:Document>")
        out.writestr("Doc_0/Tpls/0.xml", ofd_page(("10 5 60 4", "青河县应急局")))
        for k, texts in enumerate(pages):
            out.writestr(f"Doc_0/Pages/Page_{k}/Content.xml", ofd_page(*texts, extra='<ofd:Template TemplateID="90"/>' if k == 0 else ""))
    return path


def ofd_page(*texts, extra=""):
    drawn = "".join(f'<ofd:TextObject Boundary="{box}"><ofd:TextCode X="0" Y="4">{text}</ofd:TextCode></ofd:TextObject>' for box, text in texts)
    return f"<ofd:Page {NS}>{extra}<ofd:Content><ofd:Layer>{drawn}</ofd:Layer></ofd:Content></ofd:Page>"


def test_ofd_line_by_line_whatever_the_order_of_its_objects(tmp_path):
    first = [("10 40 30 5", "物资到位"), ("10 20 20 5", "汛情"), ("30 20.4 20 5", "通报"), ("80 20 20 5", "第7号")]
    document = ofd.read(ofd_file(tmp_path / "通报.ofd", first, [("10 10 30 5", "附表")]), source="通报.ofd")
    assert document.raw == "青河县应急局\n汛情通报 第7号\n物资到位\n\n附表\n\n"
    assert document.title == "通报"
    assert [document.raw[a:][:2] for a in document.pages] == ["青河", "附表"]


def test_a_scanned_ofd_says_so(tmp_path):
    path = tmp_path / "扫描.ofd"
    ofd_file(path, [])
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name).replace(b"TextObject", b"ImageObject") for name in old.namelist()}
    with zipfile.ZipFile(path, "w") as out:
        for name, content in parts.items():
            out.writestr(name, content)
    with pytest.raises(EmptyDocument, match="scan"):
        ofd.read(path, source="扫描.ofd")


@pytest.mark.parametrize("content", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), b"PK\x03\x04", b"text"])
def test_what_is_no_outlook_mail_is_said(tmp_path, content):
    (tmp_path / "x.msg").write_bytes(content)
    with pytest.raises(UnreadableDocument, match="Outlook"):
        outlook.read(tmp_path / "x.msg", source="x.msg")


class Properties:
    """An Outlook mail as olefile shows it: streams by name."""

    def __init__(self, **streams):
        self.streams = streams

    def exists(self, name):
        return name in self.streams

    def openstream(self, name):
        return io.BytesIO(self.streams[name])


def test_properties_of_an_outlook_mail():
    held = Properties(
        __substg1_0_0037001F="催办".encode("utf-16-le"), __substg1_0_1000001E="周四前交表".encode("gbk"),
        __properties_version1_0=bytes(32) + struct.pack("<IIQ", 0x00390040, 6, 133_500_000_000_000_000),
    )  # fmt: skip
    held.streams = {name.replace("substg1_0", "substg1.0").replace("version1_0", "version1.0"): data for name, data in held.streams.items()}
    assert outlook._text(held, "", "0037") == "催办"
    assert outlook._text(held, "", "1000") == "周四前交表"
    assert outlook._text(held, "", "0E04") == ""
    assert outlook._sent(held) == "2024-01-17 21:20 UTC"


def test_a_row_of_equal_cells_keeps_them_all():
    rows = [["班组", "早班", "晚班"], ["甲", "0", "0"], ["0", "0", "0"], across("合计", 3)]
    assert list(lines(rows)) == ["班组 | 早班 | 晚班", "班组：甲；早班：0；晚班：0", "班组：0；早班：0；晚班：0", "合计"]
