"""Whether a question of a conversation stands by itself, and by what one sees it."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from ..text.fold import fold
from .query import Query

POLITE = re.compile(r"^(?:(?:请问一?下?|麻烦问?一?下|其实|我?(?:还|再|就)?想(?:再|要)?(?:知道|了解|问问?|查查?|看看?)的?(?:一下|是)?|帮我[查看]一?下|please tell me|can you tell me|i(?: would|'d)? (?:like|want) to know)[\s,]*)+", re.IGNORECASE)
LEAD = re.compile(
    r"^(?:(?:那么|那(?![曲坡个些种位家项场年次份篇])|还有(?![多几哪什谁吗没])|另外的?(?![一两三])|以及|然后|至于|换成|换作|换到|改成|改为|如果(?:是|换成)|要是(?:换成)?|假如是|再问一?[问下]?"
    r"|(?:and|but|so|then)\b(?! (?:that|this))|(?:what|how) about|what if it(?:'s| is| were)|same for)[\s,、]*)+",
    re.IGNORECASE,
)
TAIL = re.compile(r"的?(?:情况|的话|数据|数字|数目)?(?:又|则|也)?(?:(?:是|有|为)多少[个家人名项场次]{0,2}|如何|怎么样|怎样)?呢?[\s?!。.]*$")
ASKS = re.compile(r"多少|几(?![乎何])|哪|什么|啥|谁|何|怎么|怎样|如何|吗|是否|有没有|\b(?:how|what|which|who|whom|whose|when|where|why|did|does|do|is|are|was|were)\b", re.IGNORECASE)
PERSON = re.compile(
    r"(?P<many>他们俩?|她们|[这那]?[两三四五六几](?:个人|人|位)(?=分别|都|各|是|在|来)|这(?:几|[两三四五六])(?:个人|位|名)[\u4e00-\u9fff]{0,2}?(?=是|都|在|有|的|被|各|分)|\b(?:they|them|their)\b)|他(?!们|人)|她(?!们)|此人|这个人|该同志|该名?(?:职工|选手|快递员|工人|工匠)"
    r"|这(?:位|名)(?:职工|同志|师傅|工匠|劳模|老师|选手|工人|女士|先生|专家|教授|记者|作者|人)?|\b(?:he|she|him|her|his)\b"
)
THING = re.compile(r"它们?|(?:(?<![应本活])该|这(?:个|家|项|部|次|所|场|份|种|类|笔|座|支|届|款|套)|那(?:个|家|项|部|次|所|场|份|笔|届|款|套))(?P<head>[\u4e00-\u9fff]{1,8})|(?<![尤极与何莫])其(?=[\u4e00-\u9fff])(?!其?[他它实次余间中])|\bits?\b|(?:^|(?<=in )|(?<=of )|(?<=on )|(?<=for )|(?<=from )|(?<=about )|(?<=by ))(?:this|that|these|those)\b(?: (?:one|ones|film|company|project|union|activity|event|event|campaign|programme|program|document|prize|award|studio|alliance))?")
AMONG = re.compile(r"其中|这里面|这当中|of (?:these|those|them|which)\b", re.IGNORECASE)
ABOUT = re.compile(r"这(?:件|个)?事(?!业|故|项|务|实|件|例)|这些(?=[\u4e00-\u9fff])|这方面")
THEN = re.compile(r"同一?年度?|当年|那一?年|这一?年(?!来)|该年|(?<![一-鿿])同期|那时候?|这期间|这段时间|(?:in )?(?:that|the same) year|(?:at )?that time", re.IGNORECASE)
_KNOWN = re.compile("那[个些种位家项场次份篇]")
_RELATIONAL = frozenset([
    "金额", "资金", "经费", "人数", "票房", "主题", "名称", "名字", "时间", "地点", "数量", "规模", "比例", "原因", "内容", "目的", "负责人", "带头人", "领衔人", "组长",
    "主席", "导演", "作者", "奖项", "结果", "效果", "标准", "条件", "对象", "范围", "期限", "总额", "总数", "岗位", "人员", "初赛", "复赛", "决赛", "满意度", "占比", "票价", "地址", "电话",
])  # fmt: skip
_NOUNS = ("n", "nz", "nt", "nr", "j", "l", "b", "s")


class Why(StrEnum):
    """By what a question is seen to stand by itself, or not to."""

    PLACE = "names a place"
    TITLE = "names a title"
    PERSON = "names a person"
    SUBJECT = "has a subject of its own"
    WHOLE = "says enough"
    ELLIPSIS = "leaves out what it asks"
    POINTS_BACK = "points back"
    NO_SUBJECT = "has no subject"


class Standing(NamedTuple):
    """Whether a question stands by itself, and why."""

    alone: bool
    why: Why


def elliptic(question: str) -> bool:
    """Whether the wording itself says that something is left out: `那陕西呢`, `what about Anhui`."""
    plain = POLITE.sub("", question.strip())
    return bool(LEAD.search(plain) or _KNOWN.match(plain)) or (bool(re.search(r"[呢咧][?!。\s]*$", plain)) and not ASKS.search(plain))


def standing(query: Query, before: str) -> Standing:
    """Whether `query` can be understood without what was said `before` (the question, completed, and its answer)."""
    text, said = fold(query.text), fold(before)
    if any(pattern.search(text) for pattern in (PERSON, THING, AMONG, ABOUT, THEN)):
        return Standing(False, Why.POINTS_BACK)
    if elliptic(text):
        return Standing(False, Why.ELLIPSIS)
    telling = [t for t in query.terms if t.weight > 0.25]
    if query.regions and telling:
        return Standing(True, Why.PLACE)
    names = [*query.titles, *query.codes, *query.homes]
    if names:
        known = all(fold(name) in said for name in names)
        return Standing(not known or bool(query.times), Why.NO_SUBJECT if known else Why.TITLE)
    if any(t.flag == "nr" and t.hard for t in telling):
        return Standing(True, Why.PERSON)
    if query.language == "en":
        return Standing(len(query.terms) > 2 or len(query.text) > 40, Why.WHOLE if len(query.terms) > 2 else Why.NO_SUBJECT)
    if len(subject(query, said)) >= 4:
        return Standing(True, Why.SUBJECT)
    verb_first = bool(query.terms) and query.terms[0].flag == "v" and not text[: query.terms[0].start].strip()
    if (len(query.terms) <= 2 and len(text) <= 14) or (verb_first and len(text) <= 20):
        return Standing(False, Why.NO_SUBJECT)
    return Standing(True, Why.WHOLE)


def subject(query: Query, said: str) -> str:
    """The nouns that a question opens with, where they name something that was not spoken of: `职工书屋有多少家`.

    A noun that a verb makes part of something else (`参展企业`), a property (`金额`) and a word of what was said
    before are none: there what they belong to is left out.
    """
    text = fold(query.text)
    start = end = len(text) - len(text.lstrip())
    last = None
    for term in query.terms:
        if term.start != end or not term.flag.startswith(_NOUNS):
            break
        last, end = term, term.end
    whole = text[start:end]
    return "" if last is None or last.text in _RELATIONAL or last.text in said or whole[-2:] in said else whole
