"""What a site puts round a text goes; the text's own lines stay."""

from __future__ import annotations

import pytest

from rag.index.clean import site as c

from .clean_kit import by, text_of


@pytest.fixture(autouse=True)
def _of_a_site(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every text here is taken for one of a site; what makes it one is tested apart."""
    monkeypatch.setattr("rag.index.clean.from_a_site", lambda text: True)


BODY = "台风登陆后，全市转移群众三万二千人，关闭景区一百二十八处，回港避风的渔船超过四千艘。"


@pytest.mark.parametrize(
    "line",
    [
        "返回列表 发布新帖", "查看: 17|回复: 0", "阅读次数：1,204次", "您需要登录后才可以回帖 登录 | 注册", "马上注册!",
        "登录后才能查看附件", "使用道具 举报", "Powered by Discuz! X3.5", "放大 缩小 默认", "返回頂部", "快速回复 返回顶部 返回列表",
        "Copyright © 2010-2021 example.cn 版权所有 All Rights Reserved.", "浙ICP备00000000号-1", "京公网安备 00000000000000号",
        "技术支持：某某科技有限公司", "【责任编辑：林晓】", "(責編:皮博、黃瑾)", "责编 | 王二", "上一篇：高温预警发布", "扫一扫在手机打开当前页",
        "分享到：", "您当前的位置：首页 > 新闻", "期次:第7793期", "建议使用1024×768分辨率浏览", "【打印】【关闭】", "We use cookies to improve.",
        "相关侵权、举报、投诉及建议等,请发 E-mail:a@example.com", "未经授权不得转载本网站内容。", "Skip to content",
    ],
)  # fmt: skip
def test_lines_of_a_site(line: str) -> None:
    assert c.is_chrome(line)
    assert (
        text_of(f"标题在这里说明事情\n{line}\n{BODY}\n{line}\n{BODY}\n{line}")
        == f"标题在这里说明事情\n{BODY}\n{BODY}"
    )


@pytest.mark.parametrize(
    "line",
    [
        "关于举办职工羽毛球比赛的通知", "评论：制度的生命力在于执行", "登录后点击“报名”按钮，填写信息。", "字体设计大赛开幕", "版权保护工作取得进展",
        "联系电话：010-12345678", "主办单位：市总工会", "搜索", "回复", "Engines powered by hydrogen", "本报记者 刘大毅", "分享发展成果",
        "二、下载安装", "来源：《工人日报》", "Copyright law and its limits", "举报投诉办理情况", "A | B", "编辑部的故事", "第3版画展开幕",
    ],
)  # fmt: skip
def test_lines_of_a_text(line: str) -> None:
    assert not c.is_chrome(line)
    assert line in text_of(f"标题在这里说明事情\n{BODY}\n{line}\n{BODY}").splitlines()


def test_doubtful_lines_go_among_others_of_a_site() -> None:
    tail = "回复\n使用道具 举报\n关注本站\n中心论坛\n主办：某单位\n京ICP备1号\n返回顶部"
    assert text_of(f"标题在这里说明事情\n{BODY}\n{tail}") == f"标题在这里说明事情\n{BODY}"
    contact = "联系人：张三\n联系电话：010-12345678\n2023年5月4日"
    assert text_of(f"关于开会的通知\n{BODY}\n{contact}\n返回顶部").endswith(contact)


def test_lists_of_other_pages_below_the_text() -> None:
    page = f"标题在这里说明事情\n{BODY}\n附件：报名表\n推荐阅读\n某地举行龙舟赛\n某地举行招聘会"
    assert text_of(page) == f"标题在这里说明事情\n{BODY}\n附件：报名表"
    inside = f"标题在这里说明事情\n{BODY}\n某地举行龙舟赛\n{BODY}"
    assert text_of(inside) == inside


def test_words_of_a_site_behind_the_date() -> None:
    assert by(c.chrome, "发表于 2022-10-27 18:26:49 | 查看全部 |阅读模式") == "发表于 2022-10-27 18:26:49"
    assert by(c.chrome, "2021-07-25 来源：日报 【字体：大 中 小】 打印") == "2021-07-25 来源：日报"
    assert by(c.chrome, "时间在打印 机里") == "时间在打印 机里"


@pytest.mark.parametrize(
    "line", ["中國共產黨新聞網>>中國工會新聞", "首页 > 要闻 > 正文", "Home > News > Local", "首页»政务»公告"]
)
def test_breadcrumbs(line: str) -> None:
    assert by(c.breadcrumbs, f"{line}\n标题\n{BODY}") == f"\n标题\n{BODY}"


@pytest.mark.parametrize("line", ["温度>30度时，停止室外作业。", "A->B", ">引用", "甲方 > "])
def test_no_breadcrumbs(line: str) -> None:
    assert by(c.breadcrumbs, f"{line}\n标题\n{BODY}") == f"{line}\n标题\n{BODY}"


def test_masthead_goes_and_the_title_stays() -> None:
    page = f"东海日报社\n\n2021-07-25\n首页 新闻 视频 论坛\n台风登陆记\n\n{BODY}"
    assert by(c.masthead, page) == f"\n\n\n\n台风登陆记\n\n{BODY}"
    for kept in (
        f"东海日报社\n{BODY}",
        f"2021-07-25\n{BODY}",
        f"台风登陆记\n2021-07-25\n{BODY}",
        "东海日报社\n台风登陆记",
    ):
        assert by(c.masthead, kept) == kept


def test_page_numbers_and_running_heads() -> None:
    page = "\n".join(f"年报 2020\n- {n} -\n{BODY}" for n in range(4, 9))
    assert text_of(page) == f"年报 2020\n{BODY}" + f"\n{BODY}" * 4
    for kept in ("1\n2022\n7\n15", "得分\n3\n比分\n3"):
        assert by(c.page_numbers, kept) == kept


def test_keyword_spam() -> None:
    spam = "和静县| 天等县| 手游| 星座| 康马县| 昭平县| SHOW| 汽车| 久治县| 南澳县| 吉安市|"
    assert by(c.keyword_spam, f"{BODY}\n{spam}") == f"{BODY}\n"
    assert by(c.keyword_spam, f"{spam}\n{BODY}") == f"\n{BODY}"
    table = "| 年 | 1月 | 2月 | 3月 | 4月 | 5月 | 6月 | 7月 | 8月 | 9月 | 10月 |"
    inside = f"{BODY}\n{spam}\n{BODY}"
    for kept in (f"{BODY}\n{table}", inside, f"{BODY}\n甲 | 乙 | 丙"):
        assert by(c.keyword_spam, kept) == kept


def test_a_row_of_sections_is_navigation():
    from rag.index.clean.site import is_chrome

    assert is_chrome("首页 | 时政 | 社会 | 工会 | 财经 | 健康")
    assert not is_chrome("工程 | 2.1亿元 | 完工 | 已验收 | 合格")
    assert not is_chrome("职工 | 企业")


def test_signs_of_a_site() -> None:
    policy = "车辆管理办法\n未经车队长同意，驾驶员不得出借车辆钥匙。\n投诉举报热线为5550142。\n登录系统后填写用车申请。\n1 12 15 27"
    assert not c.from_a_site(policy)
    assert not c.from_a_site(policy + "\n来源：后勤处")
    assert c.from_a_site(policy + "\n来源：后勤处\n版权所有 某某网")
    assert c.from_a_site("返回首頁\n瀏覽：1,204 次\n" + policy)


def test_rules_and_hotlines_are_no_notices() -> None:
    for line in ("未经车队长同意，驾驶员不得出借车辆钥匙。", "投诉举报热线为5550142。", "1 12 15 27", "12,345,678"):
        assert not c.is_chrome(line)
    assert c.is_chrome("未经本网授权不得转载。")


def test_figures_that_count_up_are_no_page_numbers() -> None:
    rooms = "分房名单\n" + "\n".join(f"{n}\n某{n}" for n in range(301, 309))
    assert by(c.page_numbers, rooms) == rooms
    pages = "年报\n" + "\n".join(f"{n}\n" + "\n".join([BODY] * 9) for n in range(1, 6))
    assert by(c.page_numbers, pages) == "年报\n" + "\n".join(["", *([BODY] * 9)] * 5)
