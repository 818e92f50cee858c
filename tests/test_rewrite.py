"""What a language model may make of a follow-up question."""

import itertools

import pytest

from rag.question.followup import complete
from rag.question.rewrite import accepted, rewritten

from .model_kit import Says, dead

MEMBERS = [("2022年湖北有多少货车司机会员?", "3.2万人。")]
WINNER = [("谁获得了2022年一等奖?", "王建国。")]
GOOD = [
    ("那陕西呢?", MEMBERS, "2022年陕西有多少货车司机会员?"),
    ("前一年呢?", MEMBERS, "2021年湖北有多少货车司机会员?"),
    ("那快递员呢?", MEMBERS, "2022年湖北有多少快递员会员?"),
    ("他是哪个单位的?", WINNER, "王建国是哪个单位的?"),
    ("What about Shaanxi?", [("How many members does Hubei have?", "30")], "How many members does Shaanxi have?"),
]
BAD = [
    ("那陕西呢?", MEMBERS, "2022年四川有多少货车司机会员?"),  # another place
    ("那陕西呢?", MEMBERS, "2019年陕西有多少货车司机会员?"),  # a year that nobody named
    ("那陕西呢?", MEMBERS, "2022年湖北有多少货车司机会员?"),  # the question's own place is gone
    ("他是哪个单位的?", WINNER, "李建国是哪个单位的?"),  # another person
    ("那陕西呢?", MEMBERS, "2022年陕西有多少网约车司机会员?"),  # another thing
    ("那陕西呢?", MEMBERS, "2022年陕西有5.1万货车司机会员。"),  # an answer
    ("那陕西呢?", MEMBERS, "3.2万人。"),
    ("那陕西呢?", MEMBERS, "2022年陕西有多少会员?湖北有多少会员?"),  # two questions
    ("那陕西呢?", MEMBERS, "2022年陕西有多少货车司机会员" + "货车司机会员" * 40 + "?"),
    ("那陕西呢?", MEMBERS, ""),
    ("那陕西呢?", MEMBERS, "谢谢!"),
    ("“春风送岗”呢?", MEMBERS, "2022年湖北有多少会员?"),  # its title is gone
    ("What about Shaanxi?", [("How many members does Hubei have?", "30")], "How many drivers does Shaanxi have?"),
]


@pytest.mark.parametrize(("question", "history", "rewrite"), GOOD)
def test_a_rewrite_out_of_the_conversation_is_accepted(question, history, rewrite):
    assert accepted(rewrite, question, history)


@pytest.mark.parametrize(("question", "history", "rewrite"), BAD)
def test_a_rewrite_that_adds_loses_or_answers_is_not(question, history, rewrite):
    assert not accepted(rewrite, question, history)


class TestRewritten:
    """A model is asked only where the rules have no more than a makeshift, and believed only as far as `accepted` goes."""

    HISTORY = (("湖北2022年办了哪些招聘会?", "湖北举办“春风送岗”招聘会120场。"),)
    QUESTION = "效果怎么样?"

    def test_a_rewrite_takes_the_question_s_place(self):
        model = Says("湖北2022年举办的招聘会效果怎么样?")
        assert rewritten(self.QUESTION, self.HISTORY, model) == "湖北2022年举办的招聘会效果怎么样?"
        assert "春风送岗" in str(model.asked[0])

    @pytest.mark.parametrize(
        "said",
        ["陕西2022年举办的招聘会效果怎么样?", "湖北的招聘会效果很好。", "", "<think>", [dead()], lambda: itertools.repeat("好")],
        ids=["another place", "an answer", "nothing", "thoughts", "dead", "endless"],
    )
    def test_one_that_can_t_be_believed_leaves_what_the_rules_make_of_it(self, said):
        assert rewritten(self.QUESTION, self.HISTORY, Says(said)) == complete(self.QUESTION, self.HISTORY)

    @pytest.mark.parametrize("question", ["那陕西呢?", "陕西2022年举办了多少场招聘会?", "谢谢"])
    def test_no_model_is_asked_where_a_rule_applies_or_the_question_stands_alone(self, question):
        model = Says("什么?")
        assert rewritten(question, self.HISTORY, model) == complete(question, self.HISTORY)
        assert model.asked == []

    def test_without_a_conversation_or_a_model(self):
        model = Says("什么?")
        assert rewritten(self.QUESTION, (), model) == self.QUESTION
        assert rewritten(self.QUESTION, self.HISTORY, None) == complete(self.QUESTION, self.HISTORY)
        assert model.asked == []
