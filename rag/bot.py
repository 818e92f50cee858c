"""Question in, proved answer or refusal out."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .asking import Asking
from .config import BUNDLED, BUNDLED_FAST, Settings
from .encoder.embed import load_embedder
from .errors import InputError, ModelError, ModelMismatch, NoIndex
from .generate import load_generator
from .question.followup import anchor_of, anchored
from .question.query import understand
from .question.rewrite import rewritten
from .question.smalltalk import is_smalltalk
from .question.terms import Matcher
from .read import View
from .refusal import Reason, message
from .registry import load
from .store import Snapshot, current_generation
from .tools import Tools
from .trace import Trace
from .types import Answer
from .verify.entailment import load_entailment

if TYPE_CHECKING:
    from .access import Scope
    from .encoder.embed import Embedder
    from .generate import Generator
    from .retrieve.filters import Filters

MAX_QUESTION = 2000  # characters
_VIEWS_KEPT = 20_000
_SCOPES_KEPT = 32
_AGAIN_AFTER = 30.0  # seconds until a model that could not be loaded is tried again

_log = logging.getLogger("zhiyin.bot")


class Bot:
    """Answers questions from the current generation of the index in `home`. Thread-safe.

    A generation is searched with the model that it was built with, whatever the settings say meanwhile: after another
    was chosen the old generation goes on answering until the new one is there, and then the model changes with it. It
    goes on, too, where the new one's model can't be loaded; that is logged once and tried again from time to time.
    Raises NoIndex where nothing was indexed, ModelMismatch where the index was built with an embedder that is not here.
    """

    def __init__(
        self, settings: Settings, home: Path, *, embedder: Embedder | None = None, generator: Generator | None = None,
        generation: str | None = None,
    ) -> None:
        """`embedder` and `generator` take the place of those that the settings name; `generation` is asked in place of the current one."""
        self.settings = settings
        self.home = home
        self._pinned = generation
        self._lock = threading.Lock()
        self._views: OrderedDict[tuple[str, str, int, int], View] = OrderedDict()
        self._opening = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._failed: tuple[str, str, float] | None = None  # generation that can't be used, why, and when to try again
        self._fixed = embedder is not None
        self._scoped: OrderedDict[tuple[str, frozenset[str]], Snapshot] = OrderedDict()
        self._scoping = threading.Lock()
        embedder_ = embedder or load_embedder(settings)
        # words are compared in the space of the fast model whatever embeds the passages: it knows single words
        words = embedder_ if embedder or settings.embedder == BUNDLED_FAST else load_embedder(settings.replace(embedder=BUNDLED_FAST))
        self._asked = embedder_
        writer = generator or load_generator(settings)
        self._tools = Tools(
            settings, embedder_, Matcher(words.encode_passages), self.view, load("readers", settings.reader),
            reranker=load("rerankers", BUNDLED if settings.reranker == BUNDLED else "cross-encoder")(settings.reranker) if settings.reranker else None,
            generator=writer, entails=load_entailment(settings.entailment).proves if settings.entailment and writer else None,
        )
        self._by_generation: dict[str, Tools] = {}  # this one and the one before, which questions may still be using

    @property
    def snapshot(self) -> Snapshot:
        """The current generation; opened again when the pointer has moved."""
        current = self._pinned or current_generation(self.home)
        if current is None:
            raise NoIndex(f"nothing is indexed in {self.home} yet; run: zhiyin index")
        held = self._snapshot
        if held is not None and (held.generation == current or self._waits(current)):
            return held
        # one thread opens the next, which may have to load its model; the others go on with what there is
        if not self._opening.acquire(blocking=held is None) and held is not None:
            return held
        try:
            if self._snapshot is None or self._snapshot.generation != current:
                old = self._snapshot
                try:
                    snapshot = Snapshot.open(self.home, self._pinned)
                    tools = self._tools_for(snapshot)
                except (ModelError, ModelMismatch) as error:
                    if old is None:
                        raise
                    self._put_off(current, old.generation, str(error))
                    return old
                self._failed = None
                before = {} if old is None else {old.generation: self._tools}
                self._by_generation = {**before, snapshot.generation: tools}
                self._snapshot, self._tools = snapshot, tools
            return self._snapshot
        finally:
            self._opening.release()

    def _waits(self, generation: str) -> bool:
        """Whether the model of `generation` could not be loaded only just now."""
        failed = self._failed
        return failed is not None and failed[0] == generation and time.monotonic() < failed[2]

    def _put_off(self, generation: str, old: str, cause: str) -> None:
        if self._failed is None or self._failed[:2] != (generation, cause):
            _log.warning("index %s can't be used, %s goes on answering: %s", generation, old, cause)
        self._failed = (generation, cause, time.monotonic() + _AGAIN_AFTER)

    def _tools_for(self, snapshot: Snapshot) -> Tools:
        """The tools with the embedder that `snapshot` was built with. Raises ModelMismatch where it can't be had."""
        built = snapshot.manifest.model
        for embedder in (self._tools.embedder, self._asked):
            if embedder.fingerprint == built.fingerprint:
                return replace(self._tools, embedder=embedder)
        if not self._fixed:
            try:
                embedder = load_embedder(self.settings.replace(embedder=built.name))
                if built.name == BUNDLED and embedder.fingerprint != built.fingerprint:  # of a version that bundled one alone
                    embedder = load_embedder(self.settings.replace(embedder=BUNDLED_FAST))
            except ModelError as error:
                raise ModelMismatch(
                    f"the model {built.name!r}, with which the index was built, can't be loaded: {error}; or build the index "
                    f"with another, {self._asked.name!r} is the one in use: zhiyin index --again"
                ) from error
            snapshot.require(embedder)
            return replace(self._tools, embedder=embedder)
        snapshot.require(self._asked)
        raise AssertionError

    def warm(self) -> None:
        """Load what the first question would wait for, where the reader says what that is."""
        if warm := getattr(self._tools.reader, "warm", None):
            warm()

    def library(self, scope: Scope | None = None) -> Snapshot:
        """The current generation as `scope` sees it (None: whole): as if the documents it may not read did not exist."""
        whole = self.snapshot
        if scope is None or scope.everything:
            return whole
        key = (whole.generation, scope.groups & whole.groups)
        with self._scoping:
            found = self._scoped.pop(key, None)
            if found is None:
                sources = whole.readable(scope)
                found = whole if len(sources) == len(whole.manifest.documents) else whole.restricted(sources)
                for old in [k for k in self._scoped if k[0] != whole.generation]:
                    del self._scoped[old]
            self._scoped[key] = found
            if len(self._scoped) > _SCOPES_KEPT:
                self._scoped.popitem(last=False)
            return found

    def ask(
        self, question: str, history: Sequence[tuple[str, str]] = (), *, id: str | None = None, scope: Scope | None = None,
        filters: Filters | None = None,
    ) -> Answer:
        """The answer to `question`, completed from `history` ((question, answer) pairs, oldest first).

        `scope` is what the asker may read (None: everything); the answer is the one of an index that holds nothing
        else. `filters` narrow what is searched in it. Raises InputError for a question of more than 2,000 characters.
        """
        asking = self.asking(question, history, id, scope, filters)
        return asking.answer() if isinstance(asking, Asking) else asking

    def trace(self, question: str, history: Sequence[tuple[str, str]] = (), *, id: str | None = None) -> Trace:
        """The same answer with how it came about, for evaluation. Raises as `ask` does."""
        asking = self.asking(question, history, id, None, None)
        return asking.trace() if isinstance(asking, Asking) else Trace(asking)

    def asking(
        self, question: str, history: Sequence[tuple[str, str]] = (), id_: str | None = None, scope: Scope | None = None,
        filters: Filters | None = None,
    ) -> Asking | Answer:
        """A question ready to be answered, or the answer where nothing has to be looked up. Arguments and errors are those of `ask`."""
        started = time.perf_counter()
        question = question.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate is no text
        if len(question) > MAX_QUESTION:
            raise InputError(f"the question has {len(question)} characters; {MAX_QUESTION} are the most")
        if not question.strip():
            return Answer(question, message(Reason.EMPTY_QUESTION, None), refused=True, reason=Reason.EMPTY_QUESTION.value, id=id_)
        if is_smalltalk(question):
            return Answer(question, message(Reason.NO_QUESTION, understand(question)), refused=True, reason=Reason.NO_QUESTION.value, id=id_)
        snapshot = self.library(scope)
        anchor = anchor_of(history)
        standing = anchored(rewritten(question, history, self._tools.generator), anchor)
        query = understand(standing, anchor=anchor)
        if standing != question:
            query = replace(query, rewritten_from=question)
        tools = self._by_generation.get(snapshot.generation, self._tools)
        return Asking(tools, snapshot, query, question, started=started, id_=id_, filters=filters)

    def stream(
        self, question: str, history: Sequence[tuple[str, str]] = (), *, scope: Scope | None = None, filters: Filters | None = None
    ) -> Iterator[Answer]:
        """Growing answers as their statements are verified, the last one whole. Arguments and errors are those of `ask`."""
        asking = self.asking(question, history, None, scope, filters)
        yield from asking.stream() if isinstance(asking, Asking) else [asking]

    def view(self, snapshot: Snapshot, source: str, number: int, index: int) -> View:
        """A sentence ready for reading, kept for the next question."""
        document = snapshot.document(source)
        key = (snapshot.generation, source, number, index)
        with self._lock:
            if key in self._views:
                self._views.move_to_end(key)
                return self._views[key]
        view = View(source, document.version, number, snapshot.part(source, number), index)
        with self._lock:
            self._views[key] = view
            if len(self._views) > _VIEWS_KEPT:
                self._views.popitem(last=False)
        return view
