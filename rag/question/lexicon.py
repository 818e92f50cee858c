"""English words to the Chinese words that translate them: the bundled statistical lexicon.

The glossary of trade-union English (`data/glossary.txt`) goes before it. Rows of `models/lexicon/en_zh.tsv.xz`: English word or phrase, then `Chinese:probability` columns, best first.
"""

from __future__ import annotations

import lzma
from functools import lru_cache
from importlib.resources import files

_ENDINGS = (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("s", ""), ("ing", ""), ("ing", "e"),
            ("ed", ""), ("ed", "e"), ("d", ""), ("er", ""), ("ly", ""))


@lru_cache(maxsize=1)
def _table() -> dict[str, tuple[tuple[str, float], ...]]:
    packed = (files("rag.models") / "lexicon" / "en_zh.tsv.xz").read_bytes()
    table: dict[str, tuple[tuple[str, float], ...]] = {}
    for line in lzma.decompress(packed).decode("utf-8").splitlines():
        english, *columns = line.split("\t")
        pairs = (column.rpartition(":") for column in columns)
        table[english] = tuple((word, float(p)) for word, _, p in pairs)
    for line in (files("rag.data") / "glossary.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            english, _, words = line.partition("=")
            ours = [(word, 1.0 - 0.05 * i) for i, word in enumerate(words.split())]
            table[english] = (*ours, *((w, p * 0.5) for w, p in table.get(english, ()) if w not in words.split()))
    return table


def translate(phrase: str) -> tuple[tuple[str, float], ...]:
    """Chinese words for a lower-case English word or phrase with their probabilities; empty where unknown.

    An inflected form is looked up under its stem as well.
    """
    table = _table()
    phrase = phrase.removesuffix("'s").replace("labor", "labour").replace("organiz", "organis")
    found = dict(table.get(phrase, ()))
    head, _, last = phrase.rpartition(" ")
    for ending, other in _ENDINGS:
        if last.endswith(ending) and len(last) - len(ending) >= 3:
            stem = table.get(f"{head} {last[: len(last) - len(ending)]}{other}".strip(), ())
            for word, p in stem:
                found.setdefault(word, p)
            if stem:
                break
    return tuple(sorted(found.items(), key=lambda pair: -pair[1]))
