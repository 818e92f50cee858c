"""Rules for single characters, and for the glosses of phonetic scrapers."""

from __future__ import annotations

import doctest

import pytest

from rag.index.clean import characters as c
from rag.index.clean import pinyin
from rag.index.clean.draft import Rule
from rag.index.clean.spacing import spaced_numbers

from .clean_kit import by


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        (c.line_ends, "一\r\n二\r三\x0b四\u2028五\n六", "一\n二\n三\n四\n五\n六"),
        (c.invisible, "\ufeff工\u200b会\u00ad章\x00程\ue601", "工会章程"),
        (c.invisible, "a\tb\n", "a\tb\n"),
        (c.lost_characters, "服\ufffd\ufffd务", "服务"),
        (c.entities, "A&nbsp;B &lt;3&gt; &ldquo;好&rdquo; R&D", "A B <3> “好” R&D"),
        (c.plain_spaces, "一\u3000\u3000二\xa0三\t四", "一  二 三 四"),
        (c.compatibility_forms, "⼯会⽹络 oﬃce 金", "工会网络 office 金"),
        (c.full_width, "２０２２年ＡＰＰ增长１．５％，３：２", "2022年APP增长1.5%，3:2"),
        (c.full_width, "他说：“好！”（完）；第１、２条", "他说：“好！”（完）；第1、2条"),
        (c.hyphenation, "the Insti-\ntute of T-\nshirts, e-\nX", "the Institute of T-\nshirts, e-\nX"),
    ],
)
def test_a_character_rule(rule: Rule, text: str, expected: str) -> None:
    assert by(rule, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("產(chǎn)業(yè)結（jié）構(gòu)", "產業結構"),
        ("数(shù)据干(gàn)部绿(lǜ)色", "数据干部绿色"),
        ("發(fa)展數(shu)據(ju)", "發展數據"),  # no tones, but the readings of these characters
        ("甪(lù)直古镇，甪(lu)直人", "甪直古镇，甪直人"),  # learned from the text itself
    ],
)
def test_glosses_go(text: str, expected: str) -> None:
    assert by(pinyin.inline_pinyin, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "使用川工之家(APP)",
        "方案(an)二",
        "增长(a)项",
        "世界卫生组织(WHO)",
        "饕餮(tāo tiè)",
        "见(图一)",
        "(chǎn)",
        "A(bā)",
    ],
)
def test_other_parentheses_stay(text: str) -> None:
    assert by(pinyin.inline_pinyin, text) == text


def test_bytes_that_a_gloss_tore_apart_are_put_together() -> None:
    assert by(pinyin.realigned, "勇?lián)鷷r代使命") == "勇擔時代使命"
    assert by(pinyin.realigned, "沿江9。▍^(qū))共治") == "沿江9(區)共治"


@pytest.mark.parametrize(
    "text", ["他问?lián)鷷r", "是吗?(qū)好", "真的?xyz)好的", "9^(qū)", "9(qū)", "真?lián)的確"]
)
def test_what_cannot_be_proved_is_not_put_together(text: str) -> None:
    assert by(pinyin.realigned, text) == text


def test_torn_bytes_come_from_the_gloss_of_such_scrapers() -> None:
    """Make the damage as the scrapers do, then undo it."""
    gbk = "勇擔時代".encode("gbk")
    at = gbk.index("聯".encode("gbk")) + 2
    torn = gbk[:at] + "(lián)".encode("gbk") + gbk[at:]
    shown = torn.replace(b"\x93(", b"?").decode("gbk")
    assert by(pinyin.realigned, shown) == "勇擔時代"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("一份實打?qū)、沉甸甸", "一份實打、沉甸甸"),
        ("区chuàng)新", "区新"),
        ("(见 lǐ)好", "(见 lǐ)好"),
        ("用法(例:bàn)", "用法(例:bàn)"),
        ("函数f(x)和g(x)", "函数f(x)和g(x)"),
    ],
)
def test_halves_of_glosses_go(text: str, expected: str) -> None:
    assert by(pinyin.broken_pinyin, text) == expected


def test_stray_glyphs_go_and_charts_stay() -> None:
    assert by(pinyin.stray_glyphs, "流域9。▍簽署^合作") == "流域9簽署合作"
    for text in ("2^10", "■ 重点工作", "├── 目录", "好。下一句"):
        assert by(pinyin.stray_glyphs, text) == text


def test_syllables() -> None:
    assert {"chan", "lv", "zhuang", "er", "xiong"} <= pinyin.SYLLABLES
    assert not {"app", "who", "v", "ing", "bia"} & pinyin.SYLLABLES
    assert 395 <= len(pinyin.SYLLABLES) <= 420
    assert pinyin.syllable("chǎn") == ("chan", True)
    assert pinyin.syllable("chàn̄") == ("", False)
    assert doctest.testmod(pinyin).failed == 0


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [("门诊量 2 1 5 . 3 万人次。", "215.3"), ("手术 3 . 4 1 万台次。", "3.41"), ("游泳馆 1 2 座。", "12"), ("住院 9 8 . 6 % 。", "98.6")],
)
def test_figures_set_apart_with_their_point(dirty, clean):
    out = dirty
    for edit in reversed(spaced_numbers(dirty)):
        out = out[: edit.start] + edit.replacement + out[edit.end :]
    assert clean in out
