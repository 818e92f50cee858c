"""Stub language models that say nothing untrue, asked the gold questions: is it shown where it answers, and only there.

The reciter never says that there is no answer: it recites the passages it was given. All that is true and proved, so what
must be caught is that it does not answer the question. The teller knows the gold set and says its evidence, word for word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from rag.bot import Bot
from rag.config import Settings
from rag.messages import tr
from rag.text.sentences import split

from .. import homes
from ..judge import judge
from ..rows import Gold, bundled, load
from ..run import texts

if TYPE_CHECKING:
    from rich.table import Table

    from rag.generate import Messages

SOURCES = 2  # passages that the reciter recites
_SOURCE = re.compile(r"^\[(\d+)\]\n(`{3,})\n[^\n]*\n\n(.*?)\n\2$", re.MULTILINE | re.DOTALL)


class _StandIn:
    fingerprint = "sha256:stand-in"
    context: int | None = None

    def count(self, messages: Messages) -> int:
        """Characters."""
        return sum(len(m["content"]) for m in messages)


class Reciter(_StandIn):
    """Recites the first passages."""

    name = "reciter"

    def stream(self, messages: Messages, *, max_tokens: int, stop: Callable[[], bool] | None = None) -> Iterator[str]:
        """Yield the sentences of the first sources, each with its number."""
        for number, _, text in _SOURCE.findall(messages[-1]["content"])[:SOURCES]:
            for start, end in split(text):
                yield f"{text[start:end].rstrip('。')}[{number}]。\n"


class Teller(_StandIn):
    """Says what it is given before each question."""

    name = "teller"

    def __init__(self) -> None:
        self.evidence: Sequence[str] = ()

    def stream(self, messages: Messages, *, max_tokens: int, stop: Callable[[], bool] | None = None) -> Iterator[str]:
        """Yield the evidence, a piece each."""
        yield from (f"{text.strip().rstrip('。')}[1]。\n" for text in self.evidence)


def measure(settings: Settings) -> dict[str, dict[str, tuple[int, int]]]:
    """`asked` of the bundled gold set and the sample documents."""
    return asked(load(bundled()), homes.indexed([Path(str(files("rag.seeds")))], settings), settings)


def asked(rows: Sequence[Gold], home: Path, settings: Settings) -> dict[str, dict[str, tuple[int, int]]]:
    """Questions dealt with rightly, and all, by whether they are to be refused: of the reader alone, and with each stand-in."""
    settings = settings.replace(generator="", generator_url="")
    teller = Teller()
    bots = {"reader": Bot(settings, home), "reciter": Bot(settings, home, generator=Reciter()), "teller": Bot(settings, home, generator=teller)}
    out: dict[str, dict[str, tuple[int, int]]] = {}
    for name, bot in bots.items():
        raw = texts(bot.snapshot)
        right = {False: 0, True: 0}
        for row in rows:
            teller.evidence = list(dict.fromkeys(text for _, text in row.evidence))
            right[row.refuse] += judge(row, bot.ask(row.question, row.history), raw).right
        out[name] = {"answered": (right[False], sum(not r.refuse for r in rows)), "refused": (right[True], sum(r.refuse for r in rows))}
    return out


def table(measured: dict[str, dict[str, tuple[int, int]]]) -> Table:
    """The figures of `measure` for a terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    out = Table(box=SIMPLE_HEAD)
    out.add_column(tr("样本题集，由谁回答", "gold questions, answered by"))
    out.add_column(tr("有答案的题答对", "answered rightly"), justify="right")
    out.add_column(tr("应拒答的题拒答", "refused rightly"), justify="right")
    names = {"reader": tr("阅读器", "the reader"), "reciter": tr("另加照念原文的模型", "and a model that recites"),
             "teller": tr("另加说出依据的模型", "and a model that says the evidence")}  # fmt: skip
    for name, figures in measured.items():
        out.add_row(names[name], *(f"{right}/{total} ({right / max(total, 1):.1%})" for right, total in figures.values()))
    return out
