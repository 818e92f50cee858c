"""What goes in cleaning is told, and can be kept."""

from dataclasses import replace

import pytest

from rag.config import Settings
from rag.errors import ConfigError
from rag.index.clean import clean
from rag.index.losses import lost
from rag.index.pipeline import cleaning, default_pipeline
from rag.index.readers import html, markdown
from rag.types import Document, Edit

TEXT = "食堂管理办法\n\n食堂每日供应三餐，职工凭卡就餐，外来人员由接待部门登记。\n" * 20


def read(raw, edits=()):
    return Document("a.txt", raw, "sha256:0", edits=edits)


def told(document, **how):
    return lost(document, clean(document, **how))


def test_nothing_is_said_of_white_space_and_repairs():
    assert told(read("　　餐费 １８ 元。\r\n\r\n  每月 结清。\u200b\n" + TEXT)) == ""


def test_a_figure_that_went_is_named(monkeypatch):
    monkeypatch.setenv("ZHIYIN_LANG", "en")
    assert "figures among them (18)" in told(read(TEXT + "餐费18元", (Edit(len(TEXT), len(TEXT) + 5, "", "struck"),)))
    assert told(read(TEXT + "餐费", (Edit(len(TEXT), len(TEXT) + 2, "", "struck"),))) == ""  # little, and no figure


def test_a_share_that_went_is_named(monkeypatch):
    monkeypatch.setenv("ZHIYIN_LANG", "en")
    raw = "甲" * 90 + "乙" * 10
    assert "10 characters (10.0%): 「乙乙乙乙乙乙乙乙乙乙」" in told(read(raw, (Edit(90, 100, "", "hidden"),)))


def test_markup_and_page_numbers_are_no_loss(tmp_path):
    (tmp_path / "a.md").write_text(f"# 题\n\n![图](http://a.example/{'1' * 400}.png)**餐费**18元\n", encoding="utf-8")
    assert told(markdown.read(tmp_path / "a.md", source="a.md")) == ""


def test_struck_text_of_a_page_is_told(tmp_path):
    (tmp_path / "a.html").write_text("<p>停车费每小时<del>5元</del>8元。</p>", encoding="utf-8")
    assert "5" in told(html.read(tmp_path / "a.html", source="a.html"))


PAGE = "首页 | 新闻 | 公告 | 服务\n您当前的位置：首页 > 新闻 > 正文\n食堂四月起\n延长供餐。\n【打印本页】【关闭窗口】\n版权所有 ICP备12345号\n"


@pytest.mark.parametrize("how", [{"clean": "gentle"}, {"clean_gently": ("新闻",)}, {"clean_gently": ("新闻/a.txt",)}])
def test_gentle_cleaning_takes_nothing_out(how):
    document = replace(read(PAGE), source="新闻/a.txt")
    pipeline = default_pipeline()
    softened = cleaning(pipeline, Settings(**how))
    assert softened.clean(document)[0].clean == PAGE.strip()
    assert softened.version != pipeline.version
    assert cleaning(pipeline, Settings()) is pipeline


def test_other_folders_are_cleaned_as_ever():
    softened = cleaning(default_pipeline(), Settings(clean_gently=("合同",)))
    assert softened.clean(read(PAGE)) == clean(read(PAGE)) != clean(read(PAGE), gentle=True)


def test_a_way_of_cleaning_that_does_not_exist():
    with pytest.raises(ConfigError, match="give full or gentle"):
        Settings(clean="none")
