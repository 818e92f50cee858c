"""Models that were pulled: `$ZHIYIN_HOME/models/NAME`, each with a manifest of what was fetched.

The manifest is a hidden file, so that the model's fingerprint is that of the model's own files alone.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ModelError

MANIFEST = ".zhiyin.json"
PULLING = ".pulling-"
REMOVED = ".removed-"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Sum:
    """Size in bytes and SHA-256 of a file."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Installed:
    """What is known of a pulled model. `source` is a hub's name or a folder; `revision` what it calls this version.

    `prompts` are a preset's, used where the model's own configuration names none.
    """

    name: str
    kind: str
    source: str
    repo: str
    revision: str
    pulled: str  # ISO 8601, UTC
    prompts: tuple[str, str] | None
    files: Mapping[str, Sum]  # by POSIX path below the model's folder
    format: int = FORMAT

    @property
    def bytes(self) -> int:
        """Size on disk."""
        return sum(file.bytes for file in self.files.values())


def root(home: Path) -> Path:
    """The folder of all pulled models."""
    return home / "models"


def folder(home: Path, name: str) -> Path | None:
    """The folder of the pulled model `name`; None where there is none, or only the beginning of one."""
    if not name or Path(name).name != name or name.startswith("."):
        return None
    where = root(home) / name
    return where if (where / MANIFEST).is_file() else None


def read(where: Path) -> Installed:
    """Read the manifest in the folder `where`. Raises ModelError where it is missing or damaged."""
    path = where / MANIFEST
    try:
        body: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if body["format"] != FORMAT:
            raise ValueError(f"format {body['format']!r}")
        body["files"] = {name: Sum(**value) for name, value in body["files"].items()}
        body["prompts"] = tuple(body["prompts"]) if body["prompts"] else None
        return Installed(**body)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{path} is damaged ({error}); fetch the model again: zhiyin models pull {where.name}"
        ) from error


def write(where: Path, model: Installed) -> None:
    """Write the manifest into the folder `where`."""
    (where / MANIFEST).write_text(
        json.dumps(dataclasses.asdict(model), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )


def prompts_of(where: Path) -> tuple[str, str] | None:
    """The preset's prompts that a model in the folder `where` was pulled with; None for any other folder."""
    return read(where).prompts if (where / MANIFEST).is_file() else None


def every(home: Path) -> list[str]:
    """Names of all pulled models, sorted."""
    try:
        names = sorted(path.name for path in root(home).iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [name for name in names if folder(home, name)]


def unfinished(home: Path) -> dict[str, int]:
    """Bytes on disk of each model of which a pull has left, or is bringing, only a part; by name."""
    try:
        begun = sorted(path for path in root(home).glob(f"{PULLING}*") if path.is_dir())
    except OSError:
        return {}
    return {path.name.removeprefix(PULLING): size(path) for path in begun}


def size(where: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in where.rglob("*") if path.is_file())
