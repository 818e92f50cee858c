"""Fit the decision (`rag/read/decide.json`): how probable it is that a finding answers the question.

Run: python train/decide.py --data ../shared/data

Every set is indexed, every question with one part is asked, and every finding among the best is told as an answer and judged as
`zhiyin eval` judges it. A logistic regression then learns from what was measured of the finding whether it was right. The gathered
findings stay in `--work`, so that `--fit` alone takes seconds. Report: each set by a fit on the others.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from packs import read_pack

from rag.bot import Bot
from rag.config import Settings
from rag.eval.evidence import Evidence
from rag.eval.homes import indexed
from rag.eval.judge import judge
from rag.eval.rows import Gold, load
from rag.eval.run import texts
from rag.read.decide import FEATURES, crossed
from rag.read.learned import DEPTHS, LearnedReader

HERE = Path(__file__).parents[1]
CONSIDERED = 12
"""Findings of the rules that are looked at for a question, beside all that the encoder proposes."""


class Question(NamedTuple):
    """A question of `set` with what was measured of each finding, and whether that would have been right."""

    set: str
    id: str
    refuse: bool
    kind: str
    features: list[dict[str, float]]
    right: list[bool]
    vetoed: list[bool]
    told: list[str]


def passages(data: Path, folder: Path) -> tuple[Path, Path]:
    """`office_reader_dev` as a collection: a document a passage, and gold rows."""
    docs = folder / "passages"
    docs.mkdir(parents=True, exist_ok=True)
    rows = []
    for r in read_pack(data, "office_reader_dev", training=False):
        name = hashlib.sha256(r["context"].encode()).hexdigest()[:12] + ".txt"
        (docs / name).write_text(f"{r['title']}\n\n{r['context']}\n" if r["title"] else f"{r['context']}\n", encoding="utf-8")
        said = [a["text"] for a in r["answers"]] or ([r["evidence"]["text"]] if r["evidence"] else [])
        rows.append({"id": r["id"], "kind": r["kind"], "question": r["question"], "answers": [] if r["unanswerable"] else [said],
                     "evidence": [] if r["unanswerable"] else [[name, r["evidence"]["text"]]], "refuse": r["unanswerable"]})  # fmt: skip
    path = folder / "passages.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return docs, path


def halves(gold: Gold) -> str:
    """Which half of `office_dev` a question falls into, by the document that it asks about (of a refusal, by its own number)."""
    name = gold.evidence[0][0] if gold.evidence else gold.id
    return "office_dev_a" if int(hashlib.sha256(name.encode()).hexdigest(), 16) % 2 else "office_dev_b"


def sets(data: Path, work: Path) -> Iterator[tuple[str, list[Path], Path]]:
    """Name, folders of documents and gold file of each set."""
    yield "seeds", [HERE / "seeds"], HERE / "eval" / "gold" / "seeds.jsonl"
    for name in ("dev2", "dev3"):
        folder = HERE / "tests" / "sets" / name
        yield name, [HERE / "seeds", folder / "docs"], folder / "questions.jsonl"
    rows = [json.loads(line) for line in (data / "office_dev" / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    kept = {"id", "kind", "question", "history", "answers", "evidence", "refuse"}
    path = work / "office_dev.jsonl"
    path.write_text("".join(json.dumps({k: v for k, v in row.items() if k in kept}, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    yield "office_dev", [data / "office_dev" / "docs"], path
    docs, gold = passages(data, work)
    yield "passages", [docs], gold


def gather(name: str, folders: list[Path], path: Path, work: Path) -> Iterator[Question]:
    """Ask every question of a set that has one part, and judge its findings one by one."""
    settings = Settings()
    bot = Bot(settings, indexed(folders, settings))
    raw = texts(bot.snapshot)
    for gold in load(path):
        asking = bot.asking(gold.question, gold.history)
        if not hasattr(asking, "plan") or len(asking.plan.steps) != 1 or not isinstance(asking.reader, LearnedReader):
            continue
        query = asking.plan.steps[0].query
        views, retrieved = asking.passages(query)
        weighed = asking.reader.weighed(query, asking.reader.rules.read(query, views), retrieved[: DEPTHS[-1]])
        rules = sorted((pair for pair in weighed if not pair[0].proposed), key=lambda pair: -pair[0].score)[:CONSIDERED]
        chosen = [pair for pair in weighed if pair[0].proposed] + rules
        answers = [asking.tell(finding) for finding, _ in chosen]
        evidence = Evidence(gold, raw)
        yield Question(
            halves(gold) if name == "office_dev" else name, gold.id, gold.refuse, gold.kind, [features for _, features in chosen],
            [not gold.refuse and judge(gold, answer, raw, evidence).right for answer in answers],
            [features["time"] == 0 or features["place"] == 0 or features["names_missing"] > 0 or answer.refused for (_, features), answer in zip(chosen, answers, strict=True)],
            [finding.text[:60] for finding, _ in chosen],
        )  # fmt: skip


class Model(NamedTuple):
    """Standardised logistic regression, told in the features' own units."""

    weights: np.ndarray
    offset: float

    def probabilities(self, features: Sequence[dict[str, float]]) -> np.ndarray:
        """Of each finding, `(n,)`."""
        x = np.array([[told[name] for name in FEATURES] for told in map(crossed, features)]).reshape(-1, len(FEATURES))
        return 1 / (1 + np.exp(-(x @ self.weights + self.offset)))


def fit(questions: Sequence[Question], strength: float) -> Model:
    """Each set weighs the same, and in it each question; answerable and not as they stand."""
    from sklearn.linear_model import LogisticRegression

    counts: dict[str, int] = defaultdict(int)
    for q in questions:
        counts[q.set] += 1
    x, y, w = [], [], []
    for q in questions:
        kept = [(f, r) for f, r, v in zip(q.features, q.right, q.vetoed, strict=True) if not v]
        for features, right in kept:
            x.append([crossed(features)[name] for name in FEATURES])
            y.append(right)
            w.append(1 / counts[q.set] / len(kept) ** 0.5)
    matrix, weights = np.array(x), np.array(w) / np.mean(w)
    mean, scale = matrix.mean(0), matrix.std(0) + 1e-6
    fitted = LogisticRegression(C=strength, max_iter=3000).fit((matrix - mean) / scale, y, sample_weight=weights)
    own = fitted.coef_[0] / scale
    return Model(own, float(fitted.intercept_[0] - own @ mean))


def outcome(model: Model, questions: Sequence[Question]) -> list[tuple[float, bool, bool]]:
    """Of each question the probability of its best finding, whether that is right, and whether it should be refused."""
    rows = []
    for q in questions:
        p = np.where(q.vetoed, 0.0, model.probabilities(q.features)) if q.features else np.zeros(1)
        best = int(np.argmax(p))
        rows.append((float(p[best]), bool(q.right and q.right[best]), q.refuse))
    return rows


def told(rows: Sequence[tuple[float, bool, bool]], threshold: float) -> str:
    """Right, wrong and refused of the answerable; refused of the others."""
    asked = [(p, right) for p, right, refuse in rows if not refuse]
    right = sum(p >= threshold and ok for p, ok in asked)
    wrong = sum(p >= threshold and not ok for p, ok in asked)
    none = [p < threshold for p, _, refuse in rows if refuse]
    return f"right {right}/{len(asked)} wrong {wrong} refused {len(asked) - right - wrong}; without an answer refused {sum(none)}/{len(none)}"


def report(questions: Sequence[Question], strength: float, thresholds: Sequence[float]) -> None:
    """Each set by a fit on the others."""
    names = sorted({q.set for q in questions})
    for name in names:
        rest = [q for q in questions if q.set != name]
        rows = outcome(fit(rest, strength), [q for q in questions if q.set == name])
        for threshold in thresholds:
            print(f"{name:14} {threshold:.2f} {told(rows, threshold)}")
        mine = [q for q in questions if q.set == name and not q.refuse]
        print(f"{'':14} best  {sum(any(q.right) for q in mine)}/{len(mine)} have a right finding; encoder alone "
              f"{sum(any(r for r, f in zip(q.right, q.features, strict=True) if f['proposed']) for q in mine)}")  # fmt: skip


def main() -> None:
    """Gather, fit, report, save."""
    parser = argparse.ArgumentParser(description="Fit the decision.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path("build/decide"))
    parser.add_argument("--out", type=Path, default=HERE / "rag" / "read" / "decide.json")
    parser.add_argument("--fit", action="store_true", help="use what was gathered before")
    parser.add_argument("--sets", nargs="*", help="gather these again, keep the others")
    parser.add_argument("--strength", type=float, default=0.1, help="inverse of the regularisation")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    for name, folders, path in sets(options.data, options.work):
        file = options.work / f"{name}.rows.jsonl"
        if not options.fit and (not options.sets or name in options.sets or not file.is_file()):
            with file.open("w", encoding="utf-8") as out:
                for question in gather(name, folders, path, options.work):
                    out.write(json.dumps(question._asdict(), ensure_ascii=False) + "\n")
            print(name, "gathered", flush=True)
    questions = [Question(**json.loads(line)) for path in sorted(options.work.glob("*.rows.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
    report(questions, options.strength, (0.35, 0.4, 0.45))
    used = [q for q in questions if q.set != "office_dev_b"]
    model = fit(used, options.strength)
    for name, weight in zip(FEATURES, model.weights, strict=True):
        print(f"{name:18} {weight:8.3f}")
    counts: dict[str, int] = defaultdict(int)
    for q in used:
        counts[q.set] += 1
    weights: dict[str, Any] = {name: round(float(weight), 4) for name, weight in zip(FEATURES, model.weights, strict=True)}
    text = json.dumps({"weights": weights, "offset": round(model.offset, 4), "fitted_on": dict(counts)}, indent=1)
    options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
