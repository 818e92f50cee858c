"""Read the data packs (JSONL, xz) and fold Chinese script; the one place that knows their file names."""

from __future__ import annotations

import functools
import json
import lzma
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TEST_ONLY = frozenset({"reader_test_cmrc_dev", "law_retrieval_dev_queries", "en_zh_dev"})
"""Packs that no training code may open (README of the data packs)."""

Row = dict[str, Any]


def read_pack(data: Path, name: str, *, training: bool = True) -> Iterator[Row]:
    """Yield the rows of pack `name` found in the folder `data`.

    :raises ValueError: when training code asks for a pack that is for tests only.
    :raises FileNotFoundError: when the folder lacks the pack.
    """
    if training and name in TEST_ONLY:
        raise ValueError(f"{name} is for evaluation only and must not be trained on")
    path = data / f"{name}.jsonl.xz"
    if not path.is_file():
        raise FileNotFoundError(f"No pack {path}. Pass the folder of data packs with --data.")
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row: Row = json.loads(line)
            yield row


@functools.cache
def _opencc() -> Any:
    import opencc

    return opencc.OpenCC("t2s")


def simplify(text: str) -> str:
    """Traditional to Simplified with OpenCC's phrase tables (used before cutting words, not in the model)."""
    simplified: str = _opencc().convert(text)
    return simplified


def _fold_char(char: str) -> str:
    if "\uac00" <= char <= "\ud7a3":
        return char
    folded = unicodedata.normalize("NFKC", char).lower()
    if folded and ord(folded[0]) < 0x250:  # Latin: drop accents, so that "café" meets "cafe"
        plain = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
        folded = plain or folded
    folded = "".join(simplify(c) if "\u3400" <= c <= "\U0002ffff" else c for c in folded)
    return folded.replace("著", "着")


@functools.cache
def fold_table() -> dict[int, str]:
    """Character table of the tokenizer's normaliser: NFKC, lower case, Latin accents off, Simplified script.

    Only characters that change are listed. Folding is by character, so a word meets its other-script form whatever
    the words round it; `著` and `着` are one character here.
    """
    blocks = [(0x20, 0x2E80), (0x2E80, 0xA000), (0xF900, 0xFB10), (0xFE30, 0xFFF0), (0x20000, 0x2FA20)]
    table: dict[int, str] = {}
    for start, end in blocks:
        for code in range(start, min(end, sys.maxunicode)):
            folded = _fold_char(chr(code))
            if folded != chr(code) and folded:
                table[code] = folded
    return table


def fold(text: str) -> str:
    """Fold `text` exactly as the saved tokenizer's normaliser does."""
    return text.translate(fold_table())
