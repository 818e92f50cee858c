"""Terms of a question and where a text supports them."""

import numpy as np

from rag.question.lexicon import translate
from rag.question.terms import Matcher, chinese_terms, english_terms, stop_words, synonyms
from rag.text.fold import fold
from rag.text.tokens import cut


def score(question, text, encode=None):
    (term,) = chinese_terms(question)
    return max((m.score for m in Matcher(encode).find(term, fold(text), cut(text))), default=0.0)


def test_question_words_are_no_terms():
    assert chinese_terms("一共有多少") == []
    assert [t.text for t in chinese_terms("培训班")] == ["培训班"]


def test_the_word_itself_supports_best():
    assert score("招聘会", "举办招聘会96场") == 1.0


def test_a_synonym_supports_less():
    assert 0.5 < score("观众", "累计225万人观影") < 1.0


def test_the_short_name_of_an_office():
    assert score("人社厅", "省人力资源和社会保障厅印发通知") > 0.8


def test_nothing_alike_supports_nothing():
    assert score("招聘会", "职工书屋") == 0.0


def test_nearness_in_the_vector_space_supports_a_little():
    near = {"骏马": [1.0, 0.0], "良驹": [0.9, 0.436]}

    def encode(words):
        return np.array([near.get(w, [0.0, -1.0]) for w in words], dtype=np.float32)

    assert score("骏马", "一匹良驹") == 0.0
    assert 0.4 < score("骏马", "一匹良驹", encode) <= 0.8


def test_something_stopped_must_be_said_to_the_letter():
    assert any(t.hard for t in chinese_terms("停办比赛"))


def test_synonyms_go_both_ways():
    assert all(word in synonyms()[other] for word, others in synonyms().items() for other in others)


def test_stop_words_of_both_languages():
    assert "的" in stop_words("zh")
    assert "the" in stop_words("en")


def test_english_words_bring_their_chinese():
    (term,) = english_terms("truck drivers")
    assert "货车司机" in dict(term.variants)


def test_translation_of_inflected_and_unknown_words():
    assert translate("workers")
    assert translate("zzzzqq") == ()
