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
from .provenance import describe
from .rows import Gold, load
from .run import Traced, evaluate
from .runs import Row, Run

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
        bot.trace(rows[0].question, rows[0].history)  # what is loaded at the first question belongs to the start
        cold = time.perf_counter() - started
        done = evaluate(bot, rows, supports=supports, track=_track)
        seconds = time.perf_counter() - started - cold
        settings = as_built(settings, bot.snapshot)
        meta = describe(
            gold,
            settings,
            cast("Counted", bot.snapshot),
            seconds=seconds,
            cold_start_s=cold,
            docs=docs,
            note=note,
        )
    warn_of_faults(done)
    return Run(meta, tuple(done), figures(done))


def as_built(settings: Settings, snapshot: object) -> Settings:
    """The settings with those that the index was really built with, and a warning where they are others."""
    recipe = getattr(getattr(snapshot, "manifest", None), "recipe", None)
    built = {name: getattr(recipe, name) for name in ("chunk_tokens", "chunk_overlap") if hasattr(recipe, name)}
    other = {name: value for name, value in built.items() if value != getattr(settings, name)}
    if other:
        told = ", ".join(f"{name} = {value}" for name, value in other.items())
        warn(
            tr(
                f"注意:现有索引是按 {told} 建的,与设置不同;请重新运行 zhiyin index,或用 --docs 另建索引",
                f"note: the index was built with {told}, the settings say otherwise; run zhiyin index again, or give --docs",
            )
        )
    return settings.replace(**other)


def warn_of_faults(rows: Sequence[Row]) -> None:
    """Say which rows cannot be right because their evidence is in no document."""
    lost = [row.id for row in rows if None in row.evidence_at]
    if lost:
        some = ", ".join(lost[:5]) + (" …" if len(lost) > 5 else "")
        warn(
            tr(
                f"注意:{len(lost)} 题的依据不在任何已索引的文档里,是题集的错还是文档没有收录,用 zhiyin eval check 查看:{some}",
                f"note: the evidence of {len(lost)} rows is in no indexed document; whether the set is wrong or a document "
                f"is missing, zhiyin eval check tells: {some}",
            )
        )


def warn(text: str) -> None:
    """One line on standard error."""
    from rich.console import Console

    Console(stderr=True).print(text, style="yellow", highlight=False, markup=False, soft_wrap=True)


def citation_judge(name: str, settings: Settings) -> Judge:
    """Who says whether citations carry a statement: `verifier`, `llm` (the settings' generator), or an NLI model's folder."""
    from .metrics.citations import LlmJudge, NliJudge, VerifierJudge

    if name == "verifier":
        return VerifierJudge()
    if name == "llm":
        from rag.generate import load_generator

        generator = load_generator(settings)
        if generator is None:
            raise InputError("--judge llm needs a language model: set generator or generator_url in the settings")
        return LlmJudge(generator)
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
