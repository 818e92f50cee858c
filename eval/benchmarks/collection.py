"""Texts as an index of their own, in a temporary home that goes away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from rag.config import Settings

from ..homes import build
from .given import GivenBot


@contextmanager
def collection(texts: Mapping[str, str], settings: Settings) -> Iterator[GivenBot]:
    """Index `texts` (file name to text) with `zhiyin index` and open a bot on them.

    A text without a word in it is skipped, as such a document would be. Raises ZhiyinError with the command's own words
    where nothing could be indexed.
    """
    with TemporaryDirectory(prefix="zhiyin-bench-") as folder:
        home, documents = Path(folder) / "home", Path(folder) / "documents"
        documents.mkdir()
        for name, text in texts.items():
            (documents / name).write_text(text, encoding="utf-8", newline="\n")
        build(home, [str(documents)], settings)
        bot = GivenBot(settings, home)
        try:
            yield bot
        finally:
            bot.snapshot.close()


def named(texts: Iterator[str]) -> dict[str, str]:
    """File names by text, one for texts that are equal: `00000.txt`, in the order in which the texts come.

    >>> named(iter(["甲", "乙", "甲"]))
    {'甲': '00000.txt', '乙': '00001.txt'}
    """
    return {text: f"{number:05d}.txt" for number, text in enumerate(dict.fromkeys(texts))}
