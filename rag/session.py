"""What the command line hands to every command: how to get a bot, and how much to tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .config import Settings
    from .types import Answer

History = Sequence[tuple[str, str]]


class Asks(Protocol):
    """Whatever answers questions: `rag.bot.Bot`, or a stand-in in a test."""

    def ask(self, question: str, history: History = (), *, id: str | None = None) -> Answer:
        """Answer `question`, asked after the (question, answer) pairs of `history`."""
        ...


def make_bot(settings: Settings) -> Asks:
    """The bot over this home's index. Raises NoIndex where nothing has been indexed."""
    from .bot import Bot
    from .config import home

    return Bot(settings, home())


@dataclass(slots=True)
class Session:
    """One call of the command line. Commands find it as `context.obj`."""

    make_bot: Callable[[Settings], Asks] = make_bot
    verbose: bool = False
