"""Folding keeps every character in its place and makes one spelling of what readers take for one."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.fold import fold, is_traditional


@given(st.text())
def test_length_never_changes(text: str) -> None:
    assert len(fold(text)) == len(text)


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(), st.text())
def test_folding_is_character_by_character(a: str, b: str) -> None:
    assert fold(a + b) == fold(a) + fold(b)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("遼寧省總工會", "辽宁省总工会"),
        ("臺灣、爲了、於是、裏面、裡面、群眾、羣衆", "台湾、为了、于是、里面、里面、群众、群众"),
        ("著名", "著名"),
        ("ＡＰＰ２０２２年（１．５％），", "app2022年(1.5%),"),
        ("「工會」『家』", "“工会”‘家’"),
        ("⺠⽣⼯程", "民生工程"),
        ("唐‧吉訶德•阿凡提", "唐·吉诃德·阿凡提"),
        ("2018–2022", "2018-2022"),
        ("İΣς㎡…ﬁ", "İσς㎡…ﬁ"),  # what would become two characters stays
    ],
)
def test_forms(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_footnote_marks_do_not_become_digits() -> None:
    assert fold("2022①10²") == "2022①10²"


def test_script() -> None:
    assert is_traditional("四川工會五年工作回眸")
    assert is_traditional("台灣")
    assert not is_traditional("四川工会五年工作回眸")
    assert not is_traditional("辽宁,後")
    assert not is_traditional("2022 APP 中文")


def test_the_table_agrees_with_opencc() -> None:
    """The shipped table is what OpenCC says, for every common character."""
    opencc = pytest.importorskip("opencc")
    convert = opencc.OpenCC("t2s").convert
    common = [c for c in map(chr, range(0x4E00, 0x9FA6)) if convert(c) != c]
    assert len(common) > 2500
    assert [c for c in common if fold(c) not in (convert(c), convert(convert(c)))] == []


def test_speed() -> None:
    text = "產業工人隊伍建設改革2.15萬對。" * 60_000
    fold(text[:10])
    started = time.perf_counter()
    fold(text)
    assert len(text.encode()) / (time.perf_counter() - started) > 5e6  # bytes a second; 30e6 is usual
