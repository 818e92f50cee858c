"""How many follow-up questions of `tests/sets/followups` are completed rightly.

Run: python -m tests.followups [tune|heldout] [--wrong]

A row is a conversation over the sample documents: `history` ((question, answer) pairs), `question`, `rewritten` (accepted
forms, or null where the question must stay as it is), `needs` (words that the rewrite must hold; `a|b` is either) and
`not` (words that it must not hold). `no_question` rows ask nothing. Two measures, each the share of the rows:

rewritten  the rewrite holds what it needs and nothing that it must not, is one question, at most twice as long as the
           longest accepted form, and is understood as one of them is: the same kind of answer, years and places
answered   the bot gives the same answer, or refusal, to the follow-up as to an accepted form asked by itself
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from rag.bot import Bot
from rag.index.build import build
from rag.index.command import seeds
from rag.question.followup import complete
from rag.question.query import understand
from rag.text.fold import fold, half_width

from .rules_kit import Settings

FOLDER = Path(__file__).parent / "sets" / "followups"
HALVES = ("tune", "heldout")
Row = dict[str, Any]


def rows(half: str) -> list[Row]:
    return [json.loads(line) for line in (FOLDER / f"{half}.jsonl").read_text(encoding="utf-8").splitlines()]


def history(row: Row) -> list[tuple[str, str]]:
    return [(question, answer) for question, answer in row["history"]]


def rewritten_rightly(row: Row, rewrite: str) -> bool:
    if row["rewritten"] is None:
        return half_width(rewrite) == half_width(row["question"])
    folded = fold(rewrite)
    holds = all(any(word in folded for word in fold(need).split("|")) for need in row["needs"])
    alike = any(_asked(rewrite) == _asked(form) for form in row["rewritten"])
    short = half_width(rewrite).count("?") <= 1 and len(rewrite) <= 2 * max(map(len, row["rewritten"]))
    return holds and alike and short and not any(fold(word) in folded for word in row["not"])


def _asked(question: str) -> tuple[object, ...]:
    query = understand(question)
    return query.kind, set(query.years), set(query.regions)


def answered_alike(row: Row, bot: Bot) -> bool:
    got = bot.ask(row["question"], history(row))
    if row.get("no_question"):
        return got.reason == "no_question"
    forms = [bot.ask(form) for form in row["rewritten"] or [row["question"]]]
    return any((got.refused, None if got.refused else got.short or got.answer) == (f.refused, None if f.refused else f.short or f.answer) for f in forms)


def seeds_bot(home: Path) -> Bot:
    build([seeds()], home=home, settings=Settings())
    return Bot(Settings(), home)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("half", nargs="*", default=HALVES)
    parser.add_argument("--wrong", action="store_true", help="name the wrong ones")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        bot = seeds_bot(Path(home))
        for half in options.half:
            held = rows(half)
            rewrites = [complete(row["question"], history(row)) for row in held]
            right = [rewritten_rightly(row, rewrite) for row, rewrite in zip(held, rewrites, strict=True)]
            alike = [answered_alike(row, bot) for row in held]
            sys.stdout.write(f"{half}: rewritten {sum(right)}/{len(held)}, answered {sum(alike)}/{len(held)}\n")
            for row, rewrite, a, b in zip(held, rewrites, right, alike, strict=True):
                if options.wrong and not (a and b):
                    sys.stdout.write(f"  {row['id']} {'' if a else 'rewritten '}{'' if b else 'answered'}\t{row['question']} -> {rewrite}\n")


if __name__ == "__main__":
    main()
