"""The same question in Traditional characters, and in full-width forms."""

from __future__ import annotations

import random
import unicodedata
from functools import lru_cache
from typing import Any

from rag.messages import tr
from rag.text.fold import fold

from ..rows import Gold
from .kept import same_demand
from .kinds import Documents, Skip, mutated
from .world import World

_FULL = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}


@lru_cache(maxsize=2)
def _converter(way: str) -> Any:
    import opencc

    return opencc.OpenCC(way)


def to_simplified(text: str) -> str:
    """`text` in Simplified characters (OpenCC `t2s`)."""
    return str(_converter("t2s").convert(text))


def traditional(gold: Gold, world: World, rng: random.Random) -> Gold:
    """The question in Traditional characters (OpenCC `s2t`), word for word the same."""
    text = _converter("s2t").convert(gold.question)
    if text == gold.question:
        raise Skip(tr("没有简体字", "no Simplified character in it"))
    return mutated(gold, "traditional", question=text)


def is_traditional(original: Gold, new: Gold, documents: Documents) -> str | None:
    """See `traditional`."""
    if broken := same_demand(original, new):
        return broken
    simple = _converter("t2s").convert
    if simple(new.question) != simple(original.question) or fold(new.question) != fold(original.question):
        return tr("转回简体后不是原来的问题", "back in Simplified script it is another question")
    return None


def full_width(gold: Gold, world: World, rng: random.Random) -> Gold:
    """Digits, Latin letters, spaces and ASCII punctuation in their full-width forms; nothing else is changed."""
    text = gold.question.translate(_FULL)
    if text == gold.question:
        raise Skip(tr("没有半角字符", "no half-width character in it"))
    return mutated(gold, "full_width", question=text)


def is_full_width(original: Gold, new: Gold, documents: Documents) -> str | None:
    """See `full_width`."""
    if broken := same_demand(original, new):
        return broken
    if any(" " <= char <= "~" for char in new.question):
        return tr("还有半角字符", "a half-width character is left")
    if unicodedata.normalize("NFKC", new.question) != unicodedata.normalize("NFKC", original.question):
        return tr("字形归一后不是原来的问题", "normalised it is another question")
    return None
