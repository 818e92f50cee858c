"""Two small documents and the answers given over them, for the tests of the window."""

import hashlib
import re
import threading
from dataclasses import replace

from rag.errors import ModelError
from rag.offsets import OffsetMap, apply
from rag.stopping import check
from rag.types import (
    Answer,
    Citation,
    Document,
    Edit,
    Part,
    Period,
    RelatedPassage,
    Sentence,
    Statement,
    Written,
)
from rag.ui.demo import CannedBot, MemoryLibrary

RIVER_RAW = (
    "返回列表 发布新帖\n查看: 17|回复: 0\n\n"
    "河岸图书馆2023年服务年报\n\n"
    "2023年,浙江省河岸图书馆坚持把书送到读者手边,全年新办读者證(zhèng)3.26万张,\n\n"
    "接待读者118.4万人次,比上年多出两成。馆内设自习座位 1 240 个,周末延长开放到晚上九点。\n\n"
    + "馆员走进社区、学校和养老院,办讲座,修旧书,教老人用手机查书目。" * 30
    + "\n\n全年举办读书会462场,其中面向儿童的有185场。\n\n版权所有 未经许可不得转载\n"
)
HILL_RAW = (
    "山城书店协会 2023 年工作情况\n\n"
    "2023年重庆市新开社区书店37家,举办读书会520场,参加读者9.8万人次。\n"
    "协会为37家新店发放开办补助185万元。\n"
)
HOSTILE_RAW = (
    '<script>window.hacked = 1</script>标题“"><img src=x onerror=window.hacked=2>”\n'
    "![图片](http://evil.example/p.png) [点这里](javascript:window.hacked=3)"
    " ${window.hacked=4} {{constructor}} `反引号`\n"
    "' onmouseover='window.hacked=5' 共有12册。\n"
)
QUESTION = "2023年浙江省河岸图书馆接待了多少读者?"
COMPARISON = "浙江和重庆2023年哪边的读书会办得多?"
EXAMPLE = "2023年重庆举办读书会多少场\uff1f"
UNKNOWN = "2031年河岸图书馆有多少员工?"
HOSTILE = "<img src=x onerror=window.hacked=6> **粗体** ![](http://evil.example/q.png)"
BROKEN = "让服务出错的问题"
SECRET = "让程序崩溃的问题"
SLOW = "慢慢回答的问题"
LIST = "馆员走进社区都做些什么?"
YEARS = "2020年到2023年河岸图书馆每年接待多少读者?"
DISPUTED = "2023年办了多少场读书会?"
WRITTEN = "说说河岸图书馆2023年的读者"


def _edits(raw: str, *patterns: tuple[str, str, str]) -> tuple[Edit, ...]:
    found = [
        Edit(m.start(), m.end(), replacement, rule)
        for pattern, replacement, rule in patterns
        for m in re.finditer(pattern, raw)
    ]
    return tuple(sorted(found, key=lambda e: e.start))


def _document(source: str, raw: str, **about: object) -> Document:
    return Document(source, raw, "sha256:" + hashlib.sha256(raw.encode()).hexdigest(), **about)  # type: ignore[arg-type]


def _part(raw: str, edits: tuple[Edit, ...], **about: object) -> Part:
    clean = apply(raw, edits)
    sentences = tuple(
        Sentence(
            m.start(),
            m.end(),
            0,
            period=Period(2023, 2023),
            regions=(str(about["region"]),) if about.get("region") else (),
        )
        for m in re.finditer(r"[^。\n]+。?", clean)
    )
    return Part(clean=clean, edits=edits, sentences=sentences, **about)  # type: ignore[arg-type]


RIVER = _document("年报/河岸图书馆 2023.txt", RIVER_RAW)
RIVER_PART = _part(
    RIVER_RAW,
    _edits(
        RIVER_RAW,
        (r"^返回列表.*\n查看.*\n\n", "", "forum_chrome"),
        (r"\(zhèng\)", "", "inline_pinyin"),
        (r"(?<=,)\n\n", "", "broken_line"),
        (r"(?<=座位) (?=1)|(?<=1) (?=240)|(?<=240) ", "", "spacing"),
        (r"\n\n版权所有.*\n", "", "copyright"),
    ),
    title="河岸图书馆2023年服务年报",
    region="浙江/杭州",
    period=Period(2023, 2023),
    published="2024-01-15",
    publisher="河岸图书馆",
)
HILL = _document("hill.pdf", HILL_RAW, media_type="application/pdf", pages=(0,))
HILL_PART = _part(
    HILL_RAW,
    (),
    title="山城书店协会 2023 年工作情况",
    region="重庆",
    period=Period(2023, 2023),
    published="2023-12",
)
NASTY = _document("<b>x</b> & 'y'.md", HOSTILE_RAW)
NASTY_PART = _part(HOSTILE_RAW, (), title=HOSTILE_RAW.splitlines()[0], region=None)


def cite(n: int, document: Document, part: Part, first: str, last: str, *marks: str) -> Citation:
    """The raw text from the first words to the last, with some of it marked."""
    start = document.raw.index(first)
    end = document.raw.index(last, start) + len(last)
    spans = tuple((document.raw.index(m, start), document.raw.index(m, start) + len(m)) for m in marks)
    return Citation(
        n,
        document.source,
        part.title,
        document.raw[start:end],
        start,
        end,
        document.version,
        spans,
        1 if document.pages else None,
        part.published,
        part.publisher,
        part.region,
        str(part.period) if part.period else None,
    )


VISITS = cite(1, RIVER, RIVER_PART, "全年新办读者證", "比上年多出两成。", "118.4万人次")
CLUBS = cite(1, RIVER, RIVER_PART, "全年举办读书会462场", "185场。", "462场")
SHOPS = cite(2, HILL, HILL_PART, "2023年重庆市新开", "9.8万人次。", "520场")
TIMING = {"retrieve": 3.1, "read": 20.4, "total": 24.2}


def _related(document: Document, part: Part, first: str, last: str) -> RelatedPassage:
    start = document.raw.index(first)
    end = document.raw.index(last, start) + len(last)
    return RelatedPassage(
        document.source,
        start,
        end,
        part.clean[slice(*OffsetMap(part.edits).to_clean(start, end))],
        0.4,
        part.title,
    )


FACT_ANSWER = Answer(
    QUESTION,
    "118.4万人次[1]。",
    "118.4万人次",
    statements=(Statement("118.4万人次", (1,)),),
    citations=(VISITS,),
    generation="000001",
    timing_ms=TIMING,
)
COMPARISON_ANSWER = Answer(
    COMPARISON,
    "重庆更多[1][2]。\n浙江:462场[1]。\n重庆:520场[2]。\n西藏:资料中没有找到。",
    statements=(Statement("重庆更多", (1, 2)), Statement("浙江:462场", (1,)), Statement("重庆:520场", (2,))),
    citations=(CLUBS, SHOPS),
    generation="000001",
    timing_ms=TIMING,
)
REFUSAL = Answer(
    UNKNOWN,
    "现有资料中没有所问年份的答案。",
    refused=True,
    reason="other_year",
    passages=(
        _related(RIVER, RIVER_PART, "接待读者118.4万人次", "晚上九点。"),
        _related(HILL, HILL_PART, "协会为37家", "185万元。"),
    ),
    generation="000001",
    timing_ms=TIMING,
    understood={
        "years": [2031],
        "regions": ["浙江/杭州"],
        "titles": [],
        "terms": ["河岸图书馆", "员工"],
        "rewritten": None,
    },
)
HOSTILE_ANSWER = Answer(
    HOSTILE,
    HOSTILE_RAW,
    "12册 <script>window.hacked=7</script>",
    statements=(Statement(HOSTILE_RAW, (1,)),),
    citations=(cite(1, NASTY, NASTY_PART, "<script>", "12册。", "12册"),),
    generation="<i>1</i>",
    timing_ms=TIMING,
    understood={"rewritten": "<svg onload=window.hacked=8>"},
)
LIST_ANSWER = Answer(
    LIST,
    "办讲座[1]。\n修旧书[1]。\n教老人用手机查书目[1]。",
    "办讲座、修旧书、教老人用手机查书目",
    statements=(Statement("办讲座", (1,)), Statement("修旧书", (1,)), Statement("教老人用手机查书目", (1,))),
    citations=(cite(1, RIVER, RIVER_PART, "馆员走进社区", "查书目。", "办讲座,修旧书,教老人用手机查书目"),),
    generation="000001",
    timing_ms=TIMING,
    understood={"kind": "list"},
)
YEARS_ANSWER = Answer(
    YEARS,
    "2022年\uff1a近98.6万人次[1]。\n2023年\uff1a118.4万人次[1]。\n2020年\uff1a61.5万人次[1]。\n2021年\uff1a资料中没有找到。",
    statements=(
        Statement("2022年\uff1a近98.6万人次", (1,)), Statement("2023年\uff1a118.4万人次", (1,)), Statement("2020年\uff1a61.5万人次", (1,)),
    ),
    citations=(VISITS,),
    generation="000001",
    timing_ms=TIMING,
)
DISPUTED_ANSWER = Answer(
    DISPUTED,
    "《山城书店协会 2023 年工作情况》\uff1a520场[1]。\n《河岸图书馆2023年服务年报》\uff1a462场[2]。\n各份资料说法不一\uff0c请核对出处。",
    statements=(
        Statement("《山城书店协会 2023 年工作情况》\uff1a520场", (1,)), Statement("《河岸图书馆2023年服务年报》\uff1a462场", (2,)),
    ),
    citations=(replace(SHOPS, n=1), replace(CLUBS, n=2)),
    generation="000001",
    timing_ms=TIMING,
)
READ_ANSWER = replace(FACT_ANSWER, question=WRITTEN, written=Written("qwen3-4b", "writing"))
WRITTEN_ANSWER = replace(
    READ_ANSWER,
    answer="118.4万人次[1]。\n河岸图书馆2023年接待读者118.4万人次[1]。\n重庆同年举办读书会520场[2]。",
    statements=(
        *FACT_ANSWER.statements,
        Statement("河岸图书馆2023年接待读者118.4万人次。", (1,), generated=True),
        Statement("重庆同年举办读书会520场。", (2,), generated=True),
    ),
    citations=(VISITS, SHOPS),
    written=Written("qwen3-4b", "done", cut=1, repaired=2),
)
ANSWERS = {
    LIST: LIST_ANSWER,
    YEARS: YEARS_ANSWER,
    DISPUTED: DISPUTED_ANSWER,
    QUESTION: FACT_ANSWER,
    COMPARISON: COMPARISON_ANSWER,
    HOSTILE: HOSTILE_ANSWER,
    SLOW: COMPARISON_ANSWER,
    EXAMPLE: FACT_ANSWER,
    BROKEN: ModelError("the model file is damaged"),
    SECRET: RuntimeError("/secret/path"),
}


def library() -> MemoryLibrary:
    """The three documents."""
    return MemoryLibrary([(RIVER, [RIVER_PART]), (HILL, [HILL_PART]), (NASTY, [NASTY_PART])])


def canned_bot(*, pause: float = 0.0, empty: bool = False) -> CannedBot:
    """A bot over them; what it does not know it refuses."""
    return CannedBot(None if empty else library(), ANSWERS, REFUSAL, pause=pause)


class WritingBot(CannedBot):
    """A bot with a language model: at WRITTEN its reader answers at once, the model's sentences come one with each `go`."""

    def __init__(self, *, refuses: bool = False) -> None:
        super().__init__(library(), ANSWERS, REFUSAL)
        self.go = threading.Semaphore(0)
        read = replace(REFUSAL, question=WRITTEN, written=READ_ANSWER.written) if refuses else READ_ANSWER
        whole = WRITTEN_ANSWER
        if refuses:
            first, second = (line for line in whole.answer.split("\n")[1:])
            whole = replace(whole, answer=f"{first}\n{second}", short=None, statements=whole.statements[1:])
        partly = replace(whole, answer=whole.answer.rpartition("\n")[0], statements=whole.statements[:-1], written=READ_ANSWER.written)
        self.steps = (read, partly, whole)

    def stream(self, question, history=(), **more):  # type: ignore[no-untyped-def]
        if question != WRITTEN:
            yield from super().stream(question, history, **more)
            return
        for n, step in enumerate(self.steps):
            while n and not self.go.acquire(timeout=0.01):
                check()
            yield step


def replace_version(answer: Answer, version: str) -> Answer:
    """The same answer, given over another version of its documents."""
    return replace(answer, citations=tuple(replace(c, version=version) for c in answer.citations))
