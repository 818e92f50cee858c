"""Whole runs made by hand, for reports: rows right and wrong at every stage, over documents that nobody wrote, one of them hostile."""

from dataclasses import replace

from rag.answer import to_dict
from rag.config import Settings
from rag.eval.figures import figures
from rag.eval.provenance import plain
from rag.eval.runs import Place, Ranked, Row, Run
from rag.types import Answer, Citation, RelatedPassage, Statement

STAGES = ("not_cleaned", "not_retrieved", "not_read", "refused", "answered_wrongly")
HOSTILE = '<script>window.hacked = 1</script>"><img src=x onerror=window.hacked=2>\u202e\x1b[31m'

LIBRARY = (
    "2023年，河岸图书馆接待读者118.4万人次，比上年多出两成；办讲座462场，其中面向儿童的有185场。"
    "馆内设自习座位1240个，周末延长开放到晚上九点。"
)
FIRST = LIBRARY[: LIBRARY.index("。") + 1]
BRANCHES = "到2023年底，全市建成社区分馆37家，覆盖了十二个街道，流动书车每周三、周六到各个村镇。"
OLDER = "2021年，河岸图书馆接待读者96.2万人次，办讲座310场，新办读者证2.1万张。"
SHOP = "协会为37家新店发放开办补助185万元，组织读书会520场，参加的读者有9.8万人次。"
LONG = "馆员走进社区、学校和养老院，办讲座，修旧书，教老人用手机查书目。" * 40

SOURCES = {"library.txt": LIBRARY, "branches.txt": BRANCHES, "older.txt": OLDER, "shops.md": SHOP}


def cite(n, source, text, quote, marked="", title="河岸图书馆服务年报", **about):
    """A citation of `quote` in `text`, with `marked` as what proves the short answer."""
    start = text.index(quote)
    at = start + quote.index(marked)
    marks = ((at, at + len(marked)),) if marked else ()
    return Citation(n, source, title, quote, start, start + len(quote), "sha256:0", marks, **about)


def passages(*sources):
    return tuple(RelatedPassage(s, 0, len(SOURCES[s]), SOURCES[s], 0.9 - n / 10, "年报") for n, s in enumerate(sources))


def answered(question, short, citation, **more):
    statement = Statement(f"{short}[1]", (1,))
    return Answer(question, f"{short}[1]。", short, statements=(statement,), citations=(citation,), generation="000003", **more)


def refusal(question, reason="terms_not_supported", **more):
    message = "现有资料中没有能证实的答案。"
    return Answer(question, message, refused=True, reason=reason, generation="000003", **more)


def row(id, kind, answer, *, expected=(), evidence=(), stage=None, ranks=(), **more):
    """A row with measures that fit what is said of it; `ranks` are sources as retrieved."""
    right = more.pop("right", stage is None)
    refuse = not evidence
    held = [source for source, _ in evidence]
    retrieved = tuple(
        Ranked(s, 0, len(SOURCES[s]), round(0.16 - n / 100, 4), tuple(i for i, h in enumerate(held) if h == s))
        for n, s in enumerate(ranks)
    )
    first = next((n for n, r in enumerate(retrieved, 1) if r.evidence), None)
    metrics = {"right": float(right), "ms": more.get("ms", 40.0), "chars": float(len(answer.answer))}
    if not refuse:
        metrics |= {f"recall@{k}": float(bool(first and first <= k)) for k in (1, 5, 10, 20)}
        metrics |= {"rr": 1 / first if first else 0.0, "ndcg@10": 1 / first if first else 0.0}
        said = bool(not answer.refused and any(all(p in answer.answer for p in way) for way in expected))
        metrics |= {"answered": float(said), "cited": float(any(c.source in held for c in answer.citations))}
        metrics |= {"em": float(said), "f1": 1.0 if said else 0.25}
    places = tuple(
        Place(s, SOURCES[s].index(t), SOURCES[s].index(t) + len(t)) if t in SOURCES.get(s, "") else None for s, t in evidence
    )
    values = {"support": 0.8, "candidate": answer.answer, "candidate_right": right, "ms": 40.0} | more
    return Row(
        id, kind, answer.question, right, to_dict(answer), expected, evidence, refuse,
        stage=stage, metrics=metrics, evidence_at=places, retrieved=retrieved, **values,
    )  # fmt: skip


def right_row(id="fact-001", kind="fact", ms=38.0, support=0.86):
    question = "河岸图书馆2023年接待了多少读者？"
    quote = FIRST
    return row(
        id, kind, answered(question, "118.4万人次", cite(1, "library.txt", LIBRARY, quote, "118.4万人次")),
        expected=(("118.4万",), ("118.4万人次",)), evidence=(("library.txt", "接待读者118.4万人次"),),
        ranks=("library.txt", "older.txt", "shops.md"), ms=ms, support=support,
    )  # fmt: skip


def refused_row(id="absent-001", kind="absent", ms=21.0, support=0.2):
    answer = refusal("河岸图书馆有多少位馆员会手语？", "not_found")
    return row(id, kind, answer, ranks=("library.txt", "branches.txt"), ms=ms, support=support, candidate_right=False)


def failures():
    """A failure at each stage, and the hostile one; by stage."""
    lost = "流动书车每周三、周六到各个村镇"
    unread = "参加的读者有9.8万人次"
    return {
        "not_cleaned": row(
            "dirty-004", "dirty",
            refusal("年报的附表里列了几项收费标准？", "not_found", passages=passages("library.txt", "branches.txt")),
            expected=(("14项",), ("十四项",)), evidence=(("tables.html", "附表二共列14项收费标准"),),
            ranks=("library.txt", "branches.txt"), stage="not_cleaned", support=0.31, candidate="1240个", candidate_right=False, ms=52.0,
        ),
        "not_retrieved": row(
            "fact-019", "fact",
            answered("书车哪几天下乡？", "周末", cite(1, "library.txt", LIBRARY, "馆内设自习座位1240个，周末延长开放到晚上九点。", "周末"),
                     passages=passages("library.txt", "older.txt"), understood={"years": [], "regions": [], "terms": ["书车", "下乡"]}),
            expected=(("周三", "周六"),), evidence=(("branches.txt", lost),),
            ranks=("library.txt", "older.txt", "shops.md"), stage="not_retrieved", support=0.58, candidate_right=False, ms=47.0,
        ),
        "not_read": row(
            "followup-007", "followup",
            answered("参加的人有多少？", "118.4万人次", cite(1, "library.txt", LIBRARY, FIRST, "118.4万人次", published="2024-01-15"),
                     passages=passages("library.txt", "shops.md"), understood={"years": [2023], "regions": ["浙江"], "terms": ["参加"], "rewritten": "书店协会的读书会参加的人有多少？"}),
            expected=(("9.8万",),), evidence=(("shops.md", unread),), history=(("书店协会办了多少场读书会？", "520场。"),),
            ranks=("library.txt", "shops.md", "older.txt"), stage="not_read", support=0.66, candidate_right=False, ms=61.0,
        ),
        "refused": row(
            "fact-023", "fact",
            refusal("新店一共拿到多少补贴？", passages=passages("shops.md", "branches.txt")),
            expected=(("185万元",), ("185万",)), evidence=(("shops.md", "为37家新店发放开办补助185万元"),),
            ranks=("shops.md", "branches.txt"), stage="refused", support=0.43, candidate="185万元。", candidate_right=True, ms=44.0,
        ),
        "answered_wrongly": row(
            "absent-009", "absent",
            answered("河岸图书馆2023年新办了多少读者证？", "2.1万张", cite(1, "older.txt", OLDER, OLDER, "2.1万张")),
            ranks=("older.txt", "library.txt"), stage="answered_wrongly", support=0.74, candidate_right=False, ms=39.0,
        ),
        "hostile": row(
            "dirty-009", "dirty",
            answered(f"这份文件{HOSTILE}说了什么？", HOSTILE, Citation(1, HOSTILE, HOSTILE, LONG + HOSTILE + LONG, 7, 7 + 2 * len(LONG) + len(HOSTILE), "sha256:0"),
                     understood={"rewritten": HOSTILE, "terms": [HOSTILE]}),
            expected=((HOSTILE,),), evidence=((HOSTILE, HOSTILE + "的全文"),), ranks=("library.txt",),
            stage="answered_wrongly", support=0.55, candidate=HOSTILE, candidate_right=False, violations=(f"[1] {HOSTILE} is not in the index",),
            reason="wrong answer", ms=180.0,
        ),
    }  # fmt: skip


def make_rows(n=40, wrong=None):
    """`n` rows in a fixed order: `wrong` of them lost, by turns at each stage (default: one of each kind of failure)."""
    lost = list(failures().values())
    if wrong is not None:
        lost = [replace(lost[i % len(lost)], id=f"{lost[i % len(lost)].id}-{i}") for i in range(wrong)]
    kinds = ("fact", "list", "dirty", "trad", "followup")
    rest = []
    for i in range(n - len(lost)):
        ms, support = 22.0 + (i * 37) % 61, 0.55 + (i * 13) % 40 / 100
        if i % 4 == 3:
            rest.append(refused_row(f"absent-{i:03}", ("absent", "wrong_year")[i % 8 == 7], ms / 2, support - 0.4))
        else:
            rest.append(right_row(f"{kinds[i % 5]}-{i:03}", kinds[i % 5], ms, support))
    return tuple(rest + lost)


def meta(**changes):
    """What a run says of itself."""
    return {
        "gold": "library.jsonl", "gold_sha256": "9c" * 32, "started": "2026-03-02T09:14:05+08:00", "seconds": 12.4,
        "cold_start_s": 1.9, "settings": plain(Settings(chunk_tokens=120, min_support=0.5)), "generation": "000003",
        "documents": 4, "chunks": 31, "versions": {"zhiyin": "0.1.0", "python": "3.12.4", "torch": "2.9.0"},
        "machine": {"cores": 2, "memory_gb": 8.0, "system": "Linux 6.8"}, "note": "",
    } | changes  # fmt: skip


def make_run(rows=None, **changes):
    """A whole run, not saved; `changes` go into what it says of itself."""
    rows = make_rows() if rows is None else tuple(rows)
    return Run(meta(**changes), rows, figures(rows))
