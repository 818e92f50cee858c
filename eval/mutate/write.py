"""Mutated sets on disk: a gold file a kind, the documents that it is asked over, and how it was made."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any

from rag.errors import InputError, StoreError
from rag.messages import tr

from ..rows import to_row
from .kinds import Kind, Mutated
from .world import World

MANIFEST = "manifest.json"
README = "README.md"
DOCS = "docs"


def write(
    folder: Path, made: Mapping[str, tuple[Kind, Mutated]], world: World, gold: Path, seed: int
) -> dict[str, Any]:
    """Write all of `made` below `folder` and return the manifest.

    `folder/docs` holds the documents as they were, for the kinds that only change questions; a kind that changes
    documents has its own in `folder/KIND/docs`. Raises InputError where something else stands in `folder`,
    StoreError where it can't be written.
    """
    if (
        folder.exists()
        and not (folder / MANIFEST).is_file()
        and (not folder.is_dir() or any(folder.iterdir()))
    ):
        raise InputError(f"{folder} is there and holds no mutated sets; give --out a new folder")
    manifest = {
        "zhiyin": version("zhiyin"),
        "gold": gold.name,
        "gold_sha256": hashlib.sha256(gold.read_bytes()).hexdigest(),
        "seed": seed,
        "documents": len(world.documents),
        "kinds": [_entry(kind, result) for kind, result in made.values()],
    }
    try:
        _clear(folder, made)
        folder.mkdir(parents=True, exist_ok=True)
        _documents(folder / DOCS, world.documents)
        for name, (_, result) in made.items():
            if not result.pairs:
                continue  # the manifest tells why there are none; a set without rows could not be run
            (folder / name).mkdir()
            rows = [json.dumps(to_row(new), ensure_ascii=False) for _, new in result.pairs]
            (folder / name / "gold.jsonl").write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
            if result.documents is not None:
                _documents(folder / name / DOCS, result.documents)
        text = json.dumps(manifest, ensure_ascii=False, indent=1)
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
        (folder / README).write_text(_readme(manifest), encoding="utf-8")
    except OSError as error:
        raise StoreError(f"can't write the mutated sets to {folder}: {error}") from error
    return manifest


def _clear(folder: Path, made: Mapping[str, object]) -> None:
    """Take away what an earlier call wrote, and nothing else that was put beside it."""
    if (folder / MANIFEST).is_file():
        before = json.loads((folder / MANIFEST).read_text(encoding="utf-8")).get("kinds", [])
        for name in {DOCS, *made, *(entry["kind"] for entry in before)}:
            shutil.rmtree(folder / name, ignore_errors=True)


def _entry(kind: Kind, result: Mutated) -> dict[str, Any]:
    gold = f"{kind.name}/gold.jsonl"
    docs = DOCS if result.documents is None else f"{kind.name}/{DOCS}"
    return {
        "kind": kind.name,
        "promise": kind.promise,
        "rows": len(result.pairs),
        "gold": gold,
        "docs": docs,
        "run": f"zhiyin eval {gold} --docs {docs}",
        "dropped": dict(result.dropped.most_common()),
    }


def _documents(folder: Path, texts: Mapping[str, str]) -> None:
    """Write texts by source. Not `write_text`, which would rewrite line ends that citations count."""
    for source, text in texts.items():
        path = folder / PurePosixPath(source)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))


def _readme(manifest: dict[str, Any]) -> str:
    lines = [
        tr(f"# {manifest['gold']} 的变体", f"# Variants of {manifest['gold']}"),
        "",
        tr(
            f"由 `zhiyin eval mutate` 生成,种子 {manifest['seed']}。每一行保留原题的编号,"
            "因此可以与原题的运行逐题比较:`zhiyin eval compare`。在本目录中运行:",
            f"Made by `zhiyin eval mutate` with seed {manifest['seed']}. A row keeps the id of its original, so that "
            "a run can be compared question by question with one on the original: `zhiyin eval compare`. In this folder:",
        ),
        "",
    ]
    for entry in manifest["kinds"]:
        lines += [f"## {entry['kind']} ({entry['rows']})", "", entry["promise"], ""]
        if entry["rows"]:
            lines += [f"    {entry['run']}", ""]
    return "\n".join(lines)
