"""What `zhiyin eval check` would say of a row before it goes into the file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from rag.messages import tr

from ..check_content import row_problems
from ..check_lines import read
from ..documents import Indexed
from ..problem import Problem
from ..rows import Gold, to_row
from ..stated import letters

if TYPE_CHECKING:
    from rag.store import Snapshot

    from .reading import Library


def findings(gold: Gold, there: Sequence[Gold], library: Library) -> tuple[list[str], list[str]]:
    """What is wrong with a row for a file that has the rows `there`, and what is odd but may be meant so."""
    _, problems = read(json.dumps(to_row(gold), ensure_ascii=False).encode())
    problems += row_problems(1, gold, Indexed(cast("Snapshot", library)))
    wrong = [_told(p) for p in problems if p.level == "error"]
    odd = [_told(p) for p in problems if p.level == "warning"]
    twin = next((row for row in there if _asked(row) == _asked(gold)), None)
    if twin is not None:
        wrong.append(tr(f"文件里已有同样的问题：{twin.id}。", f"the file has the same question: {twin.id}"))
    return list(dict.fromkeys(wrong)), list(dict.fromkeys(odd))


def _told(problem: Problem) -> str:
    if problem.code == "answer_not_stated":  # the page has a box for what the file calls `derived`
        return tr(
            "证据里没有这个答案：请改正答案或补上证据；是推算、翻译或改写的，请勾选。",
            "the evidence does not say the answer: mend it, add evidence, or tick the box if it is computed or reworded",
        )
    return problem.message


def _asked(row: Gold) -> tuple[bool, tuple[str, ...]]:
    """What the check compares: the letters of a question; of a mutated row its kind and every character."""
    said = (*(text for turn in row.history for text in turn), row.question)
    mutated = row.origin == "mutated"
    return mutated, (row.kind, *said) if mutated else tuple(map(letters, said))
