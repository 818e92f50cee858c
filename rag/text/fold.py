"""Folding: one spelling for what is one text to a reader, without moving a single character.

Traditional characters become Simplified, full-width forms half-width, capitals small: character by character,
so that `fold(text)[i]` always stands for `text[i]` and spans found in one hold in the other. The table ships
as data (see `train/fold_table.py`: OpenCC's character dictionary and Unicode NFKC), so it does not change with
the Python version.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources

_LAST = 0x30000


def fold(text: str) -> str:
    """`text` in Simplified script, half width and lower case; always of exactly the same length.

    >>> fold("臺灣ＡＢＣ「工會」")
    '台湾abc“工会”'
    """
    return text.lower() if text.isascii() else text.translate(_table())


def is_traditional(text: str) -> bool:
    """Say whether more characters of `text` belong to Traditional script alone than to Simplified alone."""
    traditional, simplified = _scripts()
    return len(traditional.findall(text)) > len(simplified.findall(text))


@lru_cache(maxsize=1)
def _data() -> tuple[str, str, str]:
    text = resources.files("rag.data").joinpath("fold.txt").read_text(encoding="utf-8")
    before, after, simplified = text.split("\n")[:3]
    if len(before) != len(after):
        raise ValueError(f"rag/data/fold.txt is damaged: {len(before)} characters become {len(after)}")
    return before, after, simplified


@lru_cache(maxsize=1)
def _table() -> str:
    # str.translate takes anything that can be indexed; a string answers faster than a dict, which would raise
    # and catch a KeyError for every character that stays as it is
    before, after, _ = _data()
    chars = list(map(chr, range(_LAST)))
    for old, new in zip(before, after, strict=True):
        chars[ord(old)] = new
    return "".join(chars)


@lru_cache(maxsize=1)
def _scripts() -> tuple[re.Pattern[str], re.Pattern[str]]:
    before, after, simplified = _data()
    pairs = zip(before, after, strict=True)
    traditional = "".join(a for a, b in pairs if "\u3400" <= a <= "\u9fff" and b >= "\u3400")
    return re.compile(f"[{traditional}]"), re.compile(f"[{simplified}]")


_HALF = {full: full - 0xFEE0 for full in range(0xFF01, 0xFF5F)}


def half_width(text: str) -> str:
    """`text` with full-width letters, digits and punctuation as their ASCII forms; of the same length."""
    return text.translate(_HALF)
