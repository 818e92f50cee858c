"""Few characters that turn a statement are seen, on invented sentences of several kinds of office."""

import pytest

from rag.config import Settings
from rag.encoder.embed import load_embedder
from rag.question.terms import Matcher
from rag.types import Period
from rag.verify.attribution import Source, unattributed
from rag.verify.check import Cited

MATCHER = Matcher(load_embedder(Settings(embedder="bundled-fast")).encode_passages)
TRAINED = "今年,湖北各级工会培训职工4.7万人次,投入专项资金1200万元,覆盖企业1530家。"
DEAN = "本次整改责任人为副院长邱立。"
INCOME = "家庭人均月收入低于4200元的可以申请。"
SCHOOL = "学校被评为区级文明单位,教职工205人,其中高级教师46人。"
PLAN = "2023年计划招聘教师12人,投资2800万元新建实验楼。"
ACCIDENT = "全年发生一般安全责任事故1起。"
FEES = "读者办证须交押金100元,老年读者免收押金。"


def said(statement, source):
    return not unattributed(statement, [Source(Cited(source, Period(2022, 2022), ("湖北",)), "2022年工作综述")], MATCHER)


@pytest.mark.parametrize(
    ("statement", "source"),
    [
        ("2022年湖北各级工会培训职工4.7万人次。", TRAINED),
        ("湖北工会共培训职工4.7万人次,覆盖企业1530家。", TRAINED),
        ("培训职工达4.7万人次。", TRAINED),
        ("整改责任人是副院长邱立。", DEAN),
        ("家庭人均月收入低于4200元的,可以申请。", INCOME),
        ("学校有教职工205人,高级教师46人。", SCHOOL),
        ("2023年计划招聘教师12人。", PLAN),
        ("发生一般安全责任事故1起。", ACCIDENT),
        ("老年读者免收押金。", FEES),
    ],
)
def test_what_the_source_says(statement, source):
    assert said(statement, source)


@pytest.mark.parametrize(
    ("statement", "source"),
    [
        *((f"{deed}职工4.7万人次。", TRAINED) for deed in ("工会没收", "工会欺骗", "工会处罚", "工会帮助", "工会提供")),
        *((f"{deed}专项资金1200万元。", TRAINED) for deed in ("贪污", "收回", "申请")),
        *((f"{doubt}培训职工4.7万人次。", TRAINED) for doubt in ("计划", "拟", "应", "据说", "如果", "谁信", "每月", "只", "本想")),
        *((f"工会培训职工4.7万人次{denial}。", TRAINED) for denial in ("是假的", "是错误的", ",没做到")),
        ("少投入专项资金1200万元。", TRAINED),
        ("整改责任人为院长邱立。", DEAN),
        ("家庭月收入低于4200元的可以申请。", INCOME),
        ("学校被评为市级文明单位。", SCHOOL),
        ("学校被评为全国文明单位。", SCHOOL),
        ("教职工205人,全部是高级教师。", SCHOOL),
        ("2023年招聘教师12人。", PLAN),
        ("2023年招聘教师12人已完成。", PLAN),
        ("全年发生重大安全责任事故1起。", ACCIDENT),
    ],
)
def test_what_it_does_not(statement, source):
    assert not said(statement, source)
