"""What a language model writes is shown only where it is proved."""

from collections.abc import Iterator

import pytest

from rag.bot import Bot
from rag.config import Settings

from .index_kit import HashEmbedder
from .office import office


class Says:
    """A generator that says what it is told to."""

    name = "says"
    fingerprint = "sha256:says"

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked: list[list[dict[str, str]]] = []

    def stream(self, messages, *, max_tokens, stop=None) -> Iterator[str]:
        self.asked.append(messages)
        yield from self.text


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    office(home)
    return home


QUESTION = "湖北2022年举办了多少场招聘会?"


def asked(home, text):
    return Bot(Settings(), home, embedder=HashEmbedder(dim=256), generator=Says(text)).ask(QUESTION)


def test_a_proved_statement_is_shown_with_its_source(home):
    answer = asked(home, "2022年湖北举办招聘会120场,提供岗位7.8万个[1]。")
    assert [s.text for s in answer.statements] == ["2022年湖北举办招聘会120场,提供岗位7.8万个。"]
    assert answer.citations[0].source == "hubei2022.txt"
    assert "120场" in answer.citations[0].quote


def test_a_wrong_citation_number_is_put_right(home):
    answer = asked(home, "举办招聘会120场,提供岗位7.8万个[5]。")
    assert "120场" in answer.citations[answer.statements[0].citations[0] - 1].quote


@pytest.mark.parametrize(
    "lie",
    [
        "举办招聘会150场,提供岗位7.8万个[1]。",
        "2020年举办招聘会120场,提供岗位7.8万个[1]。",
        "陕西举办招聘会120场,提供岗位7.8万个[1]。",
        "尚未举办招聘会120场,提供岗位7.8万个[1]。",
        "该省领导高度重视有关工作并多次作出重要批示[1]。",
    ],
)
def test_a_lie_is_cut_and_the_reader_answers(home, lie):
    answer = asked(home, lie)
    assert [s.text for s in answer.statements] == ["120场"]


def test_the_true_half_is_kept(home):
    answer = asked(home, "举办招聘会120场,提供岗位7.8万个[1]。全省新建书屋99家[1]。")
    assert [s.text for s in answer.statements] == ["举办招聘会120场,提供岗位7.8万个。"]


def test_a_model_that_declines_leaves_the_reader(home):
    assert [s.text for s in asked(home, "资料里没有答案。").statements] == ["120场"]
