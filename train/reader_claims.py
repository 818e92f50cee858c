"""Questions that want yes or no, made of what regulations allow, demand and forbid, and of the figures that they state.

`不得转让` answers 可以转让吗 with no and 是否禁止转让 with yes; a figure that is asked with another value is answered with no.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

from packs import read_pack
from reader_rows import NO, SENTENCE, YES, Row, closest, window

from rag.text.fold import fold

MODES = {
    "may": ("可以", "有权", "能够", "允许"),
    "must": ("应当", "必须", "需要"),
    "must not": ("不得", "禁止", "严禁", "不能", "不应", "无权"),
}
"""How a sentence says that a thing is allowed, demanded or forbidden."""
ASKED = {
    "may": (("可以", "能", "能不能", "可不可以", "是否可以", "有权", "可以不可以"), ("不得", "禁止", "不能", "不可以")),
    "must": (("应当", "必须", "需要", "要不要", "应该", "是否应当", "得", "用不用", "需不需要"), ("可以不", "不用", "不必", "能不")),
    "must not": (("不得", "禁止", "不能", "不允许", "是否禁止"), ("可以", "能", "能不能", "可不可以", "允许", "是否可以", "可以随便")),
}
"""Words of a question that a sentence of that mode answers with yes, and with no."""
MODE_OF = {word: mode for mode, words in MODES.items() for word in words}
MODAL = re.compile("|".join(sorted(MODE_OF, key=len, reverse=True)))
NUMBER = re.compile(r"(?<![\d.第])\d{1,6}(?:\.\d{1,2})?(?![\d.])")
CLAUSE = re.compile(r"[^,，;；:：]+")


def regulations(data: Path, rng: random.Random, size: int) -> list[tuple[str, str]]:
    """Titles and passages of a few neighbouring articles."""
    found: list[tuple[str, str]] = []
    for r in read_pack(data, "law_text"):
        title, text = fold(r["law"]), fold(r["text"])
        if found and found[-1][0] == title and len(found[-1][1]) < 300:
            found[-1] = (title, f"{found[-1][1]}\n{text}")
        else:
            found.append((title, text))
    found = [pair for pair in found if 60 < len(pair[1]) < 700]
    return rng.sample(found, min(size, len(found)))


def claim(title: str, passage: str, wanted: int, rng: random.Random) -> Row | None:
    """A yes-or-no question over the passage, one time in four over the passage without what decides it; None where nothing serves."""
    sentences = [m[0].strip() for m in SENTENCE.finditer(passage) if 12 <= len(m[0].strip()) <= 90 and passage.count(m[0].strip()) == 1]
    rng.shuffle(sentences)
    for sentence in sentences:
        start = passage.index(sentence)
        asked = _figure(sentence, rng) if rng.random() < 0.3 else _mode(sentence, rng)
        if asked is None:
            continue
        question, first, last, verdict = asked
        if rng.random() < 0.25:
            rest = passage[:start] + passage[start + len(sentence) :]
            return closest(Row(question, title, rest, (), False), wanted, rng) if len(rest) > 40 else None
        return window(Row(question, title, passage, ((start + first, start + last),), True, verdict), wanted, rng)
    return None


def _mode(sentence: str, rng: random.Random) -> tuple[str, int, int, str] | None:
    modal = MODAL.search(sentence)
    if modal is None:
        return None
    clauses = [m.span() for m in CLAUSE.finditer(sentence.rstrip("。;；"))]
    deciding = next((span for span in clauses if span[0] <= modal.start() < span[1]), None)
    if deciding is None or deciding[1] - modal.end() < 2:
        return None
    verdict = YES if rng.random() < 0.5 else NO
    word = rng.choice(ASKED[MODE_OF[modal[0]]][verdict == NO])
    began = rng.choice([span[0] for span in clauses if span[0] <= modal.start()])
    left, right = sentence[began : modal.start()], sentence[modal.end() : deciding[1]]
    if 4 < len(left) < 16 and rng.random() < 0.2:
        left, right = "", f"{right},{left.strip(',，')}"
    body = f"{left}{word}{right}"
    question = body if "不" in word[1:-1] or "是否" in word else body + rng.choice(("吗", "吗", "么", ",对吗", ",是吗"))
    return question + rng.choice(("?", "?", "")), modal.start(), deciding[1], verdict


def _figure(sentence: str, rng: random.Random) -> tuple[str, int, int, str] | None:
    number = NUMBER.search(sentence)
    if number is None:
        return None
    body, verdict = sentence.rstrip("。;；"), YES
    if rng.random() < 0.5:
        value = number[0]
        other = value
        while other == value:
            other = f"{float(value) * rng.choice((0.5, 0.8, 1.2, 1.5, 2, 3)):.{len(value.partition('.')[2])}f}" if rng.random() < 0.7 else str(rng.randint(1, 9999))
        body, verdict = body[: number.start()] + other + body[number.end() :], NO
    clauses = [m.span() for m in CLAUSE.finditer(body)]
    began = max(span[0] for span in clauses if span[0] <= number.start())
    if rng.random() < 0.5:
        began = 0
    ending = next((span[1] for span in clauses if span[1] >= number.end()), len(body))
    asked = body[began:ending].strip(",，")
    return f"是不是{asked}?" if rng.random() < 0.3 else asked + rng.choice(("吗?", "吗", ",对吗?")), number.start(), number.end(), verdict


