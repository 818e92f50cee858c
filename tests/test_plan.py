"""One question a place, a year or a thing."""

import pytest

from rag.question.plan import plan
from rag.question.query import Kind, understand


def steps(question):
    return [(s.label, str(s.query.period) if s.query.period else None, s.query.regions) for s in plan(understand(question)).steps]


def test_a_plain_question_is_one_step():
    assert steps("2022年湖北培训了多少人?") == [("", "2022", ("湖北",))]


def test_two_years():
    assert steps("湖北2021年和2022年各培训了多少人?") == [("2021年", "2021", ("湖北",)), ("2022年", "2022", ("湖北",))]


def test_two_provinces():
    assert [(label, regions) for label, _, regions in steps("湖北和陕西分别有多少会员?")] == [("湖北省", ("湖北",)), ("陕西省", ("陕西",))]


def test_each_place_with_its_year():
    assert [label for label, _, _ in steps("会员人数2022年的湖北和2021年的陕西相比,哪个多?")] == ["2022年湖北省", "2021年陕西省"]


def test_a_range_of_years_is_one_step():
    assert len(steps("2018年至2022年湖北培训了多少人?")) == 1


def test_coordinated_things_share_the_rest():
    made = plan(understand("湖北给小微企业和大型企业返还的经费分别是多少?"))
    assert [s.label for s in made.steps] == ["小微企业", "大型企业"]
    texts = [{t.text for t in s.query.terms} for s in made.steps]
    assert all("返还" in t for t in texts)
    assert "大型" not in texts[0]
    assert "小微" not in texts[1]


def test_which_is_more_compares_figures():
    made = plan(understand("湖北和陕西哪个省的会员更多?"))
    assert made.compares
    assert all(s.query.kind is Kind.QUANTITY for s in made.steps)


@pytest.mark.parametrize("question", ["湖北省总工会和陕西省总工会的合作协议是哪天签的?", "为什么湖北和陕西要合作?"])
def test_a_relation_between_two_places_is_not_split(question):
    assert len(plan(understand(question)).steps) == 1


def test_each_clause_asks_of_its_own_place():
    found = plan(understand("环卫车辆,湖北五年里添了多少辆,陕西2022年添了多少?")).steps
    assert [(s.query.regions, str(s.query.period or "")) for s in found] == [(("湖北",), ""), (("陕西",), "2022")]
    assert [s.query.terms[i].text for s in found for i in s.query.focus] == ["车辆", "车辆"]  # said once, asked twice
    assert found[1].query.unit == "辆"


def test_a_year_beside_one_place_is_of_that_place_alone():
    assert steps("湖北和2022年的陕西,技术革新各有多少项?") == [("湖北省", None, ("湖北",)), ("2022年陕西省", "2022", ("陕西",))]
    assert [period for _, period, _ in steps("2022年湖北和陕西的技术革新各有多少项?")] == ["2022", "2022"]


def test_a_word_that_sums_up_the_places_is_no_term():
    terms = [t.text for s in plan(understand("湖北、陕西、安徽三省参加竞赛的职工各有多少?")).steps for t in s.query.terms]
    assert "三省" not in terms
    assert terms.count("竞赛") == 3


def test_one_question_for_several_points_is_one_step():
    assert steps("新修订的借阅和赔偿办法,都改进了哪几处?") == [("", None, ())]


def test_the_things_of_one_clause_are_compared():
    made = plan(understand("水务局收到的投诉和建议,城区用户与乡镇用户相比,哪边数量多?"))
    assert [s.label for s in made.steps] == ["城区用户", "乡镇用户"]
    assert all({"投诉", "建议"} <= {t.text for t in s.query.terms} for s in made.steps)  # said of both
    assert plan(understand("水务局收到的投诉和建议,同过去相比,多了多少?")).steps[0].label == ""


def test_a_quoted_name_belongs_to_its_own_thing():
    made = plan(understand("义诊活动与“送药下乡”活动相比,哪个服务人数多?"))
    assert [s.query.titles for s in made.steps] == [(), ("送药下乡",)]


def test_what_money_is_compared_in():
    made = plan(understand("图书馆的购书经费和讲座经费,哪个多?"))
    assert all(s.query.kind is Kind.MONEY for s in made.steps)


@pytest.mark.parametrize("question", ["湖北2020到2022年门诊人次分别是多少?", "2020-2022年湖北每年门诊多少人次?", "湖北2020、2021和2022年各门诊多少人次?"])
def test_each_year_of_a_span(question):
    assert [label for label, _, _ in steps(question)] == ["2020年", "2021年", "2022年"]


def test_a_span_of_many_years_or_an_open_one_is_one_step():
    assert len(steps("1990年到2022年湖北每年门诊多少人次?")) == 1
    assert len(steps("2019年以来湖北每年门诊多少人次?")) == 1


def test_a_label_says_only_the_clause_that_asks():
    labels = [label for label, _, _ in steps("关于书架采购,湖北2021年买了几个,陕西2022年买了几个?")]
    assert labels == ["湖北2021年买了几个", "陕西2022年买了几个"]
