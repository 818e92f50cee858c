"""The reviewer's desk: which candidate is next, what there is to see of it, and what becomes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rag.answer import to_dict
from rag.batch import parse_history, require_utf8
from rag.errors import InputError
from rag.messages import tr
from rag.types import Answer

from ..rows import Gold, bundled, load, to_gold, to_row
from . import goldfile, reading
from .candidates import Candidate
from .checks import findings
from .ledger import Conflict, Decision, Ledger

MAX_QUESTION = 2000  # characters, as everywhere


class Desk:
    """Candidates, documents and decisions together. `candidates()` is asked again each time, for what came in since."""

    def __init__(
        self, bot: reading.Answerer, candidates: Callable[[], Sequence[Candidate]], ledger: Ledger
    ) -> None:
        self.bot = bot
        self.ledger = ledger
        self._candidates = candidates

    def queue(self) -> dict[str, Any]:
        """All candidates in their order with what was decided, and how many of each."""
        decisions = self.ledger.decisions()
        items = [
            {
                "key": c.key,
                "id": c.row["id"],
                "question": c.row["question"][:120],
                "verdict": decisions[c.key].verdict if c.key in decisions else None,
            }
            for c in self._candidates()
        ]
        counts = Counter(item["verdict"] for item in items)
        return {
            "items": items,
            "counts": {name: counts[name] for name in ("accept", "drop", "skip")} | {"open": counts[None]},
            "out": str(self.ledger.out),
        }

    def candidate(self, key: str) -> dict[str, Any]:
        """One candidate with its evidence found in the documents. Raises InputError where there is none."""
        candidate = self._find(key)
        decision = self.ledger.decisions().get(key)
        row = decision.row if decision and decision.row else candidate.row
        return {
            "key": key,
            "row": row,
            "evidence": self._located(row),
            "feedback": _feedback(candidate),
            "verdict": decision.verdict if decision else None,
        }

    def kinds(self) -> list[dict[str, Any]]:
        """Known kinds, and whether their questions are to be refused: those of the bundled set, then others in use."""
        known = {row.kind: row.refuse for row in load(bundled())}
        for candidate in self._candidates():
            known.setdefault(candidate.row["kind"], bool(candidate.row.get("refuse")))
        return [{"kind": kind, "refuse": refuse} for kind, refuse in known.items()]

    def ask(self, question: object, history: object) -> dict[str, Any]:
        """What the bot answers now, as the public contract."""
        answer: Answer = self.bot.ask(_question(question), parse_history(history))
        return to_dict(answer)

    def accept(self, key: str, row: Any, evidence: Any, *, confirmed: bool = False) -> dict[str, Any]:
        """Put the corrected row into the gold file, or say what is odd about it: `{"warnings": […]}`.

        With `confirmed` it goes in all the same. `evidence` is a list of spans as `reading.exact` takes them. Raises
        InputError for a row that `zhiyin eval check` would not pass, Conflict, StoreError.
        """
        gold = self._corrected(self._find(key), row, evidence)
        wrong, odd = findings(gold, goldfile.rows(self.ledger.out), self.bot.snapshot)
        self.ledger.require_open(
            key
        )  # else its own row, written in another window, is what it is told to repeat
        if wrong:
            raise InputError(" ".join(wrong))
        if odd and not confirmed:
            return {"warnings": odd}
        decision = self.ledger.decide(key, "accept", to_row(gold))
        return {"warnings": [], **_told(decision)}

    def decide(self, key: str, verdict: str) -> dict[str, Any]:
        """Drop or skip a candidate."""
        if verdict not in ("drop", "skip"):
            raise InputError("verdict should be drop or skip")
        return _told(self.ledger.decide(self._find(key).key, verdict))

    def undo(self, key: str | None = None) -> dict[str, Any]:
        """Take back the decision about a candidate, or the last one about those here; tells the row as accepted."""
        if key is None:
            here = {candidate.key for candidate in self._candidates()}
            made = [name for name in self.ledger.decisions() if name in here]
            if not made:
                raise Conflict(tr("没有可撤销的决定。", "there is no decision to take back"))
            key = made[-1]
        undone = self.ledger.undo(key)
        return {**_told(undone), "evidence": self._located(undone.row or {})}

    def _find(self, key: str) -> Candidate:
        found = next((c for c in self._candidates() if c.key == key), None)
        if found is None:
            raise InputError(
                tr("没有这一条候选题，请刷新页面。", "there is no such candidate; reload the page")
            )
        return found

    def _located(self, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        library = self.bot.snapshot
        return [reading.located(library, source, text) for source, text in row.get("evidence", ())]

    def _corrected(self, candidate: Candidate, row: Any, evidence: Any) -> Gold:
        if not isinstance(row, dict) or not isinstance(evidence, list):
            raise InputError('an accepted candidate should be {"row": {…}, "evidence": […]}')
        library = self.bot.snapshot
        refuse = row.get("refuse") is True
        made = {
            "id": candidate.row["id"],
            "kind": row.get("kind"),
            "question": _question(row.get("question")),
            "history": row.get("history") or [],
            "answers": [] if refuse else _answers(row.get("answers")),
            "evidence": [] if refuse else [list(reading.exact(library, spot)) for spot in evidence],
            "refuse": refuse,
            "derived": row.get("derived") is True and not refuse,
            "forbid": candidate.row.get("forbid", []),
            "origin": _origin(candidate),
            "note": row.get("note") or "",
        }
        _complete(made)
        return to_gold(made)


def _origin(candidate: Candidate) -> str:
    """A generated row that a person has read counts as written; other rows keep saying where they are from."""
    origin = candidate.row.get("origin", "written")
    return "written" if origin == "generated" else origin


def _question(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InputError(tr("请填写问题。", "write the question"))
    if len(value) > MAX_QUESTION:
        raise InputError(
            tr(
                f"问题有 {len(value)} 个字符，最多 {MAX_QUESTION} 个。",
                f"the question has {len(value)} characters; at most {MAX_QUESTION} are taken",
            )
        )
    require_utf8(value)
    return value.strip()


def _answers(value: Any) -> list[list[str]]:
    """The alternatives without what was left blank."""
    if not isinstance(value, list) or not all(
        isinstance(parts, list) and all(isinstance(part, str) for part in parts) for parts in value
    ):
        raise InputError("answers should be lists of texts")
    filled = [[part.strip() for part in parts if part.strip()] for parts in value]
    return [parts for parts in filled if parts]


def _complete(row: Mapping[str, Any]) -> None:
    if row["refuse"]:
        return
    if not row["answers"]:
        raise InputError(
            tr("请填写期望的答案，或标为应拒答。", "write the expected answer, or mark it as not answerable")
        )
    if not row["evidence"]:
        raise InputError(
            tr(
                "请在原文中选取证据，或标为应拒答。",
                "pick the evidence in the source, or mark it as not answerable",
            )
        )


def _feedback(candidate: Candidate) -> dict[str, Any] | None:
    if not candidate.feedback:
        return None
    last = candidate.feedback[-1]
    return {
        "answer": last.answer,
        "refused": last.refused,
        "citations": [{"source": c.source, "start": c.start, "end": c.end} for c in last.citations],
        "at": last.at,
        "said": [
            {"reason": f.reason, "comment": f.comment} for f in candidate.feedback if f.reason or f.comment
        ],
        "times": len(candidate.feedback),
    }


def _told(decision: Decision) -> dict[str, Any]:
    return {"key": decision.candidate, "verdict": decision.verdict, "row": decision.row}
