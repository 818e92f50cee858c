"""What a model wrote: statements with their citations, or nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.generate.written import NOT_FOUND, declines, statements


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("新建书屋318家[1]。服务12万人次[2]。", [("新建书屋318家。", (1,)), ("服务12万人次。", (2,))]),
        ("新建书屋318家。[1]服务12万人次。[1][2]", [("新建书屋318家。", (1,)), ("服务12万人次。", (1, 2))]),
        ("新建书屋318家 [1] 。", [("新建书屋318家。", (1,))]),
        ("辽宁【1】、四川［２］都有。", [("辽宁、四川都有。", (1, 2))]),
        ("都有[1,2]。也有[3、4]。", [("都有。", (1, 2)), ("也有。", (3, 4))]),
        ("三份都说[2-4]。", [("三份都说。", (2, 3, 4))]),
        ("重复[2][1][2]。", [("重复。", (2, 1))]),
        ("[1]全省318家。\n【资料2】说有2.15万场。", [("全省318家。", (1,)), ("说有2.15万场。", (2,))]),
        ("没有标注。", [("没有标注。", ())]),
        ("**辽宁**：318家[1]\n- 四川：9万[2]", [("辽宁：318家", (1,)), ("四川：9万", (2,))]),
        ("## 小结\n> 引文[3]", [("小结", ()), ("引文", (3,))]),
        ("1. 东馆[1]\n2、西馆[2]\n（3）南馆[3]\n4) 北馆[4]\n⑤新馆[5]", [(f"{c}馆", (n,)) for n, c in enumerate("东西南北新", 1)]),
        ("- **1.** 东馆[1]\n2、2022年开放[1]", [("东馆", (1,)), ("2022年开放", (1,))]),
        ("3、4月开放[1]。\n3.5万人[2]。\n东馆 - 周一闭馆[3]", [("3、4月开放。", (1,)), ("3.5万人。", (2,)), ("东馆 - 周一闭馆", (3,))]),
        ("一句。\n[1]", [("一句。", (1,))]),
        ("It has 318 [1]. Each is 12.5 m [Source 2].", [("It has 318.", (1,)), ("Each is 12.5 m.", (2,))]),
        ("<think>先看[1]。</think>共318家[2]。", [("共318家。", (2,))]),
        ("<think>没有写完[1]", []),
        ("见辽工发[2022]12号[1]。", [("见辽工发[2022]12号。", (1,))]),
        ("零号[0]不算。", [("零号不算。", ())]),
        ("", []),
        ("\n \n", []),
        ("[1]", []),
    ],
)  # fmt: skip
def test_statements(text, expected):
    assert statements(text) == expected


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["全省318家", "服务12.5万人次", "五年来，成效明显"]),
            st.lists(st.integers(1, 9), max_size=3, unique=True),
        ),
        max_size=6,
    ),
    st.booleans(),
)
def test_what_is_marked_comes_back(parts, after):
    """Whether marks stand before the full stop or after it."""
    marks = ["".join(f"[{n}]" for n in cited) for _, cited in parts]
    text = "".join(
        f"{said}。{mark}" if after else f"{said}{mark}。"
        for (said, _), mark in zip(parts, marks, strict=True)
    )
    assert statements(text) == [(f"{said}。", tuple(cited)) for said, cited in parts]


@settings(max_examples=150, deadline=None)
@given(st.text("甲乙。！？\n []【】0123,，-.a#*` <think>/", max_size=60))
def test_any_text_gives_statements_with_words(text):
    for said, cited in statements(text):
        assert said.strip() == said and said
        assert all(0 < n < 100 for n in cited) and len(set(cited)) == len(cited)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (NOT_FOUND["zh"], True),
        ("资料中没有找到答案", True),
        ("**The sources do not hold the answer**", True),
        ("<think>嗯</think>资料中没有找到答案。[1]", True),
        ("", True),
        ("[1]。", True),
        ("318家[1]。", False),
    ],
)
def test_declines(text, expected):
    assert declines(text) is expected
