"""Follow-ups become questions of their own."""

import pytest

from rag.question.followup import complete


def made(question, *history):
    return complete(question, list(history))


def test_without_history_nothing_changes():
    assert made("那陕西呢?") == "那陕西呢?"


def test_another_place():
    assert made("那陕西呢?", ("2022年湖北有多少会员?", "30万人。")) == "2022年陕西有多少会员?"


def test_another_year():
    assert made("2021年呢?", ("2022年湖北有多少会员?", "30万人。")) == "2021年湖北有多少会员?"


@pytest.mark.parametrize(("question", "year"), [("前一年呢?", "2021年"), ("上一年呢?", "2021年"), ("第二年呢?", "2023年"), ("那去年呢?", "2021年")])
def test_a_year_before_or_after(question, year):
    assert made(question, ("2022年湖北有多少会员?", "30万人。")) == f"{year}湖北有多少会员?"


def test_he_is_the_person_of_the_answer():
    assert made("他是哪个单位的?", ("谁获得了一等奖?", "王建国。")) == "王建国是哪个单位的?"


def test_she_is_the_person_of_the_question_where_the_answer_names_none():
    assert made("她在哪里工作?", ("李秀英获得了什么称号?", "“最美职工”。")).startswith("李秀英")


def test_another_thing_takes_the_place_of_the_thing_counted():
    assert made("那快递员呢?", ("2022年湖北有多少货车司机入会?", "3万人。")) == "2022年湖北有多少快递员入会?"


def test_chain_of_follow_ups():
    assert made("2021年呢?", ("2022年湖北有多少会员?", "30万人。"), ("陕西呢?", "20万人。")) == "2021年陕西有多少会员?"


def test_a_whole_question_is_left_alone():
    whole = "云南省职工互助保障的报销比例是多少?"
    assert made(whole, ("2022年湖北有多少会员?", "30万人。")) == whole


def test_the_measure_word_goes_with_the_thing_counted():
    history = [("辽宁2022年有多少家企业参加劳动和技能竞赛?", "1.33万家")]
    assert complete("那参赛职工呢?", history) == "辽宁2022年有多少参赛职工参加劳动和技能竞赛?"


def test_what_an_english_question_takes_over_stays_words():
    history = [("How much money did Anhui unions spend on helping workers in 2021?", "1亿元")]
    assert {"2021", "Anhui"} <= set(complete("And how many households?", history).split())


def test_one_place_after_the_other():
    places = ["陕西", "四川", "云南", "广东", "山西", "河北", "辽宁", "福建", "海南"]
    history = [("2022年湖北有多少会员?", "30万人。"), *((f"{place}呢?", "20万人。") for place in places)]
    assert complete("那甘肃呢?", history) == "2022年甘肃有多少会员?"
