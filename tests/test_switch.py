"""Another embedding model: the index is built beside the old one, which goes on answering until the swap."""

import threading

import numpy as np
import pytest

from rag.bot import Bot
from rag.config import home
from rag.errors import ModelMismatch
from rag.hub import pull
from rag.index.build import build
from rag.store import Snapshot

from .index_kit import write
from .rules_kit import Settings
from .test_embed import save_static

QUESTION = "全省总工会帮扶困难职工多少人?"


@pytest.fixture
def two(tmp_path):
    """Models `one` and `two`, pulled, and an index by the first."""
    for seed, name in enumerate(("one", "two")):
        pull.pull(name, str(save_static(tmp_path / name, seed=seed)), home())
    docs = write(tmp_path / "docs", 甲="省总工会2022年帮扶困难职工3182人。\n", 乙="工会会员总数28万余人。\n")
    build([docs], home=home(), settings=Settings(embedder="one"))
    return home()


def again(name):
    return build([], home=home(), settings=Settings(embedder=name))


def test_the_index_is_built_again_from_what_it_holds(two):
    before = Snapshot.open(two)
    result = again("two")
    after = Snapshot.open(two)
    assert (result.new, result.generation) == (True, "000002")
    assert (before.manifest.model.name, after.manifest.model.name) == ("one", "two")
    assert (result.embedded, result.reused) == (len(after), 0)
    assert [info.source for info in after.sources()] == [info.source for info in before.sources()]
    assert not np.allclose(before.vectors(), after.vectors())


def test_a_server_that_runs_takes_the_new_model_with_the_new_index(two):
    bot = Bot(Settings(embedder="one"), two)
    first = bot.ask(QUESTION)
    assert (first.generation, first.short) == ("000001", "3182人")
    again("two")
    second = bot.ask(QUESTION)
    assert (second.generation, second.short) == ("000002", "3182人")
    assert bot._tools.embedder.name == "two"
    again("one")
    assert bot.ask(QUESTION).generation == "000003"
    assert bot._tools.embedder.name == "one"


def test_a_server_started_before_the_index_is_built_answers_with_the_old_model(two):
    bot = Bot(Settings(embedder="two"), two)  # chosen, but not built yet
    assert bot.ask(QUESTION).short == "3182人"
    assert bot._tools.embedder.name == "one"
    again("two")
    assert bot.ask(QUESTION).generation == "000002"
    assert bot._tools.embedder.name == "two"


def test_questions_on_their_way_keep_the_model_of_their_generation(two, monkeypatch):
    """Threads ask without a break while the model changes back and forth; none meets the wrong vectors."""
    bot = Bot(Settings(embedder="one"), two)
    stop, failures, seen = threading.Event(), [], set()

    def ask():
        try:
            while not stop.is_set():
                answer = bot.ask(QUESTION)
                assert answer.short == "3182人"
                seen.add(answer.generation)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for name in ("two", "one", "two"):
        again(name)
        while bot.snapshot.generation != Snapshot.open(two).generation:
            pass
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(seen) >= 2


def test_a_thread_that_comes_while_the_next_model_is_loaded_is_answered_by_the_old_one(two, monkeypatch):
    bot = Bot(Settings(embedder="one"), two)
    bot.ask(QUESTION)
    loading, go = threading.Event(), threading.Event()
    real = Bot._tools_for

    def slow(self, snapshot):
        loading.set()
        assert go.wait(30)
        return real(self, snapshot)

    monkeypatch.setattr(Bot, "_tools_for", slow)
    again("two")
    answers = []
    first = threading.Thread(target=lambda: answers.append(bot.ask(QUESTION)))
    first.start()
    assert loading.wait(30)
    assert bot.ask(QUESTION).generation == "000001"
    go.set()
    first.join()
    assert answers[0].generation == "000002"


def test_a_model_that_is_not_here_any_more_is_named(two):
    pull.remove(two, "one")
    with pytest.raises(ModelMismatch, match=r"'one'.*can't be loaded.*models pull one.*'two'.*index --again"):
        Bot(Settings(embedder="two"), two).ask(QUESTION)


def flip(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("chosen", ["one", "two"])
def test_changed_bytes_are_not_taken_for_another_choice(two, chosen):
    flip(two / "models/one/model.safetensors")
    with pytest.raises(ModelMismatch, match=r"files of the model 'one' have changed.*models check one") as raised:
        Bot(Settings(embedder=chosen), two).ask(QUESTION)
    assert "set embedder back" not in str(raised.value)


@pytest.mark.parametrize("damage", ["flipped", "unreadable"])
def test_the_old_generation_answers_while_the_new_model_can_not_be_loaded(two, caplog, monkeypatch, damage):
    bot = Bot(Settings(embedder="one"), two)
    bot.ask(QUESTION)
    again("two")
    weights = two / "models/two/model.safetensors"
    sound = weights.read_bytes()
    if damage == "flipped":
        flip(weights)
    else:
        (two / "models/two/tokenizer.json").rename(two / "aside")
        (two / "models/two/tokenizer.json").write_text("{")
    loads = []
    real = Bot._tools_for
    monkeypatch.setattr(Bot, "_tools_for", lambda self, snapshot: loads.append(1) or real(self, snapshot))
    now = [1000.0]
    monkeypatch.setattr("rag.bot.time.monotonic", lambda: now[0])
    for _ in range(3):
        answer = bot.ask(QUESTION)
        assert (answer.generation, answer.short) == ("000001", "3182人")
    now[0] += 31
    assert bot.ask(QUESTION).generation == "000001"
    assert len(loads) == 2
    [warned] = [record.getMessage() for record in caplog.records if record.name == "zhiyin.bot"]
    assert "000002" in warned and "models check two" in warned
    weights.write_bytes(sound)
    if damage == "unreadable":
        (two / "aside").replace(two / "models/two/tokenizer.json")
    now[0] += 31
    assert bot.ask(QUESTION).generation == "000002"


def test_where_nothing_is_open_yet_the_cause_is_named(two):
    (two / "models/one/tokenizer.json").write_text("{")
    with pytest.raises(ModelMismatch, match=r"'one', with which the index was built, can't be loaded: .*models check one.*index --again"):
        Bot(Settings(embedder="two"), two).ask(QUESTION)


def test_another_model_under_the_old_name_is_no_match(two, tmp_path):
    pull.remove(two, "one")
    pull.pull("one", str(save_static(tmp_path / "other", seed=7)), two)
    with pytest.raises(ModelMismatch):
        Bot(Settings(embedder="one"), two).ask(QUESTION)
