"""The pointer, the writer's lock, pruning, sweeping, verifying, and a disk that fails."""

import errno
import hashlib
import multiprocessing
import os
import shutil
import threading

import numpy as np
import pytest

from rag.errors import IndexCorrupt, IndexLocked, StoreError
from rag.index.build import build
from rag.store import Snapshot, current_generation, generations, verify, writer, writing
from rag.store import disk as store

from .index_kit import SETTINGS, HashEmbedder, pipeline, write


def indexed(home, settings=SETTINGS, **documents):
    docs = home / "docs"
    shutil.rmtree(docs, ignore_errors=True)
    write(docs, **documents)
    return build([docs], home=home, settings=settings, embedder=HashEmbedder(), pipeline=pipeline()).generation


def digests(folder):
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def test_no_pointer_no_generation(tmp_path):
    assert current_generation(tmp_path) is None
    assert generations(tmp_path) == []


@pytest.mark.parametrize("text", ["", "../../etc", "12", "000001\n000002", "\xff"])
def test_a_pointer_to_nonsense_is_corrupt(tmp_path, text):
    indexed(tmp_path, a="甲。")
    (tmp_path / "index/CURRENT").write_text(text, encoding="latin-1")
    with pytest.raises(IndexCorrupt, match="CURRENT"):
        current_generation(tmp_path)


def test_each_change_is_a_generation_and_no_older_one_changes(tmp_path):
    indexed(tmp_path, a="甲。")
    first = digests(tmp_path / "index/generations/000001")
    indexed(tmp_path, a="甲。", b="乙。")
    assert generations(tmp_path) == ["000001", "000002"]
    assert current_generation(tmp_path) == "000002"
    assert digests(tmp_path / "index/generations/000001") == first
    assert len(Snapshot.open(tmp_path, "000001")) == 1
    assert len(Snapshot.open(tmp_path)) == 2
    assert verify(tmp_path) == verify(tmp_path, "000001") == []


@pytest.mark.parametrize(("keep", "left"), [(1, ["000005"]), (3, ["000003", "000004", "000005"])])
def test_old_generations_are_pruned(tmp_path, keep, left):
    for n in range(5):
        indexed(tmp_path, SETTINGS.replace(keep_generations=keep), a=f"甲{n}。")
    assert generations(tmp_path) == left
    assert current_generation(tmp_path) == "000005"
    assert {path.name for path in (tmp_path / "index/generations").iterdir()} == set(left)


def test_an_open_generation_answers_after_it_was_pruned(tmp_path):
    indexed(tmp_path, a="甲一。\n甲二。", b="乙。")
    snapshot = Snapshot.open(tmp_path)
    for n in range(3):
        indexed(tmp_path, SETTINGS.replace(keep_generations=1), a=f"丙{n}。")
    assert not (tmp_path / "index/generations/000001").exists()
    found = {}

    def read():  # another thread than the one that opened it
        found["text"] = snapshot.document("a.txt").raw
        found["dense"] = [hit.chunk for hit in snapshot.search_dense(HashEmbedder().encode_queries(["x"])[0], 9)]
        found["lexical"] = [hit.chunk for hit in snapshot.search_lexical(["乙"], 9)]

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    assert found["text"] == "甲一。\n甲二。"
    assert sorted(found["dense"]) == [0, 1]
    assert found["lexical"] == [1]


def test_a_rolled_back_pointer_is_never_pruned(tmp_path):
    for n in range(3):
        indexed(tmp_path, a=f"甲{n}。")
    (tmp_path / "index/CURRENT").write_text("000001\n")
    assert store.prune(tmp_path, 1) == ["000002"]
    assert len(Snapshot.open(tmp_path)) == 1


def test_leftovers_of_killed_builds_are_swept_by_the_next(tmp_path):
    indexed(tmp_path, a="甲。")
    where = tmp_path / "index/generations"
    for name in (".building-000002", ".old-000000", "000007"):  # 000007: complete, but killed before the pointer moved
        shutil.copytree(where / "000001", where / name)
    (tmp_path / "index/CURRENT.123").write_text("00")
    assert len(Snapshot.open(tmp_path)) == 1
    assert indexed(tmp_path, a="乙。") == "000008"  # a number that was on disk is not used again
    assert sorted(path.name for path in where.iterdir()) == ["000001", "000008"]
    assert sorted(path.name for path in (tmp_path / "index").iterdir() if path.name != "write.lock") == [
        "CURRENT", "generations"]


@pytest.mark.parametrize("name", ["vectors.npy", "dense.faiss", "corpus.sqlite", "lexical/data.csc.index.npy", "manifest.json"])
def test_verify_finds_one_changed_byte(tmp_path, name):
    indexed(tmp_path, a="甲一。\n甲二。", b="乙。")
    path = tmp_path / "index/generations/000001" / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    [line] = verify(tmp_path)
    assert str(path) in line


def test_verify_finds_files_that_are_missing_or_too_many(tmp_path):
    indexed(tmp_path, a="甲。")
    folder = tmp_path / "index/generations/000001"
    (folder / "stray").write_text("x")
    (folder / "vectors.npy").unlink()
    assert [line.split(" ", 1)[1] for line in verify(tmp_path)] == ["is missing", "does not belong there"]
    (folder / "manifest.json").unlink()
    assert verify(tmp_path) == [f"{folder} has no manifest"]


def test_a_damaged_generation_is_not_taken_over(tmp_path):
    indexed(tmp_path, a="甲。")
    path = tmp_path / "index/generations/000001/vectors.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    result = build([tmp_path / "docs"], home=tmp_path, settings=SETTINGS, embedder=HashEmbedder(), pipeline=pipeline())
    assert result.new
    assert result.embedded == 1
    assert verify(tmp_path) == []


def test_adding_to_a_damaged_generation_is_refused(tmp_path):
    indexed(tmp_path, a="甲。")
    (tmp_path / "index/generations/000001/vectors.npy").write_bytes(b"")
    with pytest.raises(IndexCorrupt, match=r"vectors\.npy"):
        build([tmp_path / "docs"], home=tmp_path, settings=SETTINGS, add=True, embedder=HashEmbedder(), pipeline=pipeline())


def _hold(home, held, go):
    with writing(home):
        held.set()
        go.wait(30)


def test_a_second_writer_is_told_so_or_waits(tmp_path):
    fork = multiprocessing.get_context("fork")
    held, go = fork.Event(), fork.Event()
    first = fork.Process(target=_hold, args=(tmp_path, held, go))
    first.start()
    try:
        assert held.wait(30)
        with pytest.raises(IndexLocked, match="--wait"):
            indexed(tmp_path, a="甲。")
        assert current_generation(tmp_path) is None
        threading.Timer(0.3, go.set).start()
        result = build([tmp_path / "docs"], home=tmp_path, settings=SETTINGS, wait=-1, embedder=HashEmbedder(),
                       pipeline=pipeline())
        assert result.generation == "000001"
    finally:
        go.set()
        first.join()


def test_readers_during_swaps_see_whole_generations(tmp_path):
    indexed(tmp_path, SETTINGS.replace(keep_generations=1), a="零。", b="零。")
    stop, failures, seen = threading.Event(), [], set()

    def read():
        try:
            while not stop.is_set():
                snapshot = Snapshot.open(tmp_path)
                texts = {snapshot.document(info.source).raw for info in snapshot.sources()}
                assert len(texts) == 1, texts  # both documents of every generation hold the same
                assert len(snapshot.search_dense(np.ones(8, np.float32), 5)) == 2
                assert len(snapshot.search_lexical(["。"], 5)) == 2
                seen.add(snapshot.generation)
                snapshot.close()
        except BaseException as error:
            failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for n in range(25):
        indexed(tmp_path, SETTINGS.replace(keep_generations=1), a=f"{n}。", b=f"{n}。")
    stop.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert len(seen) > 3


def _full(*args, **kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _faiss_full(*args, **kwargs):
    raise RuntimeError("Error in faiss: write error: No space left on device")


@pytest.mark.parametrize(("where", "what", "fail"), [
    (np, "save", _full), (writer.Lexical, "build", _full), (writer.Manifest, "write", _full), (writer, "sums", _full),
    (store, "sync", _full), (writer.dense, "build", _faiss_full), (writer.CorpusWriter, "add", _full)])
def test_a_full_disk_leaves_the_old_index(tmp_path, monkeypatch, where, what, fail):
    indexed(tmp_path, a="甲。")
    before = digests(tmp_path / "index/generations")
    monkeypatch.setattr(where, what, fail)
    with pytest.raises(StoreError, match=r"No space left.*untouched"):
        indexed(tmp_path, a="乙。")
    monkeypatch.undo()
    assert digests(tmp_path / "index/generations") == before  # nothing half-built stays behind either
    assert Snapshot.open(tmp_path).document("a.txt").raw == "甲。"
    assert indexed(tmp_path, a="乙。") == "000002"


def test_a_really_full_disk_in_sqlite(tmp_path, monkeypatch):
    indexed(tmp_path, a="甲。")
    real = writer.CorpusWriter.__init__

    def small(self, folder):
        real(self, folder)
        self._db.execute("PRAGMA max_page_count = 12")

    monkeypatch.setattr(writer.CorpusWriter, "__init__", small)
    with pytest.raises(StoreError, match="full"):
        indexed(tmp_path, a="乙" * 100_000)
    assert Snapshot.open(tmp_path).document("a.txt").raw == "甲。"


def test_a_home_that_can_not_be_written(tmp_path):
    (tmp_path / "home").write_text("a file where a folder should be")
    with pytest.raises(StoreError, match="can't write the index"):
        build([write(tmp_path / "docs", a="甲。")], home=tmp_path / "home", settings=SETTINGS, embedder=HashEmbedder(),
              pipeline=pipeline())


def test_every_byte_is_synced_before_the_pointer_moves(tmp_path, monkeypatch):
    synced, real = [], store.sync

    def sync(path):
        synced.append(path)
        real(path)

    monkeypatch.setattr(store, "sync", sync)
    indexed(tmp_path, a="甲。")
    names = [path.name for path in synced]
    files = {path.name for path in (tmp_path / "index/generations/000001").rglob("*") if path.is_file()}
    pointer = next(n for n, name in enumerate(names) if name.startswith("CURRENT"))
    assert files <= set(names[:pointer])
    assert "generations" in names[:pointer]
    assert names[pointer + 1] == "index"
