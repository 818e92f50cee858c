"""A gold row against the documents it asks about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from rag.messages import tr
from rag.text.fold import fold

from .documents import Texts
from .evidence import find
from .metrics.answers import normalise
from .problem import Level, Problem
from .rows import Gold
from .stated import stated, unstated_numbers

LONG = 300
"""Characters; a citation has to cover half of the evidence, and few are longer than a sentence or two."""


def row_problems(line: int, gold: Gold, texts: Texts) -> Iterator[Problem]:
    """What is wrong with one row, given its documents."""
    said: list[str] = []  # what the evidence says, raw and clean
    found_all = True
    for source, text in gold.evidence:
        raw = texts.raw(source)
        if raw is None:
            found_all = False
            yield _problem("error", "unknown_source", line, gold, *_no_source(source, texts.sources()))
            continue
        spans = find(text, raw)
        if not spans:
            found_all = False
            yield _problem("error", "evidence_not_found", line, gold, *_not_found(source, text, raw, texts))
            continue
        said += [text, *(texts.clean(source, *span) for span in spans)]
        yield from _evidence(line, gold, source, text, raw, spans)
    if len(set(gold.evidence)) < len(gold.evidence):
        yield _problem(
            "warning",
            "evidence_twice",
            line,
            gold,
            "同一处依据写了两遍;请删去一处",
            "the same evidence stands twice; take one out",
        )
    if found_all and gold.answers:
        yield from _answers(line, gold, said)
    yield from _forbidden(line, gold)


def _evidence(
    line: int, gold: Gold, source: str, text: str, raw: str, spans: Sequence[tuple[int, int]]
) -> Iterator[Problem]:
    start, end = spans[0]
    if raw[start:end] != text:
        exact = raw[start:end]
        yield _problem(
            "warning",
            "evidence_spacing",
            line,
            gold,
            f"依据与 {source} 原文的空白不同;请写成 {exact!r}",
            f"the evidence differs from {source} in white space; write {exact!r}",
        )
    if len(spans) > 1:
        yield _problem(
            "warning",
            "evidence_ambiguous",
            line,
            gold,
            f"依据 {_short(text)} 在 {source} 中出现 {len(spans)} 次;请多抄几个字,使它只有一处",
            f"the evidence {_short(text)} stands {len(spans)} times in {source}; copy more of it, so that it is one place",
        )
    if end - start > LONG:
        yield _problem(
            "warning",
            "evidence_long",
            line,
            gold,
            f"依据有 {end - start} 字;引证须覆盖其一半,请只留下能证明答案的部分(不超过 {LONG} 字)",
            f"the evidence has {end - start} characters, half of which must be cited; keep what proves the answer ({LONG} at most)",
        )


def _no_source(source: str, sources: Sequence[str]) -> tuple[str, str]:
    near = get_close_matches(source, sources, n=1)
    few = ", ".join(sources[:5]) + (", …" if len(sources) > 5 else "")
    return (
        f"没有文档 {source!r}" + (f";是不是 {near[0]!r}?" if near else f";有 {few};用 --docs 指定文件夹"),
        f"there is no document {source!r}"
        + (f"; did you mean {near[0]!r}?" if near else f"; there is {few}; name a folder with --docs"),
    )


def _not_found(source: str, text: str, raw: str, texts: Texts) -> tuple[str, str]:
    exact = _alike(text, raw)
    if exact is not None:
        return (
            f"依据与 {source} 的原文写法不同;请照原文写成 {exact!r}",
            f"the evidence is not written as in {source}; write {exact!r}",
        )
    other = next(
        (name for name in texts.sources() if name != source and find(text, texts.raw(name) or "")), None
    )
    if other is not None:
        return (
            f"{source} 中没有依据 {_short(text)};它在 {other} 中",
            f"the evidence {_short(text)} is not in {source}; it is in {other}",
        )
    return (
        f"{source} 中没有依据 {_short(text)};请从原文复制",
        f"the evidence {_short(text)} is not in {source}; copy it from the document",
    )


def _alike(text: str, raw: str) -> str | None:
    """The words of `raw` that are `text` but for script, case, width and everything that is no letter or digit."""
    wanted = "".join(c for c in fold(text) if c.isalnum())
    folded = fold(raw)
    at = [i for i, c in enumerate(folded) if c.isalnum()]
    start = "".join(folded[i] for i in at).find(wanted) if wanted else -1
    return None if start < 0 else raw[at[start] : at[start + len(wanted) - 1] + 1]


def _answers(line: int, gold: Gold, said: Sequence[str]) -> Iterator[Problem]:
    asked = [gold.question, *(text for turn in gold.history for text in turn)]
    known = [*said, *asked]
    if not gold.derived:
        if not any(all(stated(part, known) for part in parts) for parts in gold.answers):
            missing = next(part for part in gold.answers[0] if not stated(part, known))
            yield _problem(
                "error",
                "answer_not_stated",
                line,
                gold,
                f"依据里没有答案 {missing!r};请改正答案或补上依据,推算、翻译得来的请写 derived: true",
                f"the evidence does not say {missing!r}; mend the answer or add evidence, "
                "or write derived: true where it is worked out or translated",
            )
        else:
            for part in dict.fromkeys(part for parts in gold.answers for part in parts):
                if wrong := unstated_numbers(part, known):
                    yield _problem(
                        "warning",
                        "answer_number",
                        line,
                        gold,
                        f"备选答案 {part!r} 中的 {', '.join(wrong)} 不在依据里;请核对",
                        f"the alternative {part!r} has {', '.join(wrong)}, which the evidence has not; check it",
                    )
    for parts in gold.answers:
        if all(stated(part, asked) for part in parts):
            yield _problem(
                "warning",
                "answer_in_question",
                line,
                gold,
                f"答案 {' + '.join(parts)} 在问题里已有,复述问题也算答对;请补上问题里没有的内容",
                f"the question already has {' + '.join(parts)}, so repeating it would pass; add what it has not",
            )
        if short := [part for part in parts if len(normalise(part)) == 1]:
            yield _problem(
                "warning",
                "answer_short",
                line,
                gold,
                f"答案 {short[0]!r} 只有一个字符,容易碰巧算对;请加上单位或前后文",
                f"the answer {short[0]!r} is a single character, which is soon right by chance; add its unit",
            )
    if len({tuple(map(normalise, parts)) for parts in gold.answers}) < len(gold.answers):
        yield _problem(
            "warning",
            "answer_twice",
            line,
            gold,
            "两个备选答案相同;请删去一个",
            "two alternatives are the same; take one out",
        )


def _forbidden(line: int, gold: Gold) -> Iterator[Problem]:
    for text in gold.forbid:
        for parts in gold.answers:
            if any(normalise(text) in normalise(part) for part in parts):
                yield _problem(
                    "error",
                    "answer_forbidden",
                    line,
                    gold,
                    f"答案 {' + '.join(parts)} 含有 forbid 中的 {text!r},永远不会算对;请改其一",
                    f"the answer {' + '.join(parts)} holds {text!r}, which forbid rules out, so it is never right; mend one",
                )


def _problem(level: Level, code: str, line: int, gold: Gold, zh: str, en: str) -> Problem:
    return Problem(level, code, line, gold.id, tr(zh, en))


def _short(text: str) -> str:
    text = re.sub(r"\s+", " ", text)
    return f"“{text if len(text) <= 40 else text[:39] + '…'}”"
