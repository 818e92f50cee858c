"""How many follow-ups are completed rightly, and what a conversation costs."""

import time

import pytest

from rag.question.followup import complete, completed
from rag.question.smalltalk import is_smalltalk

from .followups import HALVES, answered_alike, history, rewritten_rightly, rows, seeds_bot


@pytest.fixture(scope="module")
def bot(tmp_path_factory):
    return seeds_bot(tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize("half", HALVES)
def test_nine_in_ten_are_rewritten_and_answered_rightly(bot, half):
    held = rows(half)
    assert sum(rewritten_rightly(row, complete(row["question"], history(row))) for row in held) >= 0.9 * len(held)
    assert sum(answered_alike(row, bot) for row in held) >= 0.9 * len(held)


@pytest.mark.parametrize("half", HALVES)
def test_accepted_forms_are_right_and_all_that_was_said_is_not(half):
    fooled = 0
    for row in rows(half):
        for form in row["rewritten"] or []:
            assert rewritten_rightly(row, form), row["id"]
        fooled += rewritten_rightly(row, " ".join(part for turn in row["history"] for part in turn) + row["question"])
    assert fooled <= 2


def test_what_was_taken_over_and_whether_the_topic_changed():
    before = [("2022年湖北有多少会员?", "30万人。")]
    assert completed("那陕西呢?", before) == ("2022年陕西有多少会员?", ("2022年", "会员"), False)
    assert completed("《劳动法》是哪年修订的?", before) == ("《劳动法》是哪年修订的?", (), True)
    assert completed("谢谢", before) == ("谢谢", (), False)


def test_thanks_do_not_end_the_topic(bot):
    said = [("2022年湖北有多少会员?", "30万人。"), ("谢谢", "不客气。")]
    assert complete("好的,那陕西呢?", said) == "2022年陕西有多少会员?"
    assert bot.ask("谢谢").reason == bot.ask("Thanks!").reason == "no_question"
    assert bot.ask("Thanks!").answer.isascii()


@pytest.mark.parametrize(("text", "yes"), [("好的好的", True), ("👍", True), ("OK", True), ("行业工会有多少家?", False), ("感谢信是谁写的?", False), ("", False)])
def test_smalltalk(text, yes):
    assert is_smalltalk(text) is yes


def test_a_long_conversation_costs_nothing():
    long = [("2022年湖北有多少会员?" + "长" * 2000, "答" * 2000)] * 1000
    complete("那重庆呢?", long)
    started = time.perf_counter()
    complete("那陕西呢?", long)
    is_smalltalk("谢谢" * 1000 + "x")
    assert time.perf_counter() - started < 0.1
