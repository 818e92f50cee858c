"""A statement in other words is attributed where its source says it, and nowhere else."""

import pytest

from rag.question.terms import Matcher
from rag.types import Period
from rag.verify.attribution import Source, unattributed
from rag.verify.check import Cited

SOURCE = Source(
    Cited(
        "2023年,星海市图书馆培训馆员320人次、志愿者1150人次,馆长赵启明获评先进,借阅量比上年增长12.3%,投诉下降5%,没有发生安全事故,5月6日至31日开放自修室。",
        Period(2023, 2023), ("辽宁",),
    ),
    "星海市图书馆工作报告",
)  # fmt: skip


def failures(statement):
    return [f.kind for f in unattributed(statement, [SOURCE], Matcher(None))]


@pytest.mark.parametrize(
    "statement",
    [
        "星海市图书馆2023年培训馆员320人次、志愿者1150人次。",
        "图书馆培训志愿者1,150人次。",
        "星海市图书馆培训馆员320人次,借阅量增长12.3%。",
        "借阅量同比增长12.3%。",
        "2023年没有发生安全事故。",
        "馆长趙啟明獲評先進。",
        "5月31日开放自修室。",
        "投诉减少5%。",
    ],
)
def test_what_the_source_says_in_any_form(statement):
    assert failures(statement) == []


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("星海市图书馆培训馆员1150人次、志愿者320人次。", "figure"),
        ("星海市图书馆培训馆员1150人次。", "figure"),
        ("馆长周立新获评先进。", "name"),
        ("星海市博物馆培训馆员320人次。", "word"),
        ("星海市总工会培训馆员320人次。", "name"),
        ("借阅量比上年下降12.3%。", "opposite"),
        ("发生安全事故。", "negation"),
        ("没有培训馆员320人次。", "negation"),
        ("培训馆员320人次,并投入专项资金购置设备。", "word"),
        ("5月7日开放自修室。", "date"),
        ("5月30日开放自修室。", "date"),
        ("2022年培训馆员320人次。", "date"),
        ("9日开放自修室。", "number"),
        ("副市长赵启明获评先进。", "word"),
        ("馆长赵启和获评先进。", "word"),
        ("培训馆员320人次、志愿者1150人次,我们各自都有很多的事情。", "word"),
    ],
)
def test_what_it_does_not_say(statement, kind):
    assert kind in failures(statement)


ROWS = Source(Cited(
    "星海甲公司营业收入20.5亿元,同比增长8.1%,星海乙公司营业收入13.2亿元,同比增长6.4%,新款P60手机可充45%,举办“工匠2024年度人物”颁奖典礼。",
    Period(2025, 2025),
))  # fmt: skip


@pytest.mark.parametrize(
    ("statement", "kinds"),
    [
        ("星海甲公司营业收入20.5亿元,同比增长8.1%。", set()),
        ("星海乙公司营业收入13.2亿元,比上年同期增长6.4%。", set()),
        ("星海甲公司营业收入20.5亿元,同比增长6.4%。", {"figure"}),
        ("星海乙公司营业收入20.5亿元。", {"figure"}),
        ("P60手機可充45%。", set()),
        ("手机可充60个百分点。", {"number"}),
        ("举办“工匠2024年度人物”颁奖典礼。", set()),
        ("举办工匠2023年度人物颁奖典礼。", {"date"}),
    ],
)
def test_rows_of_figures_years_in_names_and_codes(statement, kinds):
    assert {f.kind for f in unattributed(statement, [ROWS], Matcher(None))} == kinds


def test_without_a_source_nothing_is_said():
    assert [f.kind for f in unattributed("培训馆员320人次。", [], Matcher(None))] == ["uncited"]
