"""A run on disk: every answer with what it was worth, what made it, and the figures over all of them.

A folder with `run.json` (what was run), `rows.jsonl` (a question a line), `metrics.json`, `report.html` and
`junit.xml`. It is written beside and moved into place, so that a folder of that name is always a whole run.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from rag.config import home
from rag.errors import InputError, StoreError

META, ROWS, METRICS = "run.json", "rows.jsonl", "metrics.json"
LAST = "last"
KEPT = ("id", "answer", "short", "refused", "reason")
"""What a slim run keeps of an answer."""


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a document, in characters of its raw text."""

    source: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """A retrieved passage in rank order, and the numbers of the pieces of evidence that it covers."""

    source: str
    start: int
    end: int
    score: float
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One question of a run.

    `metrics` holds the measures that apply to it and None for those that do not; `stage` is where a wrong row was
    lost (`eval.stages`), None for a right one; `candidate` is what would have been said without a threshold.
    """

    id: str
    kind: str
    question: str
    right: bool
    answer: dict[str, Any]
    expected: tuple[tuple[str, ...], ...] = ()
    evidence: tuple[tuple[str, str], ...] = ()
    refuse: bool = False
    origin: str = "written"
    history: tuple[tuple[str, str], ...] = ()
    reason: str = ""
    stage: str | None = None
    metrics: dict[str, float | None] = field(default_factory=dict)
    ms: float = 0.0
    support: float = 0.0
    candidate: str = ""
    candidate_right: bool = False
    violations: tuple[str, ...] = ()
    evidence_at: tuple[Place | None, ...] = ()
    retrieved: tuple[Ranked, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether the answer is a refusal."""
        return bool(self.answer.get("refused"))

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Row:
        """The row that `dataclasses.asdict` made a JSON object of. Raises InputError for anything else."""
        known = {f.name for f in fields(cls)}
        try:
            values = {name: v for name, v in value.items() if name in known}
            for name in ("history", "evidence", "expected"):
                values[name] = tuple(tuple(pair) for pair in values.get(name, ()))
            values["violations"] = tuple(values.get("violations", ()))
            values["evidence_at"] = tuple(
                None if p is None else Place(**p) for p in values.get("evidence_at", ())
            )
            values["retrieved"] = tuple(
                Ranked(**{**r, "evidence": tuple(r["evidence"])}) for r in values.get("retrieved", ())
            )
            return cls(**values)
        except (TypeError, KeyError, ValueError) as error:
            raise InputError(f"not a row of a run: {error}") from error


@dataclass(frozen=True, slots=True)
class Run:
    """A whole run; `folder` is None until it is saved."""

    meta: dict[str, Any]
    rows: tuple[Row, ...]
    metrics: dict[str, Any]
    folder: Path | None = None

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name if self.folder else str(self.meta.get("gold", "run"))


def slim(run: Run) -> Run:
    """The run without passages and quotes: small enough to be kept beside the code as a baseline."""
    rows = [
        replace(row, retrieved=(), answer={k: v for k, v in row.answer.items() if k in KEPT})
        for row in run.rows
    ]
    return replace(run, rows=tuple(rows))


def new_folder(gold: str) -> Path:
    """A folder in this home for a run of now, named after the time and the gold set; it does not exist yet."""
    stem = re.sub(r"[^\w.-]+", "-", Path(gold).stem).strip("-.") or "gold"
    name = f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-{stem}"
    folder, n = runs() / name, 2
    while folder.exists():
        folder, n = runs() / f"{name}-{n}", n + 1
    return folder


def runs() -> Path:
    """Where this home keeps its runs."""
    return home() / "runs"


def save(run: Run, folder: Path, extra: Mapping[str, str] | None = None) -> Run:
    """Write `run`, and the files of `extra` by name, to `folder`.

    Raises InputError where something else than a run stands there, StoreError where it can't be written.
    """
    if folder.exists() and not (folder / META).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is there and is no run; give --out a new folder")
    files = {
        META: json.dumps(run.meta, ensure_ascii=False, indent=1) + "\n",
        ROWS: "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in run.rows),
        METRICS: json.dumps(run.metrics, ensure_ascii=False, indent=1) + "\n",
        **(extra or {}),
    }
    beside = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
        for name, text in files.items():
            (beside / name).write_text(text, encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        beside.rename(folder)
    except OSError as error:
        shutil.rmtree(beside, ignore_errors=True)
        raise StoreError(f"can't write the run to {folder}: {error}") from error
    return Run(run.meta, run.rows, run.metrics, folder)


def resolve(name: str) -> Path:
    """The folder of a run: a path, the name of a run in this home, or `last`.

    Raises InputError for one that is not there, with those that are.
    """
    known = sorted(p.name for p in runs().glob("*") if (p / META).is_file()) if runs().is_dir() else []
    if name == LAST and known:
        return runs() / known[-1]
    for folder in (Path(name), runs() / name):
        if (folder / META).is_file():
            return folder
    hint = f"; in {runs()}: {', '.join(known[-5:])}" if known else "; write one with: zhiyin eval"
    raise InputError(f"no run at {name!r}{hint}")


def load_run(path: Path | str) -> Run:
    """Read a run. Raises InputError for a folder that holds none, or a damaged one, with the file and line."""
    folder = resolve(str(path))
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        metrics = json.loads((folder / METRICS).read_text(encoding="utf-8"))
        rows = tuple(_rows((folder / ROWS).read_text(encoding="utf-8"), folder / ROWS))
    except (OSError, ValueError) as error:
        raise InputError(f"the run {folder} is damaged: {error}") from error
    return Run(meta, rows, metrics, folder)


def _rows(text: str, path: Path) -> Iterable[Row]:
    # not splitlines(): a document's own line separators (U+2028, U+0085) stand in the strings as they are
    lines = text.split("\n")
    for number, line in enumerate(lines if lines[-1] else lines[:-1], 1):
        try:
            yield Row.from_json(json.loads(line))
        except (ValueError, AttributeError, InputError) as error:
            raise InputError(f"{path}, line {number}: {error}") from error
