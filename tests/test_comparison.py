"""Figures side by side."""

import pytest

from rag.read import Finding
from rag.read.candidates import Span
from rag.read.comparison import compared, together

from .reading import views

TEXT = """2022年河滨图书馆年报

成人读者办证3.5万人,少儿读者办证1.2万人,老年读者办证近8000人。借出图书96万册。到馆率为81.5%,满意率为92%。
"""


def figure(text, score=1.0):
    view = next(v for v in views(TEXT) if text in v.text)
    start = view.text.index(text)
    return Finding(view, Span(start, start + len(text), 1.0), score, 1.0, 1.0, (), (), None, ())


@pytest.mark.parametrize(
    ("question", "verdict"),
    [
        ("哪种读者多?", "成人更多"),
        ("哪种读者更少?", "少儿更少"),
        ("成人比少儿多还是少?", "成人更多"),
        ("成人读者比少儿读者多多少?", "成人更多\uff0c相差2.3万人(3.5万人-1.2万人)"),
        ("两种读者相差多少?", "成人更多\uff0c相差2.3万人(3.5万人-1.2万人)"),
    ],
)
def test_the_verdict_answers_the_question(question, verdict):
    assert compared(["成人", "少儿"], [figure("3.5万人"), figure("1.2万人")], question, "zh") == verdict


def test_percentages_differ_by_points():
    assert compared(["到馆", "满意"], [figure("81.5%"), figure("92%")], "两个比例相差多少?", "zh") == "满意更多\uff0c相差10.5个百分点(92%-81.5%)"


def test_no_difference_of_what_is_only_about_so_large():
    assert compared(["成人", "老年"], [figure("3.5万人"), figure("近8000人")], "相差多少?", "zh") == "成人更多"


def test_of_three_the_most_and_the_least():
    three = [figure("3.5万人"), figure("1.2万人"), figure("近8000人")]
    assert compared(["成人", "少儿", "老年"], three, "哪种最多?", "zh") == "成人最多"
    assert compared(["adults", "children", "the old"], three, "Which are the fewest?", "en") == "the old is lowest"


def test_what_can_not_be_compared():
    people, rate = figure("3.5万人"), figure("92%")
    assert compared(["甲", "乙"], [people, rate], "哪个多?", "zh") is None
    assert compared(["甲", "乙"], [people, people], "哪个多?", "zh") is None  # one figure for two things
    assert compared(["甲"], [people], "哪个多?", "zh") is None


def test_one_figure_is_not_given_for_two_things():
    adults, children = figure("3.5万人"), figure("1.2万人")
    assert together([[adults, children], [adults, children]], compares=False) in ([adults, children], [children, adults])
    assert together([[adults], [adults]], compares=False) == [adults, adults]


def test_what_is_compared_is_counted_alike():
    people, books = figure("3.5万人"), figure("96万册")
    alike = figure("1.2万人", 0.9)
    assert together([[people], [books, alike]], compares=False) == [people, books]
    assert together([[people], [books, alike]], compares=True) == [people, alike]
    far = figure("1.2万人", 0.5)  # too weak an answer to be one for its unit alone
    assert together([[people], [books, far]], compares=True) == [people, books]
