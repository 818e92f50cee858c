"""Which version of a document answers: the one in force, or the one of the time asked about."""

from datetime import date

import pytest

from rag.retrieve import versions
from rag.retrieve.versions import Validity, hidden, validities
from rag.types import Period

from .rules_kit import bot_over

TODAY = date(2026, 6, 1)


def asked(home, folder, **texts):
    return bot_over(home, folder, {f"{name}.md": text for name, text in texts.items()})


@pytest.fixture
def bot(isolated_home, tmp_path):
    return asked(isolated_home, tmp_path / "docs",
                 old="# 夜班津贴办法（2017年修订）\n\n夜班津贴每班25元。\n",
                 new="# 夜班津贴办法（2022年修订）\n\n夜班津贴每班40元。\n",
                 other="# 食堂管理办法\n\n食堂早餐七点供应。\n")  # fmt: skip


def test_titles_that_differ_in_the_year_of_revision_alone_are_versions(bot):
    assert validities(bot.snapshot) == {
        "old.md": Validity(date(2017, 1, 1), date(2021, 12, 31), "new.md"), "new.md": Validity(date(2022, 1, 1), date.max, None)}


def test_the_version_in_force_answers(bot):
    answer = bot.ask("夜班津贴每班多少元？")
    assert (answer.short, {c.source for c in answer.citations}) == ("40元", {"new.md"})
    assert "取代" not in answer.answer and not any(p.source == "old.md" for p in answer.passages)


def test_the_one_of_the_time_asked_about_answers_and_says_that_it_was_superseded(bot):
    answer = bot.ask("2019年夜班津贴每班多少元？")
    assert answer.short == "25元"
    assert "《夜班津贴办法（2017年修订）》已由《夜班津贴办法（2022年修订）》取代。" in answer.answer


def test_front_matter_says_it(isolated_home, tmp_path):
    bot = asked(isolated_home, tmp_path / "docs",
                a="---\ntitle: 停车规定\nvalid_until: 2020-03\n---\n\n停车费每月80元。\n",
                b="---\ntitle: 车位使用细则\nvalid_from: 2020-04-01\nsupersedes: 停车规定\n---\n\n停车费每月120元。\n",
                c="---\ntitle: 明日办法\nvalid_from: 2999年\n---\n\n停车费每月999元。\n")  # fmt: skip
    known = validities(bot.snapshot)
    assert known["a.md"] == Validity(date.min, date(2020, 3, 31), "b.md")
    assert known["b.md"].since == date(2020, 4, 1)
    assert bot.ask("停车费每月多少元？").short == "120元"
    assert hidden(bot.snapshot, None, TODAY) == {"a.md", "c.md"}
    assert hidden(bot.snapshot, Period(2019, 2019), TODAY) == {"b.md", "c.md"}
    assert hidden(bot.snapshot, Period(2020, 2020), TODAY) == {"c.md"}


def test_nothing_is_left_out_where_nothing_is_said(isolated_home, tmp_path):
    bot = asked(isolated_home, tmp_path / "docs",
                a="# 2021年工作报告\n\n全年举办讲座12场。\n", b="# 2022年工作报告\n\n全年举办讲座15场。\n",
                c="# 采购办法（2020年版）\n\n采购由办公室负责。\n")  # fmt: skip
    assert hidden(bot.snapshot, None, TODAY) == frozenset()


@pytest.mark.parametrize(("text", "first", "last"), [
    ("2021", date(2021, 1, 1), date(2021, 12, 31)), ("2021年2月", date(2021, 2, 1), date(2021, 2, 28)),
    ("2020-12", date(2020, 12, 1), date(2020, 12, 31)), ("2021-05-06", date(2021, 5, 6), date(2021, 5, 6)),
    ("2021-13-40", None, None), ("长期", None, None), ("", None, None)])  # fmt: skip
def test_days(text, first, last):
    assert (versions._day(text, first=True), versions._day(text, first=False)) == (first, last)
