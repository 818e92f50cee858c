"""Runs made by hand for tests that compare them."""

from rag.eval.runs import Row, Run

META = {
    "gold": "gold.jsonl",
    "gold_sha256": "aa",
    "started": "2024-05-06T07:08:09+00:00",
    "seconds": 12.0,
    "cold_start_s": 1.0,
    "settings": {"chunk_tokens": 160, "lexical": True},
    "generation": "000001",
    "versions": {"zhiyin": "0.1.0"},
    "machine": {"cores": 2, "memory_gb": 8.0, "system": "Linux x86_64"},
    "note": "",
}


def row(number, right=True, *, kind="fact", stage="not_retrieved", **more):
    metrics = {"right": float(right), "ms": 20.0 + number % 7, "chars": 30.0, **more.pop("metrics", {})}
    refuse = more.get("refuse", False)
    fields = {
        "id": f"q{number}",
        "kind": kind,
        "question": f"第{number}题?",
        "answer": {"answer": "对" if right else "错", "refused": refuse and right, "citations": []},
        "expected": () if refuse else (("对",),),
        "evidence": () if refuse else (("a.txt", "对"),),
        "reason": "" if right else "wrong answer",
        "stage": None if right else stage,
        "ms": metrics["ms"],
    } | more
    return Row(right=right, metrics=metrics, **fields)


def run(rows, **meta):
    rows = tuple(rows)
    overall = {"right": sum(r.right for r in rows) / len(rows) if rows else None}
    return Run({**META, **meta}, rows, {"overall": overall, "by_kind": {}})


def shares(rights, **meta):
    """Return a run of so many rows, right where `rights` says so."""
    return run((row(i, bool(right)) for i, right in enumerate(rights)), **meta)
