"""Chunks: sizes, borders, overlap, over-long sentences, and what is said before them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.index.chunk import SPLIT_OVER, chunk
from rag.types import Part, Period, Sentence


def part(*lines, title="", region=None, period=None):
    """A part of one sentence a line; a line is a text or (text, heading, period, regions)."""
    clean, sentences = "", []
    for n, line in enumerate(lines):
        given_fields = line if isinstance(line, tuple) else (line,)
        text, heading, when, regions = (*given_fields, *("", (), None, ())[len(given_fields):])
        sentences.append(Sentence(len(clean), len(clean) + len(text), n, heading, when, when is not None, regions))
        clean += text + "\n"
    return Part(title, clean, (), tuple(sentences), region, period)


def cut(given_part, max_tokens=10, overlap=0, count=len):
    return chunk(given_part, source="a.txt", number=3, count_tokens=count, max_tokens=max_tokens, overlap=overlap)


def test_sentences_are_packed_up_to_the_limit():
    chunks = cut(part("一二三四。", "一二三四。", "一二三四。"))
    assert [(c.first, c.last, c.text) for c in chunks] == [(0, 1, "一二三四。\n一二三四。"), (2, 2, "一二三四。")]
    assert {(c.source, c.part) for c in chunks} == {("a.txt", 3)}


def test_sizes_are_counted_by_the_embedder():
    assert len(cut(part("a b", "c d", "e f"), max_tokens=4, count=lambda text: len(text.split()))) == 2


def test_no_chunk_crosses_a_heading():
    chunks = cut(part(("一。", ("甲",)), ("二。", ("甲",)), ("三。", ("乙",))), max_tokens=100)
    assert [(c.first, c.last) for c in chunks] == [(0, 1), (2, 2)]


def test_a_heading_goes_with_what_it_heads():
    chunks = cut(part(("第一章", ("第一章",)), ("一、总则", ("第一章", "一、总则")), ("正文。", ("第一章", "一、总则")),
                      ("第二章", ("第二章",)), ("第三章", ("第三章",)), ("正文。", ("第三章",))), max_tokens=100)
    assert [(c.first, c.last, c.context) for c in chunks] == [
        (0, 2, "第一章 一、总则"), (3, 3, "第二章"), (4, 5, "第三章")]


def test_neighbours_share_sentences():
    chunks = cut(part("一二三。", "四五六。", "七八九。", "十一二。"), max_tokens=12, overlap=1)
    assert [(c.first, c.last) for c in chunks] == [(0, 2), (2, 3)]


def test_overlap_gives_way_to_the_limit():
    chunks = cut(part("一二三四五六七。", "一二三四五六七八。", "一。"), max_tokens=12, overlap=1)
    assert [(c.first, c.last) for c in chunks] == [(0, 0), (1, 2)]


def test_overlap_ends_at_the_heading():
    chunks = cut(part(("一二三四。", ("甲",)), ("一二三四。", ("乙",))), overlap=1)
    assert [(c.first, c.last) for c in chunks] == [(0, 0), (1, 1)]


def test_an_over_long_sentence_is_a_chunk_of_its_own():
    chunks = cut(part("一。", "字" * 30 + "。", "二。"), overlap=1)
    assert [(c.first, c.last) for c in chunks] == [(0, 0), (1, 1), (2, 2)]


def test_a_sentence_that_is_none_is_cut_at_clauses():
    text = "项目名称,数量,单价;" * 10
    chunks = cut(part("一。", text, "二。"), max_tokens=12)
    middle = chunks[1:-1]
    assert {(c.first, c.last) for c in middle} == {(1, 1)}
    assert "".join(c.text for c in middle) == text
    assert all(len(c.text) <= 12 and c.text[-1] in ",;" for c in middle)


def test_what_has_no_clauses_is_cut_anyway():
    chunks = cut(part("字" * 1000), max_tokens=16)
    assert "".join(c.text for c in chunks) == "字" * 1000
    assert max(len(c.text) for c in chunks) <= 16


def test_the_context_says_title_headings_place_and_year():
    year, other = Period(2022, 2022), Period(2021, 2021)
    [found] = cut(part(("救助两万人次。", ("三、帮扶", "(一)救助"), year, ("辽宁/大连",)), ("二。", ("三、帮扶", "(一)救助"), year),
                       ("三。", ("三、帮扶", "(一)救助"), other, ("四川",)), title="工会综述", region="辽宁"), max_tokens=99)
    assert found.context == "工会综述 三、帮扶 (一)救助 辽宁 大连 2022年"
    assert found.text.startswith("救助")
    assert found.period == Period(2021, 2022)
    assert found.regions == ("辽宁/大连", "四川")


def test_the_context_does_not_repeat_itself():
    [found] = cut(part(("一。", ("辽宁工会 2022年综述",), Period(2022, 2022), ("辽宁",)), title="辽宁工会\n2022年综述"))
    assert found.context == "辽宁工会 2022年综述"


def test_what_the_sentences_do_not_say_the_part_does():
    [found] = cut(part("一。", title="题", region="安徽", period=Period(2018, 2023)))
    assert found.context == "题 安徽 2018-2023年"
    assert found.regions == ("安徽",)
    assert found.period is None


def test_a_part_without_sentences_has_no_chunks():
    assert cut(part()) == []


lines = st.lists(st.tuples(st.text("字词,。;a ", min_size=1, max_size=80),
                           st.sampled_from([(), ("甲",), ("甲", "乙"), ("丙",)])), max_size=25)


@given(lines, st.integers(4, 40), st.integers(0, 3))
def test_every_sentence_is_in_chunks_in_order_and_in_size(given_lines, limit, overlap):
    given_part = part(*given_lines)
    chunks = cut(given_part, limit, overlap)
    covered = [False] * len(given_part.clean)
    for c in chunks:
        assert c.text == given_part.clean[c.start : c.end]
        assert c.text
        covered[c.start : c.end] = [True] * (c.end - c.start)
        held = given_part.sentences[c.first : c.last + 1]
        assert held[0].start <= c.start < c.end <= held[-1].end
        sizes = [s.end - s.start for s in held]
        assert sum(sizes) <= limit or (len(held) == 1 and len(c.text) <= SPLIT_OVER * limit)
        longest = max((s.heading for s in held), key=len)
        assert all(longest[: len(s.heading)] == s.heading for s in held)
    assert all(covered[i] for s in given_part.sentences for i in range(s.start, s.end))
    for one, two in pairwise(chunks):
        assert (one.first, one.start) <= (two.first, two.start)
        assert (one.last, one.end) < (two.last, two.end)
        assert one.last - two.first + 1 <= max(overlap, 1)


@pytest.mark.parametrize("overlap", [0, 1, 5])
def test_no_chunk_is_all_overlap(overlap):
    chunks = cut(part(*["一二三。"] * 9), overlap=overlap)
    assert chunks[-1].last == 8
    assert all(two.last > one.last for one, two in pairwise(chunks))


def test_an_over_long_sentence_is_cut_at_full_width_commas_too():
    from rag.types import Part, Sentence

    clean = "\uff0c".join("工会培训职工" for _ in range(40)) + "。"
    part = Part("标题", clean, (), (Sentence(0, len(clean), 0),))
    pieces = chunk(part, source="a.txt", number=0, count_tokens=len, max_tokens=20, overlap=0)
    assert len(pieces) > 1
    assert all(p.text.endswith(("\uff0c", "。")) for p in pieces)
