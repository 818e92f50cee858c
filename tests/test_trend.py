"""A figure over the years is given for each."""

import pytest

from rag.bot import Bot
from rag.index.build import build
from rag.question.query import understand
from rag.read.trend import asked

from .index_kit import HashEmbedder, write
from .rules_kit import Settings

FIGURES = {2019: ("12.4", 310), 2020: ("13.1", 352), 2021: ("15.6", 401), 2022: ("18.2", 455), 2023: ("19.9", 512)}
TEXT = "江西省{year}年工会工作综述\n\n{year}年,江西各级工会新发展会员{members}万人,建成职工书屋{rooms}家。\n"


@pytest.fixture(scope="module")
def bot(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    documents = {f"jiangxi{y}": TEXT.format(year=y, members=m, rooms=r) for y, (m, r) in FIGURES.items()}
    documents["hunan2022"] = "湖南省2022年工会工作综述\n\n2022年,湖南各级工会新发展会员25万人。\n"
    embedder = HashEmbedder(dim=256)
    build([write(home / "docs", **documents)], home=home, settings=Settings(), embedder=embedder)
    return Bot(Settings(), home, embedder=embedder)


def rows(answer):
    return [s.text for s in answer.statements]


@pytest.mark.parametrize("question", ["江西历年新发展会员多少人?", "江西每年新发展多少会员?", "江西新发展会员人数的变化趋势"])
def test_every_year_that_the_documents_know(bot, question):
    answer = bot.ask(question)
    assert rows(answer) == [f"{y}年\uff1a{m}万人" for y, (m, _) in FIGURES.items()]
    assert answer.short is None
    for statement in answer.statements:
        quotes = [c.quote for c in answer.citations if c.n in statement.citations]
        assert any(statement.text.split("\uff1a")[1] in q for q in quotes)


def test_the_last_years(bot):
    assert rows(bot.ask("近三年江西建成多少家职工书屋?")) == ["2021年\uff1a401家", "2022年\uff1a455家", "2023年\uff1a512家"]


def test_a_span_of_years_asked_about_one_by_one(bot):
    assert len(rows(bot.ask("江西2019年到2022年新发展会员各是多少?"))) == 4


def test_one_place_s_figures_are_not_continued_by_another_s(bot):
    assert rows(bot.ask("湖南历年新发展会员多少人?")) == ["25万人"]


def test_years_of_which_nothing_is_known_are_refused(bot):
    assert bot.ask("江西2012年到2015年新发展会员各是多少?").reason == "other_year"


@pytest.mark.parametrize(
    ("question", "over_years"),
    [
        ("历年会员人数", True), ("会员人数的变化趋势", True), ("How many members joined each year?", True),
        ("2022年会员多少人?", False), ("2021年和2022年会员各多少人?", False), ("谁历年获奖?", False), ("近年来采取了哪些措施?", False),
    ],
)  # fmt: skip
def test_which_questions_are_of_many_years(question, over_years):
    assert (asked(understand(question)) is not None) is over_years
