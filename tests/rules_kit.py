"""Settings for tests whose subject is not the reader: the rules alone, which need no model and less time."""

from functools import partial

from rag import config

Settings = partial(config.Settings, reader="extractive")
