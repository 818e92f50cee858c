"""What each kind of vector index costs and finds at a given number of chunks, on this machine.

The vectors are of real text where there is a folder of it: passages of about the size that documents are cut into,
embedded with the bundled model of word vectors, and repeated with noise up to the number asked for. Each kind is built and searched by
the store's own code, in a process of its own, so that memory can be told apart.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rag.errors import InputError, ZhiyinError
from rag.messages import tr
from rag.store.kinds import KINDS

from .provenance import cores
from .scale_vectors import Source, make

if TYPE_CHECKING:
    from rich.table import Table

Floats = NDArray[np.float32]

ORDER = tuple(sorted(KINDS, key=lambda kind: (kind == "hnsw", kind != "flat")))
"""The kinds in the order in which they are measured: what takes longest comes last."""

WANTED = 10
POOL = 60
"""Hits that are asked for, as the retriever does (`pool_k`); recall is of the first `WANTED` of them."""

ALLOWED_SHARE = 10
"""The search under a filter may return one chunk in so many, those of some documents."""

SAME = 1e-5  # scores that differ by less are ties, and either hit is right
BLOCK = 65_536


def measure(
    chunks: int,
    data: Path | None,
    *,
    kinds: Sequence[str] = ORDER,
    queries: int = 500,
    told: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Figures of every kind over `chunks` vectors; seconds, ms, MB (10^6 bytes) and shares.

    Beside the time that passed stands that of the processor: on a machine that does other things, too, only the latter
    can be compared.

    `data` holds `.jsonl` or `.jsonl.xz` files whose rows have a `text`; None makes vectors round random centres.
    Raises InputError where there is no such file, ZhiyinError where a process was killed or the disk is full.
    """
    if data is not None and not data.is_dir():
        raise InputError(f"no folder {data}; give one that holds .jsonl or .jsonl.xz files with a text a row")
    with TemporaryDirectory(prefix="zhiyin-scale-") as name:
        folder = Path(name)
        told(tr(f"准备 {chunks:,} 个向量", f"making {chunks:,} vectors"))
        source: Source = _alone(make, folder, chunks, data, queries)
        _alone(_exact, folder)
        rows = []
        for kind in kinds:
            told(tr(f"建立并检索 {kind}", f"building and searching {kind}"))
            built = _alone(_build, folder, kind)
            rows.append({"kind": kind, **built, **_alone(_search, folder, kind)})
            told(json.dumps(rows[-1]))
            for path in (folder / kind).iterdir():
                path.unlink()
    return {
        "chunks": chunks,
        "dim": source.dim,
        "vectors_mb": round(chunks * source.dim * 4 / 1e6),
        "source": source.name,
        "texts": source.texts,
        "noise_cosine": source.cosine,
        "embed_seconds": source.seconds,
        "queries": queries,
        "pool": POOL,
        "threads": os.environ.get("OMP_NUM_THREADS") or str(cores()),
        "kinds": rows,
    }


def _alone(work: Callable[..., Any], *arguments: Any) -> Any:
    """Run `work` in a new process, whose memory is its own."""
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            return pool.submit(work, *arguments).result()
    except BrokenProcessPool as error:
        raise ZhiyinError(
            tr("测量进程被终止，多半是内存不足；请减小 --chunks", "the process that measured was killed, probably for want of memory; give fewer --chunks")
        ) from error
    except OSError as error:
        raise ZhiyinError(f"can't write the vectors: {error}; make room where TMPDIR points, or give fewer --chunks") from error


def _exact(folder: Path) -> None:
    """Write the scores of the true first `POOL` of every query, of all rows and of the allowed ones."""
    vectors, queries = _load(folder)
    allowed = _allowed(len(vectors))
    for name, mask in (("exact", None), ("exact-allowed", allowed)):
        best = np.full((len(queries), POOL), -np.inf, np.float32)
        for at in range(0, len(vectors), BLOCK):
            rows = vectors[at : at + BLOCK]
            if mask is not None:
                rows = rows[mask[at : at + BLOCK]]
            both = np.concatenate((best, queries @ rows.T), axis=1)
            best = -np.sort(np.partition(-both, POOL - 1, axis=1)[:, :POOL], axis=1)
        np.save(folder / f"{name}.npy", best)


def _build(folder: Path, kind: str) -> dict[str, Any]:
    from rag.store import vectors as dense

    (folder / kind).mkdir()
    vectors = np.load(folder / "vectors.npy")
    before = memory()
    started, worked = time.perf_counter(), time.process_time()
    dense.build(vectors, kind, folder / kind)
    seconds, work = time.perf_counter() - started, time.process_time() - worked
    return {
        "build_seconds": round(seconds, 1),
        "build_cpu_seconds": round(work, 1),
        "build_mb": round(peak() - before),
        "disk_mb": round((folder / kind / dense.DENSE).stat().st_size / 1e6, 1),
    }


def _search(folder: Path, kind: str) -> dict[str, Any]:
    from rag.store.vectors import Vectors

    _, queries = _load(folder)
    import faiss  # noqa: F401  (so that its own size is not counted)

    before = memory()
    started = time.perf_counter()
    opened = Vectors(folder / kind, kind)
    ready = time.perf_counter() - started
    allowed = _allowed(len(opened.matrix))
    for query in queries[:50]:
        opened.search(query, POOL)
    found, times, work = _asked(opened, queries, None)
    held = memory() - before
    some, some_times, _ = _asked(opened, queries, allowed)
    exact, exact_allowed = np.load(folder / "exact.npy"), np.load(folder / "exact-allowed.npy")
    return {
        "open_ms": round(ready * 1000, 1),
        "memory_mb": round(held),
        "recall_10": round(recall(found, exact, WANTED), 4),
        "recall_pool": round(recall(found, exact, POOL), 4),
        "p50_ms": round(float(np.percentile(times, 50)), 2),
        "p95_ms": round(float(np.percentile(times, 95)), 2),
        "cpu_p95_ms": round(float(np.percentile(work, 95)), 2),
        "filtered_recall_10": round(recall(some, exact_allowed, WANTED), 4),
        "filtered_p95_ms": round(float(np.percentile(some_times, 95)), 2),
    }


def _asked(
    opened: Any, queries: Floats, allowed: NDArray[np.bool_] | None
) -> tuple[list[list[float]], list[float], list[float]]:
    """Scores of the hits, milliseconds that passed and milliseconds of work, a query each."""
    scores, times, work = [], [], []
    for query in queries:
        started, worked = time.perf_counter(), time.thread_time()
        hits = opened.search(query, POOL, allowed)
        times.append((time.perf_counter() - started) * 1000)
        work.append((time.thread_time() - worked) * 1000)
        scores.append([hit.score for hit in hits])
    return scores, times, work


def recall(found: Sequence[Sequence[float]], exact: Floats, k: int) -> float:
    """Share of the true first `k` that are among the first `k` found, by their scores; ties are right either way.

    `exact` is `(queries, at least k)`, descending.
    """
    got = 0
    for scores, true in zip(found, exact, strict=True):
        got += min(k, sum(score >= true[k - 1] - SAME for score in scores[:k]))
    return got / (k * len(exact)) if len(exact) else math.nan


def _allowed(size: int) -> NDArray[np.bool_]:
    """Runs of neighbouring chunks, as documents are, one in ALLOWED_SHARE of them."""
    return np.asarray(np.arange(size) // 100 % ALLOWED_SHARE == 0)


def _load(folder: Path) -> tuple[Floats, Floats]:
    return np.load(folder / "vectors.npy", mmap_mode="r"), np.load(folder / "queries.npy")


def memory() -> float:
    """Megabytes that this process holds now; NaN where the system does not say."""
    return _status("VmRSS")


def peak() -> float:
    """Megabytes that this process held at most; NaN where the system does not say.

    `getrusage` would count what the process that started this one held.
    """
    return _status("VmHWM")


def _status(name: str) -> float:
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return math.nan
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(f"{name}:")), math.nan)


def table(figures: dict[str, Any]) -> Table:
    """The figures of `measure` for a terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    columns = {
        "kind": tr("索引", "index"),
        "build_seconds": tr("建立\ns", "build\ns"),
        "build_mb": tr("建立\nMB", "build\nMB"),
        "disk_mb": tr("磁盘\nMB", "disk\nMB"),
        "memory_mb": tr("检索\nMB", "search\nMB"),
        "recall_10": tr("召回\n@10", "recall\n@10"),
        "p50_ms": "p50\nms",
        "p95_ms": "p95\nms",
        "filtered_recall_10": tr("过滤后\n召回@10", "filtered\nrecall@10"),
        "filtered_p95_ms": tr("过滤后\np95 ms", "filtered\np95 ms"),
    }
    out = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for key, name in columns.items():
        out.add_column(name, justify="left" if key == "kind" else "right", no_wrap=True)
    for row in figures["kinds"]:
        out.add_row(*(f"{row[key]:,}" if isinstance(row[key], int) else str(row[key]) for key in columns))
    return out


def lines(figures: dict[str, Any]) -> list[str]:
    """What has to be known to read the table."""
    made = (
        tr(
            f"{figures['texts']:,} 个文本片段的向量，加噪声重复（与原片段的余弦 {figures['noise_cosine']}）",
            f"vectors of {figures['texts']:,} pieces of text, repeated with noise (cosine to the piece {figures['noise_cosine']})",
        )
        if figures["source"] == "text"
        else tr("人造向量（没有给出 --data）", "made-up vectors (no --data was given)")
    )
    return [
        tr(
            f"{figures['chunks']:,} 个 {figures['dim']} 维向量：{made}；向量本身另占磁盘 {figures['vectors_mb']:,} MB。",
            f"{figures['chunks']:,} vectors of {figures['dim']} numbers: {made}; the vectors themselves take another {figures['vectors_mb']:,} MB of disk.",
        ),
        tr(
            f"{figures['queries']} 次查询，每次取 {figures['pool']} 个；建立用 {figures['threads']} 个线程，检索用 1 个；过滤为只查十分之一。",
            f"{figures['queries']} queries for {figures['pool']} hits each; built with {figures['threads']} threads, searched with 1; filtered: a tenth may be found.",
        ),
    ]
