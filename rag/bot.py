"""Question in, proved answer or refusal out."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .compose import cite, compared, marked, proof
from .config import BUNDLED, Settings
from .embed import load_embedder
from .errors import InputError, NoIndex
from .followup import anchor_of, complete
from .grounded import ground
from .offsets import OffsetMap
from .plan import Plan, plan
from .query import Query, understand
from .read import ExtractiveReader, Finding, View
from .read.candidates import Span
from .refusal import Reason, message
from .registry import load
from .retrieve import Retrieved, retrieve
from .store import Snapshot, current_generation
from .terms import Matcher, Term
from .text.tokens import PAIR, index_terms
from .types import Answer, Citation, RelatedPassage, Statement
from .verify import check

if TYPE_CHECKING:
    from .embed import Embedder
    from .generate import Generator

COLON = "\uff1a"
ENGLISH = 0.85  # a translated question is supported less well
MAX_QUESTION = 2000  # characters
_VIEWS_KEPT = 20_000


class Bot:
    """Answers questions from the current generation of the index in `home`. Thread-safe.

    Raises NoIndex where nothing was indexed, ModelMismatch where the index was built with another embedder.
    """

    def __init__(
        self, settings: Settings, home: Path, *, embedder: Embedder | None = None, generator: Generator | None = None
    ) -> None:
        """`embedder` and `generator` take the place of those that the settings name."""
        self.settings = settings
        self.home = home
        self._lock = threading.Lock()
        self._embedder = embedder or load_embedder(settings)
        # words are compared in the bundled space whatever embeds the passages: it is fast enough for single words
        words = self._embedder if embedder or settings.embedder == BUNDLED else load_embedder(settings.replace(embedder=BUNDLED))
        self._matcher = Matcher(words.encode_passages)
        self._views: OrderedDict[tuple[str, str, int, int], View] = OrderedDict()
        self._snapshot: Snapshot | None = None
        self._reranker = None
        self._generator = generator
        if settings.generator and generator is None:
            self._generator = load("generators", "transformers")(settings.generator)
        if settings.reranker:
            from .rerank import load_cross_encoder

            self._reranker = load_cross_encoder(settings.reranker)

    @property
    def snapshot(self) -> Snapshot:
        """The current generation; opened again when the pointer has moved."""
        current = current_generation(self.home)
        if current is None:
            raise NoIndex(f"nothing is indexed in {self.home} yet; run: zhiyin index")
        with self._lock:
            if self._snapshot is None or self._snapshot.generation != current:
                self._snapshot = Snapshot.open(self.home)
                self._snapshot.require(self._embedder)
            return self._snapshot

    def ask(self, question: str, history: Sequence[tuple[str, str]] = (), *, id: str | None = None) -> Answer:
        """The answer to `question`, completed from `history` ((question, answer) pairs, oldest first).

        Raises InputError for a question of more than 2,000 characters.
        """
        started = time.perf_counter()
        question = question.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate is no text
        if len(question) > MAX_QUESTION:
            raise InputError(f"the question has {len(question)} characters; {MAX_QUESTION} are the most")
        if not question.strip():
            return Answer(question, message(Reason.EMPTY_QUESTION, None), refused=True, reason=Reason.EMPTY_QUESTION.value, id=id)
        snapshot = self.snapshot
        standing = complete(question, history)
        query = understand(standing, anchor=anchor_of(history))
        return _Asking(self, snapshot, query, question, standing, started, id).answer()

    def stream(self, question: str, history: Sequence[tuple[str, str]] = ()) -> Iterator[Answer]:
        """Growing answers: a statement more each time, the last one whole."""
        final = self.ask(question, history)
        for count in range(1, len(final.statements)):
            shown = final.statements[:count]
            yield Answer(question, "\n".join(marked(s.text, s.citations) for s in shown), statements=shown, citations=final.citations,
                         generation=final.generation, understood=final.understood)
        yield final

    def view(self, snapshot: Snapshot, source: str, number: int, index: int) -> View:
        """A sentence ready for reading, kept for the next question."""
        document = snapshot.document(source)
        key = (source, document.version, number, index)
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


class _Asking:
    """One question on its way through one generation."""

    def __init__(self, bot: Bot, snapshot: Snapshot, query: Query, question: str, standing: str, started: float, id_: str | None) -> None:
        self.bot, self.snapshot, self.query, self.question = bot, snapshot, query, question
        self.standing, self.started, self.id = standing, started, id_
        self.settings = bot.settings
        self.reader = ExtractiveReader(bot._matcher, self._importance, self._known)
        self.timing = {"retrieve": 0.0, "read": 0.0}
        self.retrieved: list[Retrieved] = []

    def answer(self) -> Answer:
        """Plan, find, verify, compose."""
        if not len(self.snapshot):
            return self._refuse(Reason.NO_DOCUMENTS)
        steps = plan(self.query)
        found: list[tuple[str, Finding | None, Reason | None]] = []
        for step in steps.steps:
            finding, reason = self._find(step.query)
            found.append((step.label, finding, reason))
        return self._written(self._compose(steps, found))

    def _written(self, read: Answer) -> Answer:
        """The language model's fuller answer, proved sentence by sentence; the reader's own where nothing passes."""
        generator = self.bot._generator
        if generator is None or not self.retrieved:
            return read
        at = time.perf_counter()
        passages = [self._views([r]) for r in self.retrieved[:6]]
        citations: list[Citation] = []
        kept: list[Statement] = []
        for text, view in ground(generator, self.query, passages):
            whole = Finding(view, Span(0, len(view.text), 1.0), 1.0, 1.0, 1.0, (), (), view.sentence.period, view.regions)
            citation = cite(whole, self.snapshot.document(view.source), len(citations) + 1)
            known = next((c for c in citations if (c.source, c.start) == (citation.source, citation.start)), None)
            if known is None:
                citations.append(citation)
            kept.append(Statement(text, ((known or citation).n,)))
        self.timing["generate"] = (time.perf_counter() - at) * 1000
        if not kept:
            return replace(read, timing_ms=self._timing())
        return replace(
            read, answer="\n".join(marked(s.text, s.citations) for s in kept), refused=False, reason=None, statements=tuple(kept),
            citations=tuple(citations), timing_ms=self._timing(),
        )

    def _find(self, query: Query) -> tuple[Finding | None, Reason | None]:
        at = time.perf_counter()
        retrieved = retrieve(query, self.snapshot, self.bot._embedder, self.settings, self.bot._reranker)
        self.timing["retrieve"] += (time.perf_counter() - at) * 1000
        self.retrieved += [r for r in retrieved if r.chunk_id not in {o.chunk_id for o in self.retrieved}]
        at = time.perf_counter()
        views = self._views(retrieved)
        try:
            return self._judge(query, views)
        finally:
            self.timing["read"] += (time.perf_counter() - at) * 1000

    def _judge(self, query: Query, views: list[View]) -> tuple[Finding | None, Reason | None]:
        findings = self.reader.read(query, views)
        for finding in findings[:8]:
            if self._supported(finding):
                return finding, None
        if query.regions and any(self._supported(f) for f in self.reader.read(query, views, any_place=True)[:3]):
            return None, Reason.OTHER_PLACE
        if query.period and any(self._supported(f) for f in self.reader.read(query, views, any_time=True)[:3]):
            return None, Reason.OTHER_YEAR
        return None, Reason.NOT_SUPPORTED if findings else Reason.NOT_FOUND

    def _supported(self, finding: Finding) -> bool:
        least = self.settings.min_support * (ENGLISH if self.query.language == "en" else 1.0)
        return not finding.hard_missing and finding.support >= least and finding.focus >= 0.4 and finding.score >= 0.4

    def _views(self, retrieved: Sequence[Retrieved]) -> list[View]:
        wanted: dict[tuple[str, int, int], None] = {}
        for found in retrieved:
            sentences = self.snapshot.part(found.chunk.source, found.chunk.part).sentences
            for index in range(max(0, found.chunk.first - 1), min(found.chunk.last + 2, len(sentences))):
                wanted[found.chunk.source, found.chunk.part, index] = None
        return [self.bot.view(self.snapshot, *key) for key in wanted]

    def _known(self, term: Term) -> bool:
        return any(self.snapshot.df(word) for word, score in term.variants if score >= 0.8)

    def _importance(self, term: Term) -> float:
        """Lower for a word that stands in most chunks of this collection."""
        total = len(self.snapshot)
        if total < 8:
            return 1.0
        held = 0
        for word, score in term.variants[:3]:
            if score >= 0.8:
                keys = [word] if self.snapshot.df(word) else [k for k in index_terms(word) if k.startswith(PAIR)]
                held = max(held, min((self.snapshot.df(k) for k in keys), default=0))
        share = held / total
        return 1.0 if share < 0.05 else max(0.25, 1.0 - math.log(share / 0.05) / math.log(20))

    def _compose(self, steps: Plan, found: Sequence[tuple[str, Finding | None, Reason | None]]) -> Answer:
        citations: list[Citation] = []
        statements: list[Statement] = []
        kept: list[tuple[str, Finding]] = []
        notes: list[str] = []
        reasons = [reason for _, _, reason in found if reason]
        zh = self.query.language == "zh"
        for label, finding, _ in found:
            if finding is None:
                notes.append(f"{label}\uff1a资料中没有找到。" if zh else f"{label}: not found in the documents.")
                continue
            text = f"{label}{COLON if zh else ': '}{finding.text}" if label else finding.text
            if check(finding.text, [proof(finding)]):
                reasons.append(Reason.NOT_VERIFIED)
                continue
            citation = cite(finding, self.snapshot.document(finding.view.source), len(citations) + 1)
            same = next((c for c in citations if (c.source, c.start, c.end) == (citation.source, citation.start, citation.end)), None)
            if same is None:
                citations.append(citation)
            statements.append(Statement(text, ((same or citation).n,)))
            kept.append((label, finding))
        if not statements:
            return self._refuse(reasons[0] if reasons else Reason.NOT_FOUND)
        lines = [marked(s.text, s.citations) for s in statements]
        short = kept[0][1].text if len(steps.steps) == 1 else None
        if steps.compares and len(kept) == len(steps.steps):
            verdict = compared([label for label, _ in kept], [f for _, f in kept], self.query.language)
            if verdict:
                numbers = tuple(dict.fromkeys(n for s in statements for n in s.citations))
                statements.insert(0, Statement(verdict, numbers))
                lines.insert(0, marked(verdict, numbers))
        return Answer(
            self.question, "\n".join([*lines, *(notes if len(steps.steps) > 1 else [])]), short=short, statements=tuple(statements),
            citations=tuple(citations), passages=self._related(), generation=self.snapshot.generation, timing_ms=self._timing(),
            understood=self._understood(), id=self.id,
        )

    def _refuse(self, reason: Reason) -> Answer:
        return Answer(
            self.question, message(reason, self.query), refused=True, reason=reason.value, passages=self._related(),
            generation=self.snapshot.generation, timing_ms=self._timing(), understood=self._understood(), id=self.id,
        )

    def _related(self, limit: int = 5) -> tuple[RelatedPassage, ...]:
        related = []
        for found in self.retrieved[:limit]:
            part = self.snapshot.part(found.chunk.source, found.chunk.part)
            start, end = OffsetMap(part.edits).to_raw(found.chunk.start, found.chunk.end)
            related.append(RelatedPassage(found.chunk.source, start, end, found.chunk.text, round(found.score, 4), part.title))
        return tuple(related)

    def _understood(self) -> dict[str, object]:
        told = self.query.explain()
        told["rewritten"] = self.standing if self.standing != self.question else None
        return told

    def _timing(self) -> dict[str, float]:
        return {**self.timing, "total": (time.perf_counter() - self.started) * 1000}
