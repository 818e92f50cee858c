"""The verifier lets through what is cited and nothing else."""

import pytest

from rag.types import Period
from rag.verify.check import Cited, check

SOURCE = Cited(
    "全省货车司机、网约车司机等会员达41.2万人,其中货车司机会员超过32.5万人,印发《工会工作“十四五”规划》,上线APP。2021年11月16日开会。",
    Period(2021, 2021), ("安徽",),
)


@pytest.mark.parametrize(
    "statement",
    ["41.2万人", "412,000人", "会员达41.2万人", "安徽2021年:41.2万人", "《工会工作“十四五”规划》", "2021年11月16日", "超过32.5万人", "上线app", "《工會工作“十四五”規劃》"],
)
def test_true_statements_pass(statement):
    assert check(statement, [SOURCE]) == []


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("42.1万人", "number"),
        ("41.2万元", "number"),
        ("41.2亿人", "number"),
        ("不足32.5万人", "number"),
        ("2020年:41.2万人", "date"),
        ("2021年12月16日", "date"),
        ("四川:41.2万人", "place"),
        ("《工会工作“十三五”规划》", "title"),
        ("上线CRM", "word"),
        ("尚未上线", "negation"),
    ],
)
def test_altered_statements_fail(statement, kind):
    assert kind in {f.kind for f in check(statement, [SOURCE])}


def test_a_statement_without_citation_fails():
    assert [f.kind for f in check("41.2万人", [])] == ["uncited"]


LIMITS = Cited("会员住院慰问不超过500元,活动每年不少于4次,满意度98%以上。")


@pytest.mark.parametrize("statement", ["不超过500元", "不少于4次", "98%以上"])
def test_a_limit_is_told_as_a_limit(statement):
    assert check(statement, [LIMITS]) == []


@pytest.mark.parametrize("statement", ["超过500元", "500元", "4次", "超过4次"])
def test_a_limit_is_no_plain_figure(statement):
    assert [f.kind for f in check(statement, [LIMITS])] == ["number"]
