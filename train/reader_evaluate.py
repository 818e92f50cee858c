"""Figures of a reader model: CMRC dev, DRCD kept out, no answer, size, speed; and the calibration of `no_answer`.

Run: python train/reader_evaluate.py --data ../shared/data --model rag/models/reader --json train/reader_evaluation.json
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
from packs import read_pack
from reader_rows import names_of, supervised
from reader_score import Exam, dev_rows, drcd_rows, measures, trial_rows
from synthesise import SENTENCE, swapped
from torch.nn import functional

from rag.read.neural import SpanReader, Weights, doubts
from rag.text.fold import fold


def without_answer(exams: Sequence[Exam], data: Path, seed: int) -> list[tuple[Exam, str]]:
    """Unanswerable twins: the answer's sentences taken out, and (where it has one) a year, place, name or figure swapped."""
    rng = random.Random(seed)
    pool = names_of(supervised(data), rng)
    twins = []
    for exam in exams:
        answers = [fold(a) for a in exam.answers if a]
        text = fold(exam.passage)
        kept = [text[a:b] for a, b in (m.span() for m in SENTENCE.finditer(text)) if not any(x in text[a:b] for x in answers)]
        left = "".join(kept)
        if len(left) >= 30 and not any(a in left for a in answers) and any(a in text for a in answers):
            twins.append((Exam(exam.question, left, ()), "taken out"))
        other = swapped(fold(exam.question), pool, rng)
        if other:
            twins.append((Exam(other, exam.passage, ()), "swapped"))
    return twins


def auroc(yes: Sequence[float], no: Sequence[float]) -> float:
    """Chance that a random answerable row scores above a random unanswerable one (Mann-Whitney), ties count half."""
    values = np.concatenate([np.asarray(yes), np.asarray(no)])
    order = values.argsort(kind="stable")
    ranks = np.empty(len(values))
    ranks[order] = np.arange(1, len(values) + 1)
    for value in np.unique(values):
        same = values == value
        ranks[same] = ranks[same].mean()
    return float((ranks[: len(yes)].sum() - len(yes) * (len(yes) + 1) / 2) / (len(yes) * len(no)))


def scores(reader: SpanReader, exams: Sequence[Exam]) -> tuple[list[float], list[str]]:
    """Score and text of the best span, one question at a time."""
    found = [reader.score(exam.question, [exam.passage])[0] for exam in exams]
    return [f.score for f in found], [f.text for f in found]


def calibrate(data: Path, model: Path) -> dict[str, float]:
    """Fit `rag.read.neural.Weights` on the trial set: Platt scaling (Platt 1999) of the span's log-odds and the doubts."""
    path = model / "calibration.json"
    path.unlink(missing_ok=True)
    reader = SpanReader(model)
    exams = trial_rows(data)
    twins = [twin for twin, _ in without_answer(exams, data, 1)]
    x = torch.tensor([_values(reader, exam) for exam in (*exams, *twins)], dtype=torch.float64)
    y = torch.tensor([1.0] * len(exams) + [0.0] * len(twins), dtype=torch.float64)
    weight = torch.where(y > 0, 0.5 / len(exams), 0.5 / len(twins))  # as likely with as without
    line = torch.zeros(x.shape[1], dtype=torch.float64, requires_grad=True)
    solver = torch.optim.LBFGS([line], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        solver.zero_grad()
        loss = (weight * functional.binary_cross_entropy_with_logits(x @ line, y, reduction="none")).sum()
        loss.backward()
        return loss

    solver.step(closure)
    known = {name: round(float(value), 4) for name, value in zip(Weights._fields, line, strict=True)}
    told = {"weights": known, "fitted_on": f"cmrc2018_trial: {len(exams)} questions and {len(twins)} twins without an answer"}
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    path.chmod(0o644)
    return known


def _values(reader: SpanReader, exam: Exam) -> list[float]:
    found = reader.score(exam.question, [exam.passage])[0]
    return [found.score, *doubts(exam.question, exam.passage, found.start, found.end), 1.0]


def examine(reader: SpanReader, exams: Sequence[Exam], data: Path, every: int) -> dict[str, Any]:
    """Exact match and F1 by CMRC's scorer, in percent, and AUROC against the unanswerable twins.

    `every`: only one question in so many gets twins.
    """
    scorer = measures()
    yes, said = scores(reader, exams)
    em = statistics.mean(scorer.exact(text, exam.answers) for text, exam in zip(said, exams, strict=True))
    f1 = statistics.mean(scorer.f1(text, exam.answers) for text, exam in zip(said, exams, strict=True))
    twins = without_answer(exams[::every], data, 2)
    no, _ = scores(reader, [twin for twin, _ in twins])
    by = {kind: [s for s, (_, k) in zip(no, twins, strict=True) if k == kind] for kind in ("taken out", "swapped")}
    return {
        "questions": len(exams), "em": round(100 * em, 2), "f1": round(100 * f1, 2), "no_answer_auroc": round(auroc(yes, no), 4),
        "by": {kind: {"rows": len(values), "auroc": round(auroc(yes, values), 4)} for kind, values in by.items()},
    }  # fmt: skip


def speed(reader: SpanReader, data: Path, threads: int = 2) -> dict[str, float]:
    """Milliseconds for ten passages of 250 characters: median and best of 15 calls."""
    torch.set_num_threads(threads)
    rows = list(dict.fromkeys(r["context"] for r in read_pack(data, "reader_train") if r["source"] == "cmrc2018_trial"))
    passages = [re.sub(r"\s", "", text)[:250] for text in rows if len(text) > 300][:10]
    times = []
    for _ in range(16):
        began = time.perf_counter()
        reader.score("这座城市是在哪一年建立的?", passages)
        times.append(1000 * (time.perf_counter() - began))
    return {"median_ms": round(statistics.median(times[1:]), 1), "best_ms": round(min(times[1:]), 1), "threads": threads}


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description="Figures of a reader model.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--model", type=Path, default=Path("rag/models/reader"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", choices=("speed", "calibrate", "cmrc_trial", "cmrc_dev", "drcd_dev_held_out"))
    parser.add_argument("--every", type=int, default=1, help="twins without an answer of one question in so many")
    options = parser.parse_args()
    if options.only == "calibrate":
        calibrate(options.data, options.model)
    reader = SpanReader(options.model)
    reader.score("?", ["。"])
    figures: dict[str, Any] = {"bytes": sum(p.stat().st_size for p in options.model.iterdir()), "speed": speed(reader, options.data)}
    for name, rows in (("cmrc_trial", trial_rows), ("cmrc_dev", dev_rows), ("drcd_dev_held_out", drcd_rows)):
        if options.only in (None, name):
            figures[name] = examine(reader, rows(options.data), options.data, options.every)
    text = json.dumps(figures, ensure_ascii=False, indent=1)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
