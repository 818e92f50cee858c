"""Every word of the report: what a kind, a measure, a stage or a reason is called, and how the result is said.

A pair is Chinese and English; `tr` takes the one that this process speaks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.messages import tr

if TYPE_CHECKING:
    from ..runs import Row

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Stage:
    """What losing a question at one stage is called, what it means and what to mend."""

    name: Pair
    means: Pair
    mend: Pair


STAGES: Mapping[str, Stage] = {
    "not_cleaned": Stage(
        ("没进索引", "Lost before the index"),
        (
            "作为依据的那句话不在索引里：读取或清洗时被删掉或改坏了，文档没有收录，或是题集里的依据抄错了。",
            "The passage that proves the answer is not in the index: dropped or damaged in reading or cleaning, of a document that is not indexed, or copied wrongly into the gold set.",
        ),
        (
            "先用 zhiyin eval check 核对题集；再用 zhiyin index --explain 文件 看清洗改了什么，再改那条清洗规则；文档若没有编入索引，先补上。",
            "Check the gold set first with zhiyin eval check; then see what cleaning did with zhiyin index --explain FILE and mend that rule; if the document is not indexed, add it.",
        ),
    ),
    "not_retrieved": Stage(
        ("没检索到", "Not retrieved"),
        (
            "依据在索引里，但交给阅读器的段落中没有它。",
            "The evidence is in the index, but in none of the passages that the reader was given.",
        ),
        (
            "比较问题与依据的用词。词不同：换嵌入模型，或提高 dense_weight；排得靠后：提高 pool_k、top_k 或加重排模型；年份、地区认错：看「理解」一栏。",
            "Compare the words of question and evidence. Other words: another embedder or a higher dense_weight; ranked too low: a higher pool_k or top_k, or a reranker; year or place misread: see how the question was understood.",
        ),
    ),
    "not_read": Stage(
        ("检索到而没读出", "Retrieved, not read"),
        (
            "依据已交给阅读器，但它选出的句子都不在依据里。",
            "The reader had the evidence, and none of the sentences that it picked is in it.",
        ),
        (
            "看它选了哪一句：选了相邻的数字或年份，就补这类题来训练阅读模型；段落太长，就减小 chunk_tokens。",
            "See what it picked instead: a neighbouring figure or year calls for such questions in the reader's training; a long passage for a smaller chunk_tokens.",
        ),
    ),
    "refused": Stage(
        ("读出而拒答", "Read, but refused"),
        (
            "依据里的句子已经读出，但支持度不够或没有通过核对，所以没有作答。",
            "A sentence of the evidence was read, but its support fell short or it was not verified, so nothing was answered.",
        ),
        (
            "看问题中哪些词原文没有说到。只是换了说法：补同义词；普遍偏严：对照「风险与覆盖」一图降低 min_probability。",
            "See which words of the question the source does not say. Mere wording: add synonyms; too strict throughout: lower min_probability, looking at the plot of risk and coverage.",
        ),
    ),
    "answered_wrongly": Stage(
        ("答错", "Answered wrongly"),
        (
            "作了答，但说的不对、引的不是依据，或者本该拒答。",
            "It answered, and said the wrong thing, cited something else than the evidence, or should have refused.",
        ),
        (
            "该拒答而作答的，提高 min_probability；说得不对的，对照两栏看阅读器取了哪几个字；引证不对的，看标准题集是否漏列了同样能作证的另一处。",
            "Where it should have refused, raise min_probability; where it said the wrong thing, see in the two columns which words the reader took; where the citation is wrong, check whether the gold set misses another place that proves it as well.",
        ),
    ),
}
"""The stages in the order in which evidence passes them."""

UNKNOWN_STAGE = Stage(
    ("未归因", "Not attributed"),
    (
        "这些题不正确，但运行记录里没有写明丢在哪一步。",
        "These are not right, and the run does not say which stage lost them.",
    ),
    ("用当前版本重新运行一次。", "Run them again with this version."),
)

KINDS: Mapping[str, Pair] = {
    "fact": ("事实", "facts"),
    "list": ("列举", "lists"),
    "dirty": ("脏文本", "dirty text"),
    "trad": ("繁体", "Traditional script"),
    "years": ("分年度", "by year"),
    "provinces": ("分省份", "by province"),
    "compare": ("比较", "comparisons"),
    "followup": ("追问", "follow-ups"),
    "english": ("英文提问", "asked in English"),
    "absent": ("资料未载", "not in the documents"),
    "wrong_year": ("年份不符", "another year"),
    "wrong_place": ("地区不符", "another place"),
    "false_premise": ("前提有误", "false premise"),
    "offtopic": ("题外", "off topic"),
}

METRICS: Mapping[str, tuple[Pair, Pair]] = {
    "right": (
        ("正确", "right"),
        ("答对并引对，或该拒答而拒答", "answered and cited rightly, or refused where due"),
    ),
    "answered": (("答对", "says it"), ("说出了应有的内容", "says what was expected")),
    "cited": (("引对", "cites it"), ("引用了标准依据", "cites the evidence")),
    "em": (
        ("完全一致", "exact match"),
        ("短答案与标准答案一致", "the short answer is an expected one"),
    ),
    "f1": (
        ("字符 F1", "character F1"),
        ("短答案与标准答案的字符重合", "characters shared with an expected answer"),
    ),
    "numbers": (("数字", "figures"), ("数字与单位相等", "figures with their units are equal")),
    "complete": (("完整", "complete"), ("应列各项说全的比例", "share of the items that were asked for")),
    "cite_recall": (
        ("引证召回", "citation recall"),
        ("每句话都被引文证实", "statements that their citations prove"),
    ),
    "cite_precision": (("引证精确", "citation precision"), ("没有多余的引文", "citations that are needed")),
    "spans": (
        ("引文有效", "valid spans"),
        ("引文与原文逐字一致", "quotes that are the source's text to the letter"),
    ),
    "rr": (
        ("名次倒数", "reciprocal rank"),
        ("第一处依据名次的倒数", "1 / rank of the first evidence"),
    ),
    "ndcg@10": (("nDCG@10", "nDCG@10"), ("前 10 段的排序质量", "quality of the first ten ranks")),
    "ms": (("耗时 ms", "time, ms"), ("每题毫秒数，越小越好", "milliseconds a question; lower is better")),
    "chars": (("字数", "characters"), ("答案与引文的字数，越小越好", "characters shown; lower is better")),
}

REASONS: Mapping[str, Pair] = {
    "empty_question": ("问题是空的", "the question is empty"),
    "no_question": ("不是问题", "not a question"),
    "no_documents": ("没有可检索的资料", "there are no documents"),
    "not_found": ("没有找到", "nothing found"),
    "terms_not_supported": ("关键词在原文中没有依据", "words that matter are not in the source"),
    "other_year": ("资料说的是别的年份", "the documents speak of another year"),
    "other_place": ("资料说的是别的地区", "the documents speak of another place"),
    "not_verified": ("找到了，但没有通过核对", "found, but not verified"),
}


def kind(name: str) -> str:
    """A kind of question as it is called; one that is not known by its own name."""
    return tr(*KINDS[name]) if name in KINDS else name


def metric(name: str) -> str:
    """A measure as it is called."""
    if name.startswith("recall@"):
        return tr(f"检索召回@{name[7:]}", name)
    return tr(*METRICS[name][0]) if name in METRICS else name


def explained(name: str) -> str:
    """What a measure says."""
    if name.startswith("recall@"):
        return tr(
            f"依据在前 {name[7:]} 段里的比例", f"share of the evidence in the first {name[7:]} passages"
        )
    return tr(*METRICS[name][1]) if name in METRICS else ""


def stage(name: str | None) -> Stage:
    """The words of a stage, also of one that is not known."""
    return STAGES.get(name or "", UNKNOWN_STAGE)


def by_stage(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The failures among `rows` by stage, in the order in which evidence passes the stages; of an unknown stage last."""
    out: dict[str, list[Row]] = {stage: [] for stage in STAGES}
    for row in rows:
        if not row.right:
            out.setdefault(row.stage or "", []).append(row)
    return {stage: some for stage, some in out.items() if some}


def verdict(row: Row) -> str:
    """What went wrong with a row, in a clause."""
    if row.refuse:
        return tr("本该拒答，却作了答", "should have refused, and answered")
    if row.refused:
        reason = str(row.answer.get("reason") or "")
        said = tr(*REASONS[reason]) if reason in REASONS else reason
        return tr(f"拒答了：{said}" if said else "拒答了", f"refused: {said}" if said else "refused")
    said_it, cited = row.metrics.get("answered"), row.metrics.get("cited")
    if said_it:
        return tr("说对了，但引的不是标准依据", "said it, but cites something else than the evidence")
    if said_it is not None and cited:
        return tr("引到了依据，但说得不对", "cites the evidence, and says something else")
    return tr("说得不对", "says something else") if said_it is not None else row.reason


def percent(share: float | None, digits: int = 1) -> str:
    """A share of 1 as a percentage; a dash where there is none.

    >>> percent(0.9375), percent(1.0), percent(None)
    ('93.8%', '100%', '–')
    """
    if share is None:
        return "\u2013"
    return "100%" if share == 1 else "0%" if share == 0 else f"{share * 100:.{digits}f}%"


def duration(ms: float | None) -> str:
    """Milliseconds as a person says them.

    >>> duration(41.3), duration(1530.0), duration(0.42)
    ('41 ms', '1.5 s', '0.4 ms')
    """
    if ms is None:
        return "\u2013"
    return f"{ms / 1000:.1f} s" if ms >= 1000 else f"{ms:.0f} ms" if ms >= 10 else f"{ms:.1f} ms"


def figure(name: str, value: float | None) -> str:
    """The value of the measure `name` as it is written: a share as a percentage, a time or a count as it is."""
    if value is None:
        return "\u2013"
    if name == "ms":
        return duration(value)
    return f"{value:.0f}" if name == "chars" else percent(value)
