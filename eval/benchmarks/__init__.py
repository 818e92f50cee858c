"""Published benchmarks, read in the formats in which they are published, scored as their authors score them.

`run(NAME, FOLDER)` is the way in. `squad`, `rgb`, `crud` and `beir` are the benchmarks, `squad_rows` and `rgb_rows`
read their files; `collection` builds the index that answers, `given` limits it to the passages of one question,
`memory` holds collections that are only searched; `legs` scores retrieval, `span` and `overlap` texts; `result` says
what comes back.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from rag import __version__
from rag.config import Settings
from rag.errors import InputError

from ..provenance import cores
from . import beir, crud, rgb, squad
from .result import Progress, Result, silent

Runner = Callable[[Path, int | None, Settings, Progress], Result]

NAMES: dict[str, Runner] = {
    "cmrc": squad.CMRC.run,
    "drcd": squad.DRCD.run,
    "squad": squad.SQUAD.run,
    "rgb": rgb.run,
    "crud": crud.run,
    "beir": beir.run,
}
"""Every benchmark by the name that `zhiyin bench` takes."""


def check_name(name: str) -> None:
    """Raise InputError for a name that is not among NAMES, with the nearest."""
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(NAMES)}"
        raise InputError(f"unknown benchmark {name!r}{hint}")


def run(
    name: str,
    data: Path,
    limit: int | None = None,
    settings: Settings | None = None,
    progress: Progress = silent,
) -> Result:
    """Run benchmark `name` on the files in `data`; `limit` is the most questions of each of its sets.

    Raises InputError for an unknown name, for data that is not there or not in the published format.
    """
    check_name(name)
    if not data.exists():
        raise InputError(f"no file or folder {str(data)!r}; --data is where the files of {name} are")
    chosen = settings or Settings()
    started = time.perf_counter()
    result = NAMES[name](data, limit, chosen, progress)
    result.meta |= {
        "limit": limit,
        "seconds": round(time.perf_counter() - started, 1),
        "cores": cores(),
        "version": __version__,
        "settings": asdict(chosen),
    }
    return result
