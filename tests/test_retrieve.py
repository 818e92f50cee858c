"""Fusion of the two legs, and what time and place do to it."""

import pytest

from rag.config import Settings
from rag.query import understand
from rag.relevance import period_match, region_match
from rag.retrieve import fuse, retrieve
from rag.types import Hit, Period

from .office import office


def test_reciprocal_ranks_add_up():
    scores = fuse([(1.0, [Hit(1, 9.0), Hit(2, 8.0)]), (0.5, [Hit(2, 0.5)])], k=60)
    assert scores == {1: pytest.approx(1 / 61), 2: pytest.approx(1 / 62 + 0.5 / 61)}


def test_no_legs_nothing():
    assert fuse([], k=60) == {}


@pytest.mark.parametrize(
    ("asked", "spoken", "fits"),
    [
        ((2022, 2022), (2022, 2022), True),
        ((2022, 2022), (2021, 2021), False),
        ((2022, 2022), (2018, 2023), False),
        ((2023, 2023), (2018, 2023), True),
        ((2018, 2023), (2018, 2023), True),
        ((2018, 2023), (2020, 2021), True),
    ],
)
def test_which_years_answer_which(asked, spoken, fits):
    assert period_match(Period(*asked), Period(*spoken)) is fits


def test_loosely_any_overlap_will_do():
    assert period_match(Period(2022, 2022), Period(2018, 2023), loose=True)
    assert not period_match(Period(2010, 2011), Period(2018, 2023), loose=True)


def test_a_province_covers_its_cities_and_no_other():
    assert region_match(["辽宁"], ["辽宁/大连"])
    assert not region_match(["辽宁/大连"], ["辽宁"])
    assert not region_match(["湖北"], ["陕西"])


def test_passages_of_the_year_and_place_come_first(tmp_path):
    bot = office(tmp_path)
    for question, source in (("湖北2021年培训职工", "hubei2021.txt"), ("湖北2022年培训职工", "hubei2022.txt"), ("陕西2022年培训职工", "shaanxi2022.txt")):
        found = retrieve(understand(question), bot.snapshot, None, Settings())
        assert found[0].chunk.source == source


def test_near_duplicates_are_left_out(tmp_path):
    text = "甘肃工会工作综述\n\n2022年,甘肃工会培训职工1.1万人次,投入资金90万元,覆盖企业77家,举办招聘会12场。\n"
    bot = office(tmp_path, one=text, two=text)
    found = retrieve(understand("甘肃2022年培训职工"), bot.snapshot, None, Settings())
    assert sum("1.1万人次" in r.chunk.text for r in found) == 1
