"""One evaluation from settings to a run: the bot, the questions, the figures, what it was made of."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, cast

from rag.config import Settings
from rag.errors import InputError
from rag.messages import tr

from .figures import figures
from .homes import at_home, indexed
from .metrics.speed import cold_start
from .provenance import describe
from .rows import Gold, load
from .run import Traced, evaluate
from .runs import Run

if TYPE_CHECKING:
    from rag.session import Session

    from .metrics.citations import Judge
    from .provenance import Counted


def measured(
    session: Session,
    gold: Path,
    settings: Settings,
    *,
    docs: Sequence[Path] = (),
    judge: str = "verifier",
    note: str = "",
) -> Run:
    """Evaluate `settings` on `gold`: over an index of `docs` built with these settings or, without, over the home's own.

    The run is not saved yet. Cold start is the time from nothing loaded to the first answer, in seconds.
    """
    rows = load(gold)
    home = indexed(docs, settings) if docs else None
    with at_home(home) if home else nullcontext():
        supports = citation_judge(judge, settings)
        started = time.perf_counter()
        bot = cast("Traced", session.make_bot(settings))
        loaded = time.perf_counter() - started
        done = evaluate(bot, rows, supports=supports, track=_track)
        seconds = time.perf_counter() - started
        cold = cold_start(loaded, done[0].ms)
        meta = describe(
            gold,
            settings,
            cast("Counted", bot.snapshot),
            seconds=seconds,
            cold_start_s=cold,
            docs=docs,
            note=note,
        )
    return Run(meta, tuple(done), figures(done))


def citation_judge(name: str, settings: Settings) -> Judge:
    """Who says whether citations carry a statement: `verifier`, `llm` (the settings' generator), or an NLI model's folder."""
    from .metrics.citations import LlmJudge, NliJudge, VerifierJudge

    if name == "verifier":
        return VerifierJudge()
    if name == "llm":
        if not settings.generator:
            raise InputError("--judge llm needs a language model: set generator in the settings")
        from rag.registry import load as part

        return LlmJudge(part("generators", "transformers")(settings.generator))
    if not Path(name).is_dir():
        raise InputError(f"--judge {name}: give verifier, llm, or the folder of an NLI model")
    return NliJudge(Path(name))


def _track(golds: Iterable[Gold]) -> Iterable[Gold]:
    from rich.console import Console
    from rich.progress import track

    errors = Console(stderr=True)
    return track(
        list(golds), tr("提问", "asking"), console=errors, transient=True, disable=not errors.is_terminal
    )
