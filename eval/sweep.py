"""The same questions under many settings, so that the choice is made by looking.

What does not change is not computed again: settings that only act on questions share one index, and a combination
that was measured before, with the same code, questions and index, is read back from the cache.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.config import Settings, home
from rag.errors import ConfigError, InputError
from rag.store import current_generation

from .homes import INDEX_SETTINGS, cache
from .measure import measured
from .provenance import code
from .runs import METRICS, Run, load_run, save

if TYPE_CHECKING:
    from rag.session import Session

MOST_POINTS = 500
NOISE = 1.25
"""Times that differ by less than this factor are not told apart."""


@dataclass(frozen=True, slots=True)
class Point:
    """One combination: what it sets, how it is told from the others, and its run."""

    changes: Mapping[str, Any]
    run: Run
    cached: bool

    @property
    def label(self) -> str:
        """Such as `chunk_tokens=80, lexical=false`."""
        return ", ".join(
            f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in self.changes.items()
        )

    @property
    def quality(self) -> float:
        """Share of all rows that are right."""
        return float(self.run.metrics["overall"]["right"] or 0.0)

    @property
    def ms(self) -> float:
        """Median latency in milliseconds."""
        return float(self.run.metrics["latency_ms"]["median"] or 0.0)


def grid(wishes: Sequence[str]) -> list[dict[str, Any]]:
    """All combinations of `name=value,value,…`; values are written as in TOML, bare words count as strings.

    >>> grid(["top_k=5,10", "lexical=true"])
    [{'top_k': 5, 'lexical': True}, {'top_k': 10, 'lexical': True}]

    Raises ConfigError for a wish that can't be read and for more than MOST_POINTS combinations.
    """
    names: dict[str, list[Any]] = {}
    for wish in wishes:
        name, equals, values = wish.partition("=")
        if not equals or not values.strip():
            raise ConfigError(f"--set {wish!r}: write NAME=VALUE,VALUE,…")
        if name.strip() in names:
            raise ConfigError(f"--set {name.strip()} is given twice; write all its values after one =")
        names[name.strip()] = [_value(text.strip()) for text in values.split(",")]
    points = [
        dict(zip(names, combination, strict=True)) for combination in itertools.product(*names.values())
    ]
    if len(points) > MOST_POINTS:
        raise ConfigError(f"{len(points)} combinations; {MOST_POINTS} are the most")
    return points


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        return text


def sweep(
    session: Session,
    gold: Path,
    base: Settings,
    changes: Sequence[Mapping[str, Any]],
    docs: Sequence[Path],
) -> Iterator[Point]:
    """Measure each combination over an index of `docs`. They come in the order of `changes`, each as soon as it is there.

    Raises ConfigError before anything is measured where a combination is no valid setting.
    """
    settings = [base.replace(**change) for change in changes]
    rebuilt = sorted({name for change in changes for name in change if name in INDEX_SETTINGS})
    if rebuilt and not docs:
        raise InputError(f"{', '.join(rebuilt)} act when an index is built; say of which documents with --docs")
    for change, chosen in zip(changes, settings, strict=True):
        folder = cache() / "runs" / _key(gold, chosen, docs)
        cached = (folder / METRICS).is_file()
        run = load_run(folder) if cached else save(measured(session, gold, chosen, docs=docs), folder)
        yield Point(dict(change), run, cached)


def _key(gold: Path, settings: Settings, docs: Sequence[Path]) -> str:
    """What the outcome depends on: questions, settings, code, and the documents' names, sizes and times, or the home's index."""
    index = None if docs else f"{home()} {current_generation(home())}"
    files = sorted(p for path in docs for p in (path.rglob("*") if path.is_dir() else [path]) if p.is_file())
    stamps = [[str(p.resolve()), p.stat().st_size, p.stat().st_mtime_ns] for p in files]
    parts = [hashlib.sha256(gold.read_bytes()).hexdigest(), asdict(settings), code(), stamps, index]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:24]


def front(points: Sequence[Point]) -> list[Point]:
    """The points that none beats in both quality and latency (the Pareto front), fastest first.

    Times within NOISE of each other count as equal, and of points that are equal in both the first given is kept.
    """
    best: list[Point] = []
    for point in sorted(points, key=lambda p: -p.quality):
        if not any(other.ms <= point.ms * NOISE for other in best):
            best.append(point)
    return sorted(best, key=lambda p: p.ms)
