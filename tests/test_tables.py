"""What is worked out over a column of a table: which questions, which column, which rows; and what of it is cited."""

import pytest

from rag.compose import cite
from rag.eval.metrics.verifier import VerifierJudge
from rag.read import Finding
from rag.read.candidates import Span
from rag.read.tables import cells

from .rules_kit import bot_over

STOCK = """品名,仓库,库存（箱）,单价
墨盒,东库,40,85.5元
硒鼓,西库,12,310元
信封,东库,300,6元
胶带,西库,90,4元
"""
TEAMS = """班组,场次,备注
甲班,12,
乙班,9,补一场
丙班,15,
合计,36,
"""


def bot(folder, home, **files):
    return bot_over(home, folder, {f"{name}.csv": text for name, text in files.items()})


@pytest.fixture
def stock(isolated_home, tmp_path):
    return bot(tmp_path / "docs", isolated_home, stock=STOCK)


def marked(answer):
    (citation,) = answer.citations
    return [citation.quote[a - citation.start : b - citation.start] for a, b in citation.marks]


@pytest.mark.parametrize(("question", "short", "cells"), [
    ("库存合计多少？", "442箱", ["40", "12", "300", "90"]),
    ("东库的库存一共多少？", "340箱", ["40", "300"]),
    ("平均单价是多少？", "101.38元", ["85.5元", "310元", "6元", "4元"]),
    ("哪个品名单价最高？", "硒鼓", ["硒鼓", "310元"]),
    ("西库单价最低的是哪种？", "胶带", ["胶带", "4元"]),
    ("单价最高是多少？", "310元", ["硒鼓", "310元"]),
])  # fmt: skip
def test_a_column_is_reckoned_with_and_its_cells_are_marked(stock, question, short, cells):
    answer = stock.ask(question)
    assert (answer.short, marked(answer)) == (short, cells)
    assert VerifierJudge().supports(answer.statements[0].text, answer.citations)
    assert not VerifierJudge().supports(answer.statements[0].text.replace("1", "7").replace("4", "8"), answer.citations)


@pytest.mark.parametrize("question", ["南京的库存合计多少？", "2021年度预算合计多少？", "哪个省的库存最多的运动员"])
def test_another_subject_is_not_reckoned_with(stock, question):
    answer = stock.ask(question)
    assert answer.refused or "合计" not in answer.answer


@pytest.mark.parametrize(("question", "short", "cells"), [
    ("硒鼓的单价是多少？", "310元", ["硒鼓", "单价", "310元"]),
    ("胶带的库存有多少？", "90箱", ["胶带", "库存（箱）", "90"]),
    ("信封放在哪个仓库？", "东库", ["信封", "仓库", "东库"]),
])  # fmt: skip
def test_the_cell_of_the_row_and_the_column_that_are_named(stock, question, short, cells):
    answer = stock.ask(question)
    assert (answer.short, marked(answer)) == (short, cells)
    assert VerifierJudge().supports(answer.statements[0].text, answer.citations)


@pytest.mark.parametrize("question", ["东库的单价是多少？", "钢笔的单价是多少？", "苏州的硒鼓单价是多少？"])
def test_no_cell_of_several_rows_of_no_row_or_of_another_place(stock, question):
    assert stock.ask(question).short not in ("85.5元", "310元", "6元", "4元")


def test_a_form_is_one_row(isolated_home, tmp_path):
    rows = "姓名,季云帆,性别,男\n出生年月,1991年7月,学历,硕士\n联系电话,5550142,申请岗位,药剂师\n"
    asked = bot(tmp_path / "docs", isolated_home, form=f"入职登记表,,,\n{rows}")
    assert asked.ask("季云帆的学历是什么？").short == "硕士"
    assert asked.ask("季云帆申请的岗位是什么？").short == "药剂师"
    assert asked.ask("罗小满的学历是什么？").short != "硕士"


def test_a_total_that_the_table_gives_is_not_added_to(isolated_home, tmp_path):
    asked = bot(tmp_path / "docs", isolated_home, teams=TEAMS)
    assert "72" not in asked.ask("场次合计多少？").answer
    assert asked.ask("哪个班组场次最多？").short == "丙班"


def test_figures_of_two_units_are_not_added(isolated_home, tmp_path):
    asked = bot(tmp_path / "docs", isolated_home, mixed="品名,重量\n米,5吨\n面,300公斤\n油,40桶\n")
    assert "345" not in asked.ask("重量合计多少？").answer
    assert asked.ask("哪种重量最大？").short != "面"


def test_each_of_a_long_table_counts(isolated_home, tmp_path):
    rows = "".join(f"学员{n}号,{n}\n" for n in range(1, 201))
    asked = bot(tmp_path / "docs", isolated_home, long=f"姓名,学时\n{rows}")
    answer = asked.ask("学时合计多少？")
    assert answer.short == "20100" and len(answer.citations[0].marks) == 200


def test_a_value_is_marked_with_its_row_and_its_column(isolated_home, tmp_path):
    asked = bot(tmp_path / "docs", isolated_home, stock=STOCK)
    snapshot = asked.snapshot
    part = snapshot.part("stock.csv", 0)
    number = next(n for n, s in enumerate(part.sentences) if "硒鼓" in part.clean[s.start : s.end])
    view = asked.view(snapshot, "stock.csv", 0, number)
    value = next(cell.value for cell in cells(view.text) if cell.label == "库存（箱）")
    found = Finding(view, Span(value.start, value.end, 1.0), 1.0, 1.0, 1.0, (), (), None, ())
    citation = cite(found, snapshot.document("stock.csv"), 1)
    assert [citation.quote[a - citation.start : b - citation.start] for a, b in citation.marks] == ["硒鼓", "库存（箱）", "12"]
