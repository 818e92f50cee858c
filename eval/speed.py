"""Speed and memory on this machine, in a home of its own that is deleted afterwards."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.config import Settings
from rag.errors import ZhiyinError
from rag.messages import tr
from rag.session import Asks

from .homes import temporary_home, to_toml
from .metrics.speed import latency
from .provenance import cores
from .rows import Gold, bundled, load

if TYPE_CHECKING:
    from rich.table import Table

STARTS = 5
PASSAGES, LENGTH = 10, 250  # what the reader model is timed on, passages and their characters
AVX2 = {"ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}
"""What keeps oneDNN, MKL and PyTorch's own kernels from using more than AVX2."""


def measure(make_bot: Callable[[Settings], Asks], settings: Settings | None = None) -> dict[str, Any]:
    """Index the bundled documents, ask the bundled questions twice, start the command: seconds, ms and MB.

    `index_seconds` is the whole command in a fresh process; latencies are of the second round.
    """
    settings = settings or Settings()
    with temporary_home() as home:
        home.mkdir()
        (home / "config.toml").write_text(to_toml(settings), encoding="utf-8")
        indexed = _run(["index", "--json"])
        index_mb = _peak(resource.RUSAGE_CHILDREN)
        starts = [_run(["--help"])["seconds"] for _ in range(STARTS)]
        started = time.perf_counter()
        bot = make_bot(settings)
        rows = load(bundled())
        first = _timed(bot, rows[0])
        ready = time.perf_counter() - started
        for row in rows[1:]:
            _timed(bot, row)
        warm = [_timed(bot, row) * 1000 for row in rows]
    told, told_ms = json.loads(indexed["output"]), latency(warm)
    answering = _peak(resource.RUSAGE_SELF)  # before torch is loaded for the reader model, which no default setting uses
    return {
        "index_seconds": round(indexed["seconds"], 2),
        "index_chunks": told["chunks"],
        "index_peak_mb": round(index_mb),
        "ready_seconds": round(ready, 2),
        "first_answer_ms": round(first * 1000, 1),
        "questions": len(rows),
        "warm_median_ms": round(told_ms["median"] or 0.0, 1),
        "warm_p95_ms": round(told_ms["p95"] or 0.0, 1),
        "help_seconds": round(min(starts), 3),
        "answering_peak_mb": round(answering),
        **model_figures(settings),
        "cores": cores(),
        "python": ".".join(map(str, sys.version_info[:3])),
    }


def model_figures(settings: Settings) -> dict[str, float]:
    """Size and speed of the embedder and of the bundled reader, with all instructions of this processor and with AVX2 alone.

    The second is what an ordinary office machine has: the libraries are told so in a process of its own.
    """
    from rag.config import BUNDLED
    from rag.encoder.embed import locate
    from rag.encoder.reader import bundled as reader_folder

    told = json.loads(_run_python(["-m", "rag.eval.speed", settings.embedder], AVX2))
    return {
        **model_speed(settings),
        **{f"avx2_{name}": value for name, value in told.items()},
        "embedder_model_mb": _size(locate(BUNDLED)),
        "reader_model_mb": _size(reader_folder()),
    }


def model_speed(settings: Settings) -> dict[str, float]:
    """Speed on the text of the bundled documents, cut into passages of LENGTH characters.

    `embedder_passages`: passages a second; `reader_ms`: the median of nine questions with PASSAGES passages each.
    """
    from rag.encoder.embed import load_embedder
    from rag.encoder.reader import EncoderReader

    text = "".join(file.read_bytes().decode("utf-8", "replace") for file in files("rag.seeds").iterdir() if file.name.endswith(".txt"))
    pieces = [text[at : at + LENGTH] for at in range(0, len(text) - LENGTH + 1, LENGTH)]
    embedder, reader = load_embedder(settings), EncoderReader()
    embedder.encode_passages(pieces[:1])
    began = time.perf_counter()
    embedder.encode_passages(pieces)
    rate = len(pieces) / (time.perf_counter() - began)
    reader.read("?", [("", piece) for piece in pieces[:PASSAGES]])
    times = []
    for at, row in enumerate(load(bundled())[:9]):
        passages = [("", piece) for piece in pieces[at * PASSAGES :][:PASSAGES]]
        started = time.perf_counter()
        reader.read(row.question, passages)
        times.append(1000 * (time.perf_counter() - started))
    return {"embedder_passages": round(rate, 1), "reader_ms": round(statistics.median(times), 1)}


def table(figures: dict[str, Any]) -> Table:
    """The figures of `measure` for a terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    names = {
        "index_seconds": tr("建索引(新进程、新目录)", "index the bundled documents (new process and home)"),
        "index_chunks": tr("片段数", "chunks"),
        "index_peak_mb": tr("建索引的内存峰值", "peak memory of indexing"),
        "ready_seconds": tr("加载并答出第一题", "load and answer the first question"),
        "first_answer_ms": tr("其中第一题", "of this, the first answer"),
        "questions": tr("题数", "questions"),
        "warm_median_ms": tr("热态回答的中位数", "warm answer, median"),
        "warm_p95_ms": tr("热态回答的第 95 百分位", "warm answer, 95th percentile"),
        "help_seconds": tr(f"zhiyin --help({STARTS} 次中最快)", f"zhiyin --help, best of {STARTS}"),
        "answering_peak_mb": tr("回答的内存峰值", "peak memory of answering"),
        "embedder_model_mb": tr("内置向量模型在磁盘上", "bundled embedder on disk"),
        "embedder_passages": tr(f"向量化速度,每秒 {LENGTH} 字的片段数", f"embedding, passages of {LENGTH} characters a second"),
        "avx2_embedder_passages": tr("同上,只用 AVX2", "the same with AVX2 alone"),
        "reader_model_mb": tr("内置阅读模型在磁盘上", "bundled reader model on disk"),
        "reader_ms": tr(f"阅读模型看 {PASSAGES} 段各 {LENGTH} 字,中位数", f"reader model, {PASSAGES} passages of {LENGTH} characters, median"),
        "avx2_reader_ms": tr("同上,只用 AVX2", "the same with AVX2 alone"),
        "cores": tr("处理器核数", "cores"),
        "python": "Python",
    }
    units = {"seconds": " s", "ms": " ms", "mb": " MB"}
    out = Table(box=SIMPLE_HEAD, show_header=False)
    out.add_column()
    out.add_column(justify="right")
    for key, name in names.items():
        out.add_row(name, f"{figures[key]}{units.get(key.rpartition('_')[2], '')}")
    return out


def _timed(bot: Asks, row: Gold) -> float:
    started = time.perf_counter()
    bot.ask(row.question, row.history)
    return time.perf_counter() - started


def _run(arguments: list[str]) -> dict[str, Any]:
    started = time.perf_counter()
    output = _run_python(["-m", "rag", *arguments])
    return {"seconds": time.perf_counter() - started, "output": output}


def _run_python(arguments: list[str], environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, check=False, env={**os.environ, **(environment or {})})
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise ZhiyinError(f"`python {' '.join(arguments)}` ended with {done.returncode}: {said}")
    return done.stdout.decode("utf-8")


def _size(folder: Path) -> float:
    """Megabytes (10^6 bytes) of the files in `folder`."""
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6, 1)


def _peak(who: int) -> float:
    """Megabytes (10^6 bytes) of the most memory held at once."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(who).ru_maxrss * unit / 1e6


if __name__ == "__main__":
    sys.stdout.write(json.dumps(model_speed(Settings(embedder=sys.argv[1]))))
