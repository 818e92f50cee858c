"""From the question to the proved answer over real backends: a server on this machine, and a tiny model by transformers."""

import json
import threading
import time

import pytest

from rag.answer import from_dict, to_dict
from rag.bot import Bot
from rag.errors import Stopped
from rag.stopping import stoppable

from .index_kit import HashEmbedder
from .model_kit import generated
from .office import office
from .openai_server import Reply, Script, serving
from .rules_kit import Settings
from .test_generate import save_model

QUESTION = "湖北2022年举办了多少场招聘会?"
TRUE = ["2022年湖北举办招聘会", "120场,提供岗位7.8", "万个[1]。"]
PROVED = "2022年湖北举办招聘会120场,提供岗位7.8万个。"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    office(home)
    return home


def bot(home, server, **settings):
    return Bot(Settings(generator="模型", generator_url=server.url, **settings), home, embedder=HashEmbedder(dim=256))


def test_a_server_s_statements_are_proved_and_follow_the_reader_s(home):
    with serving(Script(Reply([*TRUE, "举办招聘会", "999场[1]。"]))) as server:
        answers = list(bot(home, server).stream(QUESTION))
    assert [generated(a) for a in answers] == [[], [PROVED], [PROVED]]
    assert all(a.short == "120场" for a in answers)
    last = answers[-1].written
    assert (last.model, last.state, last.cut) == ("模型", "done", 1)
    assert len(server.chats) == 2  # the second one to put the untrue one right
    assert "999场" in json.dumps(server.chats[1].body, ensure_ascii=False)


def test_what_is_shown_comes_while_the_server_is_still_writing(home):
    with serving(Script(Reply([*TRUE, "湖北", "各级"], gap=0.05, endless=True))) as server:
        growing = bot(home, server).stream(QUESTION)
        first, second = next(growing), next(growing)
        assert (generated(first), generated(second)) == ([], [PROVED])
        growing.close()
        assert server.gone.wait(2)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=500, body={"error": {"message": "cuda out of memory"}}),
        Reply(status=200, body="<html>login</html>"),
        Reply(status=401, body={"error": {"message": "no"}}),
        Reply([b"data: \xff\xfe\xfa\n\n"]),
        Reply([], end=None),
    ],
    ids=["500", "a page", "no key", "broken bytes", "cut off"],
)
def test_a_server_that_fails_leaves_the_reader_s_answer_with_a_note(home, reply):
    with serving(Script(reply)) as server:
        answer = bot(home, server).ask(QUESTION)
    assert (answer.short, generated(answer), answer.written.state) == ("120场", [], "failed")
    assert answer.written.note and "cuda" not in answer.written.note


def test_a_server_that_dies_in_the_middle_keeps_what_was_proved(home):
    with serving(Script(Reply([*TRUE, "湖北各级工会培训职工4.7"], end=None))) as server:
        answer = bot(home, server).ask(QUESTION)
    assert (generated(answer), answer.written.state) == ([PROVED], "failed")


def test_nobody_there(home):
    with serving() as server:
        pass
    started = time.monotonic()
    answer = bot(home, server).ask(QUESTION)
    assert time.monotonic() - started < 8
    assert (answer.short, answer.written.state) == ("120场", "failed")


def test_a_server_that_says_nothing_ends_with_its_time(home):
    with serving(Script(Reply(TRUE, delay=30))) as server:
        started = time.monotonic()
        answer = bot(home, server, generator_seconds=1).ask(QUESTION)
        assert time.monotonic() - started < 3
        assert (answer.short, answer.written.state) == ("120场", "late")
        assert server.gone.wait(2)


def until_freed(home):
    """Seconds from the moment that nobody waits any more until the server sees its client gone."""
    left: list[float] = []
    with serving(Script(Reply(TRUE, gap=0.2, endless=True))) as server:
        with stoppable(lambda: bool(left)):
            growing = bot(home, server).stream(QUESTION)
            next(growing)
            threading.Timer(0.3, lambda: left.append(time.monotonic())).start()
            with pytest.raises(Stopped):
                list(growing)
        assert server.gone.wait(2)
        return time.monotonic() - left[0]


def test_whoever_leaves_frees_the_server(home):
    assert any(until_freed(home) < 0.2 for _ in range(4))  # a busy machine may miss it now and then


def test_an_answer_with_a_model_s_statements_is_stored_and_read_again(home):
    with serving(Script(Reply(TRUE))) as server:
        answer = bot(home, server).ask(QUESTION)
    row = json.loads(json.dumps(to_dict(answer), ensure_ascii=False))
    again = from_dict(row)
    assert (again.statements, again.written) == (answer.statements, answer.written)
    assert [s.get("generated", False) for s in row["statements"]] == [False, True]


def test_a_model_by_transformers_from_end_to_end(home, tmp_path):
    """It was never trained, so that nothing of what it writes can be proved; the reader's answer stands."""
    folder = save_model(tmp_path / "模型", max_position_embeddings=8192)
    whole = Bot(Settings(generator=str(folder), generator_tokens=64), home, embedder=HashEmbedder(dim=256))
    answers = list(whole.stream(QUESTION))
    assert answers[0].written.state == "writing"
    assert (answers[-1].short, generated(answers[-1])) == ("120场", [])
    assert answers[-1].written.state in ("unproved", "failed")  # or nothing but blanks
    again = whole.ask(QUESTION)
    assert (again.answer, again.written) == (answers[-1].answer, answers[-1].written)
    assert not [t for t in threading.enumerate() if t.name == "zhiyin-generate"]


def test_a_model_by_transformers_that_is_too_small_for_the_prompt(home, tmp_path):
    answer = Bot(Settings(generator=str(save_model(tmp_path / "m")), generator_tokens=16), home, embedder=HashEmbedder(dim=256)).ask(QUESTION)
    assert (answer.short, answer.written.state) == ("120场", "failed")
