"""Whether a sentence says what a statement says: the part of the proof that a language model's own wording needs.

`rag.verify.check` compares what can be compared to the letter: numbers, dates, places, titles. A model can leave all of
these as they are and still say something else: give a figure to the wrong thing, name another person, turn a sentence round, add a clause
of its own. So here every word of the statement must be accounted for in the source (its own word, a synonym, or a word near
it in meaning), every figure must stand beside what it stands beside there, and neither may be negated or turned without the
other. The idea, that a statement is attributed where its source says it and nothing of it is new, is that of Rashkin et al.
2023, "Measuring Attribution in Natural Language Generation Models"; the rules are our own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from itertools import islice

from .terms import Matcher, Term, chinese_terms, stop_words
from .text.fold import fold
from .text.numbers import Quantity, find_quantities
from .text.sentences import clauses
from .text.times import find_times
from .text.tokens import Token, cut, pairs, rarity
from .verify import Cited, Failure, check, days_named

NAMES = ("nr", "nz", "eng")
PLACES = ("ns", "nt")
RARE = 0.72  # rarity from which no word can be new
TELLING = 0.55  # weight from which a noun can't be new
SUPPORTED = 0.5  # how well a word of the source must stand for one of the statement
LONGEST_UNSAID = 4  # characters of words in a row that nothing in the source stands for
UNSAID_IN_ALL, UNSAID_IN_CLAUSE = 0.25, 0.5  # shares of the weight of words that nothing in the source stands for
REACH = 24  # characters before a figure that say what it counts
CLEARER = 0.25  # how much better another figure's surroundings must fit

_YEAR_BEFORE = re.compile(r"[比较与](?:上年|去年)(?:同期)?(?:相比)?")  # another word for `同比`
_CLOCK = re.compile(r"\d{1,3}:\d{1,3}")
_BODY = re.compile(r"(公司|集团|总工会|工会|委员会|学院|大学|学校|中学|小学|医院|中心|协会|联合会|银行|基金会|合作社|法院|检察院|公安局|[厅局])$")
_OF_A_NAME = ("n", "b", "j", "vn")
_NEGATIONS = re.compile(r"(?:没有|没|未能|未|尚未|并未|不再|不得|不予|不能|不会|不应|不需|不是|(?<![是否能])不|无需|无法|无|并非|非|禁止|严禁|取消|停止|拒绝|免予|免)(?=[\u4e00-\u9fff])")
_BOUND_WORDS = re.compile(r"不[超少低高多大小足到](?:过|于)?|不断|不仅|不但|不同|不少|不久|未来|无偿|无人机|无障碍|无锡|非常|非遗|非公|免费|免疫|免税|不动产|不良|无线|无烟|未成年|无论|不论|不管|不等|不料|无形|无限")
_OPPOSITES = (
    ("增长|上升|提高|增加|上涨|扩大|提升|回升", "下降|减少|降低|下跌|缩小|下滑|回落"),
    ("超过|高于|多于|以上|至少|不少于|不低于|突破|逾", "不足|低于|少于|以下|至多|不超过|不高于|不多于|不到"),
    ("盈利", "亏损"), ("成功", "失败"), ("允许|可以|准予|应当", "禁止|不得|严禁"), ("同意|支持|赞成", "反对|拒绝|否决"), ("开始|启动|开启|开工", "结束|停止|终止|停工"),
    ("首次|第一次", "再次|第二次"), ("最高|最多|最大|最长", "最低|最少|最小|最短"), ("前", "后"), ("男", "女"), ("加入|参加", "退出"), ("有效", "无效"),
    ("早于|提前", "晚于|推迟|延后"), ("利好", "利空"), ("净流入", "净流出"), ("买入", "卖出"), ("收入", "支出"), ("进口", "出口"), ("新增", "累计"),
)  # fmt: skip
_SIDES = tuple((re.compile(a), re.compile(b)) for a, b in _OPPOSITES)


@dataclass(frozen=True)
class Source:
    """A sentence with what its document says of all of it (`around`: title, headings, names of its places)."""

    cited: Cited
    around: str = ""

    @cached_property
    def folded(self) -> str:
        """The sentence, folded."""
        return fold(self.cited.text)

    @cached_property
    def whole(self) -> str:
        """The sentence and what stands around it, folded."""
        return f"{self.folded}\n{fold(self.around)}"


def unattributed(statement: str, sources: Sequence[Source], matcher: Matcher) -> list[Failure]:
    """All of `statement` that the `sources` together do not say; empty where they say it."""
    found = check(statement, [s.cited for s in sources])
    if found:
        return found
    text = fold(statement)
    source = "\n".join(s.folded for s in sources)
    whole = "\n".join(s.whole for s in sources)
    unsaid = _unsaid(_YEAR_BEFORE.sub("同比", text), _YEAR_BEFORE.sub("同比", whole), matcher)
    return [*_turned(text, source), *_misplaced(text, source), *unsaid]


def _turned(text: str, source: str) -> Iterable[Failure]:
    """What is negated on one side only, or said the other way round."""
    masked = [_BOUND_WORDS.sub(lambda m: "\0" * len(m[0]), said) for said in (text, source)]
    for one, plain, other in ((text, *masked), (source, *reversed(masked))):
        for match in _NEGATIONS.finditer(plain):
            after = one[match.end() : match.end() + 2]
            told = [m.start() for m in re.finditer(re.escape(after), other)] if len(after) == 2 else []
            if told and not any(_NEGATIONS.search(other, max(0, t - 6), t + 1) for t in told):
                yield Failure("negation", match[0] + after)
    for kind, a, b, c, d in SequenceMatcher(None, text, source, autojunk=False).get_opcodes():
        if kind == "replace":
            here, there = text[max(0, a - 1) : b + 1], source[max(0, c - 1) : d + 1]
            for left, right in _SIDES:
                if (left.search(here) and right.search(there)) or (right.search(here) and left.search(there)):
                    yield Failure("opposite", text[a:b])
    for side, opposite in (pair for a, b in _SIDES for pair in ((a, b), (b, a))):
        said = side.search(text)
        if said and not side.search(source) and opposite.search(source) and not opposite.search(text):
            yield Failure("opposite", said[0])


def figures(text: str) -> list[Quantity]:
    """Quantities of `text` in digits that are no times."""
    times = [(m.start, m.end) for m in find_times(text, None)]
    return [q for q in find_quantities(text) if text[q.start].isdigit() and not any(a <= q.start < b for a, b in times)]


def _misplaced(text: str, source: str) -> Iterable[Failure]:
    """Figures that stand beside other words than in the source, where another figure of their kind stands beside these."""
    there = figures(source)
    for quantity in figures(text):
        alike = [q for q in there if q.kind == quantity.kind]
        if len({q.value for q in alike}) < 2:
            continue
        own = [_beside(text, quantity, source, q) for q in alike if q.value == quantity.value]
        others = [_beside(text, quantity, source, q) for q in alike if q.value != quantity.value]
        if own and others and max(others) > max(own) + CLEARER:
            yield Failure("figure", text[quantity.start : quantity.end])


def _beside(text: str, a: Quantity, source: str, b: Quantity) -> float:
    """How far the words before, and right after, two figures are the same: 0 to 1."""
    before = _run_before(text, a.start), _run_before(source, b.start)
    shared = _common_end(*before)
    one, other = map(pairs, before)
    alike = len(one & other) / (min(len(one), len(other)) or 1)
    after = text[a.end : a.end + 2] == source[b.end : b.end + 2]
    return 0.5 * min(shared, 4) / 4 + 0.4 * alike + 0.1 * after


def _run_before(text: str, at: int) -> str:
    """The words before a figure, back to the figure before it."""
    lead = text[max(0, at - REACH) : at]
    cut_at = max((m.end() for m in re.finditer(r"\d[\d.,]*[\u4e00-\u9fff%]?|[。;\uff1b!?\n]", lead)), default=0)
    return re.sub(r"[\W\d_]+", "", lead[cut_at:])


def _common_end(a: str, b: str) -> int:
    n = 0
    while n < min(len(a), len(b)) and a[-1 - n] == b[-1 - n]:
        n += 1
    return n


def _unsaid(text: str, source: str, matcher: Matcher) -> Iterable[Failure]:
    """Names that the source does not hold, and words that nothing in it stands for, where they are too many."""
    covered = _covered(text, source)
    there = matcher.tokens(source)
    known = source.replace(" ", "")
    yield from (Failure("number", clock) for clock in _CLOCK.findall(text) if clock not in known)
    yield from (Failure("date", f"{month}月{day}日") for month, day in days_named(text) - days_named(known))
    yield from islice(_strangers(text, known, covered), 1)
    terms = [t for t in chinese_terms(text) if t.flag != "m" and t.text not in stop_words("zh")]
    unsaid = [t for t in terms if not _said(t, covered, source, there, matcher)]
    yield from islice(_new(unsaid, terms, text), 1)


def _strangers(text: str, known: str, covered: Sequence[bool]) -> Iterable[Failure]:
    """Names of people, places and organisations that `known`, the source without blanks, does not hold."""
    tokens = cut(text)
    for i, token in enumerate(tokens):
        strict = token.flag.startswith(PLACES) or (token.flag.startswith(NAMES) and rarity(token.text) > 0.6)
        if strict and len(token.text) > 1 and token.text not in known and not all(covered[token.start : token.end]):
            yield Failure("name", token.text)
        if _BODY.search(token.text):
            first = i
            while first > 0 and tokens[first - 1].end == tokens[first].start and tokens[first - 1].flag.startswith(_OF_A_NAME):
                first -= 1
            if any(t.text not in known for t in tokens[first : i + 1]):
                yield Failure("name", text[tokens[first].start : token.end])
        following = tokens[i + 1] if i + 1 < len(tokens) else None
        if token.flag == "nr" and len(token.text) == 1 and following and following.start == token.end and text[token.start : following.end] not in known:
            yield Failure("name", text[token.start : following.end])  # the segmenter cut the surname off


def _new(unsaid: Sequence[Term], terms: Sequence[Term], text: str) -> Iterable[Failure]:
    """Words that nothing in the source stands for: one that tells much, several in a row, or too many."""
    for term in unsaid:
        if (term.flag.startswith("n") and term.weight >= TELLING) or (len(term.text) > 1 and rarity(term.text) >= RARE):
            yield Failure("word", term.text)
    for first, last in _runs(unsaid):
        if last - first >= LONGEST_UNSAID:
            yield Failure("word", text[first:last])
    if sum(t.weight for t in unsaid) > UNSAID_IN_ALL * (sum(t.weight for t in terms) or 1.0):
        yield Failure("word", unsaid[0].text)
    for start, end in clauses(text):
        new = [t for t in unsaid if start <= t.start < end]
        weight = sum(t.weight for t in terms if start <= t.start < end)
        if weight > 0.5 and sum(t.weight for t in new) > UNSAID_IN_CLAUSE * weight:
            yield Failure("word", new[0].text)


def _runs(terms: Sequence[Term]) -> list[tuple[int, int]]:
    """Where terms follow each other with at most one character between them."""
    runs: list[tuple[int, int]] = []
    for term in terms:
        if runs and term.start - runs[-1][1] <= 1:
            runs[-1] = (runs[-1][0], term.end)
        else:
            runs.append((term.start, term.end))
    return runs


def _said(term: Term, covered: Sequence[bool], source: str, there: Sequence[Token], matcher: Matcher) -> bool:
    if all(covered[term.start : term.end]):
        return True
    return max((m.score for m in matcher.find(term, source, there)), default=0.0) >= SUPPORTED


def _covered(text: str, source: str) -> list[bool]:
    """Which characters of `text` are part of a run of two or more that `source` holds."""
    covered = [False] * len(text)
    for i in range(len(text) - 1):
        if text[i : i + 2] in source and text[i].isalnum() and text[i + 1].isalnum():
            covered[i] = covered[i + 1] = True
    return covered
