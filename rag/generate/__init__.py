"""Language models that write answers: on this machine, or on a server. Their text is never shown before it was verified.

`load_generator` is the way in. `local.py` runs a model by transformers, `server.py` asks any server that speaks OpenAI's
protocol. What a model is told, and what its text says, is in `rag.generate.prompt`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from .. import registry

if TYPE_CHECKING:
    from ..config import Settings

Messages = list[dict[str, str]]
"""A chat as models take it: `{"role": "system" | "user" | "assistant", "content": text}`, oldest first."""


CHARACTERS = 8
"""Most characters of an answer for each token that it may have: more, and a model does not keep to its limit."""


class Generator(Protocol):
    """A chat model that writes piece by piece. One may be used by several threads at once."""

    @property
    def name(self) -> str:
        """The name it was asked for by."""

    @property
    def fingerprint(self) -> str:
        """`sha256:…`: of a local model over all that decides what it writes, of a server over its address and the model's name."""

    @property
    def context(self) -> int | None:
        """Most tokens that prompt and answer may have together; None where the model does not tell."""

    def count(self, messages: Messages) -> int:
        """Tokens of the prompt that `messages` make: exact for a local model, for a server a careful estimate.

        Raises ModelError.
        """

    def stream(self, messages: Messages, *, max_tokens: int, stop: Callable[[], bool] | None = None) -> Iterator[str]:
        """Yield the answer in pieces, at most `max_tokens` long; end early once `stop()` is true.

        No piece ends within a character. `stop` is asked by the thread that reads, 20 times a second also while it waits.
        Closing the iterator ends the work, too, within the time of one matrix product or of closing a connection.
        Raises InputError for `max_tokens` below 1, OutOfTime where the whole takes longer than `generator_seconds`,
        ModelError where the model fails; all but the first may come after pieces.
        """


def load_generator(settings: Settings) -> Generator | None:
    """The language model that the settings ask for; None where they name neither `generator` nor `generator_url`.

    Raises ModelError where it can't be loaded, ConfigError where the settings contradict each other.
    """
    if not settings.generator and not settings.generator_url:
        return None
    loaded: Generator = registry.load("generators", "openai" if settings.generator_url else "transformers")(settings)
    return loaded
