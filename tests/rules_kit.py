"""Settings for tests whose subject is neither reader nor embedder: rules and word vectors alone, which need no network of layers and less time."""

from functools import partial
from pathlib import Path

from rag import config
from rag.bot import Bot
from rag.index.build import build

from .index_kit import HashEmbedder

Settings = partial(config.Settings, reader="extractive", embedder=config.BUNDLED_FAST, dense_weight=0.2)


def bot_over(home: Path, folder: Path, files: dict[str, str]) -> Bot:
    """A bot over files by their names, written into a new `folder` and indexed in `home`."""
    embedder = HashEmbedder(dim=64)
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    build([folder], home=home, settings=Settings(), embedder=embedder)
    return Bot(Settings(), home, embedder=embedder)
