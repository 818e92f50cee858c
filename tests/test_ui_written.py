from __future__ import annotations

from dataclasses import replace

import pytest

from rag.types import Statement, Written
from rag.ui.conversations import Conversation
from rag.ui.export import markdown
from rag.ui.render import Turn
from rag.ui.written import by_model, by_reader, cut_short, lines

from . import ui_doubles as world

WHOLE = world.WRITTEN_ANSWER


@pytest.mark.parametrize(
    "text",
    [
        WHOLE.answer,
        "118.4万人次[1]。\n河岸图书馆2023年接待读者118.4万人次[1]。重庆同年举办读书会520场[2]。",  # one paragraph
        "118.4万人次[1]。\n河岸图书馆2023年接待读者118.4万人次[1]\uff0c\n重庆同年举办读书会520场[1][2]",
    ],
)
def test_what_a_model_wrote_is_taken_out_of_statements_and_text(text: str) -> None:
    read = by_reader(replace(WHOLE, answer=text))
    assert (read.answer, read.statements) == ("118.4万人次[1]。", world.FACT_ANSWER.statements)
    assert [s.text[:2] for s in by_model(WHOLE)] == ["河岸", "重庆"]


def test_a_line_of_the_reader_stays_where_the_model_says_the_same() -> None:
    same = replace(WHOLE, answer="118.4万人次[1]。\n118.4万人次[1]。", statements=(*world.FACT_ANSWER.statements, Statement("118.4万人次。", (1,), True)))
    assert "118.4万人次" in by_reader(same).answer


def test_without_a_model_an_answer_is_what_it_is() -> None:
    for answer in (world.COMPARISON_ANSWER, world.REFUSAL):
        assert by_reader(answer) is answer and by_model(answer) == ()
        assert lines(answer, "zh") == answer.answer.split("\n")


def test_marks_are_put_where_a_sentence_has_none() -> None:
    one = replace(WHOLE, statements=(Statement("甲[1]乙。", (1, 2), True), Statement("丙[2]。", (2,), True)), answer="甲[1]乙[2]。丙[2]。")
    assert lines(one, "zh")[1:3] == ["甲[1]乙[2]。", "丙[2]。"]


def test_what_is_cut_short_says_why_in_the_language_of_the_question() -> None:
    stopped = cut_short(world.READ_ANSWER, "model_stopped")
    assert stopped is not None and stopped.written == Written("qwen3-4b", "late", note="已停止\uff0c模型没有写完。")
    english = cut_short(replace(world.READ_ANSWER, question="How many?"), "model_late")
    assert english is not None and english.written is not None and english.written.note == "Time was up before the model had finished."


def test_what_no_model_is_at_work_on_is_not_cut_short() -> None:
    assert [cut_short(answer, "model_late") for answer in (None, world.FACT_ANSWER, WHOLE)] == [None, None, None]


def test_an_export_says_who_wrote_what() -> None:
    talk = Conversation("x", "t", (Turn(1, "问", WHOLE, done=True), Turn(2, "问", replace(world.REFUSAL, written=Written("m", "failed", note="连不上模型。")))))
    text = markdown(talk, "zh").split("\n")
    at = next(n for n, line in enumerate(text) if line.startswith("由 qwen3"))
    assert text[at - 2] == "118.4万人次[^1]。" and text[at + 4] == "重庆同年举办读书会520场[^2]。"
    assert any("连不上模型" in line for line in text)
