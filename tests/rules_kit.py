"""Settings for tests whose subject is neither reader nor embedder: rules and word vectors alone, which need no network of layers and less time."""

from functools import partial

from rag import config

Settings = partial(config.Settings, reader="extractive", embedder=config.BUNDLED_FAST, dense_weight=0.2)
