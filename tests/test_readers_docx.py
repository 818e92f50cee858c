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
from rag.index.clean import clean
from rag.index.readers import docx as reader
from rag.offsets import apply

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
    document = reader.read(path, source="x")
    assert document.raw == "服务\t职工260万删去隐藏人次\n下一行汉"
    assert apply(document.raw, document.edits) == "服务\t职工260万人次\n下一行汉"
    assert [edit.rule for edit in document.edits] == ["struck", "hidden"]


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


def paragraph(*runs, properties=""):
    """A paragraph of (text, run properties)."""
    told = "".join(f"<w:r><w:rPr>{how}</w:rPr><w:t xml:space='preserve'>{text}</w:t></w:r>" for text, how in runs)
    return f"<w:p {W}><w:pPr>{properties}</w:pPr>{told}</w:p>"


def read_xml(tmp_path, *xml):
    return reader.read(save(tmp_path, lambda document: [add(document, one) for one in xml]), source="x")


@pytest.mark.parametrize(
    ("before", "figure", "after", "told"),
    [
        ("限值为10", "5", "个", "限值为10⁵个"), ("浓度10", "-3", "", "浓度10⁻³"), ("面积50m", "2", "", "面积50m²"),
        ("共有床位1286", "2", "张", "共有床位1286[注2]张"), ("见附注", "[3]", "。", "见附注[注3]。"), ("The 4", "th", " floor", "The 4th floor"),
    ],
)  # fmt: skip
def test_a_raised_figure_is_a_power_or_a_note_and_never_a_digit_more(tmp_path, before, figure, after, told):
    raised = '<w:vertAlign w:val="superscript"/>'
    assert read_xml(tmp_path, paragraph((before, ""), (figure, raised), (after, ""))).raw == told


def test_struck_text_is_kept_aside(tmp_path):
    document = read_xml(tmp_path, paragraph(("罚款", ""), ("50元", "<w:strike/>"), ("20", "<w:dstrike/>"), ("80元", "")))
    assert document.raw == "罚款50元2080元"
    assert clean(document)[0].clean == "罚款80元"


def numbered(*, number, level=0):
    return f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'


def test_numbers_that_word_makes_by_itself(tmp_path):
    def level(n, form, text, start=1, legal=""):
        return f'<w:lvl w:ilvl="{n}"><w:start w:val="{start}"/><w:numFmt w:val="{form}"/>{legal}<w:lvlText w:val="{text}"/></w:lvl>'

    lists = f"""<w:numbering {W}><w:abstractNum w:abstractNumId="0">{level(0, "chineseCountingThousand", "第%1章", 9)}{level(1, "decimal", "%1.%2", legal="<w:isLgl/>")}</w:abstractNum>
      <w:abstractNum w:abstractNumId="1">{level(0, "upperLetter", "%1)")}{level(1, "bullet", "·")}</w:abstractNum>
      <w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>
      <w:num w:numId="3"><w:abstractNumId w:val="1"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num></w:numbering>"""

    def build(document):
        document.part.numbering_part._element = parse_xml(lists)
        for text, how in [
            ("总纲", numbered(number=1)), ("目的", numbered(number=1, level=1)), ("范围", numbered(number=1, level=1)), ("没有编号", numbered(number=0)),
            ("细则", numbered(number=1)), ("甲", numbered(number=2)), ("子项", numbered(number=2, level=1)), ("乙", numbered(number=2)), ("丙", numbered(number=3)),
            ("附件", numbered(number=1)), ("说明", numbered(number=1, level=1)),
        ]:  # fmt: skip
            add(document, paragraph((text, ""), properties=how))

    told = reader.read(save(tmp_path, build), source="x").raw.split("\n\n")
    assert told == ["第九章 总纲", "9.1 目的", "9.2 范围", "没有编号", "第十章 细则", "A)甲", "子项", "B)乙", "A)丙", "第十一章 附件", "11.1 说明"]


def test_headers_once_without_page_numbers(tmp_path):
    def build(document):
        document.add_paragraph("正文一段。")
        document.sections[0].header.paragraphs[0].text = "内部资料 注意保存"
        document.sections[0].footer.paragraphs[0].text = "联系电话：5550123"
        document.add_section()
        document.sections[1].footer.is_linked_to_previous = False
        document.sections[1].footer.paragraphs[0]._p.append(parse_xml(f'<w:fldSimple {W} w:instr=" PAGE "><w:r><w:t>1</w:t></w:r></w:fldSimple>'))

    assert reader.read(save(tmp_path, build), source="x").raw == "内部资料 注意保存\n\n正文一段。\n\n联系电话：5550123"


def rewritten(path, change, extra=()):
    """The file with `change(name, content)` applied to each part, and further parts."""
    out = path.with_name("改.docx")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, content in extra:
            new.writestr(name, content)
    return out


def related(kind, target):
    """Adds a relation `rX` from the main part."""
    relation = f'<Relationship Id="rX" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" Target="{target}"/></Relationships>'
    return lambda name, content: content.replace(b"</Relationships>", relation.encode()) if name == "word/_rels/document.xml.rels" else content


def test_footnotes_stand_behind_the_paragraph_that_names_them(tmp_path):
    path = save(tmp_path, lambda document: (add(document, f'<w:p {W}><w:r><w:t>在编人员312</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r><w:r><w:t>人。</w:t></w:r></w:p>'), document.add_paragraph("下一段。")))
    notes = f'<w:footnotes {W}><w:footnote w:type="separator" w:id="0"><w:p/></w:footnote><w:footnote w:id="2"><w:p><w:r><w:footnoteRef/></w:r><w:r><w:t>不含借调人员。</w:t></w:r></w:p></w:footnote></w:footnotes>'
    path = rewritten(path, related("footnotes", "footnotes.xml"), [("word/footnotes.xml", notes)])
    assert reader.read(path, source="x").raw == "在编人员312[注1]人。\n\n[注1]不含借调人员。\n\n下一段。"


def test_a_strict_document_and_one_with_a_relation_to_nothing(tmp_path):
    path = save(tmp_path, lambda document: document.add_paragraph("保管期限十年。"))
    strict = rewritten(path, lambda _, content: content.replace(b"http://schemas.openxmlformats.org/wordprocessingml/2006/main", b"http://purl.oclc.org/ooxml/wordprocessingml/main").replace(b"http://schemas.openxmlformats.org/officeDocument/2006/relationships", b"http://purl.oclc.org/ooxml/officeDocument/relationships"))
    assert reader.read(strict, source="x").raw == "保管期限十年。"
    assert reader.read(rewritten(path, related("image", "NULL")), source="x").raw == "保管期限十年。"


def test_a_document_put_into_another(tmp_path):
    path = save(tmp_path, lambda document: add(document, f'<w:altChunk {W} xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:id="rX"/>'))
    web = "<html><body><p>借用期限为<del>三</del>五天。</p></body></html>"
    document = reader.read(rewritten(path, related("aFChunk", "afchunk.htm"), [("word/afchunk.htm", web)]), source="x")
    assert clean(document)[0].clean == "借用期限为五天。"


def test_ticks_of_every_make(tmp_path):
    symbol = f"<w:p {W}><w:r><w:sym w:font='Wingdings' w:char='F0FE'/></w:r><w:r><w:t>同意</w:t></w:r><w:r><w:sym w:font='Wingdings' w:char='F0A8'/></w:r><w:r><w:t>不同意</w:t></w:r></w:p>"
    font = paragraph(("R", '<w:rFonts w:ascii="Wingdings 2"/>'), ("是", ""), ("£", '<w:rFonts w:ascii="Wingdings 2"/>'), ("否", ""))
    form = f"<w:p {W}><w:r><w:fldChar w:fldCharType='begin'><w:ffData><w:checkBox><w:default w:val='0'/><w:checked/></w:checkBox></w:ffData></w:fldChar></w:r><w:r><w:t>已缴</w:t></w:r></w:p>"
    assert read_xml(tmp_path, symbol, font, form).raw == "☑同意☐不同意\n\n☑是☐否\n\n☑已缴"


def test_formulas_stay_on_their_line(tmp_path):
    m = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    fraction = f"<w:p {W} {m}><m:oMath><m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f><m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>3</m:t></m:r></m:sup></m:sSup></m:oMath></w:p>"
    assert read_xml(tmp_path, fraction).raw == "1/2x³"


def test_rows_of_a_table_that_fill_the_line_are_not_joined(tmp_path):
    def build(document):
        document.add_paragraph("差旅标准")
        table = document.add_table(9, 3)
        for i, words in enumerate(["部门", "职级", "住宿标准（元/天）", *(w for n in range(8) for w in ("业务拓展部", f"{n}级", f"{300 + n}"))]):
            table.cell(i // 3, i % 3).text = words

    text = clean(reader.read(save(tmp_path, build), source="x"))[0].clean
    assert text.count("\n") == 9
