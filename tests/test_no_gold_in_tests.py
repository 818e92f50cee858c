"""No gold question stands in a unit test in another dress: that would make the answers look better than they are."""

import ast
import re
from pathlib import Path

import pytest

from rag.eval.rows import bundled, load
from rag.text.fold import fold
from rag.text.places import find_places

HERE = Path(__file__).parent
SIZE = 8
MOST = 0.5
"""Share of a gold question's runs of SIZE characters that a text of a test may hold."""
LONGEST = 400
"""Characters of a text that can be a question; a longer one is a document."""


def masked(text):
    """Folded, figures and places masked, without punctuation."""
    text = fold(text)
    for place in sorted(find_places(text), key=lambda place: -place.start):
        text = f"{text[: place.start]}P{text[place.end :]}"
    return re.sub(r"\W+", "", re.sub(r"[\d.,]+", "0", text))


def runs(text):
    return {text[at : at + SIZE] for at in range(len(text) - SIZE + 1)}


GOLD = {row.id: found for row in load(bundled()) if (found := runs(masked(row.question)))}


def copied(text):
    """The gold questions that a text repeats."""
    own = runs(masked(text))
    return [name for name, gold in GOLD.items() if len(own & gold) >= MOST * len(gold)]


@pytest.mark.parametrize("path", sorted(HERE.glob("*.py")), ids=lambda path: path.stem)
def test_no_text_of_a_test_is_a_gold_question(path):
    texts = [node.value for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
             if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) <= LONGEST]  # fmt: skip
    found = {text: names for text in texts if re.search("[\u4e00-\u9fff]", text) and (names := copied(text))}
    assert found == {}


def test_another_place_and_another_year_hide_nothing():
    """Fails where the comparison sees nothing."""
    row = next(row for row in load(bundled()) if "2022年" in row.question and row.id in GOLD)
    assert row.id in copied(row.question.replace("2022年", "2031年"))
