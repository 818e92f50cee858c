"""Cleaning as a whole: the law of offsets for any text and rules, the seeds, other genres, speed."""

from __future__ import annotations

import itertools
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.index.clean import CHARACTERS, LAYOUT, PAGE, RULES, SITE, Draft, clean
from rag.offsets import OffsetMap, apply
from rag.types import Part

from .clean_kit import SEEDS, cleaned, document, seed, text_of

DIRT = [
    "工会", "今年全省", "產(chǎn)", "?lián)鷷r", "▍^(qū))", "qū)", " ", "\u3000", "\xa0", "\n", "\n\n", "\r\n", "。", "，", "“", "”",
    "（", "）", "１２", "2 .18 万", "9 944", "筹 集 万 元", "(上接第一版)", "(下转第3版)", "返回顶部", "查看: 1|回复: 2", "首页 > 新闻",
    "甲| " * 12, "- 1 -\n", "- 2 -\n", "- 3 -\n", "一、总则", "2 主动作为 助力", "本报记者 王平", "刘明烨 摄", "本版图片由某处提供", "资金。\n金，",
    "&nbsp;", "\ufeff", "\ufffd", "\u2029", "Insti-\ntute", "APP", "2019-04-02 来源：报", "全市推动医疗资源下沉，基层诊疗占比提高，群众看病方便。",
    "努力推动", "😀", "﷽", "ﬃ", "⼯", "\ud7ff", "é", "\x00",
]  # fmt: skip
texts = st.lists(st.one_of(st.sampled_from(DIRT), st.text(max_size=4)), max_size=25).map("".join)


def check(raw: str, part: Part) -> None:
    """The law: edits are in order, lead to the clean text, and every span of it maps back into the document."""
    at = 0
    for edit in part.edits:
        assert at <= edit.start <= edit.end <= len(raw)
        assert edit.start < edit.end or edit.replacement
        at = edit.end
    assert apply(raw, part.edits) == part.clean
    back = OffsetMap(part.edits)
    spans = [back.to_raw(i, i + 1) for i in range(len(part.clean))]
    rewritten = {i for edit in part.edits for i in range(edit.start, edit.end)}
    for character, (start, end) in zip(part.clean, spans, strict=True):
        assert 0 <= start <= end <= len(raw)
        assert raw[start:end] == character or start == end or start in rewritten
    assert all(a[0] <= b[0] and a[1] <= b[1] for a, b in itertools.pairwise(spans))
    if spans:
        assert back.to_raw(0, len(part.clean)) == (spans[0][0], spans[-1][1])


@given(texts, st.lists(st.sampled_from(RULES), max_size=12))
@settings(deadline=None, max_examples=150)
def test_the_way_back_holds_for_any_text_and_any_rules(raw: str, rules: list) -> None:
    draft = Draft.of(raw).after(rules)
    check(raw, Part("", draft.text, draft.edits))


@given(texts)
@settings(deadline=None, max_examples=150)
def test_the_way_back_holds_for_any_document(raw: str) -> None:
    parts = clean(document(raw))
    assert parts
    for part in parts:
        check(raw, part)
        assert "\n\n" not in part.clean
        assert part.clean == part.clean.strip()


def test_every_rule_is_listed_once_under_its_own_name() -> None:
    names = [rule.__name__ for rule in RULES]
    assert len(set(names)) == len(names)
    assert RULES == CHARACTERS + PAGE + SITE + LAYOUT
    assert all(rule.__doc__ for rule in RULES)


@pytest.mark.parametrize("number", range(len(SEEDS)))
def test_seeds(number: int) -> None:
    raw = seed(number).raw
    for part in clean(seed(number)):
        check(raw, part)
        assert not re.search(
            r"[\u3000\xa0\u200b]|  |\n\n|上接|返回|ICP|版权所有|登录|责编|責編|摄$|提供$", part.clean, re.M
        )
        assert not re.search(r"[\u4e00-\u9fff]\([a-zāáǎàēéěèīíǐìōóǒòūúǔùü]+\)|[▍^]", part.clean)
        for line in part.clean.splitlines():
            assert len(line) < 60 or line.endswith(("。", "！", "!", "……", "，", ",", "发挥", "”")), line[
                -20:
            ]


def test_seed_with_two_articles() -> None:
    raw = seed(0).raw
    host, guest = clean(seed(0))
    assert host.clean.startswith("为辽宁高质量发展凝聚职工力量\n——2022年全省工会工作综述\n")
    assert guest.title == "一张蓝图绘到底 咬定目标不放松"
    assert guest.clean.startswith(guest.title + "\n省财政厅")
    assert "和辽宁丰富的红色工运资源" in host.clean
    assert "历史性突破。同时" in host.clean
    assert "\n4 夯实基础 狠抓自身见实效\n" in host.clean
    assert "召开党组理论学习中心组学习会议" in guest.clean
    assert "着力做好统计数据生产" in guest.clean
    assert guest.clean.splitlines()[-1].startswith("本报记者 赵婷婷")
    for word in ("财政厅", "商务厅", "工商联", "统计数据生产", "赵婷婷"):
        assert word in guest.clean
        assert word not in host.clean
    for word in ("28万余人", "县级工会", "64287人", "刘大毅"):
        assert word in host.clean
        assert word not in guest.clean
    assert len(host.clean) + len(guest.clean) > 0.98 * len(raw.replace("\n", ""))


def test_seed_of_a_forum() -> None:
    text = text_of(seed(1).raw)
    lines = text.splitlines()
    assert lines[0] == "辽宁省总工会:做好服务结构调整“三篇大文章” 凝心聚力促振兴"
    assert lines[1] == "发表于 2022-10-27 18:26:49"
    assert lines[2].startswith("近年来,")
    assert lines[-1].endswith("贡献力量。")
    assert "筑基 以制度保障服务结构调整“三篇大文章”" in lines


def test_seed_with_glosses_stays_traditional() -> None:
    text = text_of(seed(2).raw)
    assert text.startswith(
        "奮進在治蜀興川的新征程上\n——四川工會五年工作回眸\n李娜\n2023年10月08日10:23 來源:《工人日報》\n"
    )
    assert "勇擔時代使命" in text
    assert "“喜迎二十大 建功新時代”" in text
    assert "(" not in text.replace("(區)", "")
    assert text.endswith("團結奮斗、建功立業。")


def test_seed_of_a_spaced_pdf() -> None:
    text = text_of(seed(3).raw)
    assert text.startswith(
        "忠诚尽职奋勇争先\n团结动员全省广大职工以优异成绩迎接党的二十大胜利召开\n(三)坚持以职工为中心"
    )
    for kept in (
        "筹集9944万元为132.9万名劳动者提供救急济难保障",
        "交流轮岗等制度要求,省总机关兼挂职人员保持6%以上。深入",
        "全省2.18万家单位、359.9万名职工参加",
        "“建功十四五 奋进新征程”",
        "\n二、2022年重点工作\n",
        "\n精准帮扶困难职工。深入实施",
    ):
        assert kept in text


def test_seed_with_captions_in_the_flow() -> None:
    text = text_of(seed(4).raw)
    assert text.startswith("围绕职工办实事 帮助企业解难题\n——省总工会拓展渠道创新方法服务职工纪实\n")
    assert "努力推动12件实件暖人心的好事。”抚顺市国资委工会" in text
    assert "5950.15万元送温暖资金,各级工会共走访慰问" in text
    assert "\n实施技能培训 提升职工就业能力\n" in text


WEATHER = """首页 | 新闻 | 天气 | 登录 | 注册
您的位置：首页 > 气象 > 正文
台风“海葵”登陆 沿海转移群众三万人
2021-07-25 08:12:00　来源：东海日报　作者：周明　【字体：大 中 小】　打印
　　７月２５日０时３０分，今年第６号台风在浙江舟山登陆，中心附近最大风力１３级（３８
米／秒）。截至当日６时，全市共转移群众 3 . 2 万人，关闭景区 128 家，回港避风渔船 4 215 艘。
图为抢险队员加固海堤。  陈刚 摄
【责任编辑：林晓】
上一篇：高温预警持续发布
相关阅读
暑期安全提醒
Copyright © 2010-2021 www.example.cn All Rights Reserved  浙ICP备00000000号
"""
REPORT = """海洋渔业年报  2020
- 1 -
第三章 养殖产量
2020 年全省海水养殖产量达到 135.6 万吨，比上年增长 4.2%，其中贝类产量占比超过六成，主要分布在北部
海湾；藻类产量 12.8 万吨。
The survey was carried out by the Institute of Oceano-
graphy and covered 1,204 farms in the northern bay
area during the summer.
海洋渔业年报  2020
- 2 -
第四章 加 工 与 流 通
全省年加工能力 210 万 吨，冷 链 物 流 体 系 逐 步 完 善，农产品的流通渠道更加畅通。
海洋渔业年报  2020
- 3 -
各市应当在每年三月底之前完成上一年度的统计报送工作，并对数据的质量负责。
"""
TRANSIT = """返回首頁
瀏覽：1,204 次
臺北捷運環狀線全線通車
記者陳美玲／臺北報導
捷運環狀線第一階段今天通車，全長15.4公里，共設14座車站，預估每日運量可達16.7萬人次。市長表示，未來將繼續推動南環與北環路段，完成整個路網。
版權所有 © 2020 不得轉載
"""


def test_a_weather_page() -> None:
    assert text_of(WEATHER).splitlines() == [
        "台风“海葵”登陆 沿海转移群众三万人",
        "2021-07-25 08:12:00 来源：东海日报 作者：周明",
        "7月25日0时30分，今年第6号台风在浙江舟山登陆，中心附近最大风力13级（38米／秒）。截至当日6时，全市共转移群众3.2万人，"
        "关闭景区128家，回港避风渔船4215艘。",
        "图为抢险队员加固海堤。",
    ]


def test_a_report_out_of_a_pdf() -> None:
    assert text_of(REPORT).splitlines() == [
        "海洋渔业年报 2020",
        "第三章 养殖产量",
        "2020年全省海水养殖产量达到135.6万吨，比上年增长4.2%，其中贝类产量占比超过六成，主要分布在北部海湾；藻类产量12.8万吨。",
        "The survey was carried out by the Institute of Oceanography and covered 1,204 farms in the northern bay area "
        "during the summer.",
        "第四章 加工与流通",
        "全省年加工能力210万吨，冷链物流体系逐步完善，农产品的流通渠道更加畅通。",
        "各市应当在每年三月底之前完成上一年度的统计报送工作，并对数据的质量负责。",
    ]


def test_traditional_news() -> None:
    assert text_of(TRANSIT).splitlines() == TRANSIT.splitlines()[2:5]


@pytest.mark.parametrize("number", range(len(SEEDS)))
def test_clean_text_is_left_alone(number: int) -> None:
    part = clean(seed(number))[0]  # a second one may be in pieces that only the page keeps apart
    assert [again.clean for again in cleaned(part.clean)] == [part.clean]


def test_nothing_but_chrome_leaves_an_empty_part() -> None:
    assert [part.clean for part in cleaned("返回顶部\n登录 注册\n")] == [""]
    assert [part.clean for part in cleaned("")] == [""]
    assert [part.clean for part in cleaned("短文一句话")] == ["短文一句话"]


def test_the_watch_sees_every_rule() -> None:
    seen: list[str] = []
    clean(document("正文\n返回顶部\n版权所有"), watch=lambda rule, _text, _edits: seen.append(rule))
    assert seen == [rule.__name__ for rule in RULES]
    seen.clear()
    clean(document("正文"), watch=lambda rule, _text, _edits: seen.append(rule))
    assert seen == [rule.__name__ for rule in CHARACTERS + PAGE + LAYOUT]


@pytest.mark.slow
@pytest.mark.parametrize(
    "raw",
    ["SEED"] + [piece * (300_000 // len(piece)) for piece in (" ", "\n", "\t", "中 ", "(", "“", "，", "9^", "a", "中?", "1.1", "|a", "张三 摄\n")],
    ids=lambda raw: repr(raw[:4]),
)  # fmt: skip
def test_time_grows_with_length_alone(raw: str) -> None:
    """A quadratic rule would take minutes at these lengths."""
    if raw == "SEED":
        raw = seed(3).raw.replace("上接", "") * 120  # about a million characters
    started = time.process_time()
    clean(document(raw))
    assert time.process_time() - started < 40
