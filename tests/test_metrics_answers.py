"""Answer metrics: the official CMRC 2018 scorer's own values, figures by hand, completeness by hand."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import InputError
from rag.eval.metrics import answers, segment

# prediction, references, EM and F1 as cmrc2018_evaluate.py (version 6, with NLTK 3.10) gives them
OFFICIAL = [
    ("26万余人次", ["26万余人次"], 1.0, 1.0),
    ("26万余人次。", ["26万余人次"], 1.0, 1.0),
    ("《人民的名义》", ["人民的名义"], 1.0, 1.0),
    ("“人民”的名义", ["人民的名义"], 1.0, 1.0),
    ("约26万余人次", ["26万余人次"], 0.0, 0.9090909090909091),
    ("26 万余人次", ["26万余人次"], 0.0, 1.0),
    ("二十六万", ["26万"], 0.0, 0.3333333333333333),
    ("全省新建职工书屋318家", ["职工书屋318家"], 0.0, 0.7499999999999999),
    ("职工书屋新建318家", ["新建职工书屋318家"], 0.0, 0.5),
    ("辽宁省大连市和朝阳市", ["大连、朝阳"], 0.0, 0.28571428571428575),
    ("", ["大连"], 0.0, 0),
    ("。", ["大连"], 0.0, 0),
    ("", [""], 1.0, 0),
    ("Henry A. Walsh", ["Henry A. Walsh"], 1.0, 1.0),
    ("由Henry A. Walsh创办", ["Henry A. Walsh"], 0.0, 0.6666666666666666),
    ("henry walsh", ["Henry Walsh"], 1.0, 1.0),
    ("Walsh, Henry", ["Henry Walsh"], 0.0, 0.4),
    ("APP上线", ["上线APP"], 0.0, 0.6666666666666666),
    ("CO2排放", ["CO₂排放"], 0.0, 0.6666666666666666),
    ("3.5%", ["3.5%"], 1.0, 1.0),
    ("百分之3.5", ["3.5%"], 0.0, 0.3333333333333333),
    ("1,200元", ["1200元"], 0.0, 0.5),
    ("1200 元", ["1200元"], 0.0, 1.0),
    ("don't stop", ["do not stop"], 0.0, 0.3333333333333333),
    ("(2019年)", ["2019年"], 0.0, 0.6666666666666666),
    ("（2019年）", ["2019年"], 1.0, 1.0),
    ("‘工匠’精神", ["工匠精神"], 0.0, 0.888888888888889),
    ("工匠……精神", ["工匠精神"], 0.0, 0.4444444444444445),
    ("1990年—2000年", ["1990年-2000年"], 0.0, 0.4444444444444445),
    ("2018–2022年", ["2018-2022年"], 0.0, 0.3333333333333333),
    ("四川鍋爐", ["四川锅炉"], 0.0, 0.5),
    ("大连市", ["朝阳市", "大连", "大连市总工会"], 0.0, 0.8),
    ("the U.S. army", ["U.S. army"], 0.0, 0.8),
    ('"工会"一词', ["工会"], 0.0, 0.5),
    ("ＡＰＰ上线", ["APP上线"], 0.0, 0.6666666666666666),
    ("A·B·C公司", ["ABC公司"], 1.0, 1.0),
    ("end. Next", ["end"], 0.0, 0.5),
    ("工 会", ["工会"], 0.0, 1.0),
    (" 工会 ", ["工会"], 1.0, 1.0),
    ("cannot go", ["can not go"], 0.0, 1.0),
]


@pytest.mark.parametrize(("prediction", "references", "em", "f1"), OFFICIAL)
def test_the_official_scorers_values(prediction, references, em, f1):
    assert answers.exact(prediction, references) == em
    assert answers.f1(prediction, references) == pytest.approx(f1, abs=1e-12)


def test_f1_by_hand():
    # 8 tokens against 6; the longest common run is 工会职工 (4): P = 4/8, R = 4/6, F1 = 2*4/(8+6)
    assert answers.f1("全省工会职工书屋", ["市工会职工家"]) == pytest.approx(8 / 14)
    # no bag of words: all four characters are shared, but only runs of two
    assert answers.f1("职工工会", ["工会职工"]) == pytest.approx(2 * 2 / 8)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("1932年，张国焘的Red Army", ["1932", "年", "张", "国", "焘", "的", "red", "army"]),
        ("A-B", ["ab"]),
        ('say "so" (now).', ["say", "``", "so", "''", "(", "now", ")", "."]),
        ("at 3.5% or $1,200", ["at", "3.5", "%", "or", "$", "1,200"]),
        ("it's Bob's, they'd", ["it", "'s", "bob", "'s", ",", "they", "'d"]),
        ("can't, cannot", ["ca", "n't", ",", "can", "not"]),
        ("gonna 'tis", ["gon", "na", "'", "tis"]),
        ("end. Next one.", ["end", ".", "next", "one", "."]),
        ("Henry A. Walsh", ["henry", "a.", "walsh"]),
        ("Dr. Who in the U.S. army", ["dr.", "who", "in", "the", "u.s.", "army"]),
        ("No. 5", ["no", ".", "5"]),
        ("1990. in May", ["1990.", "in", "may"]),
        ("what? a. b", ["what", "?", "a.", "b"]),
        ('he said "end." Then', ["he", "said", "``", "end", ".", "''", "then"]),
        ("wait... no", ["wait", "...", "no"]),
        ("第\u3400回", ["第", "\u3400", "回"]),  # outside U+4E00-U+9FA5: a run of its own, as official
        ("\u3400\u3401回", ["\u3400\u3401", "回"]),
        ("", []),
    ],
)
def test_tokens_are_nltks(text, tokens):
    assert segment.segment(text) == tokens


texts = st.text(alphabet="工会职省26a b.,'\"()-\uff0c\u3002\u300a\u2026", max_size=12)


@given(texts, texts)
def test_f1_is_symmetric_and_bounded(one, other):
    value = answers.f1(one, [other])
    assert 0 <= value <= 1
    assert value == pytest.approx(answers.f1(other, [one]))


@given(texts, st.lists(texts, min_size=1, max_size=4))
def test_the_best_reference_counts_and_the_same_text_is_exact(prediction, references):
    assert answers.f1(prediction, references) == max(answers.f1(prediction, [r]) for r in references)
    assert answers.exact(prediction, [*references, prediction]) == 1
    tokens = segment.segment(prediction)
    assert answers.f1(prediction, [prediction]) == bool(tokens)


@given(texts)
def test_tokens_lose_and_invent_nothing_but_quotation_marks(text):
    plain = "".join(
        c for c in text.lower() if c not in segment.PUNCTUATION and not c.isspace() and c not in "\"'"
    )
    found = "".join(segment.segment(text)).replace("`", "").replace("'", "")
    assert found == plain


@pytest.mark.parametrize("metric", [answers.exact, answers.f1, answers.numbers, answers.complete])
@pytest.mark.parametrize("references", [[], "26万"])
def test_no_references_is_an_error(metric, references):
    if metric is answers.complete and isinstance(references, str):
        references = [[]]  # an alternative that asks for nothing
    with pytest.raises(InputError, match="at least one expected answer"):
        metric("26万", references)


@pytest.mark.parametrize(
    ("prediction", "references", "share"),
    [
        ("建档2.15万对", ["21,500对"], 1.0),
        ("21500对", ["2.15万对"], 1.0),
        ("二十", ["20"], 1.0),
        ("20人", ["二十"], 1.0),
        ("26%", ["百分之二十六"], 1.0),
        ("百分之二十六", ["26%"], 1.0),
        ("26", ["26%"], 1.0),  # no unit said
        ("26人", ["26%"], 0.0),
        ("2.15亿对", ["2.15万对"], 0.0),
        ("２．１５萬對", ["2.15万对"], 1.0),
        ("318家", ["新建318家,服务12万人次"], 0.5),
        ("新建318家,服务13万人次", ["318家、12万人次"], 0.5),
        ("没有数字", ["318家"], 0.0),
        ("", ["318家"], 0.0),
        ("318家", ["318家、12万人次", "318家"], 1.0),  # the best alternative
        ("不到30万人", ["超过30万人"], 1.0),  # what softens a figure is not compared
        ("318家", ["没有"], None),
        ("318家", ["没有", "318家"], 1.0),
        ("2022年10月", ["2022年10月"], 1.0),
    ],
)
def test_numbers(prediction, references, share):
    assert answers.numbers(prediction, references) == share


@given(st.integers(10, 10**9))
def test_a_number_is_the_same_with_and_without_groups(value):
    assert answers.numbers(f"共{value:,}人", [f"{value}人"]) == 1
    assert answers.numbers(f"共{value}人", [f"{value + 1}人"]) == 0


@pytest.mark.parametrize(
    ("prediction", "alternatives", "share"),
    [
        ("大连市、朝阳市和鞍山市", [["大连", "朝阳", "鞍山"]], 1.0),
        ("大连市和朝阳市", [["大连", "朝阳", "鞍山"]], 2 / 3),
        ("", [["大连"]], 0.0),
        ("辽宁28万余人,安徽30万人", [["28万", "41.2万"]], 0.5),
        ("2507人", [["250", "人"]], 0.5),  # a number is not cut short
        ("四川鍋爐", [["四川锅炉"]], 1.0),
        ("大连", [["大连", "朝阳"], ["大连"]], 1.0),
        ("大连", [["朝阳"], ["大连", "鞍山"], ["大连", "朝阳", "鞍山"]], 0.5),
    ],
)
def test_complete(prediction, alternatives, share):
    assert answers.complete(prediction, alternatives) == pytest.approx(share)


def test_a_row_of_several_strings_is_one_reference():
    references = answers.joined((("大连", "朝阳"), ("两市",)))
    assert references == ("大连\u3001朝阳", "两市")
    assert answers.exact("大连、朝阳", references) == answers.f1("大连 朝阳", references) == 1


@pytest.mark.parametrize("module", [answers, segment])
def test_examples_in_docstrings(module):
    done = doctest.testmod(module)
    assert done.attempted > 0
    assert done.failed == 0
