"""Web pages: the article with its headline and dateline, nothing of the site round it."""

import pytest

from rag.errors import EmptyDocument
from rag.index.readers._marks import unmarked, without
from rag.index.readers.html import extract, read

NEWS = """<!doctype html><html><head><meta charset="{charset}"><title>四川工会五年工作回眸_工会新闻网</title>
<style>p {{ color: red }}</style><script>var spam = "脚本";</script></head><body>
<div class="nav"><a href="/">首页</a> <a href="/x">新闻</a> <a href="/y">专题</a></div>
<div class="main"><h1>奋进在治蜀兴川的新征程上</h1><h2>——四川工会五年工作回眸</h2>
<div class="info">2023年10月08日10:23 来源：工人日报</div>
<div class="share">分享到：<a href="#">微信</a></div>
<div class="text"><p>　　职工思想引领走在前列，工会数字化建设创新推进，新就业形态劳动者入会实现新突破，
   五年来全省各级工会干在实处。</p>
<h3>一、思想引领</h3>
<p>　　五年来，全省工会共开展宣讲<strong>2.15万</strong>场次，覆盖职工260万人次。<br>第二行在换行之后。</p>
<ul><li>第一项：建成驿站1.2万个</li><li>第二项：帮扶困难职工3.4万户</li></ul>
<table><tr><th>年份</th><th>人数</th></tr>
<tr><td>2021</td><td>12万</td></tr><tr><td>2022</td><td> 15万 </td></tr></table>
<blockquote>“工会是职工的娘家人。”一位职工这样说。</blockquote>
</div></div>
<div class="footer">版权所有 ICP备12345号 <a href="/a">关于我们</a> <a href="/b">联系方式</a></div>
</body></html>"""

ARTICLE = """奋进在治蜀兴川的新征程上

——四川工会五年工作回眸

2023年10月08日10:23 来源：工人日报

职工思想引领走在前列，工会数字化建设创新推进，新就业形态劳动者入会实现新突破，五年来全省各级工会干在实处。

一、思想引领

五年来，全省工会共开展宣讲2.15万场次，覆盖职工260万人次。
第二行在换行之后。

第一项：建成驿站1.2万个

第二项：帮扶困难职工3.4万户

年份 | 人数
年份：2021；人数：12万
年份：2022；人数：15万

“工会是职工的娘家人。”一位职工这样说。"""


def save(tmp_path, data, name="页面.html"):
    (tmp_path / name).write_bytes(data)
    return tmp_path / name


@pytest.mark.parametrize(
    ("declared", "real", "found"),
    [
        ("utf-8", "utf-8", "utf-8"),
        ("utf-8", "utf-8-sig", "utf-8-sig"),
        ("gb2312", "gbk", "gb18030"),
        ("GBK", "gb18030", "gb18030"),
        ("gb2312", "utf-8", "utf-8"),  # what is declared is not what is there
        ("utf-8", "gb18030", "gb18030"),
        ("iso-8859-1", "gb18030", "gb18030"),
        ("no-such", "utf-16", "utf-16"),
    ],
)
def test_article_in_any_encoding(tmp_path, declared, real, found):
    document = read(save(tmp_path, NEWS.format(charset=declared).encode(real)), source="页面.html")
    assert document.raw == ARTICLE
    assert document.encoding == found
    assert document.title == "奋进在治蜀兴川的新征程上"
    assert document.media_type == "text/html"


@pytest.mark.parametrize("declared", ["big5", "utf-8", ""])
def test_big5_page(tmp_path, declared):
    paragraph = (
        "各縣市政府應加強輔導事業單位落實職業安全衛生教育訓練，以保障勞工權益，並於年底前將辦理情形函報。"
    )
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={declared}">'
    page = f"<html><head>{meta}<title>公告</title></head>"
    page += f"<body><div><p>{paragraph}</p><p>{paragraph[::-1]}</p></div></body></html>"
    document = read(save(tmp_path, page.encode("big5")), source="x")
    assert document.raw.startswith(paragraph) and document.encoding == "big5"


def test_page_of_layout_tables_without_headline(tmp_path):
    page = """<html><head><title>省总工会召开会议 - 某省总工会</title></head><body>
    <table><tr><td>省总工会召开会议</td></tr><tr><td>发布时间：2021-05-06　来源：办公室</td></tr>
    <tr><td><p>&nbsp;&nbsp;5月6日，省总工会召开常委会（扩大）会议，传达学习重要讲话精神，研究部署贯彻落实工作。</p>
    <p>会议指出，2020年全省新建工会组织1.2万个，发展会员65万人，为历年之最。</p></td></tr></table></body></html>"""
    raw, title = extract(page)
    assert title == "省总工会召开会议"
    paragraphs = raw.split("\n\n")
    assert paragraphs[-1] == "会议指出，2020年全省新建工会组织1.2万个，发展会员65万人，为历年之最。"
    assert paragraphs[-2].startswith("5月6日，") and "发布时间：2021-05-06　来源：办公室" in paragraphs


def test_readings_over_characters_are_left_out():
    assert extract("<p><ruby>漢<rp>(</rp><rt>hàn</rt><rp>)</rp></ruby>字很多。</p>")[0] == "漢字很多。"


@pytest.mark.parametrize(
    ("page", "raw"),
    [
        ("<div>短</div><div>文</div>", "短\n\n文"),
        ("没有标签的文字", "没有标签的文字"),
        (
            '<?xml version="1.0" encoding="gbk"?><html xmlns="http://www.w3.org/1999/xhtml"><body><p>文字</p></body></html>',
            "文字",
        ),
        ("<p>a &lt;b&gt; &amp; &#20013;</p>", "a <b> & 中"),
        ("<p>未关闭<div>标签<b>很多", "未关闭\n\n标签很多"),
        ("<p>正<!-- 注释 -->文</p>", "正文"),
    ],
)
def test_small_pages_are_taken_whole(page, raw):
    assert extract(page)[0] == raw


@pytest.mark.parametrize(
    "page",
    [
        "<html></html>",
        "<p> </p>",
        "<script>var a</script><style>b</style>",
        "<head><title>题</title></head>",
        "<!-- x -->",
    ],
)
def test_pages_without_text(tmp_path, page):
    with pytest.raises(EmptyDocument, match=r"页面\.html"):
        read(save(tmp_path, page.encode()), source="x")


def test_deep_nesting_neither_crashes_nor_hangs():
    assert extract("<b>" * 20000 + "深" + "</b>" * 20000)[0] in ("", "深")
    assert "浅" in extract("<div>浅" + "<div>" * 20000 + "深")[0]


def test_a_menu_entry_that_stands_in_the_article_too_is_not_taken():
    body = "<p>新闻发布会介绍，2022年全省工会帮扶困难职工3.4万户，发放资金1.16亿元，比上年增长一成。</p>" * 3
    raw, _ = extract(
        f"<html><body><ul class='menu'><li>新闻</li><li>专题</li></ul><article>{body}</article></body></html>"
    )
    assert raw.startswith("新闻发布会介绍")


def test_cells_that_span_rows_and_columns_count_in_each(tmp_path):
    page = """<html><body><h1>校车时刻</h1><p>校车每日往返两个校区，周末停运，请提前五分钟候车。</p><table>
    <tr><th rowspan=2>线路</th><th colspan=2>首班</th></tr><tr><th>东门</th><th>西门</th></tr>
    <tr><td rowspan=2>一号线</td><td>7:10</td><td>7:25</td></tr><tr><td>8:10</td><td>8:25</td></tr></table></body></html>"""
    (tmp_path / "车.html").write_text(page, encoding="utf-8")
    raw = read(tmp_path / "车.html", source="车.html").raw
    assert "线路：一号线；首班 东门：8:10；首班 西门：8:25" in raw


def told(body):
    """The clean text of a page of ours."""
    raw, _ = extract(f"<html><head><title>内网</title></head><body>{body}</body></html>")
    return without(raw)


def test_struck_and_hidden_text_is_set_apart():
    raw, _ = extract('<p>租金每月<s>900元</s><ins>800元</ins>，押金<del>一</del>两个月。</p><p hidden>底价700元</p><div style="Display : None"><p>暗语</p></div>')
    assert unmarked(raw)[0] == "租金每月900元800元，押金一两个月。\n\n底价700元\n\n暗语"
    assert clean_text(without(raw)) == "租金每月800元，押金两个月。"


def clean_text(text):
    return "\n".join(line for line in text.split("\n") if line)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("每升10<sup>4</sup>个", "每升10⁴个"), ("面积36m<sup>2</sup>", "面积36m²"), ("编制77<sup>3</sup>人", "编制77[注3]人"), ("详见<sup>[12]</sup>", "详见[注12]"),
        ("CO<sub>2</sub>", "CO2"), ("log5<sub>2</sub>", "log5_2"), ("共46<b>万</b>元", "共46万元"),
        ('<input type="checkbox" checked>是<input type="checkbox">否', "☑是☐否"),
    ],
)  # fmt: skip
def test_what_a_browser_shows_of_a_line(markup, text):
    assert told(f"<p>{markup}</p>") == text


def test_numbers_of_lists_and_terms_of_definitions():
    body = "<h2>步骤</h2><ol start='3'><li>断电</li><li><p>挂牌</p></li><li value='9'>送电</li></ol><dl><dt>短驳</dt><dt>倒运</dt><dd>场内的搬运</dd><dt>回单</dt><dd>签收的单据</dd></dl>"
    assert told(body).split("\n\n") == ["步骤", "3. 断电", "4. 挂牌", "9. 送电", "短驳、倒运：场内的搬运", "回单：签收的单据"]


def test_a_page_without_menus_is_read_whole():
    body = "<h1>保管手册</h1><p>本手册供各库房的保管人员使用，由物资处解释。</p><h2>入库</h2><ul><li>点数</li><li>登记</li></ul><pre>第1行\n第2行</pre><p>完</p>"
    assert told(body).split("\n\n") == ["保管手册", "本手册供各库房的保管人员使用，由物资处解释。", "入库", "点数", "登记", "第1行\n第2行", "完"]


def test_a_long_cell_stays_behind_its_heading():
    body = f"<table><caption>方案</caption><tr><th>方案</th><th>预算</th><th>说明</th></tr><tr><td>甲</td><td>31万元</td><td>{'利用旧房改造。' * 40}</td></tr><tr><td>乙</td><td>46万元</td><td>新建</td></tr></table>"
    assert told(body).endswith("方案：乙；预算：46万元；说明：新建")
