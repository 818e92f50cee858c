"""Questions made of regulations: what they say of the passage is true."""

import random
import re
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "train"))

from reader_claims import ASKED, claim

PASSAGE = """蜂场应当离居民楼五十米以上,并设立警示牌。
养蜂人可以在园区内临时停放蜂箱。
任何人不得在水源地一侧停放蜂箱。
每户登记蜂箱不超过36只,超出部分另行备案。
本办法由园区管理处负责解释,其余事项另行通知各户。"""


def claims(count=400):
    rng = random.Random(5)
    return [row for _ in range(count) if (row := claim("蜂场管理办法", PASSAGE, 80, rng))]


def test_the_span_decides_and_stands_in_the_passage():
    rows = [row for row in claims() if row.answers]
    assert len(rows) > 100
    for row in rows:
        ((start, end),) = row.spans
        assert PASSAGE.count(row.passage[start:end]) >= 1
        assert row.verdict in ("yes", "no")


@pytest.mark.parametrize(("said", "mode"), [("不得在水源地", "must not"), ("可以在园区内", "may"), ("应当离居民楼", "must")])
def test_the_verdict_follows_what_is_asked(said, mode):
    rows = [row for row in claims() if row.answers and row.passage[slice(*row.spans[0])].startswith(said)]
    assert {row.verdict for row in rows} == {"yes", "no"}
    for row in rows:
        words = max((w for yes_no in ASKED[mode] for w in yes_no if w in row.question), key=len)
        assert words in ASKED[mode][row.verdict == "no"]


def test_an_altered_figure_is_answered_with_no():
    rows = [row for row in claims() if row.answers and row.passage[slice(*row.spans[0])] == "36"]
    assert {row.verdict for row in rows} == {"yes", "no"}
    assert all(("36" in re.findall(r"\d+", row.question)) == (row.verdict == "yes") for row in rows)


def test_without_the_sentence_nothing_answers():
    rows = [row for row in claims() if not row.answers]
    assert rows
    assert all(not row.spans and row.verdict == "neither" for row in rows)
