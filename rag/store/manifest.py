"""What a generation says about itself: `manifest.json`, sealed with its own checksum."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import IndexCorrupt, ModelMismatch

FORMAT = 3
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Model:
    """The embedder that the vectors are from."""

    name: str
    fingerprint: str
    dim: int


@dataclass(frozen=True, slots=True)
class Recipe:
    """What besides the files and the model decides an index: another recipe means another generation.

    `pipeline` stands for the code that read, cleaned and described; `index_type` is the wish, `auto` included.
    """

    pipeline: str
    chunk_tokens: int
    chunk_overlap: int
    index_type: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One document of a generation. `file` is the SHA-256 of the file's bytes, `version` that of its raw text.

    `groups` are those that may read it, sorted; None for everyone.
    """

    file: str
    version: str
    parts: int
    chunks: int
    groups: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class FileSum:
    """Size in bytes and SHA-256 of one file of the generation."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that `manifest.json` holds. `index` is the vector index in use, one of `kinds.KINDS`."""

    generation: str
    created: str  # ISO 8601, UTC
    model: Model
    recipe: Recipe
    index: str
    documents: Mapping[str, Entry]  # by source, in the order of the corpus
    files: Mapping[str, FileSum]  # by POSIX path below the generation's folder
    counts: Mapping[str, int]  # documents, parts, sentences, chunks
    metric: str = "inner-product"
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Write `manifest.json` into `folder`."""
        body = dataclasses.asdict(self)
        body["checksum"] = _seal(body)
        (folder / MANIFEST).write_text(
            json.dumps(body, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read and check the manifest in `folder`; FileNotFoundError where there is none.

        Raises IndexCorrupt where it is damaged, ModelMismatch where its format is another than ours.
        """
        path = folder / MANIFEST
        text = path.read_bytes()
        try:
            body = json.loads(text)
            written = body.pop("format")
            seal = body.pop("checksum")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise IndexCorrupt(
                f"{path} is damaged ({error}); build the index again: zhiyin index PATH"
            ) from error
        if written != FORMAT:
            raise ModelMismatch(
                f"the index in {folder} has format {written!r}, this version of Zhiyin reads format {FORMAT}; "
                "build the index again: zhiyin index PATH"
            )
        if seal != _seal({**body, "format": written}):
            raise IndexCorrupt(
                f"{path} was changed after it was written; build the index again: zhiyin index PATH"
            )
        body["model"] = Model(**body["model"])
        body["recipe"] = Recipe(**body["recipe"])
        body["documents"] = {source: _entry(entry) for source, entry in body["documents"].items()}
        body["files"] = {name: FileSum(**value) for name, value in body["files"].items()}
        return cls(**body)

    def restricted(self, sources: Collection[str]) -> Manifest:
        """What it would say of these documents alone; it names no files, since they hold the others, too."""
        documents = {source: entry for source, entry in self.documents.items() if source in sources}
        counts = {
            "documents": len(documents),
            "parts": sum(entry.parts for entry in documents.values()),
            "chunks": sum(entry.chunks for entry in documents.values()),
        }
        return dataclasses.replace(self, documents=documents, files={}, counts=counts)

    def check_files(self, folder: Path, *, contents: bool) -> list[str]:
        """Say what is wrong with the files in `folder`, one line each; with `contents` their checksums, too."""
        wrong: list[str] = []
        for name, expected in self.files.items():
            path = folder / name
            if not path.is_file():
                wrong.append(f"{path} is missing")
            elif (size := path.stat().st_size) != expected.bytes:
                wrong.append(f"{path} has {size} bytes, {expected.bytes} were written")
            elif contents and sha256(path) != expected.sha256:
                wrong.append(f"{path} was changed after it was written (SHA-256 differs)")
        return wrong


def _entry(body: dict[str, Any]) -> Entry:
    groups = body.pop("groups")
    return Entry(**body, groups=None if groups is None else tuple(groups))


def sums(folder: Path, files: Iterable[Path]) -> dict[str, FileSum]:
    """Size and checksum of each of `files`, keyed by path below `folder`."""
    return {
        path.relative_to(folder).as_posix(): FileSum(path.stat().st_size, sha256(path))
        for path in sorted(files)
    }


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _seal(body: Mapping[str, Any]) -> str:
    canonical = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
