"""Encodings: one file of each kind, and round trips over texts of any length."""

import codecs
import logging
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rag.errors import UnreadableDocument
from rag.index.encoding import CERTAIN, SAMPLE, decode, likelihood

FILES = Path(__file__).parent / "files" / "encodings"
SIMPLIFIED = (
    "关于公布2022年度职工书屋名单的通知\n\n各市总工会：\n"
    "　　全省新建职工书屋318家，累计服务职工12.5万人次。“书香工会”活动持续开展，职工参与率达到86%。\n"
)
TRADITIONAL = (
    "關於公布2022年度勞工圖書室名單的通知\n\n各縣市總工會：\n"
    "　　全省新設圖書室318處，累計服務勞工12.5萬人次。「書香工會」活動持續辦理，參與率達到86%。\n"
)
BESIDE = "𠮷"  # outside the basic plane

EXPECTED = {
    "utf-8.txt": ("utf-8", SIMPLIFIED),
    "utf-8-bom.txt": ("utf-8-sig", SIMPLIFIED),
    "gbk.txt": ("gb18030", SIMPLIFIED),
    "gbk-crlf.txt": ("gb18030", SIMPLIFIED.replace("\n", "\r\n")),
    "gb18030.txt": ("gb18030", SIMPLIFIED + f"联系人：{BESIDE}田、㐂代。\n"),
    "gb18030-traditional.txt": ("gb18030", TRADITIONAL),
    "big5.txt": ("big5", TRADITIONAL),
    "utf-16-le-bom.txt": ("utf-16", SIMPLIFIED),
    "utf-16-be-bom.txt": ("utf-16", SIMPLIFIED),
    "utf-16-le.txt": ("utf-16-le", SIMPLIFIED),
    "utf-16-be.txt": ("utf-16-be", TRADITIONAL),
}

# Sentences as reports have them; examples are runs of these, cut anywhere.
ZH = (
    "今年以来，全省各级工会坚持以职工为中心，深入开展劳动和技能竞赛，参赛职工达到260万人次。"
    "截至11月29日，共建成户外劳动者服务站点2.15万个，覆盖所有市县。"
    "“娘家人”服务队走进企业1,280家，为职工办实事好事3600余件；帮扶资金1.16亿元。"
    "（记者 王小明）《工人日报》报道：北京、上海、广州等地积极探索新就业形态劳动者入会方式。"
)
ZHT = (
    "今年以來，各縣市勞工團體積極推動職業安全衛生教育訓練，參加人數達到26萬人次。"
    "截至11月29日，已設置服務據點215處，提供諮詢、轉介及法律扶助等服務。"
    "「勞動者之家」走訪企業1,280家，協助解決問題3600餘件；補助經費1.16億元。"
    "（記者王小明）《中國時報》報導：臺北、高雄、臺中等地積極研議平台外送員加入公會的辦法。"
)


def test_every_file_has_an_expectation():
    assert {path.name for path in FILES.iterdir()} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_file_of_each_encoding(name):
    data = (FILES / name).read_bytes()
    encoding, text = EXPECTED[name]
    assert decode(data) == (text, encoding)
    assert data.decode(encoding) == text


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        (
            "gb18030",
            "中国 工会 职工 通知 名单 书屋 附件 目录 总工会 辽宁省 安全生产 劳动模范 联通 王小明 四川工会",
        ),
        (
            "big5",
            "中國 工會 勞工 通知 名單 附件 目錄 總工會 高雄市 安全衛生 勞動模範 臺北市 王小明 四川 服務據點",
        ),
        ("utf-16-le", "辽宁省总工会 安全生产。 劳动模范， 关于公布名单的通知 職工之家，"),
        ("utf-16-be", "辽宁省总工会 安全生产。 劳动模范， 关于公布名单的通知 職工之家，"),
    ],
)
def test_a_word_is_enough(encoding, words):
    for word in words.split():
        assert decode(word.encode(encoding))[0] == word, word


def cut(text: str, at_least: int):
    return st.tuples(st.integers(0, len(text) - 1), st.integers(at_least, 3 * len(text))).map(
        lambda cut: (4 * text)[cut[0] : cut[0] + cut[1]]
    )


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk", "utf-16-le", "utf-16-be"]
)
@settings(max_examples=60, deadline=None)
@given(text=cut(ZH, at_least=8))
def test_simplified_round_trip(encoding, text):
    assert decode(text.encode(encoding))[0] == text


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-16", "big5", "cp950", "gb18030", "utf-16-le", "utf-16-be"]
)
@settings(max_examples=60, deadline=None)
@given(text=cut(ZHT, at_least=8))
def test_traditional_round_trip(encoding, text):
    assert decode(text.encode(encoding))[0] == text


@settings(max_examples=200, deadline=None)
@given(
    st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")) | st.sampled_from("\t\r\n"), max_size=80
    )
)
@example("café, naïve, Müller")
@example("Привет, мир")
@example("Ελλάδα")
@example("شكرا")
@example("日本語のテキスト")
@example("Bush hid the facts")
def test_utf8_is_never_taken_for_anything_else(text):
    """But for a very short jumble of several scripts, none of them East Asian, which is rather a GBK file."""
    data = text.encode("utf-8")
    blocks = {ord(char) >> 7 for char in text} - {0}
    jumble = (
        len(data) <= 64 and len(blocks) > 1 and max(blocks) < 0x10
    )  # one script alone is left to the examples
    if not jumble and not text.startswith("\ufeff"):
        assert decode(data) == (text, "utf-8")


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_an_error(data):
    try:
        text, encoding = decode(data)
    except UnreadableDocument:
        return
    if "\ufffd" not in text:
        assert data.decode(encoding) == text


def test_line_ends_are_kept_exactly():
    text = "一行\r\n二行\r三行\n四行\u2028五行\x85"
    assert decode(text.encode())[0] == text
    assert decode(("各级工会组织" + text).encode("gb18030"))[0] == "各级工会组织" + text


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "utf-16-le"])
def test_what_follows_long_ascii_decides(encoding):
    text = "x = 1\r\n" * (SAMPLE // 4) + "年總工會" * 20
    assert decode(text.encode(encoding)) == (text, encoding)


def test_other_languages_are_read_too():
    french = "Les syndicats ont créé 318 bibliothèques en 2022, où près de 12 000 salariés ont été reçus."
    assert decode(french.encode("cp1252"))[0] == french
    japanese = "労働組合は職場の仲間とともに、安心して働き続けられる社会をめざしています。"
    assert decode(japanese.encode("euc_jp"))[0] == japanese
    assert decode(japanese.encode("shift_jis"))[0] == japanese


def test_single_damaged_bytes_are_replaced_and_logged(caplog):
    data = bytearray((ZH * 5).encode("utf-8"))
    data[301] = 0xFF
    with caplog.at_level(logging.WARNING):
        text, encoding = decode(bytes(data))
    assert encoding == "utf-8" and 1 <= text.count("\ufffd") <= 3
    assert text.endswith(ZH) and "replaced" in caplog.text


def test_a_file_cut_off_within_a_character_is_read():
    assert decode((ZH * 2).encode("gb18030")[:-1])[0].startswith(ZH)
    assert decode((ZH * 2).encode("utf-8")[:-1])[0].startswith(ZH)


@pytest.mark.parametrize(
    "data",
    [
        bytes(range(256)) * 4,
        b"text with a \x00 NUL",
        b"\x01\x02\x03\x04",
        ZH.encode() + b"\0",
        codecs.BOM_UTF8 + b"\xff\xfe\x80" * 40,
        codecs.BOM_UTF16_LE + b"\x00\xd8" * 40,
    ],
)
def test_binary_content_is_refused(data):
    with pytest.raises(UnreadableDocument):
        decode(data)


def test_likelihood_prefers_what_people_write():
    assert likelihood(SIMPLIFIED) > CERTAIN and likelihood(TRADITIONAL) > CERTAIN
    assert likelihood("笢弊馱頗") < likelihood("中国工会") - 3
    assert likelihood(SIMPLIFIED.encode("gbk").decode("big5", "replace")) < CERTAIN - 3
    assert likelihood("plain") == -float("inf")


def test_lines_of_several_encodings():
    first, second = "南区负责人为沈一帆，每周五检查。\n", "东区负责人为陆明，每月检查一次。\n"
    data = first.encode("utf-8") + second.encode("gb18030") + b"ok\n"
    assert decode(data) == (first + second + "ok\n", "mixed")
    with pytest.raises(UnreadableDocument):
        decode(bytes(range(128, 256)) * 3 + b"\n" + first.encode("utf-8")[:30])
