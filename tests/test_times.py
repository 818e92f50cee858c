"""Mentions of time, and what they come to against an anchor."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.times import find_times, spoken_of, written_in
from rag.types import Part, Period

NOW = Period(2022, 2022)


def found(text: str, anchor: Period | None = NOW) -> list[tuple[str, str | None, str]]:
    return [(text[m.start : m.end], str(m.period) if m.period else None, m.kind) for m in find_times(text, anchor)]


def one(text: str, anchor: Period | None = NOW) -> tuple[str | None, str]:
    mentions = found(text, anchor)
    assert len(mentions) == 1, mentions
    return mentions[0][1:]


@pytest.mark.parametrize(
    ("text", "period", "kind"),
    [
        ("2022年全省", "2022", "year"),
        ("2021 年第三方评估", "2021", "year"),
        ("二〇二二年,", "2022", "year"),
        ("二○二一年底,", "2021", "year"),
        ("2012-2022年评选", "2012-2022", "year"),
        ("2012年到2022年,", "2012-2022", "year"),
        ("2013年10月至2018年9月,", "2013-2018", "year"),
        ("2022—2023年度,", "2022-2023", "year"),
        ("2022-10-27 18:26", "2022", "year"),
        ("2023年10月08日10:23", "2023", "year"),
        ("民國111年", "2022", "year"),
        ("民国一百一十一年五月", "2022", "year"),
        ("上世纪90年代", "1990-1999", "year"),
        ("2019年以来,", "2019-2022", "since"),
        ("自2017年8月改革在当地启动以来,", "2017-2022", "since"),
        ("截至2021年8月底,", "2021", "until"),
        ("截至11月29日,", "2022", "until"),
        ("截至今年12月初,", "2022", "until"),
        ("9月16日,", "2022", "date"),
        ("今年以来,", "2022", "deictic"),
        ("去年12月", "2021", "deictic"),
        ("前年", "2020", "deictic"),
        ("预计明年上半年", "2023", "deictic"),
        ("省总工会年初即部署", "2022", "deictic"),
        ("今冬明春", "2022-2023", "deictic"),
        ("五年来,", "2017-2022", "range"),
        ("过去五年,", "2017-2022", "range"),
        ("近10年来", "2012-2022", "range"),
        ("四川工会五年工作回眸", "2017-2022", "range"),
        ("过去一年,", "2022", "past"),
        ("近年来,", None, "recent"),
        ("几十年来,", None, "recent"),
        ("截至目前,", "2022", "now"),
        ("“十四五”时期,", "2021-2025", "plan"),
        ("十三五期间,", "2016-2020", "plan"),
        ("建功“十四五” 奋进", "2021-2025", "title"),
        ("第十四个五年规划", "2021-2025", "title"),
        ("2035年远景目标", "2035", "title"),
        ("《辽宁省总工会2021-2025五年计划》", "2021-2025", "title"),
        ("未来五年", "2022-2027", "future"),
        ("比2020年增长", "2020", "compare"),
        ("较上年增长5%", "2021", "compare"),
        ("与去年同期相比", "2021", "compare"),
        ("评为2021年“大国工匠年度人物”", "2021", "label"),
        ("荣获2022年辽宁省“五个一工程”奖", "2022", "label"),
        ("in 2021", "2021", "year"),
        ("since 2019", "2019-2022", "since"),
        ("from 2018 to 2021", "2018-2021", "year"),
        ("October 27, 2021", "2021", "year"),
        ("last year", "2021", "deictic"),
        ("over the past five years", "2017-2022", "range"),
    ],
)
def test_one_mention(text: str, period: str | None, kind: str) -> None:
    assert one(text) == (period, kind)


@pytest.mark.parametrize(
    "text",
    ["同比增长5%", "第七届大赛", "党的二十大", "三年行动", "建党100周年", "3至6个月", "培训2015人", "投入2000万元", "60年一遇",
     "在青年中开展", "相同年龄", "编号2022001", "电话12351", "2022级"],
)  # fmt: skip
def test_no_time(text: str) -> None:
    assert [m for m in found(text) if m[2] != "label"] == []


def test_month_and_day() -> None:
    (mention,) = find_times("2019年9月27日启动", NOW)
    assert (mention.month, mention.day) == (9, 27)
    (mention,) = find_times("截至11月29日,", NOW)
    assert (mention.month, mention.day) == (11, 29)
    (mention,) = find_times("12 March 2021", None)
    assert (mention.month, mention.day) == (3, 12)


def test_without_an_anchor_deictic_times_stay_open() -> None:
    assert one("去年呢?", None) == (None, "deictic")
    assert one("五年来", None) == (None, "range")
    assert one("9月16日", None) == (None, "date")
    assert one("2021年呢?", None) == ("2021", "year")


def test_years_of_the_same_sentence() -> None:
    assert found("2018年启用,截至今年12月初投入1200万元") == [
        ("2018年", "2018", "year"), ("截至今年12月初", "2022", "until"),
    ]  # fmt: skip
    assert found("2015年成立,次年扩建,当年完工") == [
        ("2015年", "2015", "year"), ("次年", "2016", "deictic"), ("当年", "2016", "deictic"),
    ]  # fmt: skip


def test_a_span_over_new_year() -> None:
    assert spoken_of(find_times("活动从11月开始持续至明年1月。", NOW)) == (Period(2022, 2023), True)


def test_bare_years_in_questions() -> None:
    assert one("辽宁 2021 就业人数") == ("2021", "year")
    assert found("2021和2022比较") == [("2021", "2021", "year"), ("2022", "2022", "year")]


def test_spoken_of() -> None:
    assert spoken_of(find_times("今年,陈某被评为2021年“大国工匠年度人物”", NOW)) == (NOW, True)
    assert spoken_of(find_times("开展2021年金秋助学活动", NOW)) == (Period(2021, 2021), True)
    assert spoken_of(find_times("9月16日,", NOW)) == (NOW, False)
    assert spoken_of(find_times("编制《2021年计划》", NOW)) == (None, False)


@given(st.text(alphabet="今去年202134月日以来至截-—近五十“”《》, 上前后明inlastyear", max_size=40))
def test_mentions_are_in_order_and_apart(text: str) -> None:
    mentions = find_times(text, NOW)
    assert all(0 <= m.start < m.end <= len(text) for m in mentions)
    assert all(a.end <= b.start for a, b in itertools.pairwise(mentions))


def part(title: str, clean: str, period: Period | None, published: str | None) -> Part:
    return Part(title, clean, (), period=period, published=published)


def test_the_year_of_writing() -> None:
    year = Period(2022, 2022)
    assert written_in(part("综述", "今年以来", year, None)) == year
    assert written_in(part("综述", "今年以来", year, "2022-12-30")) == year
    assert written_in(part("2022年综述", "今年以来", year, "2023-01-05")) == year
    assert written_in(part("2022年综述", "去年,今年", year, "2023-01-05")) == Period(2023, 2023)
    assert written_in(part("2022年综述", "2023年要", year, "2023-01-05")) == Period(2023, 2023)
    assert written_in(part("综述", "今年", None, None)) is None
