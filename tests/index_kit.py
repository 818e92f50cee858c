"""Light stand-ins for the tests of the index: an embedder, a pipeline, a folder of documents."""

import hashlib
from pathlib import Path

import numpy as np

from rag.config import Settings
from rag.errors import EmptyDocument
from rag.index.pipeline import Pipeline
from rag.types import Document, Part, Sentence

SETTINGS = Settings(chunk_tokens=16, chunk_overlap=0)


class HashEmbedder:
    """Vectors from a hash of the text: the same text, the same vector. Counts what it is asked for."""

    max_tokens = None

    def __init__(self, name="hash", dim=8):
        self.name = name
        self.fingerprint = f"sha256:{hashlib.sha256(f'{name}{dim}'.encode()).hexdigest()}"
        self.dim = dim
        self.passages = []

    def _vector(self, text):
        seed = hashlib.sha256(f"{self.name}{text}".encode()).digest()
        vector = np.random.default_rng(list(seed)).normal(size=self.dim)
        return (vector / np.linalg.norm(vector)).astype(np.float32)

    def encode_queries(self, texts):
        return np.stack([self._vector(text) for text in texts])

    def encode_passages(self, texts):
        self.passages += texts
        return np.stack([self._vector(text) for text in texts])

    def count_tokens(self, text):
        return len(text)


def read(path, *, source):
    raw = path.read_text(encoding="utf-8")
    if not raw.strip():
        raise EmptyDocument(f"{path} holds no text")
    return Document(source, raw, f"sha256:{hashlib.sha256(raw.encode()).hexdigest()}")


def clean(document):
    return [Part(title="", clean=document.raw, edits=())]


def describe(document, part):
    sentences, at = [], 0
    for n, line in enumerate(part.clean.splitlines(keepends=True)):
        if line.strip():
            sentences.append(Sentence(at, at + len(line.rstrip()), n))
        at += len(line)
    return Part(document.source, part.clean, part.edits, tuple(sentences))


def pipeline(version="1", **changes):
    steps = {"readers": {".txt": lambda: read}, "clean": clean, "describe": describe, "terms": list, "version": version}
    return Pipeline(**(steps | changes))


def write(folder: Path, **documents: str) -> Path:
    """Files `name.txt` in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in documents.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return folder
