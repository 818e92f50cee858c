"""Fifty people ask for a minute while the index grows by 2,000 documents and is swapped in the middle.

Run: python -m tests.load [--users 50] [--seconds 60] [--documents 2000] [--pause 0]

A server of its own in a temporary home, over the sample documents. Every user asks one question after the other, every
second one as server-sent events; none may fail, be lost, be answered with another's answer, or differ between two users
of one generation. Prints throughput, percentiles and the server's memory; ends with 1 where something was wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from rag.eval.rows import bundled, load
from rag.index.command import seeds

AFTER = 8.0  # seconds of asking after the swap, at least
CALM = 5  # samples of memory that are left out at the start, while everything is used for the first time


@dataclass
class Seen:
    """What came back: `answers` by generation and question, seconds by generation, and all that was wrong."""

    answers: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    wrong: list[str] = field(default_factory=list)
    asked: int = 0
    told: int = 0
    memory: list[tuple[float, float]] = field(default_factory=list)


def invent(folder: Path, count: int, seed: int = 0) -> None:
    """Write `count` notices of invented works, each with figures of its own."""
    rng = random.Random(seed)
    folder.mkdir(parents=True)
    for n in range(count):
        rows = [
            f"第{k}车间全年组织培训{rng.randrange(2, 90)}期\uff0c"
            f"参加职工{rng.randrange(100, 9000)}人次。"
            for k in range(1, 13)
        ]
        head = f"星海{n}号厂工会2023年培训情况通报"
        text = "\n".join([head, f"星海{n}号厂共有会员{rng.randrange(100, 9000)}名。", *rows])
        (folder / f"notice-{n:05}.txt").write_text(text + "\n", encoding="utf-8")


@contextmanager
def server(home: Path) -> Iterator[tuple[str, int]]:
    """`zhiyin serve` over the index in `home`: its address and process id."""
    process = subprocess.Popen([sys.executable, "-u", "-m", "rag", "serve", "--port", "0"], env=_env(home), stdout=subprocess.PIPE, encoding="utf-8")
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://[\d.]+:\d+", line)
        if not found:
            raise RuntimeError(f"the server said {line!r}")
        _wait_until_ready(found[0])
        yield found[0], process.pid
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_ready(address: str, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if httpx.get(f"{address}/readyz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise RuntimeError(f"{address} was not ready after {seconds:.0f} s")


def _env(home: Path) -> dict[str, str]:
    return {**os.environ, "ZHIYIN_HOME": str(home), "ZHIYIN_LANG": "en"}


async def ask(client: httpx.AsyncClient, name: str, question: str, streamed: bool) -> dict[str, Any]:
    """One answer, by JSON or by server-sent events. Raises ValueError for anything but a whole one."""
    body = {"question": question, "id": name}
    if not streamed:
        response = await client.post("/api/ask", json=body)
        if response.status_code != 200:
            raise ValueError(f"{response.status_code}: {response.text[:200]}")
        return dict(response.json())
    async with client.stream("POST", "/api/ask", json=body, headers={"accept": "text/event-stream"}) as response:
        if response.status_code != 200:
            raise ValueError(f"{response.status_code}: {(await response.aread())[:200]!r}")
        kind = ""
        async for line in response.aiter_lines():
            if line.startswith("event:"):
                kind = line[6:].strip()
            elif line.startswith("data:") and kind == "answer":
                return dict(json.loads(line[5:]))
    raise ValueError("the stream ended without an answer")


async def user(number: int, client: httpx.AsyncClient, questions: list[str], seen: Seen, over: asyncio.Event, pause: float) -> None:
    """Ask until it is over."""
    rng = random.Random(number)
    turn = 0
    while not over.is_set():
        question, name, turn = rng.choice(questions), f"{number}-{turn}", turn + 1
        began = time.perf_counter()
        seen.asked += 1
        try:
            answer = await ask(client, name, question, streamed=turn % 2 == 0)
        except (ValueError, httpx.HTTPError) as error:
            seen.wrong.append(f"{name}: {error!r}")
            continue
        seen.told += 1
        if (answer["id"], answer["question"]) != (name, question):
            seen.wrong.append(f"{name} got the answer of {answer['id']}")
        seen.seconds[answer["generation"]].append(time.perf_counter() - began)
        seen.answers[answer["generation"], question].add(json.dumps([answer[k] for k in ("answer", "statements", "citations")]))
        if pause:
            await asyncio.sleep(rng.uniform(0, 2 * pause))


async def watch(pid: int, seen: Seen, over: asyncio.Event) -> None:
    """The server's resident memory, in 10^6 bytes, twice a second."""
    began = time.monotonic()
    while not over.is_set():
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        seen.memory.append((time.monotonic() - began, int(status.split("VmRSS:")[1].split()[0]) * 1024 / 1e6))
        await asyncio.sleep(0.5)


async def press(address: str, pid: int, home: Path, documents: Path, options: argparse.Namespace) -> tuple[Seen, float, float]:
    """Ask, index beside it, go on: what was seen, when the swap came and when all ended, in seconds from the start."""
    seen, over = Seen(), asyncio.Event()
    questions = [row.question for row in load(bundled()) if not row.history]
    limits = httpx.Limits(max_connections=options.users, max_keepalive_connections=options.users)
    async with httpx.AsyncClient(base_url=address, timeout=120, limits=limits, trust_env=False) as client:
        began = time.monotonic()
        tasks = [asyncio.create_task(user(n, client, questions, seen, over, options.pause)) for n in range(options.users)]
        tasks.append(asyncio.create_task(watch(pid, seen, over)))
        await asyncio.sleep(options.seconds / 6)
        indexing = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "rag", "index", str(seeds()), str(documents), env=_env(home), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        _, said = await indexing.communicate()
        swapped = time.monotonic() - began
        if indexing.returncode:
            seen.wrong.append(f"zhiyin index ended with {indexing.returncode}: {said.decode()[-300:]}")
        await asyncio.sleep(max(AFTER, options.seconds - swapped))
        over.set()
        await asyncio.gather(*tasks)
        ended = time.monotonic() - began
        new = await ask(client, "new", "星海1号厂共有多少会员?", streamed=False)
    if [c["source"] for c in new["citations"][:1]] != ["notice-00001.txt"]:
        seen.wrong.append(f"the new documents are not asked: {new['answer']}")
    return seen, swapped, ended


def report(seen: Seen, swapped: float, ended: float) -> dict[str, Any]:
    """The figures: questions, seconds by percentile, memory, and whatever was wrong."""
    mixed = [f"{len(found)} answers of one generation to {q!r}" for (_, q), found in seen.answers.items() if len(found) > 1]
    times = sorted(t for found in seen.seconds.values() for t in found)
    cuts = statistics.quantiles(times, n=100) if len(times) > 1 else [0.0] * 99
    before = [mb for at, mb in seen.memory[CALM:] if at < swapped]
    last = [mb for at, mb in seen.memory if at > ended - AFTER / 2]
    return {
        "seconds": round(ended, 1), "swap_after_seconds": round(swapped, 1), "generations": sorted(seen.seconds),
        "asked": seen.asked, "answered": seen.told, "a_second": round(seen.told / ended, 1),
        "p50_ms": round(1000 * cuts[49]), "p95_ms": round(1000 * cuts[94]), "p99_ms": round(1000 * cuts[98]),
        "memory_mb": {"start": round(before[0]) if before else None, "before_swap": round(before[-1]) if before else None,
                      "peak": round(max(mb for _, mb in seen.memory)), "end": round(statistics.median(last)) if last else None},
        "wrong": [*seen.wrong, *mixed],
    }  # fmt: skip


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Set up, press, report."""
    with tempfile.TemporaryDirectory(prefix="zhiyin-load-") as folder:
        home, documents = Path(folder) / "home", Path(folder) / "notices"
        home.mkdir()
        # fifty people at fifty addresses, as far as the limits are concerned; what is loaded here is the index, not the processor
        (home / "config.toml").write_text('ask_per_minute = 0\nreader = "extractive"\nembedder = "bundled-fast"\n', encoding="utf-8")
        invent(documents, options.documents)
        subprocess.run([sys.executable, "-m", "rag", "index", str(seeds())], env=_env(home), check=True, capture_output=True)
        with server(home) as (address, pid):
            return report(*asyncio.run(press(address, pid, home, documents, options)))


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(description="Load on a server of its own.")
    made.add_argument("--users", type=int, default=50)
    made.add_argument("--seconds", type=float, default=60.0, help="at least; longer where indexing takes longer")
    made.add_argument("--documents", type=int, default=2000)
    made.add_argument("--pause", type=float, default=0.0, help="seconds that a user waits between questions, on average")
    return made


if __name__ == "__main__":
    figures = run(parser().parse_args())
    sys.stdout.write(json.dumps(figures, ensure_ascii=False, indent=1) + "\n")
    sys.exit(1 if figures["wrong"] else 0)
