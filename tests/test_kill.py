"""`kill -9` at 50 moments of indexing: the index before answers, no byte of it changed, the next run finishes."""

import hashlib
import multiprocessing
import os
import random
import signal
import threading
import time

import pytest
from tqdm.auto import tqdm

from rag.index.build import build
from rag.store import Snapshot, current_generation, generations, verify

from .index_kit import SETTINGS, HashEmbedder, pipeline, write

KILLS = 50
NAMES = "甲乙丙丁戊己庚辛壬癸"
EVERYTHING_KEPT = SETTINGS.replace(keep_generations=1000)


def work(docs, home):
    return build([docs], home=home, settings=EVERYTHING_KEPT, embedder=HashEmbedder(), pipeline=pipeline())


def child(docs, home, ready):
    ready.set()
    work(docs, home)
    os._exit(0)


def digests(home, names):
    return {
        (name, path.name): hashlib.sha256(path.read_bytes()).hexdigest()
        for name in names
        for path in sorted((home / "index/generations" / name).rglob("*"))
        if path.is_file()
    }


def texts(round_number):
    """Twelve documents; two of them differ from round to round."""
    fixed = {f"d{n}": "\n".join(f"{NAMES[n]}的第{line}句话。" for line in range(15)) for n in range(10)}
    return fixed | {f"new{n}": f"第{round_number}轮的文档{n}。\n" * 15 for n in range(2)}


def answers(home, marker):
    """The index answers, and from the round that `marker` names."""
    snapshot = Snapshot.open(home)
    assert verify(home) == []
    assert f"第{marker}轮" in snapshot.document("new0.txt").raw
    [best, *_] = snapshot.search_lexical([NAMES[3]], 5)
    assert snapshot.chunk(best.chunk).source == "d3.txt"
    hits = snapshot.search_dense(HashEmbedder().encode_queries([_embedded(snapshot, 5)])[0], 1)
    assert [hit.chunk for hit in hits] == [5]
    assert hits[0].score == pytest.approx(1.0, abs=1e-5)
    snapshot.close()


def _embedded(snapshot, number):
    chunk = snapshot.chunk(number)
    return f"{chunk.context}\n{chunk.text}"


@pytest.mark.slow
def test_fifty_kills(tmp_path):
    home, moments = tmp_path / "home", random.Random(20231108)
    docs = tmp_path / "docs"
    tqdm.set_lock(threading.RLock())  # its own lock is shared with forks, and a killed one would never give it back
    fork = multiprocessing.get_context("fork")  # from a warm parent: the imports are done, the child is at once at work
    for warm in ("elsewhere", "imports are done", "home"):
        started = time.perf_counter()
        work(write(docs, **texts(0)), tmp_path / warm)
        usual = time.perf_counter() - started
    answered, died_inside, left_half_built, kill = 0, 0, 0, 0
    while died_inside < KILLS:  # a run that was done before the moment came does not count
        kill += 1
        assert kill <= 4 * KILLS, "the moments are all too late"
        write(docs, **texts(kill))
        current = current_generation(home)
        before = [name for name in generations(home) if name <= current]  # a newer one was never made current
        seen = digests(home, before)
        ready = fork.Event()
        process = fork.Process(target=child, args=(docs, home, ready))
        process.start()
        assert ready.wait(30)
        time.sleep(moments.uniform(0, usual))
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        inside = process.exitcode == -signal.SIGKILL
        died_inside += inside
        usual *= 1.0 if inside else 0.95  # this machine is faster than it was when warming up
        left_half_built += any(path.name.startswith(".") for path in (home / "index/generations").iterdir())

        assert digests(home, before) == seen
        swapped = current_generation(home) != current
        answers(home, kill if swapped else answered)
        answered = kill if swapped else answered
        if kill % 5 == 0:  # the next run finishes, whatever the last five left behind
            work(docs, home)
            answered = kill
            answers(home, answered)
            assert {path.name for path in (home / "index/generations").iterdir()} == set(generations(home))
            assert digests(home, before) == seen
    assert left_half_built > KILLS * 0.2
