from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rag.types import Statement
from rag.ui.disputes import dispute

from . import ui_doubles as world
from .office import HUBEI_2022, office

ANSWER = world.DISPUTED_ANSWER


def test_what_the_bot_says_of_documents_that_differ_is_laid_out(tmp_path: Path) -> None:
    bot = office(tmp_path, hubei_copy=HUBEI_2022.replace("举办招聘会120场", "举办招聘会210场"))
    one = dispute(bot.ask("2022年湖北工会举办招聘会多少场?"))
    assert one is not None
    [(lead, accounts)] = one.groups
    assert lead == "" and {(a.title, a.value) for a in accounts} == {("hubei2022.txt", "120场"), ("hubei_copy.txt", "210场")}
    assert all(a.about == "湖北 2022" and a.published for a in accounts)
    two = dispute(bot.ask("2021年、2022年湖北工会分别举办招聘会多少场?"))
    assert two is not None and [lead for lead, _ in two.groups] == ["2022年"]
    assert [s.text for s in two.others] == ["2021年\uff1a96场"]


def test_a_title_may_hold_a_colon_and_a_document_no_date() -> None:
    cited = tuple(replace(c, published=None) for c in ANSWER.citations)
    named = (Statement("《总结\uff1a三年》\uff1a5场", (1,)), Statement("《年报》: 6场", (9,)))
    found = dispute(replace(ANSWER, statements=named, citations=cited))
    assert found is not None
    assert [(a.title, a.value, a.published) for a in found.groups[0][1]] == [("总结\uff1a三年", "5场", ""), ("年报", "6场", "")]


def test_in_english() -> None:
    named = (Statement("2022 《A》: 5", (1,)), Statement("2022 《B》: 6", (2,)))
    found = dispute(replace(ANSWER, answer="2022 《A》: 5 [1].\nThe documents differ; please check the sources.", statements=named))
    assert found is not None and [(lead, [a.value for a in rows]) for lead, rows in found.groups] == [("2022", ["6", "5"])]


def test_without_the_note_or_a_second_account_nothing_is_disputed() -> None:
    assert dispute(replace(ANSWER, answer=ANSWER.answer.rpartition("\n")[0])) is None
    assert dispute(replace(ANSWER, statements=ANSWER.statements[:1])) is None
    assert dispute(world.COMPARISON_ANSWER) is None
