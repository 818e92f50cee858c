"""Figures of a reader: spans, answers or not, yes or no, refusing among neighbours, size, speed; and its calibration.

Run: python train/reader_evaluate.py --data ../shared/data --model rag/models/reader --json train/reader_evaluation.json
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import reader_score as score
import torch
from reader_score import Exam

from rag.encoder.decode import Reading
from rag.encoder.reader import Calibration, EncoderReader
from rag.text.fold import fold

SETS = ("cmrc_dev", "cmrc_trial", "drcd_held_out", "office_dev", "cjrc_dev", "refusing")
NEAREST = 5
REFUSED_OF_ANSWERABLE = 0.12


def read_all(reader: EncoderReader, exams: Sequence[Exam]) -> list[Reading]:
    """A reading for each question, one at a time, as the product reads."""
    return [reader.read(exam.question, [(exam.title, exam.passage)])[0] for exam in exams]


def verdicts(exams: Sequence[Exam], found: Sequence[Reading]) -> dict[str, Any]:
    """F1, AUROC and accuracies.

    `answerable_accuracy` is that of answers or not at even odds; for a yes-or-no question `yesno` counts neither as wrong,
    `yes_against_no` leaves it out.
    """
    figures = score.office_figures(exams, found)
    right = [(one.answers > 0) == exam.answerable for exam, one in zip(exams, found, strict=True)]
    forced = [("yes", "no")[int(np.argmax(one.verdict[:2]))] == exam.verdict for exam, one in zip(exams, found, strict=True) if exam.verdict]
    return {"questions": len(exams), **figures, "answerable_accuracy": float(np.mean(right)), "yes_against_no": float(np.mean(forced))}


def nearest(questions: Sequence[str], passages: Sequence[str], count: int) -> list[list[int]]:
    """Numbers of the nearest passages of each question, best first (TF-IDF over character pairs)."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32)
    documents = vectorizer.fit_transform([fold(passage) for passage in passages])
    scores = (vectorizer.transform([fold(question) for question in questions]) @ documents.T).toarray()
    return [[int(k) for k in np.argsort(-line, kind="stable")[:count]] for line in scores]


def refusing(reader: EncoderReader, exams: Sequence[Exam], every: int) -> dict[str, Any]:
    """Questions over the five nearest passages of the collection, with the gold passage in it and with it taken out.

    The score of a question is that of its best passage. `curve`: of the answerable, the share refused; of the others, the share refused at the same threshold.
    """
    passages = list(dict.fromkeys(exam.passage for exam in exams))
    asked = exams[::every]
    odds = reader.calibration.of
    kept, removed, answers, among = [], [], [], []
    for exam, near in zip(asked, nearest([exam.question for exam in asked], passages, NEAREST + 1), strict=True):
        texts = [passages[k] for k in near]
        among.append(exam.passage in texts[:NEAREST])
        readings = reader.read(exam.question, [("", text) for text in texts])
        scored = [(odds(one), text, one) for one, text in zip(readings, texts, strict=True)]
        kept.append(max(value for value, _, _ in scored[:NEAREST]))
        removed.append(max(value for value, text, _ in [row for row in scored if row[1] != exam.passage][:NEAREST]))
        _, text, one = max(scored[:NEAREST], key=lambda row: row[0])
        answers.append(text[one.start : one.end])
    scorer = score.measures()
    thresholds = np.quantile(kept, np.arange(0.02, 0.32, 0.02))
    curve = [(round(float(np.mean(np.array(kept) < t)), 3), round(float(np.mean(np.array(removed) < t)), 3)) for t in thresholds]
    chosen = float(np.quantile(kept, REFUSED_OF_ANSWERABLE))
    texts = [["".join(parts) for parts in exam.answers] for exam in asked]
    return {
        "questions": len(asked), "passages": len(passages), "auroc": round(score.auroc(kept, removed), 4),
        "gold_among_nearest": round(float(np.mean(among)), 4),
        "open_em": round(100 * float(np.mean([scorer.exact(said, t) for said, t in zip(answers, texts, strict=True)])), 2),
        "open_f1": round(100 * float(np.mean([scorer.f1(said, t) for said, t in zip(answers, texts, strict=True)])), 2),
        "threshold": round(chosen, 3), "answerable_refused": round(float(np.mean(np.array(kept) < chosen)), 4),
        "removed_refused": round(float(np.mean(np.array(removed) < chosen)), 4), "curve": curve,
    }  # fmt: skip


def calibrate(reader: EncoderReader, data: Path, model: Path) -> dict[str, float]:
    """Fit `Calibration` on `office_reader_dev` and `cjrc_reader_dev`, with as many answerable as not by weight."""
    from sklearn.linear_model import LogisticRegression

    exams = [*score.office(data), *score.courts(data)]
    found = read_all(reader, exams)
    features = [(one.answers, one.span) for one in found]
    fitted = LogisticRegression(class_weight="balanced", C=1e3).fit(features, [exam.answerable for exam in exams])
    weights = dict(zip(Calibration._fields, [round(float(w), 4) for w in (*fitted.coef_[0], fitted.intercept_[0])], strict=True))
    told = {"weights": weights, "fitted_on": f"office_reader_dev and cjrc_reader_dev: {len(exams)} questions"}
    (model / "calibration.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return weights


def speed(reader: EncoderReader, data: Path) -> dict[str, Any]:
    """Milliseconds for ten passages of 250 characters: median and best of 15 calls."""
    texts = [re.sub(r"\s", "", exam.passage)[:250] for exam in score.cmrc(data, trial=True) if len(exam.passage) > 300]
    passages = [("", text) for text in dict.fromkeys(texts)][:10]
    times = []
    for _ in range(16):
        began = time.perf_counter()
        reader.read("这座城市是在哪一年建立的?", passages)
        times.append(1000 * (time.perf_counter() - began))
    return {"median_ms": round(statistics.median(times[1:]), 1), "best_ms": round(min(times[1:]), 1), "threads": torch.get_num_threads(),
            "instructions": torch.backends.cpu.get_cpu_capability()}  # fmt: skip


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description="Figures of a reader model.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--model", type=Path, default=Path("rag/models/reader"))
    parser.add_argument("--json", type=Path, help="write the figures here as well; sets left out keep what stands there")
    parser.add_argument("--calibrate", action="store_true", help="fit calibration.json first")
    parser.add_argument("--sets", nargs="*", choices=SETS, default=SETS, metavar="SET", help=", ".join(SETS))
    parser.add_argument("--every", type=int, default=5, help="of CMRC dev, and of `refusing`: one question in so many; 1 for all of them")
    options = parser.parse_args()
    reader = EncoderReader(options.model)
    if options.calibrate:
        calibrate(reader, options.data, options.model)
        reader = EncoderReader(options.model)
    reader.read("?", [("", "。")])
    figures: dict[str, Any] = json.loads(options.json.read_text(encoding="utf-8")) if options.json and options.json.is_file() else {}
    figures |= {"bytes": sum(p.stat().st_size for p in options.model.iterdir()), "speed": speed(reader, options.data)}
    exams = {"cmrc_dev": score.cmrc(options.data), "cmrc_trial": score.cmrc(options.data, trial=True), "drcd_held_out": score.drcd(options.data)}
    for name in options.sets:
        if name in exams:
            asked = exams[name][:: options.every] if name == "cmrc_dev" else exams[name]
            figures[name] = {"questions": len(asked), **score.span_figures(asked, read_all(reader, asked))}
        elif name == "refusing":
            figures[name] = refusing(reader, exams["cmrc_dev"], options.every)
        else:
            asked = score.office(options.data) if name == "office_dev" else score.courts(options.data)
            figures[name] = verdicts(asked, read_all(reader, asked))
        print(name, json.dumps(figures[name], ensure_ascii=False), flush=True)
    text = json.dumps(figures, ensure_ascii=False, indent=1)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
