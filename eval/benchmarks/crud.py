"""CRUD-RAG's question answering: questions that one, two or three news articles answer together.

Lyu et al. 2024, "CRUD-RAG: A Comprehensive Chinese Benchmark for Retrieval-Augmented Generation of Large Language
Models". Of its measures BLEU, ROUGE-L and length are computed. bertScore asks for another embedding model and
RAGQuestEval for a language model that writes and answers questions; both are left out. Besides, what no measure of its
own looks at: whether the articles that a question was written from are found and cited.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.config import Settings
from rag.errors import InputError
from rag.messages import tr
from rag.types import Answer

from . import files, legs
from .collection import collection, named
from .given import GivenBot
from .overlap import bleu, rouge_l
from .result import Figure, Progress, Result, mean
from .said import quoted, violations, whole

SETS = ("questanswer_1doc", "questanswer_2docs", "questanswer_3docs")
NEWS = ("news1", "news2", "news3")
DOCUMENTS = "80000_docs"
MEASURES = ("R@5", "R@20", "nDCG@10")
DEPTH = 60  # chunks of each leg that are looked at for twenty different articles
SCORES = ("bleu-avg", "bleu-1", "bleu-2", "bleu-3", "bleu-4", "rouge-L", "length")


@dataclass(frozen=True, slots=True)
class Row:
    """One question, the articles that it was written from, and the answer written for it."""

    id: str
    question: str
    answer: str
    news: tuple[str, ...]


def run(data: Path, limit: int | None, settings: Settings, progress: Progress) -> Result:
    """Ask every question of the collection of all articles; `limit` takes the first questions of each set.

    The collection is the articles of all questions and, where the folder has `80000_docs`, those too: one a line.
    """
    path = files.choose(
        data, ("split_merged.json", "crud_split/split_merged.json", "merged.json", "crud/merged.json"), "crud"
    )
    everything = {name: list(rows) for name, rows in parse(path).items()}
    sets = {name: rows[:limit] for name, rows in everything.items()}
    articles = (text for rows in everything.values() for row in rows for text in row.news)
    names = named(text for source in (articles, _more(data)) for text in source)
    result = Result("crud", meta={"file": path.name, "articles": len(names)})
    with collection({name: text for text, name in names.items()}, settings) as bot:
        for name, rows in sets.items():
            done = [_row(bot, name, row, names) for row in progress(rows, name)]
            result.rows += done
            result.figures[name] = {
                "answer": _overlaps(done, "answer"),
                "its quotes": _overlaps(done, "quoted"),
            }
            result.figures[f"{name}: citations"] = {"all": _citations(done)}
            result.figures[f"{name}: retrieval of its articles"] = legs.evaluate(
                bot.snapshot, bot.embedder, settings, {row.id: row.question for row in rows},
                {row.id: {names[text]: 1 for text in row.news} for row in rows}, MEASURES, DEPTH, progress, bot.reranker,
            )  # fmt: skip
    result.notes.append(
        tr(
            "拒答计 0 分。bertScore 和 RAGQuestEval 需要另外的模型,未计算。",
            "A refusal scores 0. bertScore and RAGQuestEval are left out: they need further models.",
        )
    )
    return result


def parse(path: Path) -> dict[str, list[Row]]:
    """The question-answering sets of a file that is there. Raises InputError."""
    value = files.load(path)
    if not isinstance(value, dict) or not any(name in value for name in SETS):
        raise InputError(
            f"{path} holds none of {', '.join(SETS)}; give the folder that holds split_merged.json"
        )
    out: dict[str, list[Row]] = {}
    for name in SETS:
        rows = value.get(name, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise InputError(f"{path}: {name!r} should be a list of objects")
        if rows:
            out[name] = [
                _parsed(row, number, f"{path}, {name}, row {number}") for number, row in enumerate(rows, 1)
            ]
    return out


def _parsed(row: dict[str, Any], number: int, where: str) -> Row:
    news = tuple(files.text_of(row, key, where) for key in NEWS if row.get(key))
    if not news:
        raise InputError(f"{where}: no {NEWS[0]!r}; is this the published file?")
    # an ID may stand again in another set, or twice in one
    return Row(
        f"{number}:{row.get('ID', '')}",
        files.text_of(row, "questions", where),
        files.text_of(row, "answers", where),
        news,
    )


def _more(data: Path) -> Iterator[str]:
    """The texts of the folder `80000_docs`, one a line, where it is in `data` or beside its file."""
    folder = (data if data.is_dir() else data.parent) / DOCUMENTS
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            lines = path.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"can't read {path}: {error}") from error
        yield from (line for line in lines if line.strip())


def _row(bot: GivenBot, name: str, row: Row, names: dict[str, str]) -> dict[str, Any]:
    answer = bot.ask(row.question, id=row.id)
    wanted = {names[text] for text in row.news}
    cited = [citation.source for citation in answer.citations]
    return {
        "task": name,
        "id": row.id,
        "question": row.question,
        "expected": row.answer,
        "refused": answer.refused,
        "reason": answer.reason,
        "answer": whole(answer),
        "quoted": quoted(answer),
        "scores": {
            of: scores(text, row.answer)
            for of, text in (("answer", whole(answer)), ("quoted", quoted(answer)))
        },
        "citation recall": len(wanted.intersection(cited)) / len(wanted),
        "citation precision": mean(source in wanted for source in cited),
        "violations": violations(answer, bot.snapshot),
        "shown": _shown(answer, wanted),
    }


def _shown(answer: Answer, wanted: set[str]) -> float:
    return len(wanted & {passage.source for passage in answer.passages}) / len(wanted)


def scores(text: str, reference: str) -> dict[str, float]:
    """The benchmark's measures of one text."""
    found = bleu(text, reference)
    return dict(zip(SCORES, (*found, rouge_l(text, reference), float(len(text))), strict=True))


def _overlaps(rows: Sequence[dict[str, Any]], of: str) -> dict[str, Figure]:
    return {"n": len(rows)} | {name: mean(row["scores"][of][name] for row in rows) for name in SCORES}


def _citations(rows: Sequence[dict[str, Any]]) -> dict[str, Figure]:
    return {
        "n": len(rows),
        "answered": mean(not row["refused"] for row in rows),
        "citation recall": mean(row["citation recall"] for row in rows),
        "citation precision": mean(p for row in rows if (p := row["citation precision"]) is not None),
        "shown in passages": mean(row["shown"] for row in rows),
        "violations": sum(row["violations"] for row in rows),
    }
