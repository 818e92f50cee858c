"""RGB: what a system does with noisy, missing, scattered and false passages.

Chen et al. 2023 (AAAI 2024), "Benchmarking Large Language Models in Retrieval-Augmented Generation", section 3, and the
scripts beside its data. Each question comes with its own passages; five of them are given, chosen with the benchmark's
own seed. An answer is right where each part of the expected one, in any of its spellings, is a substring of it.
Rejection is what the answer itself says (`refused`), not a phrase looked for in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rag.config import Settings
from rag.errors import InputError
from rag.messages import tr
from rag.types import Answer

from .collection import collection, named
from .given import GivenBot
from .result import Figure, Progress, Result, Section, mean
from .rgb_rows import Expected, Row, falsified, noisy, parse, scattered
from .said import quoted, violations, whole

NOISE = (0.0, 0.2, 0.4, 0.6, 0.8)
INTEGRATION_NOISE = (0.0, 0.2, 0.4)
TRUE = (0.0, 0.4)  # share of true passages beside the falsified ones
SETS = ("zh", "zh_refine", "zh_int", "zh_fact", "en", "en_refine", "en_int", "en_fact")


def run(data: Path, limit: int | None, settings: Settings, progress: Progress) -> Result:
    """Every set that is there, each task at its noise rates. `limit` takes the first questions of each set."""
    sets = {path.stem: list(parse(path))[:limit] for path in _files(data)}
    names = named(text for rows in sets.values() for row in rows for text in row.passages)
    result = Result(
        "rgb", meta={"questions": {name: len(rows) for name, rows in sets.items()}, "passages": len(names)}
    )
    with collection({name: text for text, name in names.items()}, settings) as bot:
        for name, rows in sets.items():
            for title, settings_of_task in _tasks(name).items():
                section: Section = {}
                for label, choose in settings_of_task.items():
                    done = [
                        _row(bot, name, title, label, row, choose(row), names)
                        for row in progress(rows, f"{name}: {title}, {label}")
                    ]
                    section[label] = _figures(title, done)
                    result.rows += done
                result.figures[f"{name}: {title}"] = section
    result.notes.append(
        tr(
            "识别错误:回答并列了出自不同段落的两句或更多陈述。",
            "Error detected: the answer shows two or more statements that rest on different passages.",
        )
    )
    return result


def _files(data: Path) -> list[Path]:
    found = [data] if data.is_file() else [p for name in SETS if (p := data / f"{name}.json").is_file()]
    unknown = [path.name for path in found if path.stem not in SETS]
    if unknown or not found:
        raise InputError(
            f"{data} should be a folder with some of {', '.join(f'{name}.json' for name in SETS)}, or one of these files"
        )
    return found


Choose = Callable[[Row], list[str]]


def _tasks(name: str) -> dict[str, dict[str, Choose]]:
    """The tasks of a set: by title, and below it by label, how the passages are chosen."""
    if name.endswith("_int"):
        return {
            "information integration": {f"noise {n}": partial(scattered, rate=n) for n in INTEGRATION_NOISE}
        }
    if name.endswith("_fact"):
        return {"counterfactual robustness": {f"true {t}": partial(falsified, true=t) for t in TRUE}}
    return {
        "noise robustness": {f"noise {n}": partial(noisy, rate=n) for n in NOISE},
        "negative rejection": {"noise 1.0": partial(noisy, rate=1.0)},
    }


def labels(prediction: str, expected: Expected) -> list[bool]:
    """For each part of the expected answer, whether the prediction holds it or one of its spellings.

    >>> labels("2022年1月2日, 北京", [["1月2日", "一月二日"], "上海"])
    [True, False]
    """
    text = prediction.lower()
    parts = [expected] if isinstance(expected, str) else expected
    return [any(way.lower() in text for way in ([part] if isinstance(part, str) else part)) for part in parts]


def _row(
    bot: GivenBot, name: str, task: str, label: str, row: Row, passages: Sequence[str], names: dict[str, str]
) -> dict[str, Any]:
    with bot.given([names[text] for text in passages]):
        answer = bot.ask(row.query, id=row.id)
        broken = violations(answer, bot.snapshot)
    chinese = name.startswith("zh")
    text = _spelled(whole(answer), chinese)
    return {
        "task": f"{name}: {task}, {label}",
        "id": row.id,
        "question": row.query,
        "expected": row.expected,
        "answer": whole(answer),
        "refused": answer.refused,
        "reason": answer.reason,
        "quotes": [c.quote for c in answer.citations],
        "right": all(labels(text, row.expected)),
        "quoted": all(labels(_spelled(quoted(answer), chinese), row.expected)),
        "false": row.false_answer is not None and all(labels(text, row.false_answer)),
        "detected": _several(answer),
        "violations": broken,
    }


def _spelled(text: str, chinese: bool) -> str:
    return text.replace(" ", "") if chinese else text


def _several(answer: Answer) -> bool:
    """Whether the answer shows statements that rest on different documents."""
    sources = {citation.n: citation.source for citation in answer.citations}
    return len({frozenset(sources[n] for n in s.citations if n in sources) for s in answer.statements}) > 1


def _figures(task: str, rows: Sequence[dict[str, Any]]) -> dict[str, Figure]:
    figures: dict[str, Figure] = {"n": len(rows)}
    if task == "negative rejection":
        return figures | {"rejected": mean(row["refused"] for row in rows)}
    figures |= {
        "accuracy": mean(row["right"] for row in rows),
        "in its quotes": mean(row["quoted"] for row in rows),
        "refused": mean(row["refused"] for row in rows),
    }
    if task == "counterfactual robustness":
        detected = [row for row in rows if row["detected"]]
        figures |= {
            "false answer": mean(row["false"] for row in rows),
            "error detected": mean(row["detected"] for row in rows),
            "corrected, of these": mean(row["right"] for row in detected),
        }
    return figures | {"violations": sum(row["violations"] for row in rows)}
