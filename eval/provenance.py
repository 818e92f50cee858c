"""What a run was made of: gold set, settings, index, versions, machine."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

import rag
from rag.config import Settings

LIBRARIES = (
    "torch",
    "sentence-transformers",
    "transformers",
    "faiss-cpu",
    "bm25s",
    "jieba",
    "ir-measures",
    "numpy",
)


class Counted(Protocol):
    """What is told of an index: `rag.store.Snapshot`."""

    @property
    def generation(self) -> str:
        """Its name."""

    def sources(self) -> Iterable[object]:
        """Its documents."""

    def __len__(self) -> int:
        """How many chunks it has."""


def plain(settings: Settings) -> dict[str, Any]:
    """The settings as JSON has them, so that they are the same before and after a run is kept: lists, no tuples."""
    told: dict[str, Any] = json.loads(json.dumps(asdict(settings)))
    return told


def describe(
    gold: Path,
    settings: Settings,
    snapshot: Counted,
    *,
    seconds: float,
    cold_start_s: float,
    docs: Iterable[Path] = (),
    note: str = "",
) -> dict[str, Any]:
    """The meta data of a run, plain JSON values; `seconds` is the time of all questions."""
    return {
        "gold": gold.name,
        "gold_sha256": hashlib.sha256(gold.read_bytes()).hexdigest(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 2),
        "cold_start_s": round(cold_start_s, 3),
        "settings": plain(settings),
        "docs": [str(path) for path in docs],
        "generation": snapshot.generation,
        "documents": len(list(snapshot.sources())),
        "chunks": len(snapshot),
        "code": code(),
        "versions": {"zhiyin": rag.__version__, "python": platform.python_version(), **dict(_versions())},
        "machine": {
            "cores": cores(),
            "memory_gb": _memory(),
            "system": f"{platform.system()} {platform.machine()}",
        },
        "note": note,
    }


def code() -> str:
    """A digest of the library's own modules and data: another one may answer differently."""
    digest = hashlib.sha256()
    root = Path(rag.__file__).parent
    for path in sorted(p for p in root.rglob("*") if p.suffix in (".py", ".txt", ".xz", ".safetensors")):
        digest.update(f"{path.relative_to(root)} {path.stat().st_size} ".encode())
        digest.update(path.read_bytes() if path.suffix in (".py", ".txt") else b"")
    return digest.hexdigest()[:16]


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    except (AttributeError, ValueError, OSError):
        return None


def _versions() -> Iterable[tuple[str, str]]:
    for name in LIBRARIES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue
