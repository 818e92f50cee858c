"""Numbers that name one of several, and what is said of another of them."""

import pytest

from rag.question.query import understand
from rag.text.designators import find_designators, speaks_of_another
from rag.text.fold import fold

from .office import office

PLANT = "星海{n}号厂工会2023年培训情况\n星海{n}号厂共有会员{members}名。\n第1车间组织培训{first}期。\n第2车间组织培训{second}期。\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("第3车间和第十一车间", [(3, "车"), (11, "车")]),
        ("星海2号厂、十二号楼", [(2, "厂"), (12, "楼")]),
        ("首届运动会, 第一届职代会", [(1, "届"), (1, "届")]),
        ("第一时间赶到,第一书记驻村,第三方评估,第三产业", []),
        ("5月4日,7月5号上午,京工〔2023〕12号文件", []),
        ("多少号楼?第几届?", []),
        ("2023年第9999批,15号线", [(9999, "批"), (15, "线")]),
        ("", []),
    ],
)
def test_what_numbers_one_of_several(text, found):
    assert [(d.number, d.noun) for d in find_designators(fold(text))] == found
    for d in find_designators(text):
        assert text[d.start : d.end]


def test_the_nearest_text_that_numbers_such_things_decides():
    [wanted] = find_designators("2号厂")
    assert not speaks_of_another(wanted, ["会员90名", "2号厂情况", "1号厂"])
    assert speaks_of_another(wanted, ["会员90名", "1号厂", "2号厂"])
    assert speaks_of_another(wanted, ["1号厂和3号厂共有会员90名"])
    assert not speaks_of_another(wanted, ["1号厂和2号厂共有会员90名"])
    assert not speaks_of_another(wanted, ["第2车间", "全厂"])
    assert not speaks_of_another(wanted, [])


def test_a_date_of_the_question_is_no_number_of_a_thing():
    assert understand("2023年第三季度有多少人?").designators == ()
    [one] = understand("星海二号厂有多少人?").designators
    assert (one.number, one.noun) == (2, "厂")


@pytest.fixture(scope="module")
def bot(tmp_path_factory):
    texts = {f"plant{n}": PLANT.format(n=n, members=7000 + 311 * n, first=n + 4, second=2 * n + 30) for n in range(4)}
    return office(tmp_path_factory.mktemp("home"), **texts)


@pytest.mark.parametrize(
    ("question", "short"),
    [("星海1号厂共有多少会员?", "7311名"), ("星海三号厂有多少名会员?", "7933名"), ("星海2号厂第一车间组织培训多少期?", "6期"), ("星海2号厂第二车间组织培训多少期?", "34期")],
)
def test_the_one_that_is_named_answers_alone(bot, question, short):
    answer = bot.ask(question)
    assert answer.short == short
    assert len(answer.citations) == 1


@pytest.mark.parametrize("question", ["星海9号厂共有多少会员?", "星海2号厂第五车间组织培训多少期?"])
def test_one_that_no_document_speaks_of_is_refused(bot, question):
    assert bot.ask(question).refused
