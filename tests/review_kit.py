"""A reviewer's desk over small documents, for the tests of the review page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rag.eval.review.candidates import from_feedback, from_file
from rag.eval.review.desk import Desk
from rag.eval.review.ledger import Ledger
from rag.feedback import Feedback, FeedbackStore
from rag.types import Document, Part
from rag.ui.demo import CannedBot, MemoryLibrary

from . import ui_doubles as world

# line ends of all sorts, characters beyond the basic plane, spaces of several widths, the same words twice
ODD_RAW = (
    "\ufeff𠮷野家\U0001f600分店表\r\n\r\n甲店\t12家,\r乙店 3 家。\n\n  丙店\u300045家。\n"
    "备注:𠮷字是\U0001f468\u200d\U0001f469土字旁。丙店\u300045家。\n"
)
ODD = Document("odd/𠮷 表.txt", ODD_RAW, "sha256:odd")
LONG_RAW = "".join(f"第{n}行:这里记的是第{n}号档案。\n" for n in range(12_000))
LONG = Document("long.txt", LONG_RAW, "sha256:long")

FACT = {
    "id": "gen-1",
    "kind": "fact",
    "question": "河岸图书馆全年举办多少场读书会?",
    "answers": [["462场"]],
    "evidence": [[world.RIVER.source, "全年举办读书会462场"]],
    "origin": "generated",
}
LOST = {
    "id": "gen-2",
    "kind": "fact",
    "question": "重庆新开多少家社区书店?",
    "answers": [["37家"]],
    "evidence": [[world.HILL.source, "重庆市新开社区书店39家"]],
    "origin": "generated",
}
ABSENT = {
    "id": "mut-1",
    "kind": "absent",
    "question": "图书馆有几台电梯?",
    "refuse": True,
    "origin": "mutated",
}
ROWS = [FACT, LOST, ABSENT]


class Library(MemoryLibrary):
    """Documents in memory that tell their parts, as a generation on disk does."""

    def parts(self, source: str) -> list[Part]:
        """All parts of one document."""
        return list(self._documents[source][1])


def plain(document: Document) -> tuple[Document, list[Part]]:
    """A document of one part that cleaning leaves as it is."""
    return document, [Part(document.source, document.raw, ())]


def bot() -> CannedBot:
    """A bot over the documents of the chat window's tests and two more."""
    parts = [
        (world.RIVER, [world.RIVER_PART]),
        (world.HILL, [world.HILL_PART]),
        (world.NASTY, [world.NASTY_PART]),
    ]
    return CannedBot(Library([*parts, plain(ODD), plain(LONG)]), world.ANSWERS, world.REFUSAL)


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    """A JSONL file."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def desk(folder: Path, rows: list[dict[str, Any]] = ROWS, store: FeedbackStore | None = None) -> Desk:
    """A desk with `rows` and what is in `store`; accepted rows go to `folder/gold.jsonl`."""
    path = folder / "candidates.jsonl"
    given = from_file(path if path.exists() else write_rows(path, rows)) if rows else []
    return Desk(
        bot(),
        lambda: [*given, *(from_feedback(store.rows()) if store else ())],
        Ledger(folder / "gold.jsonl", folder / "review.sqlite"),
    )


def spot(document: Document, text: str) -> dict[str, Any]:
    """The first place of `text`, as the page sends it."""
    start = document.raw.index(text)
    return {
        "source": document.source,
        "version": document.version,
        "start": start,
        "end": start + len(text),
        "text": text,
    }


def down(question: str, answer: str = "不知道。", **more: Any) -> Feedback:
    """A thumb down."""
    return Feedback(question, "down", answer, **more)
