"""What a question asks for."""

import pytest

from rag.question.query import Kind, understand
from rag.types import Period


@pytest.mark.parametrize(
    ("question", "kind", "unit"),
    [
        ("湖北2022年培训了多少人次?", Kind.QUANTITY, "人次"),
        ("有几家企业参加?", Kind.QUANTITY, "家"),
        ("一共花了多少钱?", Kind.MONEY, "元"),
        ("下拨的专项资金是多少?", Kind.MONEY, "元"),
        ("职工满意度是多少?", Kind.PERCENT, ""),
        ("女职工占多大比例?", Kind.PERCENT, ""),
        ("大会是哪一天召开的?", Kind.DATE, ""),
        ("谁在会上讲了话?", Kind.PERSON, ""),
        ("这项活动由哪个部门主办?", Kind.ORGANISATION, ""),
        ("比赛在哪里举行?", Kind.PLACE, ""),
        ("活动的主题是什么?", Kind.NAME, ""),
        ("申报需要哪些材料?", Kind.LIST, ""),
        ("景区整改时查出了哪几点不足?", Kind.LIST, ""),
        ("讲座几点开始?", Kind.DATE, ""),
        ("校运会上三班拿了几个一、二、三等奖?", Kind.LIST, ""),
        ("校运会上三班拿了几个一等奖?", Kind.QUANTITY, "个"),
        ("两个景区的门票补贴分别是多少?", Kind.MONEY, "元"),
        ("为什么要修订办法?", Kind.TEXT, ""),
        ("How many couriers joined the union?", Kind.QUANTITY, ""),
        ("When did the contest start?", Kind.DATE, ""),
        ("How much money was raised?", Kind.MONEY, "元"),
    ],
)
def test_kind_and_unit(question, kind, unit):
    query = understand(question)
    if kind is Kind.MONEY:
        assert query.kind is kind
    else:
        assert (query.kind, query.unit) == (kind, unit)


def test_years_and_places_are_not_terms():
    query = understand("2022年湖北省总工会帮扶了多少困难职工?")
    assert query.period == Period(2022, 2022)
    assert query.regions == ("湖北",)
    assert not any("2022" in t.text or "湖北" in t.text for t in query.terms)
    assert "困难职工" in [t.text for t in query.terms]


def test_the_thing_counted_is_the_focus():
    query = understand("这次活动惠及多少名快递员?")
    assert [query.terms[i].text for i in query.focus] == ["快递员"]


def test_quoted_names_stay_whole():
    query = understand("“春风送岗”活动办了几场?")
    assert query.titles == ("春风送岗",)
    assert "春风送岗" in [t.text for t in query.terms]


def test_traditional_question_is_read_as_simplified():
    assert [t.text for t in understand("環衛隊伍裡有多少個電工?").terms] == [t.text for t in understand("环卫队伍里有多少个电工?").terms]


def test_same_question_same_reading():
    assert understand("湖北有哪些措施?") == understand("湖北有哪些措施?")


@pytest.mark.parametrize("odd", ["?", "。。。", "2022", "啊", "\u200b", "a" * 1999])
def test_odd_input_is_understood_as_something(odd):
    assert understand(odd).kind in Kind


def test_where_to_look_and_what_to_do_are_no_terms():
    plain = understand("两座水库的蓄水量各是多少?").terms
    wrapped = understand("对比一下,按各自的年度总结,两座水库的蓄水量各是多少?").terms
    assert [t.text for t in wrapped] == [t.text for t in plain]


def test_the_class_of_a_thing_is_a_term():
    assert "二类" in [t.text for t in understand("药房有多少种二类药品?").terms]


def test_a_thing_of_a_vague_name_is_named_with_the_word_before():
    query = understand("招募活动,2022年办了多少场?")
    assert [query.terms[i].text for i in query.focus] == ["招募", "活动"]


def test_a_year_without_its_word_is_a_year():
    assert understand("2020、2021和2022年各接诊多少人?").years == (2020, 2021, 2022)
    assert understand("门诊2021和2022年各接诊多少人?").years == (2021, 2022)


def test_since_a_year():
    assert understand("2019年以来医院添置了哪些设备?").since
    assert not understand("2019年医院添置了哪些设备?").since
