"""Figures of a reader: spans by CMRC 2018's scorer, answers or not by AUROC, yes or no by accuracy."""

from __future__ import annotations

import importlib
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from packs import read_pack
from reader_rows import HELD_OUT, held_out

from rag.encoder.decode import Reading, best, reading
from rag.encoder.sheet import PAD, WINDOW, Sheet, sheets


class Exam(NamedTuple):
    """A question with its passage. `answers` are alternatives, each the parts that make it up; `verdict` is yes, no or empty."""

    question: str
    title: str
    passage: str
    answers: tuple[tuple[str, ...], ...]
    answerable: bool = True
    verdict: str = ""
    kind: str = ""


def cmrc(data: Path, *, trial: bool = False) -> list[Exam]:
    """CMRC's dev set, for the report only, or its trial set, for tuning."""
    rows = read_pack(data, "reader_train") if trial else read_pack(data, "reader_test_cmrc_dev", training=False)
    return [Exam(r["question"], "", r["context"], tuple((a["text"],) for a in r["answers"])) for r in rows
            if not trial or r["source"] == "cmrc2018_trial"]  # fmt: skip


def drcd(data: Path) -> list[Exam]:
    """The part of DRCD dev that is kept out of training."""
    return [Exam(r["question"], "", r["context"], tuple((a["text"],) for a in r["answers"])) for r in read_pack(data, "reader_train")
            if r["source"] == HELD_OUT and held_out(r["context"])]  # fmt: skip


def office(data: Path, name: str = "office_reader_dev") -> list[Exam]:
    """Questions as offices ask them; all parts of a list make one answer."""
    rows = read_pack(data, name, training=False)
    return [Exam(r["question"], r["title"], r["context"], (tuple(a["text"] for a in r["answers"]),) if r["answers"] else (),
                 not r["unanswerable"], r["yesno"] or "", r["kind"]) for r in rows]  # fmt: skip


def courts(data: Path) -> list[Exam]:
    """Court documents."""
    rows = read_pack(data, "cjrc_reader_dev", training=False)
    return [Exam(r["question"], "", r["context"], tuple((a["text"],) for a in r["answers"]), not r["unanswerable"], r["yesno"] or "", "yesno" if r["yesno"] else "")
            for r in rows]  # fmt: skip


def answered(net: Any, tokenizer: Any, exams: Sequence[Exam], window: int = WINDOW, batch: int = 8) -> list[Reading]:
    """A reading for each question, best of its passage's windows."""
    rows: list[tuple[int, Sheet]] = []
    for k, exam in enumerate(exams):
        rows += [(k, sheet) for _, sheet in sheets(tokenizer, exam.question, [(exam.title, exam.passage)], window)]
    order = sorted(range(len(rows)), key=lambda i: len(rows[i][1].ids))
    found: dict[int, list[Reading]] = defaultdict(list)
    with torch.inference_mode():
        for at in range(0, len(order), batch):
            group = [rows[i] for i in order[at : at + batch]]
            length = max(len(sheet.ids) for _, sheet in group)
            ids = torch.full((len(group), length), PAD)
            for row, (_, sheet) in zip(ids, group, strict=True):
                row[: len(sheet.ids)] = torch.tensor(sheet.ids)
            logits = net(input_ids=ids, attention_mask=(ids != PAD).long()).logits.float().numpy()
            for (k, sheet), scores in zip(group, logits, strict=True):
                found[k].append(reading(exams[k].passage, sheet, scores[: len(sheet.ids)]))
    return [best(found[k]) for k in range(len(exams))]


def measures() -> Any:
    """The module with `exact` and `f1`, which lives in the app `eval`."""
    return importlib.import_module("eval.metrics.answers")


def overlap(said: Sequence[str], parts: Sequence[str]) -> float:
    """F1 of the characters of the parts said against those wanted, marks and blanks left out; order does not count.

    >>> overlap(["公安", "供电"], ["公安", "供电"])
    1.0
    """
    mine, wanted = (list(re.sub(r"[\W_]", "", "".join(texts))) for texts in (said, parts))
    common = sum(min(mine.count(c), wanted.count(c)) for c in set(mine))
    return 2 * common / (len(mine) + len(wanted)) if common else 0.0


def auroc(yes: Sequence[float], no: Sequence[float]) -> float:
    """Chance that a random answerable row scores above a random unanswerable one (Mann-Whitney)."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score([1] * len(yes) + [0] * len(no), [*yes, *no]))


def spans_of(exam: Exam, found: Reading) -> list[str]:
    """The parts of the answer as the reader says them."""
    return [exam.passage[a:b] for a, b in found.spans]


def span_figures(exams: Sequence[Exam], found: Sequence[Reading]) -> dict[str, float]:
    """Exact match and F1 by CMRC's scorer, in percent."""
    scorer = measures()
    pairs = [(exam.passage[r.start : r.end], ["".join(parts) for parts in exam.answers]) for exam, r in zip(exams, found, strict=True)]
    return {"em": 100 * float(np.mean([scorer.exact(said, texts) for said, texts in pairs])),
            "f1": 100 * float(np.mean([scorer.f1(said, texts) for said, texts in pairs]))}  # fmt: skip


def office_figures(exams: Sequence[Exam], found: Sequence[Reading]) -> dict[str, Any]:
    """Figures of questions as offices ask them.

    `f1` of the answerable questions that are answered by spans (yes-or-no ones left out), `auroc` of answers against does not,
    `yesno` the accuracy where yes or no is right (`neither` counts as wrong), and `by`, F1 by kind.
    """
    by: dict[str, list[float]] = defaultdict(list)
    for exam, r in zip(exams, found, strict=True):
        if exam.answerable and exam.answers:
            by[exam.kind].append(max(overlap(spans_of(exam, r), parts) for parts in exam.answers))
    verdicts = [("yes", "no", "")[int(np.argmax(r.verdict))] == exam.verdict for exam, r in zip(exams, found, strict=True) if exam.verdict]
    return {
        "f1": float(np.mean([value for kind, values in by.items() if kind != "yesno" for value in values])),
        "auroc": auroc([r.answers for e, r in zip(exams, found, strict=True) if e.answerable], [r.answers for e, r in zip(exams, found, strict=True) if not e.answerable]),
        "yesno": float(np.mean(verdicts)),
        "by": {kind: (len(values), round(float(np.mean(values)), 3)) for kind, values in sorted(by.items())},
    }  # fmt: skip


def dev_figures(net: Any, tokenizer: Any, data: Path, every: int) -> dict[str, float]:
    """Figures by which training is followed, of every so many questions of CMRC's trial set and `office_reader_dev`."""
    trial, asked = cmrc(data, trial=True)[:: 2 * every], office(data)[::every]
    spans = span_figures(trial, answered(net, tokenizer, trial))
    other = office_figures(asked, answered(net, tokenizer, asked))
    return {f"trial_{name}": value for name, value in spans.items()} | {f"office_{name}": other[name] for name in ("f1", "auroc", "yesno")}
