"""The algebra of edits: compared with a model that carries every character's origin along."""

from __future__ import annotations

import doctest
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rag.offsets
from rag.offsets import OffsetMap, apply, compose
from rag.types import Edit

LETTERS = st.text("ab。\n ", max_size=6)


@st.composite
def edits_on(draw: st.DrawFn, text: str, rule: str) -> list[Edit]:
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=10)))
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    return [Edit(a, b, draw(LETTERS), rule) for a, b in pairs]


@st.composite
def chains(draw: st.DrawFn) -> tuple[str, list[list[Edit]]]:
    """A text and three edit lists, each on what the one before left."""
    text = at = draw(st.text("abc。\n ", max_size=30))
    lists = []
    for rule in ("one", "two", "three"):
        made = draw(edits_on(at, rule))
        at = apply(at, made)
        lists.append(made)
    return text, lists


def origins(text: str, edits: list[Edit]) -> list[tuple[int, int]]:
    """For each clean character, the raw span that it came from. The oracle: no arithmetic on shifts."""
    out: list[tuple[int, int]] = []
    at = 0
    for edit in edits:
        out += [(i, i + 1) for i in range(at, edit.start)]
        out += [(edit.start, edit.end)] * len(edit.replacement)
        at = edit.end
    return out + [(i, i + 1) for i in range(at, len(text))]


@given(chains())
def test_compose_does_what_the_lists_do_in_turn(chain: tuple[str, list[list[Edit]]]) -> None:
    text, lists = chain
    whole: list[Edit] = []
    expected = text
    for made in lists:
        whole = compose(text, whole, made)
        expected = apply(expected, made)
        assert apply(text, whole) == expected


@given(chains())
def test_a_span_maps_back_to_all_that_it_came_from(chain: tuple[str, list[list[Edit]]]) -> None:
    text, lists = chain
    whole: list[Edit] = []
    for made in lists:
        whole = compose(text, whole, made)
    clean, source, back = apply(text, whole), origins(text, whole), OffsetMap(whole)
    assert len(clean) == len(source)
    for start in range(len(clean)):
        for end in range(start + 1, len(clean) + 1):
            came = source[start:end]
            assert back.to_raw(start, end) == (came[0][0], came[-1][1])
            assert 0 <= came[0][0] <= came[-1][1] <= len(text)


@given(chains())
def test_spans_keep_their_order_on_the_way_back(chain: tuple[str, list[list[Edit]]]) -> None:
    text, lists = chain
    made = lists[0]
    back = OffsetMap(made)
    length = len(apply(text, made))
    spans = [back.to_raw(i, i + 1) for i in range(length)]
    assert all(a[0] <= b[0] and a[1] <= b[1] for a, b in itertools.pairwise(spans))


@given(chains())
def test_kept_text_is_found_again_on_the_way_out(chain: tuple[str, list[list[Edit]]]) -> None:
    text, lists = chain
    made = lists[0]
    clean, back = apply(text, made), OffsetMap(made)
    for start in range(len(text)):
        for end in range(start, len(text) + 1):
            low, high = back.to_clean(start, end)
            assert 0 <= low <= high <= len(clean)
            kept = [i for i in range(start, end) if not any(e.start <= i < e.end for e in made)]
            if kept and kept == list(range(start, end)) and not any(start < e.start < end for e in made):
                assert clean[low:high] == text[start:end]


def test_composed_edits_are_no_larger_than_they_must_be() -> None:
    text = "上文。\n\n\n下文"
    old = [Edit(4, 6, " ", "join")]
    new = [Edit(4, 5, "\n\n", "undo")]
    assert compose(text, old, new) == []
    assert compose(text, old, [Edit(3, 6, "\n", "blank")]) == [Edit(4, 7, "", "blank")]


def test_the_rule_of_a_merged_edit() -> None:
    assert compose("abcd", [Edit(1, 2, "xy", "one")], [Edit(2, 3, "z", "two")]) == [
        Edit(1, 2, "xz", "one+two")
    ]
    deleted = compose("a很长的一行b", [Edit(1, 6, "", "line")], [Edit(0, 2, "", "rest")])
    assert deleted == [Edit(0, 7, "", "line")]


def test_an_insertion_keeps_its_place_beside_a_deletion() -> None:
    composed = compose("abcd", [Edit(1, 3, "", "cut")], [Edit(1, 1, "X", "put")])
    assert apply("abcd", composed) == "aXd"
    assert OffsetMap(composed).to_raw(0, 3) == (0, 4)


@pytest.mark.parametrize(
    "bad", [[Edit(2, 1, "", "r")], [Edit(0, 9, "", "r")], [Edit(0, 2, "", "r"), Edit(1, 2, "", "r")]]
)
def test_bad_edits_are_refused(bad: list[Edit]) -> None:
    with pytest.raises(ValueError, match="edit out of order or range"):
        apply("abc", bad)


def test_many_edits_compose_in_one_pass() -> None:
    text = "a b" * 20_000
    old = [Edit(i, i + 1, "", "space") for i, c in enumerate(text) if c == " "]
    middle = apply(text, old)
    new = [Edit(i, i + 1, "B", "case") for i, c in enumerate(middle) if c == "b"]
    assert apply(text, compose(text, old, new)) == "aB" * 20_000


def test_examples_in_the_documentation() -> None:
    result = doctest.testmod(rag.offsets)
    assert result.attempted >= 1
    assert result.failed == 0
