"""Sentences and clauses."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.sentences import LONGEST, clauses, split


def cut(text: str) -> list[str]:
    return [text[a:b] for a, b in split(text)]


def cut_clauses(text: str, *, items: bool = False) -> list[str]:
    return [text[a:b] for a, b in clauses(text, items=items)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("增长2.15万。完成12项!好吗?", ["增长2.15万。", "完成12项!", "好吗?"]),
        ("一是帮扶;二是慰问;三是培训。", ["一是帮扶;二是慰问;三是培训。"]),
        ("标题\n正文。", ["标题", "正文。"]),
        ("他说:“好。”然后走了。", ["他说:“好。”", "然后走了。"]),
        ("“还在待岗呢。”赵海艳说。除了她以外,还有他。", ["“还在待岗呢。”赵海艳说。", "除了她以外,还有他。"]),
        ("(据统计。未审计)共3人。", ["(据统计。未审计)共3人。"]),
        ("真的吗？！是的……后来好了。", ["真的吗？！", "是的……", "后来好了。"]),
        ("见http://a.cn/b?id=1&x=2.html一文。", ["见http://a.cn/b?id=1&x=2.html一文。"]),
        ("See No. 3 of the U.S. report, e.g. page 2. It grew 2.15 times. Good.",
         ["See No. 3 of the U.S. report, e.g. page 2.", "It grew 2.15 times.", "Good."]),
        ('He said "Go." Then he left.', ['He said "Go."', "Then he left."]),
        ("   \n\n  ", []),
        ("没有句号", ["没有句号"]),
    ],
)
def test_split(text: str, wanted: list[str]) -> None:
    assert cut(text) == wanted


PIECES = st.text(alphabet="工会甲乙。！？!?.,，;；“”‘’()（）《》…\n \"'12aB", max_size=60)


@given(PIECES)
def test_split_covers_all_but_space(text: str) -> None:
    spans = split(text)
    assert all(a < b and text[a:b] == text[a:b].strip() for a, b in spans)
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(spans))
    assert "".join(text[a:b] for a, b in spans).replace(" ", "") == "".join(text.split())


@given(PIECES)
def test_clauses_cover_all_but_space(text: str) -> None:
    for items in (False, True):
        spans = clauses(text, items=items)
        assert "".join(text[a:b] for a, b in spans).replace(" ", "").replace("\n", "") == "".join(text.split())
        assert all(first[1] <= second[0] for first, second in itertools.pairwise(spans))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("培训14,347人,发放2,000元", ["培训14,347人,", "发放2,000元"]),
        ("印发《甲,乙;丙》后,开会", ["印发《甲,乙;丙》后,", "开会"]),
        ("以“稳就业,促发展”为主题,举办", ["以“稳就业,促发展”为主题,", "举办"]),
        ("10:23开会:到会12人", ["10:23开会:", "到会12人"]),
        ("参与9885家、班组6.58万个,完成", ["参与9885家、班组6.58万个,", "完成"]),
    ],
)
def test_clauses(text: str, wanted: list[str]) -> None:
    assert cut_clauses(text) == wanted


def test_items() -> None:
    text = "覆盖9885家、班组(甲、乙)6.58万个、职工84.74万人"
    assert cut_clauses(text, items=True) == ["覆盖9885家、", "班组(甲、乙)6.58万个、", "职工84.74万人"]
    assert cut_clauses(text) == [text]


def test_what_never_stops_is_cut_at_weaker_marks():
    line = " ".join(f"A{n} 温度{n}度" for n in range(400))
    spans = split(line)
    assert all(b - a <= LONGEST for a, b in spans)
    assert "".join(line[a:b] for a, b in spans).replace(" ", "") == line.replace(" ", "")
    assert not any(line[a:b].endswith(("A", "温度")) for a, b in spans)
    long = "一" * 300 + "；" + "二，" * 150 + "三。"
    assert split(long)[0] == (0, 301)
    assert len(split("无" * 1300)) == 3
