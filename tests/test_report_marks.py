"""Markup by construction, and which characters of two texts are the same."""

import itertools
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.eval.report.html import details, join, table, tag, text, visible
from rag.eval.report.marks import ALONE, MARKED, SPARE, common, pieces, places, shorten
from rag.text.fold import fold

ANY = st.text(max_size=60)
CHINESE = st.text(st.sampled_from("工会職职工共有103个個单單位 \n,。Ａab"), max_size=60)
SPANS = st.lists(st.tuples(st.integers(-3, 70), st.integers(-3, 70)).map(sorted).map(tuple), max_size=5)


class Plain(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.said, self.tags = "", []
        self.feed(html)
        self.close()

    def handle_data(self, data):
        self.said += data

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))


@given(ANY)
def test_a_text_comes_back_as_it_is_shown(value):
    read = Plain(tag("p", value, title=value))
    assert read.tags == [("p", {"title": visible(value)})]
    assert read.said == visible(value)
    read.said.encode()  # lone surrogates would not go into a file


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\r\nb\tc\nd", "a\nb\tc\nd"),
        ("a\rb", "a\u240db"),
        ("\x00\x1b", "\u2400\u241b"),
        ("\u202e\u2066\u200b\ufeff\x85\x7f", "⟨U+202E⟩⟨U+2066⟩⟨U+200B⟩⟨U+FEFF⟩⟨U+0085⟩⟨U+007F⟩"),
        ("\ud800", "⟨U+D800⟩"),
        ("👩\u200d👧 é 𠀀", "👩\u200d👧 é 𠀀"),
    ],
)
def test_what_can_not_be_seen_is_shown_as_a_sign(value, shown):
    assert visible(value) == shown


def test_only_what_is_made_here_is_markup():
    made = tag("b", "<i>")
    assert made == "<b>&lt;i&gt;</b>"
    assert tag("p", made) == "<p><b>&lt;i&gt;</b></p>"
    assert (
        tag("p", made + "<x>") == "<p>&lt;b&gt;&amp;lt;i&amp;gt;&lt;/b&gt;&lt;x&gt;</p>"
    )  # no longer made here
    assert tag("p", f"{made}") == "<p>&lt;b&gt;&amp;lt;i&amp;gt;&lt;/b&gt;</p>"


def test_children_and_attributes():
    assert (
        tag("a", None, ["x", ("y", 3)], href="#a", hidden=False, title=None, class_="c")
        == '<a href="#a" class="c">xy3</a>'
    )
    assert (
        tag("svg", viewBox="0 0 1 1", aria_hidden="true")
        == '<svg viewBox="0 0 1 1" aria-hidden="true"></svg>'
    )
    assert tag("meta", charset="utf-8") == '<meta charset="utf-8">'
    assert tag("p", name="n") == '<p name="n"></p>'
    assert join([]) == ""
    assert details("<s>", "body", open=True) == "<details open><summary>&lt;s&gt;</summary>body</details>"
    assert text('"') == "&quot;"


def test_a_table_has_headings_and_a_caption():
    html = table(["a", "b"], [["x", 1], ["y", 2]], caption="all <of> it", numbers=[1])
    assert html.count('scope="col"') == 2
    assert html.count('<th scope="row">') == 2
    assert '<td class="num">2</td>' in html
    assert "all &lt;of&gt; it</caption>" in html


@given(CHINESE, CHINESE)
def test_marked_stretches_are_the_same_letters_in_order(a, b):
    found = common(a, b)

    def letters(value):
        return "".join(fold(value).split())

    for (i, j), (k, m) in found:
        assert letters(a[i:j]) == letters(b[k:m])
        assert len(letters(a[i:j])) >= 2
    for side in (0, 1):
        spans = [pair[side] for pair in found]
        assert spans == sorted(spans)
        assert all(x[1] <= y[0] for x, y in itertools.pairwise(spans))


@given(
    CHINESE.filter(lambda v: any(c.isalnum() for c in v) and len(v.split()) and len("".join(v.split())) > 3)
)
def test_a_text_is_the_same_as_itself(value):
    marked = "".join(value[i:j] for (i, j), _ in common(value, value))
    assert marked.split() == value.split()


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("接待读者118.4万人次", "2023年接待讀者１１８．４萬人次。", ["接待读者118.4万人次"]),
        ("接待读者\n\n118.4万人次", "接待读者118.4万人次", ["接待读者\n\n118.4万人次"]),
        ("周三、周六下乡", "周末延长开放到晚上", []),
        (
            "工会职工培训",
            "工会另办的职工书屋和各种培训班一共有三百一十八家",
            [],
        ),  # words of two in common prove nothing
        ("甲:办讲座462场", "乙:办讲座310场", [":办讲座"]),
        ("", "甲", []),
    ],
)
def test_what_counts_as_the_same(a, b, same):
    assert [a[i:j] for (i, j), _ in common(a, b)] == same


@given(ANY, SPANS, SPANS)
def test_pieces_are_the_text(value, same, key):
    parts = pieces(value, same, key)
    assert "".join(p.text for p in parts) == value
    at = 0
    for part in parts:
        assert part.text or not value
        for i in range(at, at + len(part.text)):
            assert part.same == any(a <= i < b for a, b in same)
            assert part.key == any(a <= i < b for a, b in key)
        at += len(part.text)


@given(st.integers(0, 2000), SPANS)
def test_shortening_hides_and_loses_nothing(n, same):
    value = ("工会职工0123" * 250)[:n]
    short = shorten(pieces(value, same))
    assert "".join(p.text for p in short) == value
    assert all(len(p.text) > SPARE for p in short if p.hidden)
    assert all(len(p.text) <= MARKED + SPARE for p in short if not p.hidden)


def test_a_text_without_marks_keeps_its_beginning_and_end():
    value = "x" * 1000
    shown = [p for p in shorten(pieces(value)) if not p.hidden]
    assert [len(p.text) for p in shown] == [ALONE - ALONE // 3, ALONE // 3]
    assert [len(p.text) for p in shorten(pieces(value), 90) if not p.hidden] == [60, 30]
    assert shorten(pieces("x" * (ALONE + SPARE))) == pieces("x" * (ALONE + SPARE))


def test_what_is_marked_stays_in_sight():
    value = "甲" * 500 + "要紧" + "乙" * 500
    shown = "".join(p.text for p in shorten(pieces(value, [(500, 502)])) if not p.hidden)
    assert shown == "甲" * 80 + "要紧" + "乙" * 80


@pytest.mark.parametrize(
    ("value", "words", "found"),
    [
        ("2023年有3项、13项", ["3项"], ["3项"]),
        ("共250人,2507人", ["250"], ["250"]),
        ("發放補助185萬元", ["185万元"], ["185萬元"]),
        ("周三、周六", ["周三", "周六", " ", ""], ["周三", "周六"]),
        ("a+b", ["+"], ["+"]),
    ],
)
def test_expected_words_are_found_whatever_the_script(value, words, found):
    assert [value[i:j] for i, j in places(value, words)] == found
