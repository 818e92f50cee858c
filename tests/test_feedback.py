"""Verdicts of readers: what is taken, how it is kept, and what a full or foreign disk says."""

import json
import multiprocessing
import sqlite3
import threading

import pytest

from rag.errors import InputError, StoreError
from rag.feedback import (
    MAX_ANSWER,
    MAX_CITATIONS,
    MAX_COMMENT,
    MAX_QUESTION,
    MAX_TURNS,
    REASONS,
    Cited,
    Feedback,
    FeedbackStore,
    parse,
)

CITATION = {"source": "年报.txt", "start": 3, "end": 9, "version": "sha256:0"}
ROW = {
    "question": " 去年接待了多少读者? ",
    "history": [["图书馆有几层?", "四层"]],
    "verdict": "down",
    "reason": "wrong",
    "comment": " 应是 118.4 万\n人次 ",
    "generation": "000007",
    "answer": {"answer": "108万[1]。", "short": "108万", "refused": False, "citations": [CITATION]},
}


def changed(**changes):
    return ROW | changes


def answering(**changes):
    return ROW | {"answer": ROW["answer"] | changes}


@pytest.fixture
def store(tmp_path):
    return FeedbackStore(tmp_path / "deep" / "feedback.sqlite")


def test_what_is_sent_is_what_is_kept(store):
    name = store.add(parse(ROW))
    [kept] = store.rows()
    assert kept.at.endswith("+00:00")
    assert kept == Feedback(
        question="去年接待了多少读者?", verdict="down", answer="108万[1]。", short="108万", refused=False,
        citations=(Cited("年报.txt", 3, 9, "sha256:0"),), history=(("图书馆有几层?", "四层"),), reason="wrong",
        comment="应是 118.4 万\n人次", generation="000007", id=name, at=kept.at,
    )  # fmt: skip


def test_the_least_that_is_taken(store):
    store.add(parse({"question": "q", "verdict": "up", "answer": {"answer": "a"}}))
    [kept] = store.rows()
    assert (kept.verdict, kept.reason, kept.comment, kept.history, kept.citations) == (
        "up",
        None,
        None,
        (),
        (),
    )


@pytest.mark.parametrize(
    ("row", "word"),
    [
        (None, "feedback"), ([ROW], "feedback"), ({}, "feedback"), (changed(answer="a"), "answer"),
        (changed(question=""), "question"), (changed(question=["q"]), "question"),
        (changed(question="问" * (MAX_QUESTION + 1)), str(MAX_QUESTION)),
        (changed(verdict="sideways"), "up, down"), (changed(verdict=None), "up, down"), (changed(verdict=["up"]), "up, down"),
        (changed(reason="rude"), "citation"), (changed(verdict="up"), "thumb that is down"),
        (changed(comment="字" * (MAX_COMMENT + 1)), str(MAX_COMMENT)), (changed(comment=3), "comment"),
        (changed(history="h"), "history"), (changed(history=[["q", "a"]] * (MAX_TURNS + 1)), str(MAX_TURNS)),
        (changed(history=[["q", "a" * (MAX_ANSWER + 1)]]), str(MAX_ANSWER)),
        (changed(generation="0" * 1001), "generation"), (changed(id="../x"), "id"), (changed(id=7), "id"),
        (answering(answer=" "), "answer"), (answering(answer="a" * (MAX_ANSWER + 1)), str(MAX_ANSWER)),
        (answering(short=1), "short"), (answering(refused="no"), "refused"),
        (answering(citations=CITATION), "citations"), (answering(citations=[CITATION] * (MAX_CITATIONS + 1)), str(MAX_CITATIONS)),
        (answering(citations=["x"]), "citation"), (answering(citations=[CITATION | {"start": 9}]), "span"),
        (answering(citations=[CITATION | {"start": True}]), "span"), (answering(citations=[CITATION | {"end": 2**60}]), "span"),
        (answering(citations=[CITATION | {"source": None}]), "source"), (changed(question="\ud800"), "UTF-8"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_verdict_is_said(row, word):
    with pytest.raises(InputError, match=word):
        parse(row)


def test_limits_are_those_that_are_told():
    longest = changed(
        question="问" * MAX_QUESTION, comment="字" * MAX_COMMENT, history=[["q", "a"]] * MAX_TURNS
    )
    assert parse(longest).comment == "字" * MAX_COMMENT
    assert {parse(changed(reason=reason)).reason for reason in REASONS} == set(REASONS)


def test_a_second_verdict_takes_the_place_of_the_first(store):
    name = store.add(parse(ROW))
    other = store.add(parse(ROW))
    assert store.add(parse(changed(id=name, verdict="up", reason=None, comment=None))) == name
    assert [(row.id, row.verdict, row.comment) for row in store.rows()] == [
        (name, "up", None),
        (other, "down", "应是 118.4 万\n人次"),
    ]
    assert [row.id for row in store.rows("down")] == [other]


def test_a_verdict_can_be_taken_back(store):
    assert store.remove("0" * 32) is False and not store.path.exists()
    name = store.add(parse(ROW))
    assert store.remove("0" * 32) is False
    assert store.remove(name) is True and store.rows() == []


def test_nothing_is_written_before_the_first_verdict(store):
    assert store.rows() == []
    assert not store.path.parent.exists()


def _add_many(path, count):
    store = FeedbackStore(path)
    for number in range(count):
        store.add(Feedback(f"q{number}", "down", "a"))


def test_threads_and_processes_write_at_once_and_lose_nothing(store):
    workers = [threading.Thread(target=_add_many, args=(store.path, 15)) for _ in range(4)]
    context = multiprocessing.get_context("spawn")
    workers += [context.Process(target=_add_many, args=(store.path, 15)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len({row.id for row in store.rows()}) == 6 * 15
    with sqlite3.connect(store.path) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()


def test_a_full_store_says_so_and_keeps_what_it_has(tmp_path):
    store = FeedbackStore(tmp_path / "f.sqlite", max_mb=1)
    big = Feedback("q", "down", "a" * MAX_ANSWER)
    with pytest.raises(StoreError, match=r"f\.sqlite.*full"):
        for _ in range(200):
            store.add(big)
    kept = store.rows()
    assert 20 < len(kept) < 60
    store.remove(kept[0].id)
    store.add(big)  # what was freed can be used again
    assert store.path.stat().st_size <= 1024 * 1024


def test_a_place_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(StoreError, match="feedback"):
        FeedbackStore(tmp_path / "file" / "feedback.sqlite").add(parse(ROW))


def test_a_file_that_is_something_else_is_left_alone(tmp_path):
    path = tmp_path / "f.sqlite"
    path.write_bytes(b"not a database, but notes of someone" * 40)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="移开"):
        FeedbackStore(path).add(parse(ROW))
    assert path.read_bytes() == before


@pytest.mark.parametrize("prepare", ["PRAGMA user_version = 2", "CREATE TABLE other (x)"])
def test_data_of_another_version_is_left_alone(tmp_path, prepare):
    path = tmp_path / "f.sqlite"
    with sqlite3.connect(path) as db:
        db.execute(prepare)
    db.close()
    with pytest.raises(StoreError, match=r"版本.*1"):
        FeedbackStore(path).rows()


def test_a_failure_inside_leaves_nothing_half_done(store, monkeypatch):
    store.add(parse(ROW))
    with pytest.raises(TypeError):
        store.add(Feedback("q", "down", object()))  # type: ignore[arg-type]
    with pytest.raises(StoreError):
        store.add(Feedback("q", "sideways", "a"))  # refused by the schema itself
    assert len(store.rows()) == 1


def test_rows_survive_any_text(store):
    hostile = "'; DROP TABLE feedback; -- \x00 \U0001f600 <script>"
    store.add(Feedback(hostile, "down", hostile, comment=hostile, history=((hostile, hostile),)))
    [kept] = store.rows()
    assert (kept.question, kept.answer, kept.comment, kept.history) == (
        hostile, hostile, hostile, ((hostile, hostile),),
    )  # fmt: skip
    assert json.loads(json.dumps(kept.question)) == hostile
