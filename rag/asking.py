"""One question on its way through one generation: plan, find, verify, compose."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from .compose import cite, marked, proof, said, whole
from .generate.fuller import Fuller
from .offsets import OffsetMap
from .question.plan import plan
from .question.query import Query
from .question.terms import Term
from .read import Context, Finding, View, load_extractive, tables, trend
from .read.align import VALUES
from .read.blocks import parts
from .read.comparison import compared, together
from .read.disputes import contradicting
from .read.extractive import place_fit, time_fit
from .refusal import Reason, message
from .retrieve.search import Retrieved, retrieve
from .retrieve.versions import hidden, validities
from .stopping import check as check_wanted
from .text.places import display
from .text.tokens import PAIR, index_terms
from .tools import Tools
from .trace import Step, Trace
from .types import Answer, Citation, RelatedPassage, Statement
from .verify.check import check

if TYPE_CHECKING:
    from .retrieve.filters import Filters
    from .store import Snapshot
    from .store.vectors import Mask

COLON = "\uff1a"
ENGLISH = 0.85  # a translated question is supported less well
SCORE = 0.4  # the least that a span must score, and its focus be supported, to be an answer
CONSIDERED = 8  # findings that are looked at for one that is supported
AS_GOOD = 0.92  # how near the best a figure of another year must come to be shown beside it
MOST_OTHERS = 3


Row = tuple[str, Finding | None, Reason | None]
"""What a step found, under its label, or why it found nothing."""


class Asking:
    """One question. `question` is what was asked, `query` what it means, completed from the conversation.

    `snapshot` holds what may be read and nothing else; `filters` narrow what is searched in it.
    """

    def __init__(self, tools: Tools, snapshot: Snapshot, query: Query, question: str, *, started: float, id_: str | None = None,
                 filters: Filters | None = None) -> None:
        self.tools, self.snapshot, self.query, self.question = tools, snapshot, query, question
        self.started, self.id = started, id_
        self.superseded = hidden(snapshot, query.period, date.today()) - (filters.sources if filters else frozenset())
        self.allowed = self._allowed(filters)
        self.settings = tools.settings
        context = Context(tools.matcher, self._importance, self._known, snapshot, tools.view)
        self.rules = load_extractive(context)
        self.reader = tools.reader(context)
        self.timing = {"retrieve": 0.0, "read": 0.0}
        self.retrieved: list[Retrieved] = []
        self._found: tuple[Query, list[Retrieved]] | None = None
        self.others: list[Finding] = []  # the same measure of other years or places, where the question names none
        self.rivals: dict[str, list[Finding]] = {}  # by step: other documents that say the same with another figure
        self.plan = plan(query)
        self.steps: list[Step] = []

    def _allowed(self, filters: Filters | None) -> Mask | None:
        """The chunks to search: those that the filters allow, of documents in force."""
        if not self.superseded:
            return self.snapshot.select(filters.allows) if filters else None
        return self.snapshot.select(lambda source, period, regions: source not in self.superseded and (not filters or filters.allows(source, period, regions)))

    def answer(self) -> Answer:
        """Plan, find, verify, compose."""
        *_, whole = self._answers(growing=False)
        return whole

    def stream(self) -> Iterator[Answer]:
        """What is proved so far, after each step of the plan; the last is the answer."""
        return self._answers(growing=True)

    def _answers(self, *, growing: bool) -> Iterator[Answer]:
        if not len(self.snapshot):
            yield self._refuse(Reason.NO_DOCUMENTS)
            return
        steps = self.plan.steps
        self.steps = []
        if len(steps) == 1 and (query := trend.asked(steps[0].query)) is not None and (series := self._over_the_years(query)):
            rows = [(self._scope(finding), finding, None) for finding in series]
            yield from self._fuller(replace(self._compose(rows, ranked=trend.ranked(self.query.text)), short=None))
            return
        if len(steps) == 1 and (worked_out := self._in_a_table(steps[0].query)):
            yield from self._fuller(worked_out)
            return
        for step in steps:
            self.steps.append(self._find(step.label, step.query))
            # figures are chosen together, so that one may still change until the last is there
            if growing and len(self.steps) < len(steps) and not any(step.query.kind in VALUES for step in self.steps):
                so_far = self._compose([(s.label, s.chosen, s.reason) for s in self.steps])
                if not so_far.refused:
                    yield so_far
        found = [(step.label, step.chosen, step.reason) for step in self.steps]
        if self.rivals:
            found = [row for step in self.steps for row in self._disputed(step)]
        elif len(found) == 1 and found[0][1] is not None and (years := self._by_year(steps[0].query, found[0][1])):
            answer = self._compose([(self._scope(finding), finding, None) for finding in years])
            yield from self._fuller(replace(answer, short=answer.short if len(years) == 1 else None))
            return
        elif len(found) == 1 and found[0][1] is not None and self.others:
            found = [(self._scope(finding), finding, None) for finding in (found[0][1], *self.others)]
        yield from self._fuller(self._compose(found))

    def trace(self) -> Trace:
        """The answer with how it came about."""
        answer = self.answer()
        candidate = answer
        if answer.refused and any(step.candidate for step in self.steps):
            candidate = self._compose([(step.label, step.candidate, step.reason) for step in self.steps])
        return Trace(answer, tuple(self.steps), None if candidate.refused else candidate)

    def _fuller(self, read: Answer) -> Iterator[Answer]:
        """The reader's answer, then with what a language model writes, where there is one and it has something to write from."""
        if self.tools.generator is None or not self.retrieved:
            yield read
            return
        fuller = Fuller(self.tools, self.tools.generator, self.snapshot, self.query, self.steps, self.rules, self._views, self._supported)
        at = time.perf_counter()
        for answer in fuller.answers(read):
            self.timing["generate"] = (time.perf_counter() - at) * 1000
            yield replace(answer, timing_ms=self._timing())

    def passages(self, query: Query) -> tuple[list[View], list[Retrieved]]:
        """The sentences that a reader gets for a part of the question, and the passages that they are of."""
        retrieved = self._retrieve(query)
        return self._views(retrieved), retrieved

    def tell(self, finding: Finding) -> Answer:
        """The answer that a finding alone would give."""
        return self._compose([("", finding, None)])

    def _retrieve(self, query: Query) -> list[Retrieved]:
        """What is found for a part of the question; looked for once."""
        if self._found is None or self._found[0] is not query:
            self._found = query, retrieve(query, self.snapshot, self.tools.embedder, self.settings, self.tools.reranker, allowed=self.allowed)
        return self._found[1]

    def _find(self, label: str, query: Query) -> Step:
        check_wanted()
        at = time.perf_counter()
        retrieved = self._retrieve(query)
        self.timing["retrieve"] += (time.perf_counter() - at) * 1000
        self.retrieved += [r for r in retrieved if r.chunk_id not in {o.chunk_id for o in self.retrieved}]
        check_wanted()
        at = time.perf_counter()
        findings, eligible, chosen = self._chosen(query, retrieved)
        reason = None
        if chosen is None:
            reason = self._why_not(query, retrieved, findings)
        else:
            chosen = self._beside_the_others(chosen, eligible)
            self.others = self._elsewhere(query, chosen, findings)
            self._note_rivals(label, chosen, findings)
        self.timing["read"] += (time.perf_counter() - at) * 1000
        candidate = chosen or max(eligible, key=self._sure, default=None)
        support = self._sure(candidate) if candidate else 0.0
        return Step(label, query, tuple(retrieved), tuple(findings[:CONSIDERED]), chosen, reason, candidate, support)

    def _chosen(self, query: Query, retrieved: Sequence[Retrieved]) -> tuple[list[Finding], list[Finding], Finding | None]:
        """All findings, those of the best that may be an answer, and the one that is.

        What is compared is chosen together, by the rules, which know of what measure a figure is; the reader is asked where they find nothing.
        """
        views = self._views(retrieved)
        for reader in (self.rules, self.reader) if len(self.plan.steps) > 1 else (self.reader,):
            findings = reader.read(query, views, retrieved)
            eligible = [f for f in findings[:CONSIDERED] if _eligible(f)]
            chosen = next((f for f in eligible if self._supported(f)), None)
            if chosen is not None:
                break
        return findings, eligible, chosen

    def _read(self, query: Query, retrieved: Sequence[Retrieved], *, any_time: bool = False, any_place: bool = False) -> list[Finding]:
        return self.reader.read(query, self._views(retrieved), retrieved, any_time=any_time, any_place=any_place)

    def _by_year(self, query: Query, chosen: Finding) -> list[Finding]:
        """Where a span of years was asked about and a figure of one of them found: that of each; empty for any other question."""
        if query.kind not in VALUES or query.period is None or query.period.first == query.period.last or _when_and_where(chosen, query) is None:
            return []
        findings = self._read(query, self.steps[0].retrieved, any_time=True)
        return trend.series(query, self.query.text, findings, self._supported, least=2) or [chosen]

    def _over_the_years(self, query: Query) -> list[Finding]:
        """A figure for each of three or more years, where the documents give them; the step is noted then."""
        step = self._find("", query)
        found = trend.series(query, self.query.text, self._read(query, step.retrieved, any_time=True), self._supported)
        self.rivals.clear()
        self.others = []
        if found:
            self.steps = [replace(step, chosen=found[-1], candidate=found[-1], reason=None)]
        return found

    def _in_a_table(self, query: Query) -> Answer | None:
        """A cell of a table among the passages, or what is worked out over a column of it, the cells marked; the step is noted then."""
        at = time.perf_counter()
        retrieved = self._retrieve(query)
        self.timing["retrieve"] += (time.perf_counter() - at) * 1000
        for found in retrieved:
            source, number, part = found.chunk.source, found.chunk.part, self.snapshot.part(found.chunk.source, found.chunk.part)
            view = partial(View, source, "", number, part)
            near = next((i for i in range(found.chunk.first, found.chunk.last + 1) if len(tables.cells(view(i).text)) > 1), None)
            if near is None:
                continue
            rows = tables.table(part, near, view)
            entries = [row] if (row := tables.form(part, near, view)) else rows
            outcome = tables.over_a_column(query, rows) or tables.cell_asked_for(query, entries)
            if outcome is None:
                continue
            first, last = outcome.rows[0].view, outcome.rows[-1].view
            spans = [span._replace(start=span.start + (by := view.sentence.start - first.sentence.start), end=span.end + by) for view, span in outcome.cells]
            finding = self.rules.weigh(query, replace(first, last=last.last or last.index), spans[0])
            if not time_fit(query, finding.period, finding.view, finding.span) or not place_fit(query, finding.regions, finding.view):
                continue
            self.retrieved = list(retrieved)
            self.steps = [Step("", query, tuple(retrieved), (finding,), finding, None, finding, 1.0)]
            citation = cite(finding, self.snapshot.document(source), 1, spans)
            lines = [marked(outcome.text, (1,), query.language), *self._outdated([citation])]
            return self._told("\n".join(lines), short=outcome.short, statements=(Statement(outcome.text, (1,)),), citations=(citation,))
        return None

    def _beside_the_others(self, best: Finding, eligible: Sequence[Finding]) -> Finding:
        """What to choose of a step's findings, given those of the steps before, whose choice may change with it."""
        earlier = [i for i, step in enumerate(self.steps) if step.chosen is not None and step.query.kind in VALUES]
        if not earlier or self.plan.steps[len(self.steps)].query.kind not in VALUES:
            return best
        choices = [[f for f in self.steps[i].findings if self._supported(f)] for i in earlier]
        *before, own = together([*choices, [f for f in eligible if self._supported(f)]], compares=self.plan.compares)
        for i, finding in zip(earlier, before, strict=True):
            step = self.steps[i]
            if finding is not step.chosen:
                self.steps[i] = replace(step, chosen=finding, candidate=finding, support=self._sure(finding))
                self._note_rivals(step.label, finding, step.findings)
        return own

    def _note_rivals(self, label: str, chosen: Finding, findings: Sequence[Finding]) -> None:
        self.rivals.pop(label, None)
        if rivals := [f for f in contradicting(chosen, findings) if self._supported(f)][:MOST_OTHERS]:
            self.rivals[label] = rivals

    def _why_not(self, query: Query, retrieved: Sequence[Retrieved], findings: Sequence[Finding]) -> Reason:
        if query.period and any(self._supported(f) for f in self._read(query, retrieved, any_time=True)[:3]):
            return Reason.OTHER_YEAR
        if query.regions and any(self._supported(f) for f in self._read(query, retrieved, any_place=True)[:3]):
            return Reason.OTHER_PLACE
        return Reason.NOT_SUPPORTED if findings else Reason.NOT_FOUND

    def _elsewhere(self, query: Query, best: Finding, findings: Sequence[Finding]) -> list[Finding]:
        """Figures of other years (or places) that answer as well as the best one, where the question does not say which."""
        if query.kind not in VALUES or query.period is not None or _when_and_where(best, query) is None:
            return []
        seen = {_when_and_where(best, query)}
        others = []
        for finding in findings:
            key = _when_and_where(finding, query)
            alike = finding.score >= AS_GOOD * best.score and self._sure(finding) >= AS_GOOD * self._sure(best)
            if key is None or key in seen or not alike or not self._supported(finding):
                continue
            seen.add(key)
            others.append(finding)
        return others[:MOST_OTHERS]

    def _disputed(self, step: Step) -> list[tuple[str, Finding | None, Reason | None]]:
        """A step's finding and its rivals, each under its source."""
        rivals = self.rivals.get(step.label, [])
        if step.chosen is None or not rivals:
            return [(step.label, step.chosen, step.reason)]
        all_ = [step.chosen, *rivals]
        titles = [f.view.part.title for f in all_]
        names = titles if all(titles) and len(set(titles)) == len(titles) else [f.view.source for f in all_]
        lead = f"{step.label} " if step.label else ""
        return [(f"{lead}《{name}》", finding, None) for name, finding in zip(names, all_, strict=True)]

    def _scope(self, finding: Finding) -> str:
        year, region = _when_and_where(finding, self.query) or ("", "")
        if self.query.language != "zh":
            return " ".join(part for part in (str(year), display(region) if region else "") if part)
        return f"{year}年{display(region) if region else ''}"

    @property
    def _scale(self) -> float:
        return ENGLISH if self.query.language == "en" else 1.0

    def _supported(self, finding: Finding) -> bool:
        least = self.settings.min_support if finding.probability is None else self.settings.min_probability
        return _eligible(finding) and self._sure(finding) >= least

    def _sure(self, finding: Finding) -> float:
        """How sure it is that a finding answers: its probability, or the share of the question that is supported; 0 to 1."""
        return finding.probability if finding.probability is not None else min(finding.support / self._scale, 1.0)

    def _views(self, retrieved: Sequence[Retrieved]) -> list[View]:
        wanted: dict[tuple[str, int, int], None] = {}
        for found in retrieved:
            sentences = self.snapshot.part(found.chunk.source, found.chunk.part).sentences
            for index in range(max(0, found.chunk.first - 1), min(found.chunk.last + 2, len(sentences))):
                wanted[found.chunk.source, found.chunk.part, index] = None
        return [self.tools.view(self.snapshot, *key) for key in wanted]

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

    def _compose(self, found: Sequence[tuple[str, Finding | None, Reason | None]], *, ranked: bool = False) -> Answer:
        """The answer of what was found; `ranked` asks which of the figures is the most, or the least."""
        citations: list[Citation] = []
        statements: list[Statement] = []
        kept: list[tuple[str, Finding]] = []
        notes: list[str] = []
        reasons = [reason for _, _, reason in found if reason]
        zh = self.query.language == "zh"
        for label, finding, _ in itertools.chain.from_iterable(map(_by_item, found)):
            if finding is None:
                notes.append(f"{label}\uff1a资料中没有找到。" if zh else f"{label}: not found in the documents.")
                continue
            text = f"{label}{COLON if zh else ': '}{finding.text}" if label else finding.text
            if check(finding.text, [proof(finding)]):
                reasons.append(Reason.NOT_VERIFIED)
                continue
            citation = cite(finding, self.snapshot.document(finding.view.source), len(citations) + 1)
            same = next((c for c in citations if replace(c, n=citation.n) == citation), None)  # each figure has its own mark
            if same is None:
                citations.append(citation)
            statements.append(Statement(text, ((same or citation).n,)))
            kept.append((label, finding))
        if not statements:
            return self._refuse(reasons[0] if reasons else Reason.NOT_FOUND)
        if self.rivals:
            notes.append("各份资料说法不一\uff0c请核对出处。" if zh else "The documents differ; please check the sources.")
        short = None
        verdict = ""
        if len(self.plan.steps) == 1 and not self.rivals:
            short = ";".join(f.text for _, f in kept) if len(found) == 1 else kept[0][1].text
            if len(kept) == len(found) == 1 and kept[0][1].proposed:
                finding = kept[0][1]
                verdict = said(finding.verdict, self.query.language)
                if verdict:
                    short, statements = verdict, []
                if (clause := whole(finding)) != finding.text or verdict:
                    statements.append(Statement(clause, (1,)))
        notes = notes if len(self.plan.steps) > 1 or self.rivals else []
        notes += self._outdated(citations)
        lines = [*([verdict + ("。" if zh else ".")] if verdict else []), *(marked(s.text, s.citations, self.query.language) for s in statements)]
        if (self.plan.compares or ranked) and len(kept) == (len(found) if ranked else len(self.plan.steps)):
            outcome = compared([label for label, _ in kept], [f for _, f in kept], self.query.text, self.query.language)
            if outcome:
                numbers = tuple(dict.fromkeys(n for s in statements for n in s.citations))
                statements.insert(0, Statement(outcome, numbers))
                lines.insert(0, marked(outcome, numbers, self.query.language))
        return self._told(
            "\n".join([*lines, *notes]), short=short, statements=tuple(statements), citations=tuple(citations), confidence=_least_sure([f for _, f in kept]),
        )

    def _told(self, answer: str, **more: Any) -> Answer:
        """An answer, or a refusal, with what is said of all of them: passages, generation, time, how the question was understood."""
        return Answer(
            self.question, answer, passages=self._related(), generation=self.snapshot.generation, timing_ms=self._timing(),
            understood=self._understood(), id=self.id, **more,
        )

    def _outdated(self, citations: Sequence[Citation]) -> list[str]:
        """A line for each cited document that is not in force today."""
        known, today, zh = validities(self.snapshot), date.today(), self.query.language == "zh"
        lines = []
        for citation in {c.source: c for c in citations}.values():
            validity = known.get(citation.source)
            if validity is None or validity.within(today, today):
                continue
            title = f"《{citation.title}》" if zh else citation.title
            if validity.since > today:
                lines.append(f"{title}自{validity.since}起施行。" if zh else f"{title} is in force from {validity.since}.")
            elif validity.successor:
                later = self.snapshot.part(validity.successor, 0).title or validity.successor
                lines.append(f"{title}已由《{later}》取代。" if zh else f"{title} has been superseded by {later}.")
            else:
                lines.append(f"{title}的有效期到{validity.until}为止。" if zh else f"{title} was in force until {validity.until}.")
        return lines

    def _refuse(self, reason: Reason) -> Answer:
        return self._told(
            message(reason, self.query), refused=True, reason=reason.value,
            confidence=_least_sure([step.candidate for step in self.steps if step.candidate]),
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
        told["rewritten"] = self.query.text if self.query.rewritten_from else None
        return told

    def _timing(self) -> dict[str, float]:
        return {**self.timing, "total": (time.perf_counter() - self.started) * 1000}


def _by_item(row: Row) -> list[Row]:
    """A list that runs over several sentences as an item each, so that each has its citation; other findings as they are."""
    label, finding, reason = row
    if finding is None or (finding.view.last is None and not finding.more):
        return [row]
    if finding.more:
        return [(label, replace(finding, view=view, span=span, more=(), period=view.period_at(span.start)[0], regions=view.regions), reason) for view, span in finding.pieces]
    each = [replace(finding, view=view, span=span) for view, span in parts(finding.view)]
    return [(label, item, reason) for item in each] if not any(check(item.text, [proof(item)]) for item in each) else [row]


def _least_sure(findings: Sequence[Finding]) -> float | None:
    return min((f.probability for f in findings if f.probability is not None), default=None)


def _eligible(finding: Finding) -> bool:
    """Whether only its support can still speak against a finding."""
    if any(view.instructs is not None and span.end > view.instructs for view, span in finding.pieces):
        return False  # what a document tells us to say is no answer
    if finding.probability is not None:
        return True
    return not finding.hard_missing and finding.focus >= SCORE and finding.score >= SCORE


def _when_and_where(finding: Finding, query: Query) -> tuple[int, str] | None:
    """The year of a figure and, where the question names no place, its place; None where it is not of a single year."""
    if finding.period is None or finding.period.first != finding.period.last:
        return None
    region = finding.view.part.region or ""
    return finding.period.last, "" if query.regions else region
