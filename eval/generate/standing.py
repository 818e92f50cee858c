"""Does a question stand by itself? One that leans on what stood before it can't be put to a search."""

from __future__ import annotations

import re

from rag.messages import tr
from rag.text.fold import fold

from .pieces import tokens

ASKING = re.compile(
    r"百分之多少|多少|哪一年|什么时候|哪[位里个些两三四五六七八九十\d家]|谁|什么|几[个家人名场次项件条年月天位]"
)
_LEANING = re.compile(
    r"其(?!中国|他)|其他|[该此](?!死)|这|那(?!曲)|[他她它]|上述|前述|前者|后者|同样|分别|如下|以下|以上(?!的?学)|本[次届报文书区]|我们|自己|咱|双方|后来|随后|之后|再次|又一|另一|另有"
)
_UNFINISHED = re.compile(
    r"(?:以来|(?<!什么)时候?|之?后|之?前|期间|中|的|说|表示|显示|介绍|认为|要求)[?\uff1f]$|(?:分赴|包括|以及|和|与)[?\uff1f]$|^(?:哪一年|什么时候)[^,\uff0c]*?(?:围绕|紧扣|聚焦|针对|依托)[^,\uff0c]*$"
)
_PAIRS = (("“", "”"), ("《", "》"), ("(", ")"), ("\uff08", "\uff09"), ("‘", "’"))
SHORTEST, LONGEST = 8, 90  # characters
_WORDS = 2  # content words that a question needs at least


def leaning(question: str) -> str | None:
    """Why `question` does not stand by itself; None where it does."""
    plain = re.sub(r"《[^》]*》|“[^”]*”", "", question)
    asked = ASKING.findall(plain)
    if not asked:
        return tr("没有疑问词", "no question word")
    if len(asked) > 1:
        return tr("问了不止一件事", "asks for more than one thing")
    if _LEANING.search(plain):
        return tr("有指代前文的词", "a word that points back")
    if not SHORTEST <= len(question) <= LONGEST:
        return tr("过短或过长", "too short or too long")
    if any(question.count(a) != question.count(b) for a, b in _PAIRS):
        return tr("引号或括号不成对", "quotes or brackets don't match")
    if len(content(question)) < _WORDS:
        return tr("实词太少", "too few content words")
    if _UNFINISHED.search(plain):
        return tr("句子不完整", "an unfinished clause")
    if re.search(r"[\ufffd]|\s{2,}|[,\uff0c]{2}", question):
        return tr("文字有损", "damaged text")
    return None


def content(text: str) -> list[str]:
    """Nouns, verbs and names of a text: what a search goes by."""
    plain = ASKING.sub(" ", fold(text))
    return [
        t.text
        for t in tokens(plain)
        if t.flag[:1] in "nvjlibe" and len(t.text) > 1 and not re.search(r"\d", t.text)
    ]
