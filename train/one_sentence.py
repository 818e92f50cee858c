"""Ask of documents of one sentence what the sentence answers: each alone in an index, and all of them in one.

Run: python train/one_sentence.py --data ../shared/data

The sentences are the evidence of `office_reader_dev`, the questions those about it. Answered is what is not refused; right, what shares half of its
characters with an answer of the row (a verdict: is the row's own). The settings are the product's.
"""

from __future__ import annotations

import argparse
import json
import lzma
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tqdm import tqdm

from rag.bot import Bot
from rag.config import Settings
from rag.encoder.embed import load_embedder
from rag.index.build import build
from rag.text.fold import fold
from rag.types import Answer


def rows(data: Path, count: int) -> list[dict[str, Any]]:
    """The first answerable rows, one of a sentence."""
    with lzma.open(data / "office_reader_dev.jsonl.xz", "rt", encoding="utf-8") as file:
        all_ = [json.loads(line) for line in file]
    found: dict[str, dict[str, Any]] = {}
    for row in all_:
        if row["evidence"] and not row["unanswerable"]:
            found.setdefault(row["evidence"]["text"], row)
    return list(found.values())[:count]


def right(row: dict[str, Any], answer: Answer) -> bool:
    """Whether an answer is one of the row's."""
    if row["yesno"]:
        return (answer.short or "") == {"yes": "是", "no": "否"}[row["yesno"]]
    told = Counter(fold(answer.short or answer.answer))
    for wanted in row["answers"] or [row["evidence"]]:
        shared = (told & Counter(fold(wanted["text"]))).total()
        if shared and 2 * shared / (told.total() + len(wanted["text"])) >= 0.5:
            return True
    return False


def main() -> None:
    """Print answered and right, alone and among all."""
    parser = argparse.ArgumentParser(description="One-sentence documents and the questions that they answer.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--count", type=int, default=200)
    options = parser.parse_args()
    asked, settings = rows(options.data, options.count), Settings()
    embedder = load_embedder(settings)
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for number, row in enumerate(asked):
            (folder / "docs" / str(number)).mkdir(parents=True)
            (folder / "docs" / str(number) / f"{number}.txt").write_text(row["evidence"]["text"] + "\n", encoding="utf-8")

        def ask(name: str, documents: Path, some: list[dict[str, Any]]) -> list[Answer]:
            build([documents], home=folder / name, settings=settings, embedder=embedder)
            bot = Bot(settings, folder / name, embedder=embedder)
            return [bot.ask(row["question"]) for row in some]

        alone = [ask(f"home{n}", folder / "docs" / str(n), [row])[0] for n, row in enumerate(tqdm(asked, "alone"))]
        among = ask("all", folder / "docs", asked)
    for name, answers in (("alone", alone), ("among all", among)):
        answered = sum(not answer.refused for answer in answers)
        good = sum(not answer.refused and right(row, answer) for row, answer in zip(asked, answers, strict=True))
        print(f"{name}: of {len(asked)} questions answered {answered} ({answered / len(asked):.1%}), right {good} ({good / len(asked):.1%})")


if __name__ == "__main__":
    main()
