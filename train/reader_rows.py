"""Rows that the reader is trained on: questions with passages that answer them, and with passages that don't.

Refusing is half of what is learned. A question meets: the nearest passages of other documents, its own passage without the
sentence that answers, the same text of another place or year, and itself with another name in it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from packs import read_pack

from rag.text.fold import fold

HELD_OUT = "drcd_dev"
"""One in seven DRCD dev contexts is kept out of training for the report."""
SENTENCE = re.compile(r"[^。!?！？;；\n]*[。!?！？;；\n]+[”」』]?|[^。!?！？;；\n]+$")
PLACE = re.compile(r"^[\u4e00-\u9fff]{2}(?=[\u4e00-\u9fff]*[省市县区州])|^[\u4e00-\u9fff]{2}")
YEAR = re.compile(r"20[012]\d")
NEITHER, YES, NO = "neither", "yes", "no"


class Row(NamedTuple):
    """A question and a passage.

    `spans` are the answer's parts in it; there are none where it does not answer, and none where only yes or no is known.
    """

    question: str
    title: str
    passage: str
    spans: tuple[tuple[int, int], ...]
    answers: bool
    verdict: str = NEITHER
    region: str = ""
    near: tuple[int, ...] = ()


def held_out(context: str) -> bool:
    """Whether a DRCD dev context is among those kept out, by its text alone."""
    return sum(map(ord, context)) % 7 == 0


def encyclopaedia(data: Path) -> list[Row]:
    """CMRC train and DRCD; CMRC's trial set and the DRCD contexts kept out are left out."""
    rows = []
    for r in read_pack(data, "reader_train"):
        if r["source"] != "cmrc2018_trial" and not (r["source"] == HELD_OUT and held_out(r["context"])):
            rows.append(Row(fold(r["question"]), "", fold(r["context"]), _spans(r["answers"][:1]), True))
    return rows


def office(data: Path, name: str = "office_reader_train") -> list[Row]:
    """Questions as offices ask them. A yes or no without deciding words takes its evidence as the span."""
    rows = []
    for r in read_pack(data, name):
        spans = _spans(r["answers"]) or (_spans([r["evidence"]]) if r["evidence"] and not r["unanswerable"] else ())
        rows.append(Row(fold(r["question"]), fold(r["title"]), fold(r["context"]), spans, not r["unanswerable"], r["yesno"] or NEITHER, r["region"]))
    return rows


def courts(data: Path, name: str = "cjrc_reader_train") -> list[Row]:
    """Court documents."""
    return [Row(fold(r["question"]), "", fold(r["context"]), _spans(r["answers"][:1]), not r["unanswerable"], r["yesno"] or NEITHER)
            for r in read_pack(data, name)]  # fmt: skip


def across(data: Path, rng: random.Random, size: int) -> list[Row]:
    """English over Chinese: a sentence in English, and the passage that holds its translation or, one time in three, does not."""
    runs: list[list[tuple[str, str]]] = []
    held: list[tuple[str, str]] = []
    source = ""
    for r in read_pack(data, "en_zh_pairs"):
        if r["source"] not in ("roc_laws", "python_docs", "hf_course", "tico19", "react_docs", "vue_docs", "tensorflow_docs"):
            continue
        if r["source"] != source or len(held) == 6:
            runs.append(held)
            held, source = [], r["source"]
        if 12 < len(r["zh"]) < 160:
            held.append((r["en"], fold(r["zh"])))
    runs = [run for run in runs if len(run) >= 3]
    rows = []
    for run in rng.sample(runs, min(size, len(runs))):
        at = rng.randrange(len(run))
        words = run[at][0].split()
        if len(words) < 6:
            continue
        begin = rng.randrange(max(1, len(words) - 24))
        asked = " ".join(words[begin : begin + 24]).lower()
        if rng.random() < 0.35:
            rows.append(Row(asked, "", "\n".join(zh for k, (_, zh) in enumerate(run) if k != at), (), False))
        else:
            start = sum(len(zh) + 1 for _, zh in run[:at])
            rows.append(Row(asked, "", "\n".join(zh for _, zh in run), ((start, start + len(run[at][1])),), True))
    return rows


def _spans(answers: Sequence[dict[str, Any]]) -> tuple[tuple[int, int], ...]:
    return tuple(sorted({(a["start"], a["start"] + len(a["text"])) for a in answers if a["start"] >= 0 and a["text"]}))


def with_near(rows: list[Row], count: int = 8) -> tuple[list[Row], list[tuple[str, str]]]:
    """Rows with the numbers of the nearest other passages (TF-IDF over character pairs), and the passages with their titles."""
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    passages = list(dict.fromkeys((row.title, row.passage) for row in rows))
    place = {passage: k for k, (_, passage) in enumerate(passages)}
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(2, 2), sublinear_tf=True, dtype=np.float32)
    documents = vectorizer.fit_transform([f"{title} {passage}" for title, passage in passages]).T.tocsr()
    out = []
    for at in range(0, len(rows), 500):
        part = rows[at : at + 500]
        scores = (vectorizer.transform([row.question for row in part]) @ documents).toarray()
        for row, line in zip(part, scores, strict=True):
            line[place[row.passage]] = -1
            best = np.argpartition(-line, count)[:count]
            said = [row.passage[a:b] for a, b in row.spans]
            out.append(row._replace(near=tuple(int(k) for k in best if not any(text in passages[k][1] for text in said))))
    return out, passages


def window(row: Row, wanted: int, rng: random.Random) -> Row:
    """Whole sentences round the answer, `wanted` characters or a little more; round any place where nothing answers."""
    sentences = [m.span() for m in SENTENCE.finditer(row.passage)]
    if row.spans:
        inside = [i for i, (a, b) in enumerate(sentences) if any(a < end and start < b for start, end in row.spans)]
    elif row.answers:
        return row
    else:
        inside = [rng.randrange(len(sentences))] if sentences else []
    if not inside:
        return row
    first, last = inside[0], inside[-1]
    while sentences[last][1] - sentences[first][0] < wanted and (first > 0 or last + 1 < len(sentences)):
        if first > 0 and (rng.random() < 0.5 or last + 1 == len(sentences)):
            first -= 1
        else:
            last += 1
    left = min(sentences[first][0], *(a for a, _ in row.spans)) if row.spans else sentences[first][0]
    right = max(sentences[last][1], *(b for _, b in row.spans)) if row.spans else sentences[last][1]
    return row._replace(passage=row.passage[left:right], spans=tuple((a - left, b - left) for a, b in row.spans))


def closest(row: Row, wanted: int, rng: random.Random) -> Row:
    """Of three windows of a passage that does not answer, the one that shares most with the question."""
    pairs = {row.question[i : i + 2] for i in range(len(row.question) - 1)}
    tried = [window(row, wanted, rng) for _ in range(3)]
    return max(tried, key=lambda one: sum(pair in one.passage for pair in pairs))


def without(row: Row, rng: random.Random) -> Row | None:
    """The passage without the sentences that answer, where the answer stands nowhere else in it."""
    if not row.spans:
        return None
    said = [row.passage[a:b] for a, b in row.spans]
    left = "".join(m[0] for m in SENTENCE.finditer(row.passage)
                   if not any(m.start() < b and a < m.end() for a, b in row.spans) and not any(text in m[0] for text in said))  # fmt: skip
    return row._replace(passage=left, spans=(), answers=False, verdict=NEITHER) if len(left) > 40 else None


def run_of(question: str, passage: str) -> str:
    """The longest part of the question, three characters at least, that the passage holds; empty where there is none."""
    for size in range(min(12, len(question)), 2, -1):
        for at in range(len(question) - size + 1):
            if question[at : at + size] in passage:
                return question[at : at + size]
    return ""
