"""The steps from a file to its chunks, each exchangeable, and a version that stands for their code."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path
from typing import TypeVar

import rag
from rag import registry
from rag.config import Settings
from rag.errors import DocumentError, UnreadableDocument
from rag.types import Chunk, Document, Part

from .chunk import Count, chunk

# libraries that decide what text comes out of a file
_LIBRARIES = (
    "charset-normalizer", "jieba", "olefile", "onnxruntime", "opencc", "openpyxl", "pypdfium2", "python-calamine", "python-pptx", "rapidocr", "striprtf", "trafilatura",
)  # fmt: skip
_CODE = ("text", "data", "offsets.py", "types.py")

T = TypeVar("T")
Read = Callable[..., Document]  # (path, *, source)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What is done to a file. `readers` go by suffix (`.txt`), which is compared in lower case."""

    readers: Mapping[str, Callable[[], Read]]
    clean: Callable[[Document], list[Part]]
    describe: Callable[[Document, Part], Part]
    terms: Callable[[str], list[str]]
    version: str

    def knows(self, path: Path) -> bool:
        """Whether there is a reader for the suffix of `path`."""
        return path.suffix.lower() in self.readers

    def unknown(self, path: Path) -> str:
        """Why a file that no reader knows is not read."""
        return f"no reader for {path.suffix or 'a name without suffix'!r}; known: {', '.join(sorted(self.readers))}"

    def read(self, path: Path, source: str) -> Document:
        """Read `path` as `source`. Raises DocumentError, whatever went wrong."""
        if not self.knows(path):
            raise UnreadableDocument(self.unknown(path))
        return _guarded(lambda: self.readers[path.suffix.lower()]()(path, source=source))

    def parts(self, document: Document) -> list[Part]:
        """Clean and describe `document`. Raises DocumentError, whatever went wrong."""
        return _guarded(lambda: [self.describe(document, part) for part in self.clean(document)])

    @staticmethod
    def chunks(source: str, parts: list[Part], count: Count, max_tokens: int, overlap: int) -> list[Chunk]:
        """Cut all parts of `source` into chunks."""
        return [
            piece
            for number, part in enumerate(parts)
            for piece in chunk(
                part, source=source, number=number, count_tokens=count, max_tokens=max_tokens, overlap=overlap
            )
        ]


def default_pipeline() -> Pipeline:
    """Assemble the pipeline of this installation: registered readers, own cleaning."""
    from rag.text.tokens import index_terms

    from .clean import clean
    from .metadata import describe

    readers = {
        name: cache(lambda name=name: registry.load("file_readers", name))
        for name in registry.names("file_readers")
    }
    return Pipeline(readers, clean, describe, index_terms, code_version())


def cleaning(pipeline: Pipeline, settings: Settings) -> Pipeline:
    """`pipeline`, with the documents that the settings name cleaned gently."""
    if settings.clean == "full" and not settings.clean_gently:
        return pipeline
    whole, folders = settings.clean == "gentle", settings.clean_gently
    gently = partial(pipeline.clean, gentle=True)  # type: ignore[call-arg]

    def choose(document: Document) -> list[Part]:
        named = any(document.source == folder or document.source.startswith(f"{folder.rstrip('/')}/") for folder in folders)
        return gently(document) if whole or named else pipeline.clean(document)

    return replace(pipeline, clean=choose, version=f"{pipeline.version} {settings.clean} {' '.join(folders)}".rstrip())


def code_version() -> str:
    """Digest of all code and data that decide what a file becomes, so that no change of it goes unnoticed."""
    digest = hashlib.sha256()
    library = Path(rag.__file__).parent
    for root in (Path(__file__).parent, *(library / name for name in _CODE)):
        for path in sorted([root] if root.is_file() else root.rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(f"{path.relative_to(root.parent).as_posix()}\0".encode())
                digest.update(path.read_bytes())
    for point in sorted(entry_points(group="zhiyin.file_readers"), key=lambda point: point.name):
        owner = f"{point.dist.name} {point.dist.version}" if point.dist else ""
        digest.update(f"{point.name}={point.value} {owner}\n".encode())
    for name in _LIBRARIES:
        digest.update(f"{name} {_installed(name)}\n".encode())
    return f"sha256:{digest.hexdigest()}"


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _guarded(step: Callable[[], T]) -> T:
    try:
        return step()
    except DocumentError:
        raise
    except Exception as error:  # whatever a parser meets in a damaged file must not stop the other files
        raise UnreadableDocument(f"unexpected {type(error).__name__}: {error}") from error
