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
from typing import NamedTuple

from .terms import Matcher, Term, chinese_terms, stop_words
from .text.fold import fold
from .text.numbers import Quantity, find_quantities
from .text.sentences import clauses
from .text.times import find_times
from .text.tokens import Token, cut, pairs, rarity
from .verify import Cited, Failure, check, days_named

NAMES = ("nr", "nz", "eng")
PLACES = ("ns", "nt")
TELLING = 0.55  # weight from which a noun can't be new
SUPPORTED = 0.5  # how well a word of the source must stand for one of the statement
LONGEST_UNSAID = 4  # characters of words in a row that nothing in the source stands for
UNSAID_IN_ALL, UNSAID_IN_CLAUSE = 0.25, 0.5  # shares of the weight of words that nothing in the source stands for
UNSAID_CHARACTERS, SAID_LEAST = 6, 0.3  # a clause of so many characters of which the source holds a smaller share is new
REACH = 60  # characters before a figure that say what it counts
AFTER = 6  # characters after it that do
LONGEST_REPLACED = 12  # characters in another's place; more than that is another way to put it

_YEAR_BEFORE = re.compile(r"[比较与](?:上年|去年)(?:同期)?(?:相比)?")  # another word for `同比`
_VARIANTS = str.maketrans("瞭甦藉", "了苏借")  # Traditional forms of words, which `fold` leaves since other words keep them
_CLOCK = re.compile(r"\d{1,3}:\d{1,3}")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?=年)")
_DAY = re.compile(r"(?<![\d月])(\d{1,2})日")
_BODY = re.compile(r"(公司|集团|总工会|工会|委员会|学院|大学|学校|中学|小学|医院|中心|协会|联合会|银行|基金会|合作社|法院|检察院|公安局|[厅局])$")
_OF_A_NAME = ("n", "b", "j", "vn")
_NEGATIONS = re.compile(r"(?:没有|没|未能|未|尚未|并未|不再|不得|不予|不能|不会|不应|不需|不是|(?<![是否能])不|无需|无法|无|并非|非|禁止|严禁|取消|停止|拒绝|免予|免)(?=[\u4e00-\u9fff])")
_BOUND_WORDS = re.compile(r"不[超少低高多大小足到](?:过|于)?|不断|不仅|不但|不同|不少|不久|未来|无偿|无人机|无障碍|无锡|非常|非遗|非公|免费|免疫|免税|不动产|不良|不法|不利|不当|不慎|不幸|无线|无烟|未成年|无论|不论|不管|不等|不料|无形|无限")
_OPPOSITES = (
    ("增长|上升|提高|增加|上涨|扩大|提升|回升", "下降|减少|降低|下跌|缩小|下滑|回落"),
    ("超过|高于|多于|以上|至少|不少于|不低于|突破|逾", "不足|低于|少于|以下|至多|不超过|不高于|不多于|不到"),
    ("盈利", "亏损"), ("成功", "失败"), ("允许|可以|准予|应当", "禁止|不得|严禁"), ("同意|支持|赞成", "反对|拒绝|否决"), ("开始|启动|开启|开工", "结束|停止|终止|停工"),
    ("首次|第一次", "再次|第二次"), ("最高|最多|最大|最长", "最低|最少|最小|最短"), ("前", "后"), ("男", "女"), ("加入|参加", "退出"), ("有效", "无效"),
    ("早于|提前", "晚于|推迟|延后"), ("利好", "利空"), ("净流入", "净流出"), ("买入", "卖出"), ("收入", "支出"), ("进口", "出口"), ("新增", "累计"),
)  # fmt: skip
_THINGS = ("n", "j", "b", "eng")
_DEEDS = ("v", "d", "a", "p", "c", "u", "zg")
_RUN = re.compile(r"[^\W_]{2,}")
LIGHT = frozenset(
    "是 为 有 达 达到 达成 共 共有 一共 总共 合计 进行 开展 举行 举办 召开 实施 组织 做 作 做出 作出 给予 予以 加以 取得 获得 获 得到 成为 属于 包括 包含 涉及 包含了"
    " 表示 指出 说 介绍 称 提出 强调 显示 提到 说明 使 让 继续 发布 提供 给出 以及 其中 同时 此外 另外 由于 因为 因此 目前 现在 当时 近日 最近 一同 协助 起 好".split()
)  # fmt: skip
"""Words that carry little by themselves, and may be new: verbs that take their meaning from what they are done to, verbs of saying, joints."""
# what makes of a fact a plan, a rumour, a condition or its contrary, or says how often, how many of them and how far
_MODAL = re.compile(
    r"计划|规划|拟(?![人态])|将(?![军领士近])|即将|预计|预期|预料|原定|本来|本想|有望|争取|力争|打算|准备(?!金)|应(?![急用对届邀聘答])|应当|应该|须|必须|可以|可能|也许|或许|大概|似乎|恐怕"
    r"|据说|据传|传闻|听说|谣传|声称|谎称|自称|号称|所谓|疑似|涉嫌|如果|假如|倘若|若(?!干)|只要|除非|一旦|即使|哪怕|要是|假(?![期日肢设如])|谎|谣|不实|失实|虚假|虚构|错误|不对|才怪|谁信|骗|伪造"
    r"|每[年月周天日人家户个次]|平均|[人年月日户]均|仅|只(?![能要])|才(?![能干会华])|少(?=[投发收增建办招给花用])|勉强|几乎|差点|险些|全部|所有|一律|完全|全都|都是|从未|唯一|首次|首个|最(?=[高低大小多少好早晚])"
)
# left out, they change what is counted or who is meant: `副院长` is no `院长`
_QUALIFIERS = re.compile(r"副|非|原(?=[主书院校厂局处科部])|前(?=[主书院校])|代理|准(?=[一-鿿]{2})|人均|户均|月均|年均|日均|平均|新增|预计|拟|计划|将|不到|未|约谈")
_BREAK = re.compile(r"[\d\W]")
_SIDES = tuple((re.compile(a), re.compile(b)) for a, b in _OPPOSITES)


class Change(NamedTuple):
    """Characters `start` to `end` of a statement stand where `first` to `last` of its source stand."""

    start: int
    end: int
    first: int
    last: int


@dataclass(frozen=True)
class Source:
    """A sentence with what its document says of all of it (`around`: title, headings, names of its places)."""

    cited: Cited
    around: str = ""

    @cached_property
    def folded(self) -> str:
        """The sentence, folded."""
        return _folded(self.cited.text)

    @cached_property
    def whole(self) -> str:
        """The sentence and what stands around it, folded."""
        return f"{self.folded}\n{_folded(self.around)}"


def unattributed(statement: str, sources: Sequence[Source], matcher: Matcher) -> list[Failure]:
    """All of `statement` that the `sources` together do not say; empty where they say it."""
    found = check(statement, [s.cited for s in sources])
    if found:
        return found
    text = _YEAR_BEFORE.sub("同比", _folded(statement))
    source = _YEAR_BEFORE.sub("同比", "\n".join(s.folded for s in sources))
    whole = _YEAR_BEFORE.sub("同比", "\n".join(s.whole for s in sources))
    changed = _changes(text, source)
    return [
        *_qualified(text, source), *_other_years(text, sources), *_turned(text, source, changed), *_misplaced(text, source),
        *_replaced(text, source, changed, matcher), *_unsaid(text, whole, matcher),
    ]  # fmt: skip


def _folded(text: str) -> str:
    return fold(text).translate(_VARIANTS)


def _changes(text: str, source: str) -> list[Change]:
    """Where other characters stand in the statement than in its source; one character in common does not part two changes."""
    changes: list[Change] = []
    for kind, a, b, c, d in SequenceMatcher(None, text, source, autojunk=False).get_opcodes():
        if kind != "equal" and changes and a - changes[-1].end <= 1:
            changes[-1] = Change(changes[-1].start, b, changes[-1].first, d)
        elif kind != "equal":
            changes.append(Change(a, b, c, d))
    return [c for c in changes if c.start < c.end and c.first < c.last]


def _turned(text: str, source: str, changed: Sequence[Change]) -> Iterable[Failure]:
    """What is negated on one side only, or said the other way round."""
    masked = [_BOUND_WORDS.sub(lambda m: "\0" * len(m[0]), said) for said in (text, source)]
    for one, plain, other in ((text, *masked), (source, *reversed(masked))):
        for match in _NEGATIONS.finditer(plain):
            after = one[match.end() : match.end() + 2]
            told = [m.start() for m in re.finditer(re.escape(after), other)] if len(after) == 2 else []
            if told and not any(_NEGATIONS.search(other, max(0, t - 6), t + 1) for t in told):
                yield Failure("negation", match[0] + after)
    for a, b, c, d in changed:
        here, there = text[max(0, a - 1) : b + 1], source[max(0, c - 1) : d + 1]
        for left, right in _SIDES:
            if (left.search(here) and right.search(there)) or (right.search(here) and left.search(there)):
                yield Failure("opposite", text[a:b])
    for side, opposite in (pair for a, b in _SIDES for pair in ((a, b), (b, a))):
        said = side.search(text)
        if said and not side.search(source) and opposite.search(source) and not opposite.search(text):
            yield Failure("opposite", said[0])


def _qualified(text: str, source: str) -> Iterable[Failure]:
    """What the statement says of how sure, how often, how far, and the source does not; and what it leaves out of that."""
    yield from (Failure("word", match[0]) for match in _MODAL.finditer(text) if match[0] not in source)
    if len(_NEGATIONS.findall(_BOUND_WORDS.sub("", text))) > len(_NEGATIONS.findall(_BOUND_WORDS.sub("", source))):
        yield Failure("negation", text)
    for match in _QUALIFIERS.finditer(source):
        after = source[match.end() : match.end() + 2]
        if len(after) < 2 or after not in text or not after.isalnum():
            continue
        everywhere = all(match[0] in source[max(0, m.start() - 4) : m.start()] for m in re.finditer(re.escape(after), source))
        if everywhere and not any(match[0] in text[max(0, m.start() - 4) : m.start()] for m in re.finditer(re.escape(after), text)):
            yield Failure("word", match[0] + after)


def figures(text: str) -> list[Quantity]:
    """Quantities of `text` in digits that are no times."""
    times = [(m.start, m.end) for m in find_times(text, None)]
    return [q for q in find_quantities(text) if text[q.start].isdigit() and not any(a <= q.start < b for a, b in times)]


def _misplaced(text: str, source: str) -> Iterable[Failure]:
    """Figures that stand beside what another figure of their kind stands beside in the source, and beside nothing of their own."""
    ours, there = figures(text), figures(source)
    for quantity in ours:
        alike = [q for q in there if q.kind == quantity.kind]
        if len({q.value for q in alike}) < 2:
            continue
        said = _beside(text, quantity, ours)
        own = [_beside(source, q, there) for q in alike if q.value == quantity.value]
        others = [_beside(source, q, there) for q in alike if q.value != quantity.value]
        if own and any(all(said & (other - mine) and not said & (mine - other) for mine in own) for other in others):
            yield Failure("figure", text[quantity.start : quantity.end])


def _beside(text: str, quantity: Quantity, known: Sequence[Quantity]) -> set[str]:
    """Pairs of characters that say what a figure counts: before it, back to the last figure of its kind, and right after it."""
    before = max((q.end for q in known if q.kind == quantity.kind and q.end <= quantity.start), default=0)
    lead = text[max(0, before, quantity.start - REACH) : quantity.start]
    sentence = max(lead.rfind(mark) for mark in "。!?\n") + 1
    after = _BREAK.split(text[quantity.end : quantity.end + AFTER])[0]
    return {p for part in (lead[sentence:], after) for p in pairs(re.sub(r"\W+", "", part))}


def _replaced(text: str, source: str, changed: Sequence[Change], matcher: Matcher) -> Iterable[Failure]:
    """Nouns and names in the place of others, between words that are the same in both."""
    ours, there = cut(text), matcher.tokens(source)
    terms = [t for t in chinese_terms(text) if t.text not in stop_words("zh")]
    covered = _covered(text, source)
    for a, b, c, d in changed:
        between = (a > 1 and text[a - 2 : a] == source[c - 2 : c]) or (b + 2 <= len(text) and text[b : b + 2] == source[d : d + 2])
        if not between or max(b - a, d - c) > LONGEST_REPLACED:
            continue
        if all(t.flag.startswith(_DEEDS) for part in (text[a:b], source[c:d]) for t in cut(part)) and min(b - a, d - c) > 1:
            continue
        lost = [t for t in there if t.start < d and c < t.end and t.flag.startswith(_THINGS) and text.count(t.text) < source.count(t.text)]
        broken = any(t.start < c or d < t.end for t in lost)
        new = any(t.start < b and a < t.end and t.flag.startswith(_THINGS) for t in ours)
        here = [t for t in terms if t.start < b and a < t.end and t.flag.startswith(_THINGS)]
        if lost and (broken or new) and not (here and all(_said(t, covered, source, there, matcher) for t in here)):
            yield Failure("word", text[a:b])


def _other_years(text: str, sources: Sequence[Source]) -> Iterable[Failure]:
    """Years that the sources neither write nor mean (`去年`); `check` holds the times themselves against them."""
    named = [m for m in _YEAR.findall(text) if not any(m in s.whole for s in sources)]
    if named:
        periods = [p for s in sources for p in (s.cited.period, *(m.period for m in find_times(s.cited.text, s.cited.period))) if p]
        yield from (Failure("date", f"{y}年") for y in named if not any(int(y) in (p.first, p.last) for p in periods))


def _unsaid(text: str, source: str, matcher: Matcher) -> Iterable[Failure]:
    """Names that the source does not hold, and words that nothing in it stands for, where they are too many."""
    covered = _covered(text, source)
    there = matcher.tokens(source)
    known = source.replace(" ", "")
    yield from (Failure("number", clock) for clock in _CLOCK.findall(text) if clock not in known)
    yield from (Failure("date", f"{month}月{day}日") for month, day in days_named(text) - days_named(known))
    yield from (Failure("date", m[0]) for m in _DAY.finditer(text) if not re.search(rf"(?<!\d){m[1]}(?:日|[至到、~\u2014-]\d+日)", known))
    yield from islice(_strangers(text, known, covered), 1)
    terms = [t for t in chinese_terms(text) if t.flag != "m" and t.text not in stop_words("zh")]
    unsaid = [t for t in terms if not _said(t, covered, source, there, matcher)]
    yield from islice(_new(unsaid, terms, text), 1)
    sizes = ((a, b, sum(map(len, _RUN.findall(text[a:b])))) for a, b in clauses(text))
    yield from islice((Failure("word", text[a:b]) for a, b, size in sizes if size >= UNSAID_CHARACTERS and sum(covered[a:b]) < SAID_LEAST * size), 1)


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
    """Words that nothing in the source stands for: one that tells anything by itself, several in a row, or too many."""
    for term in unsaid:
        if (len(term.text) > 1 and term.text not in LIGHT) or (term.flag.startswith("n") and term.weight >= TELLING):
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
