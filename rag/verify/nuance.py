"""Few characters that turn a statement: negations, opposites, words of doubt, of plan and of degree, and those left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from .check import Failure

_NEGATIONS = re.compile(r"(?:没有|没|未能|未|尚未|并未|不再|不得|不予|不能|不会|不应|不需|不是|(?<![是否能])不|无需|无法|无|并非|非|禁止|严禁|取消|停止|拒绝|免予|免)(?=[\u4e00-\u9fff])")
_BOUND_WORDS = re.compile(r"不[超少低高多大小足到](?:过|于)?|不断|不仅|不但|不同|不少|不久|未来|无偿|无人机|无障碍|无锡|非常|非遗|非公|免费|免疫|免税|不动产|不良|不法|不利|不当|不慎|不幸|无线|无烟|未成年|无论|不论|不管|不等|不料|无形|无限")
_OPPOSITES = (
    ("增长|上升|提高|增加|上涨|扩大|提升|回升", "下降|减少|降低|下跌|缩小|下滑|回落"),
    ("超过|高于|多于|以上|至少|不少于|不低于|突破|逾", "不足|低于|少于|以下|至多|不超过|不高于|不多于|不到"),
    ("盈利", "亏损"), ("成功", "失败"), ("允许|可以|准予|应当", "禁止|不得|严禁"), ("同意|支持|赞成", "反对|拒绝|否决"), ("开始|启动|开启|开工", "结束|停止|终止|停工"),
    ("首次|第一次", "再次|第二次"), ("最高|最多|最大|最长", "最低|最少|最小|最短"), ("前", "后"), ("男", "女"), ("加入|参加", "退出"), ("有效", "无效"),
    ("早于|提前", "晚于|推迟|延后"), ("利好", "利空"), ("净流入", "净流出"), ("买入", "卖出"), ("收入", "支出"), ("进口", "出口"), ("新增", "累计"),
)  # fmt: skip
_SIDES = tuple((re.compile(a), re.compile(b)) for a, b in _OPPOSITES)
# what makes of a fact a plan, a rumour, a condition or its contrary, or says how often, how many of them and how far
_MODAL = re.compile(
    r"计划|规划|拟(?![人态])|将(?![军领士近])|即将|预计|预期|预料|原定|本来|本想|有望|争取|力争|打算|准备(?!金)|应(?![急用对届邀聘答])|应当|应该|须|必须|可以|可能|也许|或许|大概|似乎|恐怕"
    r"|据说|据传|传闻|听说|谣传|声称|谎称|自称|号称|所谓|疑似|涉嫌|如果|假如|倘若|若(?!干)|只要|除非|一旦|即使|哪怕|要是|假(?![期日肢设如])|谎|谣|不实|失实|虚假|虚构|错误|不对|才怪|谁信|骗|伪造"
    r"|每[年月周天日人家户个次]|平均|[人年月日户]均|仅|只(?![能要])|才(?![能干会华])|少(?=[投发收增建办招给花用])|勉强|几乎|差点|险些|全部|所有|一律|完全|全都|都是|从未|唯一|首次|首个|最(?=[高低大小多少好早晚])"
)
# left out, they change what is counted or who is meant: `副院长` is no `院长`
_QUALIFIERS = re.compile(r"副|非|原(?=[主书院校厂局处科部])|前(?=[主书院校])|代理|准(?=[\u4e00-\u9fff]{2})|人均|户均|月均|年均|日均|平均|新增|预计|拟|计划|将|不到|未")


class Change(NamedTuple):
    """Characters `start` to `end` of a statement stand where `first` to `last` of its source stand."""

    start: int
    end: int
    first: int
    last: int


def changes(text: str, source: str) -> list[Change]:
    """Where other characters stand in the statement than in its source; one character in common does not part two changes."""
    found: list[Change] = []
    for kind, a, b, c, d in SequenceMatcher(None, text, source, autojunk=False).get_opcodes():
        if kind != "equal" and found and a - found[-1].end <= 1:
            found[-1] = Change(found[-1].start, b, found[-1].first, d)
        elif kind != "equal":
            found.append(Change(a, b, c, d))
    return [c for c in found if c.start < c.end and c.first < c.last]


def turned(text: str, source: str, changed: Sequence[Change]) -> Iterable[Failure]:
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


def qualified(text: str, source: str) -> Iterable[Failure]:
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
