"""Is a gold set fit to measure with? `zhiyin eval check`.

Line by line (`check_lines`), row by row against the documents (`check_content`), and here as a whole: what stands twice,
and whether the kinds are balanced.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from rag.messages import tr

from .check_content import row_problems
from .check_lines import read
from .documents import Texts
from .metrics.answers import normalise
from .problem import Problem, Report
from .rows import Gold
from .stated import letters

FEW = 5
"""Rows; a share of fewer says next to nothing about a kind."""
MOST = 0.5
"""Share of all rows that one kind may have before it stands for the whole."""
REFUSABLE = 0.15
"""Share of rows without an answer below which a system that always answers looks good."""
ALIKE = 0.4
"""Dice's coefficient of the character pairs of two questions with the same answer, from which on they ask the same.

Where two people wrote questions about the same documents, most that asked the same reached it, and no others.
"""
ALIKE_REFUSED = 0.8
"""The same for two questions without an answer, where nothing else tells them apart."""
_COMPARED = 1000  # rows with the same answer; more are not compared pair by pair
_FIGURE = re.compile(r"\d+(?:\.\d+)?")

Numbered = Sequence[tuple[int, Gold]]


def check(data: bytes, texts: Texts) -> Report:
    """All that is wrong with the gold file `data`, whose documents are `texts`; findings in the order of lines."""
    rows, problems = read(data)
    for line, gold in rows:
        problems += row_problems(line, gold, texts)
    for whole in (_same_id, _same_question, _alike, _balance):
        problems += whole(rows)
    kinds: dict[str, tuple[int, int]] = {}
    for _, gold in rows:
        n, refused = kinds.get(gold.kind, (0, 0))
        kinds[gold.kind] = n + 1, refused + gold.refuse
    return Report(len(rows), kinds, tuple(sorted(problems, key=lambda problem: problem.line)))


def _same_id(rows: Numbered) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for line, gold in rows:
        if gold.id in first:
            told = tr(
                f"编号 {gold.id!r} 与第 {first[gold.id]} 行重复;请另取一个",
                f"the id {gold.id!r} is that of line {first[gold.id]}; take another",
            )
            yield Problem("error", "duplicate_id", line, gold.id, told)
        first.setdefault(gold.id, line)


def _same_question(rows: Numbered) -> Iterator[Problem]:
    first: dict[object, tuple[int, Gold]] = {}
    for line, gold in rows:
        # the same words in another script or width are a mutation, and several kinds of it may ask the same
        mutated = gold.origin == "mutated"
        key = (gold.kind, gold.question, gold.history) if mutated else ("", _asked(gold))
        if key in first:
            at, other = first[key]
            told = tr(
                f"与第 {at} 行({other.id})问的相同;请删去一题",
                f"asks the same as line {at} ({other.id}); drop one",
            )
            if gold.refuse != other.refuse:
                told += tr(";而且一题应回答、一题应拒答", "; and one should be answered, the other refused")
            yield Problem("error", "duplicate_question", line, gold.id, told)
        first.setdefault(key, (line, gold))


def _asked(gold: Gold) -> tuple[str, ...]:
    return (*(letters(text) for turn in gold.history for text in turn), letters(gold.question))


def _alike(rows: Numbered) -> Iterator[Problem]:
    groups: dict[object, list[tuple[int, Gold]]] = defaultdict(list)
    for line, gold in rows:
        if gold.origin != "mutated":
            for key in _same_answer(gold):
                groups[key, bool(gold.history)].append((line, gold))
    told: set[int] = set()  # lines; one twin of a row is enough
    for group in groups.values():
        pairs = {line: Counter(_pairs(_asked(gold))) for line, gold in group[:_COMPARED]}
        for (one, first), (other, gold) in combinations(group[:_COMPARED], 2):
            if other in told or _asked(first) == _asked(gold):
                continue
            if _dice(pairs[one], pairs[other]) >= (ALIKE_REFUSED if gold.refuse else ALIKE):
                told.add(other)
                said = tr(
                    f"与第 {one} 行({first.id})几乎相同;请留下较难的一题",
                    f"asks nearly the same as line {one} ({first.id}); keep the harder one",
                )
                yield Problem("warning", "near_duplicate", other, gold.id, said)


def _same_answer(gold: Gold) -> set[object]:
    """What rows with the same answer out of the same document share; for a refusal, the figures of the question."""
    if gold.refuse:
        return {tuple(_FIGURE.findall(normalise(gold.question)))}
    parts = {tuple(sorted(_figures(part) for part in parts)) for parts in gold.answers}
    return {(source, figures) for figures in parts for source, _ in gold.evidence}


def _figures(text: str) -> str:
    """The figures of `text` alone, all of it where it has none: `103个` and `103` answer the same."""
    plain = normalise(text)
    return " ".join(_FIGURE.findall(plain)) or plain


def _pairs(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from (text[i : i + 2] for i in range(max(len(text) - 1, 1)))


def _dice(a: Counter[str], b: Counter[str]) -> float:
    """Dice (1945), on multisets."""
    return 2 * (a & b).total() / ((a.total() + b.total()) or 1)


def _balance(rows: Numbered) -> Iterator[Problem]:
    kinds: dict[str, list[tuple[int, Gold]]] = defaultdict(list)
    for line, gold in rows:
        kinds[gold.kind].append((line, gold))
    for kind, members in kinds.items():
        n, line = len(members), members[0][0]
        if n < FEW:
            yield Problem(
                "warning",
                "kind_small",
                line,
                None,
                tr(
                    f"类别 {kind!r} 只有 {n} 题,比例不可靠;请补到 {FEW} 题以上",
                    f"the kind {kind!r} has {n} rows, too few for a share; write {FEW} or more",
                ),
            )
        if n > MOST * len(rows) and len(kinds) > 1:
            yield Problem(
                "warning",
                "kind_large",
                line,
                None,
                tr(
                    f"类别 {kind!r} 占了 {n}/{len(rows)} 题;请补充其他类别",
                    f"the kind {kind!r} has {n} of {len(rows)} rows; add to the others",
                ),
            )
        if len({gold.refuse for _, gold in members}) > 1:
            yield Problem(
                "warning",
                "kind_mixed",
                line,
                None,
                tr(
                    f"类别 {kind!r} 中既有应答的题也有应拒的题;请分成两类",
                    f"the kind {kind!r} has rows to answer and rows to refuse; make it two kinds",
                ),
            )
    refusable = sum(gold.refuse for _, gold in rows)
    if rows and refusable < REFUSABLE * len(rows):
        yield Problem(
            "warning",
            "few_refusals",
            0,
            None,
            tr(
                f"无答案的题只有 {refusable}/{len(rows)};请补到 {REFUSABLE:.0%} 以上,否则有问必答也得高分",
                f"{refusable} of {len(rows)} rows have no answer; write {REFUSABLE:.0%} or more, or answering always looks good",
            ),
        )
