"""Words and index terms."""

import pytest

from rag.text.tokens import PAIR, cut, index_terms, rarity, words


@pytest.mark.parametrize("whole", ["6.58万个", "10619家", "2021-2025", "app", "12.6万", "98.76%"])
def test_numbers_units_and_codes_stay_whole(whole):
    assert whole in index_terms(f"其中{whole.upper()},有关单位参加")


def test_traditional_text_gives_the_terms_of_simplified():
    assert index_terms("職工創新工作室") == index_terms("职工创新工作室")


def test_names_outside_the_dictionary_are_found_by_pairs():
    assert PAIR + "銮艺" in index_terms("大连銮艺精密模塑制造有限公司")


def test_tokens_count_in_the_text():
    text = "《遼寧省總工會五年計劃》參與10619家,APP上线"
    for token in cut(text):
        assert len(token.text) == token.end - token.start
    assert "app" in words(text)


def test_empty_text_has_no_terms():
    assert index_terms("") == []
    assert index_terms("。,!") == []


def test_a_rare_word_tells_more():
    assert rarity("筛查") > rarity("工作") > rarity("的")
