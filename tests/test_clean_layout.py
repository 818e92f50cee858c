"""Newspaper columns, captions in the flow, and blanks where none belong."""

from __future__ import annotations

import pytest

from rag.index.clean import captions, layout, spacing
from rag.index.clean.draft import Rule
from rag.index.clean.words import crosses

from .clean_kit import by

LONG = "全市推动医疗资源下沉，基层诊疗量占比由四成八提高到六成三，县域内就诊率达到九成一，"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{LONG}群众看病更加\n\n方便。", f"{LONG}群众看病更加方便。"),
        (f"{LONG}药价\n降了。\n下一段。", f"{LONG}药价降了。\n下一段。"),
        ("开展了“喜迎新春、真情\n\n暖职工”主题慰问活动。", "开展了“喜迎新春、真情暖职工”主题慰问活动。"),
        (
            f"省水利厅负责人在会上分析辽宁丰\n富的水系，{LONG}说。",
            f"省水利厅负责人在会上分析辽宁丰富的水系，{LONG}说。",
        ),
        (
            f"经济工作会议精神。\n省住建厅组织学习经济工作会议\n精神，{LONG}好。",
            f"经济工作会议精神。\n省住建厅组织学习经济工作会议精神，{LONG}好。",
        ),
        ("他说\n，好。", "他说，好。"),
        ("他说：“好。\n”大家笑了。", "他说：“好。”大家笑了。"),
        (
            "the survey covered farms in the northern\nbay area.",
            "the survey covered farms in the northern bay area.",
        ),
        (f"{LONG}使用\nAPP 办理。", f"{LONG}使用APP 办理。"),
    ],
)
def test_broken_lines_are_joined(text: str, expected: str) -> None:
    assert by(layout.columns, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        f"主动作为 助力发展建新功\n{LONG}好。",
        f"{LONG}发挥\n4 夯实基础 狠抓自身",
        f"{LONG}发挥\n\u2029\n着力做好数据生产。",
        f"{LONG}发挥\n（二）坚持问题导向",
        f"(三)坚持以职工为中心的工作导向,在竭诚服务职工上展现了新作为\n{LONG}好。",
        f"本报记者 王平\n{LONG}好。",
        f"守住一方碧水\n——流域治理纪实\n{LONG}好。",
        "第一段完了。\n第二段开始了。",
        "一、比赛时间\n2023年5月20日上午9:00\n二、比赛地点\n市体育馆",
        "Annual Report\nThe fleet grew by two ships.",
    ],
)
def test_headings_and_paragraphs_stay_apart(text: str) -> None:
    assert by(layout.columns, text) == text


def test_lines_wrapped_at_one_width_are_joined() -> None:
    sentence = "春天来了河水慢慢涨起来两岸的柳树都发了新芽孩子们在堤上放风筝老人坐在树下晒太阳" * 6
    wrapped = "\n".join(sentence[i : i + 30] for i in range(0, len(sentence), 30)) + "。"
    assert by(layout.columns, f"河边的春天\n{wrapped}\n尾声\n完。") == f"河边的春天\n{sentence}。\n尾声\n完。"


def test_repeated_edges_of_columns_are_joined() -> None:
    assert (
        by(layout.overlaps, "已下拨送温暖资金。\n\n金，各级走访慰问。") == "已下拨送温暖资金，各级走访慰问。"
    )
    for kept in ("资金。\n金额，不大。", "资金。\n\n金山很远。", "资金\n金，好"):
        assert by(layout.overlaps, kept) == kept


def test_paragraphs() -> None:
    assert by(layout.paragraphs, " \n\n 一  \n\n\n  二\n三\n ") == "一\n二\n三"
    assert by(layout.paragraphs, "一\n\u2029\n二") == "一\n二"
    assert by(layout.paragraphs, " \n ") == ""
    assert by(layout.paragraphs, "一\n二") == "一\n二"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(上接第 1 版)\n正文", "\n正文"),
        ("正文完。（下转第三版）", "正文完。"),
        ("紧接第2版\n正文", "\n正文"),
        ("我们接第三版的稿子要快。", "我们接第三版的稿子要快。"),
        ("（上接孩子放学，下接老人看病）好", "（上接孩子放学，下接老人看病）好"),
    ],
)
def test_pointers_to_other_pages(text: str, expected: str) -> None:
    assert by(captions.continuation_marks, text) == expected


def test_a_caption_in_a_sentence_goes_with_its_credit() -> None:
    page = f"{LONG}努力推动12件实\n\n\n工人在比赛，气氛热烈。\n\n本版图片由某单位提供\n\n件暖人心的好事。"
    assert by(captions.interruptions, page) == f"{LONG}努力推动12件实件暖人心的好事。"
    page = f"{LONG}努力推动\n图为比赛现场。 陈刚 摄\n各项工作，{LONG}见效。"
    assert by(captions.interruptions, page) == f"{LONG}努力推动各项工作，{LONG}见效。"


@pytest.mark.parametrize(
    "text",
    [
        f"{LONG}见效。\n\n工人在比赛。\n\n本版图片由某单位提供\n\n下一段开始。",
        f"{LONG}努力推动\n\n工人在比赛。\n\n下一段开始。",
        f"{LONG}努力推动\n图为比赛现场。 陈刚 摄\n二、下一节",
        f"{LONG}努力推动\n图为比赛现场。 陈刚 摄",
    ],
)
def test_what_interrupts_no_sentence_stays(text: str) -> None:
    assert by(captions.interruptions, text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("本版图片由省总工会提供", ""),
        ("工作室成员进行技术攻关。刘明烨 摄", "工作室成员进行技术攻关。"),
        ("（新华社记者 王平 摄）", ""),
        ("摄影：王平", ""),
        ("图片来源：市档案馆", ""),
        ("图片社今年为全市职工提供摄影培训。", "图片社今年为全市职工提供摄影培训。"),
        ("他是摄影爱好者", "他是摄影爱好者"),
        ("本报记者 王平", "本报记者 王平"),
        ("工会为职工提供服务", "工会为职工提供服务"),
    ],
)
def test_photo_credits(text: str, expected: str) -> None:
    assert by(captions.photo_credits, text) == expected


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        (spacing.runs_of_spaces, "甲   乙 丙", "甲 乙 丙"),
        (
            spacing.spaced_numbers,
            "共 2 .18 万、3 . 5 %、98.76 %、12 345 人",
            "共 2.18 万、3.5%、98.76%、12345 人",
        ),
        (
            spacing.spaced_numbers,
            "2021 2022 年，1. 2022年、第3 20 名，1 000 年",
            "2021 2022 年，1. 2022年、第3 20 名，1 000 年",
        ),
        (
            spacing.spaced_out,
            "轮岗 等 制 度 要 求 ,省 总 机 关 保 持 6% 以 上 。深入",
            "轮岗等制度要求,省总机关保持6%以上。深入",
        ),
        (spacing.spaced_out, "筹 集 9944 万 元 为 132.9 万 名 劳 动 者", "筹集9944万元为132.9万名劳动者"),
        (spacing.spaced_out, "目 录", "目录"),
        (spacing.spaced_out, "籌 集 資 金 送 溫 暖", "籌集資金送溫暖"),
        (spacing.spaced_out, "赵 六 钱 七 孙 八", "赵 六 钱 七 孙 八"),
        (spacing.spaced_words, "第一章 总 则", "第一章 总则"),
        (spacing.spaced_words, "赵 六 孙 八", "赵 六 孙 八"),
        (spacing.spaced_out, "本报记者 赵 静 李 越 董翰博", "本报记者 赵 静 李 越 董翰博"),
        (spacing.spaced_out, "主动作为 助力发展 建新功", "主动作为 助力发展 建新功"),
        (spacing.spaced_out, "a b c d 1 2 3", "a b c d 1 2 3"),
        (spacing.spaced_punctuation, "好 ，他说 ： “是” 。《 书名 》 , 对", "好，他说：“是”。《书名》,对"),
        (spacing.spaced_punctuation, "Well, yes; no (never) .", "Well, yes; no (never) ."),
        (spacing.spaced_units, "二、2022 年重点工作", "二、2022年重点工作"),
        (spacing.spaced_units, "2 主动作为 助力发展", "2 主动作为 助力发展"),
        (spacing.spaced_units, "1.2 总体要求", "1.2 总体要求"),
        (
            spacing.spaced_units,
            f"{LONG}全省 2.18 万家单位 、5771 户参加。",
            f"{LONG}全省2.18万家单位 、5771户参加。",
        ),
        (spacing.spaced_units, "砥砺奋进 2022工会综述", "砥砺奋进 2022工会综述"),
        (
            spacing.spaced_latin,
            f"{LONG}在企业 APP 铺设 Word Online 入口。",
            f"{LONG}在企业APP铺设Word Online入口。",
        ),
        (spacing.spaced_words, f"{LONG}全省工 会干部 都来。", f"{LONG}全省工会干部 都来。"),
        (
            spacing.spaced_words,
            f"{LONG}开展“喜迎二十大 建功新时代”活动。",
            f"{LONG}开展“喜迎二十大 建功新时代”活动。",
        ),
    ],
)
def test_blanks(rule: Rule, text: str, expected: str) -> None:
    assert by(rule, text) == expected


def test_words_across_a_seam() -> None:
    assert crosses("和辽宁丰", "富的红色")
    assert crosses("召开党组理论", "学习中心组学习会议")
    assert not crosses("促进企业发展", "要在产业结构")
    assert not crosses("2022", "年")
    assert not crosses("", "年")
