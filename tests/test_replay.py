"""Stored answers are asked again of the generation that gave them."""

import json
from dataclasses import replace

import pytest

from rag import config
from rag.answer import to_dict
from rag.bot import Bot
from rag.cli import main as cli
from rag.cli.replay import answers, replay
from rag.errors import InputError, NoIndex
from rag.index.build import build
from rag.text.fold import fold

from .index_kit import HashEmbedder, write
from .office import HUBEI_2022, office
from .rules_kit import Settings

QUESTION = "湖北2022年举办了多少场招聘会?"
EMBEDDER = HashEmbedder(dim=256)


@pytest.fixture
def home(isolated_home):
    office(isolated_home, EMBEDDER)
    return isolated_home


def bot(home, generation=None):
    return Bot(Settings(), home, embedder=EMBEDDER, generation=generation)


def changed(home):
    """Index the documents again, one of them changed, as another generation."""
    folder = write(home / "docs", hubei2022=HUBEI_2022.replace("120场", "125场"))
    build([folder], home=home, settings=Settings(), embedder=EMBEDDER)


def test_an_answer_is_the_same_of_its_own_generation(home):
    stored = bot(home).ask(QUESTION)
    changed(home)
    assert bot(home).ask(QUESTION).short == "125场"
    assert stored.generation is not None
    assert replay(stored, bot(home, stored.generation)).differs == ()


def test_what_is_different_is_named(home):
    stored = bot(home).ask(QUESTION)
    changed(home)
    assert replay(stored, bot(home)).differs == ("answer", "short", "statements", "citations")


def test_a_follow_up_is_asked_as_it_was_completed(home):
    stored = bot(home).ask("那陕西呢?", [(QUESTION, "120场")])
    assert stored.understood["rewritten"]
    assert fold(stored.short) == "75场"
    assert replay(stored, bot(home)).differs == ()


def test_a_refusal_is_the_same_refusal(home):
    stored = bot(home).ask("湖北2022年有多少名宇航员?")
    assert stored.refused
    assert replay(stored, bot(home)).differs == ()


def test_a_generation_that_is_gone(home):
    with pytest.raises(NoIndex, match="no generation 000099"):
        bot(home, "000099").ask(QUESTION)


def test_answers_of_a_file(home):
    row = to_dict(bot(home).ask(QUESTION, id="a"))
    line = json.dumps(row, ensure_ascii=False)
    assert [a.id for a in answers([line], "f")] == ["a"]
    assert [a.id for a in answers([f"{line}\n", "\n", '{"id": 2, "error": "…"}\n', f"{line}\n"], "f")] == ["a", "a"]
    assert [a.id for a in answers(json.dumps(row, indent=1).splitlines(keepends=True), "f")] == ["a"]
    with pytest.raises(InputError, match="f, line 2: no answer"):
        list(answers([f"{line}\n", '{"question": "?"}\n'], "f"))


class TestCommand:
    """`zhiyin replay FILE`; the embedder and the reader are the bundled ones here."""

    @pytest.fixture
    def stored(self, isolated_home, tmp_path):
        folder = write(tmp_path / "docs", hubei2022=HUBEI_2022)
        build([folder], home=isolated_home, settings=config.Settings())
        answer = Bot(config.Settings(), isolated_home).ask(QUESTION)
        file = tmp_path / "answer.json"
        file.write_text(json.dumps(to_dict(answer), ensure_ascii=False), encoding="utf-8")
        return answer, file

    def run(self, *arguments):
        with pytest.raises(SystemExit) as left:
            cli.main(["replay", *map(str, arguments)])
        return left.value.code

    def test_the_same(self, stored, capsys):
        assert self.run(stored[1]) == 0
        out = capsys.readouterr().out
        assert "same" in out or "相同" in out

    def test_another_answer(self, stored, tmp_path, capsys):
        answer, file = stored
        file.write_text(json.dumps(to_dict(replace(answer, short="121场")), ensure_ascii=False), encoding="utf-8")
        assert self.run(file, "--json") == 1
        row = json.loads(capsys.readouterr().out)
        assert (row["differs"], row["before"], row["now"]) == (["short"], {"short": "121场"}, {"short": "120场"})

    def test_a_generation_that_is_gone_says_so(self, stored, capsys):
        answer, file = stored
        file.write_text(json.dumps(to_dict(replace(answer, generation="000077")), ensure_ascii=False), encoding="utf-8")
        assert self.run(file) == 1
        assert "no generation 000077" in capsys.readouterr().out
        assert self.run(file, "--current") == 0

    def test_no_file_and_nothing_in_it(self, tmp_path, capsys):
        (tmp_path / "empty").write_text("\n")
        assert self.run(tmp_path / "empty") == 2
        assert self.run(tmp_path / "none") == 2
        assert "holds no answer" in capsys.readouterr().err


def test_this_year_of_a_conversation_is_told_and_asked_again(home):
    history = [("湖北2021年举办了多少场招聘会?", "96场")]
    stored = bot(home).ask("湖北今年培训了多少万人次职工?", history)
    assert "2021年" in stored.understood["rewritten"] and stored.short == "3.2万人次"
    assert replay(stored, bot(home)).differs == ()


def test_a_line_separator_inside_an_answer_is_no_end_of_a_row(home):
    row = to_dict(replace(bot(home).ask(QUESTION, id="a"), answer="甲\u2028乙"))
    line = json.dumps(row, ensure_ascii=False)
    assert [a.answer for a in answers([f"{line}\n", f"{line}\n"], "f")] == ["甲\u2028乙"] * 2
