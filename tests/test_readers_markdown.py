"""Markdown as it is shown: the file stays as it is, and edits lead to what a reader sees."""

import pytest

from rag.index.clean import clean
from rag.index.readers import delimited, markdown
from rag.offsets import apply


def shown(text):
    title, edits = markdown.shown(text)
    return apply(text, edits), title


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("罚款~~50元~~**80元**，`限期`[缴纳](http://a.example/b_(c))。", "罚款80元，限期缴纳。"),
        ("见[办法](../b.md \"题\")和![图一](a.png)", "见办法和图一"),
        ("费用<del>3</del>4元<br>按月<u>结清</u><!-- 内部 -->", "费用4元 按月结清"),
        ("3 \\* 4 = 12，2*3*4", "3 * 4 = 12，2*3*4"),
        ("共81人[^1]。\n\n[^1]: 含借调", "共81人[注1]。\n\n[注1]含借调"),
        ("每克10<sup>6</sup>个，编制77<sup>2</sup>人", "每克10⁶个，编制77[注2]人"),
        ("##入库\n\n点数\n====\n", "## 入库\n\n# 点数\n\n"),
        ("#话题# 三月\n#5 泵", "#话题# 三月\n#5 泵"),
        ("> 引用\n> 两行", "引用\n两行"),
        ("```\n**不动**\n```\n**动**", "\n**不动**\n\n动"),
        ("图![](data:image/png;base64,AAAABBBB==)在此", "图在此"),
        ("[甲]: http://a.example\n正文", "\n正文"),
    ],
)  # fmt: skip
def test_marks_within_lines(text, seen):
    assert shown(text)[0] == seen


def test_the_front_matter_gives_the_title_and_stays():
    assert shown("---\ntitle: 保管办法\ndate: 2023-05-01\n---\n正文") == ("title: 保管办法\ndate: 2023-05-01\n正文", "保管办法")
    assert shown("---\n这不是 属性，只是一条线\n---\n正文")[1] is None


TABLE = "| 库房 | 面积 | 备注 |\n|:--|--:|---|\n| 甲\\|乙 | 320 | **满** |\n| 丙 | | 空 |\n|合计|460||\n\n正文"


def test_each_value_of_a_table_stands_behind_its_heading():
    assert shown(TABLE)[0].split("\n") == ["库房 | 面积 | 备注", "库房：甲|乙；面积：320；备注：满", "库房：丙；备注：空", "库房：合计；面积：460", "", "正文"]


def test_what_only_looks_like_a_table():
    for text in ("a | b\nc | d", "| a | b |\n|---|\n| c | d |", "正文\n---\n下文 | 完"):
        assert "：" not in shown(text)[0]


def test_tables_in_html_with_merged_cells():
    text = "前\n<table border=1><tr><th>部门</th><th>职级</th><th>标准</th></tr>\n<tr><td rowspan='2'>后勤</td><td>一级</td><td>350</td></tr><tr><td>二级</td><td><b>300</b></td></tr></table>后"
    assert [line for line in shown(text)[0].split("\n") if line] == ["前", "部门 | 职级 | 标准", "部门：后勤；职级：一级；标准：350", "部门：后勤；职级：二级；标准：300", "后"]


def test_a_citation_of_a_cell_leads_to_the_file(tmp_path):
    (tmp_path / "表.md").write_text(TABLE, encoding="utf-8")
    document = markdown.read(tmp_path / "表.md", source="表.md")
    assert document.raw == TABLE
    assert "库房：合计；面积：460" in clean(document)[0].clean


@pytest.mark.parametrize("size", [20_000, 40_000])
def test_lines_without_end_take_no_time(size):
    for unit in ("[a](", "**a", "~~", "`", "|", "<del>", "![", "\\|", "<td>", "data:a;base64,"):
        markdown.shown(unit * (size // len(unit)))


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_separated_values(tmp_path, sign):
    rows = [["编号", "名称", "数量"], ["A1", '"泵, 大; 型"', "12"], ["A2", "阀", "350"]]
    (tmp_path / "表.csv").write_bytes("\r\n".join(sign.join(row) for row in rows).encode("gb18030"))
    document = delimited.read(tmp_path / "表.csv", source="表.csv")
    assert document.raw == "编号 | 名称 | 数量\n编号：A1；名称：泵, 大; 型；数量：12\n编号：A2；名称：阀；数量：350"
