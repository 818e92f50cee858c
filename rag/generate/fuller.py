"""After the reader's answer, what a language model writes: proved by `rag.generate.grounded`, and about what was asked."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..compose import cite, marked
from ..question.query import Kind, Query
from ..read import Finding, Reader, View
from ..read.candidates import Span, candidates
from ..refusal import note
from ..retrieve.relevance import period_match, region_match
from ..tools import Tools
from ..trace import Step
from ..types import Answer, Citation, Statement, Written
from ..verify.check import wording
from .grounded import Draft, Grounded, Grounding, Task
from .prompt import Passage

if TYPE_CHECKING:
    from ..retrieve.search import Retrieved
    from ..store import Snapshot
    from . import Generator

PASSAGES = 6  # that a model is given; two for each part of the question, where that is more
NEAR = 3  # sentences from one that answers within which another goes on about it


@dataclass(frozen=True, slots=True)
class Fuller:
    """One question, whose `steps` the reader has gone through.

    `views` gives the sentences of passages with those beside them, `supported` says whether a finding may be an answer.
    """

    tools: Tools
    generator: Generator
    snapshot: Snapshot
    query: Query
    steps: Sequence[Step]
    reader: Reader
    views: Callable[[Sequence[Retrieved]], list[View]]
    supported: Callable[[Finding], bool]

    def answers(self, read: Answer) -> Iterator[Answer]:
        """`read` as it is, then growing by what the model writes; the last is whole. Raises Stopped."""
        yield replace(read, written=Written(shown(self.generator.name, self.query.language), "writing"))
        told = ([view for view in self.views([r]) if view.instructs is None] for r in self._best())
        passages = [views for views in told if views]
        language, settings = self.query.language, self.tools.settings
        given = [Passage.of("".join(v.text for v in views), views[0].part, language) for views in passages]
        grounding = Grounding(
            self.generator, self.tools.matcher, self._bears, self.tools.entails, settings.generator_tokens, settings.generator_seconds
        )
        for draft in grounding.drafts(Task(self.query.text, language, given, passages)):
            yield self._with(read, draft)

    def _best(self) -> list[Retrieved]:
        """The passages that the model is given: the best of each step in turn."""
        ranks = itertools.zip_longest(*(step.retrieved for step in self.steps))
        best = {r.chunk_id: r for rank in ranks for r in rank if r is not None}
        return list(best.values())[: max(PASSAGES, 2 * len(self.steps))]

    def _with(self, read: Answer, draft: Draft) -> Answer:
        """The reader's answer and after it the statements of `draft` that it does not make itself."""
        language = self.query.language
        written = Written(shown(self.generator.name, language), draft.state, draft.cut, draft.repaired, note(draft.state, language))
        citations, more = list(read.citations), []
        said = {wording(s.text) for s in read.statements}
        for text, views in draft.statements:
            if wording(text) not in said:
                numbers = dict.fromkeys(self._number(view, citations) for view in views)
                more.append(Statement(text, tuple(numbers), generated=True))
        if not more:
            return replace(read, written=written)
        lines = [marked(s.text, s.citations, language) for s in more]
        return replace(
            read, answer="\n".join(lines if read.refused else [read.answer, *lines]), refused=False, reason=None,
            statements=(*read.statements, *more), citations=tuple(citations), written=written,
        )  # fmt: skip

    def _number(self, view: View, citations: list[Citation]) -> int:
        """The number of the citation of a whole sentence, which joins `citations` if it is not among them."""
        whole = Finding(view, Span(0, len(view.text), 1.0), 1.0, 1.0, 1.0, (), (), view.sentence.period, view.regions)
        citation = cite(whole, self.snapshot.document(view.source), len(citations) + 1)
        known = next((c for c in citations if (c.source, c.start, c.end) == (citation.source, citation.start, citation.end)), None)
        if known is None:
            citations.append(citation)
        return (known or citation).n

    def _bears(self, views: Sequence[View], kept: Sequence[Grounded]) -> bool:
        """Whether sentences are of the time and place asked about, and answer the question or stand by what does."""
        queries = [step.query for step in self.steps]
        if not all(any(_of_asked(query, view) for query in queries) for view in views):
            return False
        beside = [v for g in kept for v in g.views] + [step.chosen.view for step in self.steps if step.chosen]
        if any(_near(view, other) for view in views for other in beside):
            return True
        return any(self._answers(query, views) for query in queries)

    def _answers(self, query: Query, views: Sequence[View]) -> bool:
        """Whether a sentence supports the question as a whole and has something of the kind asked for: a number, a day, a name."""
        supporting = (f.view for f in self.reader.read(replace(query, kind=Kind.TEXT), views) if self.supported(f))
        return any(query.kind is Kind.TEXT or candidates(query, view) for view in supporting)


def shown(name: str, language: str) -> str:
    """A model's name without where it lies: the last part of a path or of a hub's name, nothing of an address."""
    if "://" in name:
        return "语言模型" if language == "zh" else "language model"
    return re.split(r"[/\\\\]", name.rstrip("/\\"))[-1]


def _of_asked(query: Query, view: View) -> bool:
    """Whether a sentence speaks of no other year or place than the question does."""
    spoken = view.sentence.period or view.part.period
    years = [m.period for m in view.times if m.period is not None] or ([spoken] if spoken else [])
    if query.period is not None and years and not any(period_match(query.period, year) for year in years):
        return False
    regions = view.regions or ((view.part.region,) if view.part.region else ())
    return not query.regions or not regions or region_match(query.regions, regions)


def _near(view: View, other: View) -> bool:
    return (view.source, view.number) == (other.source, other.number) and abs(view.index - other.index) <= NEAR
