"""Every error that Zhiyin raises on purpose, as one tree.

ZhiyinError
├── ConfigError          a setting is missing, unknown or out of range
├── DocumentError        one document can't be used; the others go on
│   ├── UnreadableDocument   wrong type, damaged, encrypted, binary
│   ├── EmptyDocument        nothing to read in it
│   └── DocumentTooLarge     over the configured size
├── StoreError           the index on disk
│   ├── NoIndex              nothing has been indexed yet
│   ├── IndexLocked          another process is writing
│   ├── IndexCorrupt         a checksum or a format does not hold
│   └── ModelMismatch        built with another model or format
├── ModelError           a model can't be loaded or run
│   ├── UnknownPlugin        no such embedder, reader, generator …
│   └── OutOfTime            a model took longer than it may
├── InputError           what a caller sent can't be understood
└── Stopped              nobody waits for the answer any more

A message says what was wrong, with what value, and what to do next.
"""


class ZhiyinError(Exception):
    """Base of all errors raised on purpose. `exit_code` is what the command line returns."""

    exit_code = 1


class ConfigError(ZhiyinError):
    """A setting is missing, unknown or out of range."""

    exit_code = 2


class DocumentError(ZhiyinError):
    """One document can't be used. Indexing reports it by name and goes on."""


class UnreadableDocument(DocumentError):
    """The file is not what its name says, is damaged, encrypted, or binary."""


class EmptyDocument(DocumentError):
    """The file holds no text."""


class DocumentTooLarge(DocumentError):
    """The file is larger than the configured limit."""


class StoreError(ZhiyinError):
    """The index on disk can't serve."""


class NoIndex(StoreError):
    """Nothing has been indexed yet."""


class IndexLocked(StoreError):
    """Another process is writing the index."""


class IndexCorrupt(StoreError):
    """A checksum, a file or a format version does not hold."""


class ModelMismatch(StoreError):
    """The index was built with another model or format than the one in use."""


class ModelError(ZhiyinError):
    """A model can't be loaded or run."""


class UnknownPlugin(ModelError):
    """No part of that name is installed."""


class OutOfTime(ModelError):
    """A model took longer than it may. What it gave before stands."""


class InputError(ZhiyinError):
    """What a caller sent can't be understood."""

    exit_code = 2


class Stopped(ZhiyinError):
    """Nobody waits for the answer any more (`rag.stopping`)."""
