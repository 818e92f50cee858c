"""Thanks, greetings and the like: what people say in a conversation that asks nothing."""

from __future__ import annotations

import re

from ..text.fold import fold

_ZH = (
    "(?:非常|十分|太|真是?|实在|万分|很)*(?:感谢|谢谢|多谢|谢啦|谢了|谢过|辛苦|麻烦)(?:你们?|您|大家|各位|老师|小编)*"
    "的?(?:耐心)?(?:帮助|帮忙|解答|回答|回复|答复|支持|讲解|说明)?"
    "|不客气|不用谢|好嘞|好滴|好哒|好的?|行|可以|没问题|没事|嗯+|哦+|噢+|喔+|唔|哈+|呵+|嘿+|是的?|对的?|没错"
    "|(?:我|都|全|大概|基本)*(?:明白|知道|了解|懂|清楚|收到|晓得)|原来(?:如此|这样|是这样)|这样(?:子)?|(?:没有|没|不用|不必)(?:其他|别的)?(?:问题)?"
    "|再见|拜拜|回见|下次见|你好|您好|大家好|哈喽|哈罗|嗨|喂|早上好|早安|上午好|中午好|下午好|晚上好|晚安|新年好|节日快乐|早"
    "|(?:真|太|很|挺|非常)*(?:好|棒|不错|厉害|赞|完美|满意)|打扰|先这样|就这样|就这些"
)
_EN = (
    "(?:many )?thanks(?: you)?(?: a lot| so much| very much| a million| again| anyway)?|thank(?:s| you| u)(?: (?:so|very) much| a lot| again| all)?|thx|ty|cheers"
    "|(?:i )?appreciate it|much appreciated|for (?:your|the) (?:help|time|answer|answers|reply|information)|o\\.?k\\.?(?:ay)?|okay|i see|(?:i )?got it|(?:i )?understood|i understand"
    "|good (?:morning|afternoon|evening|night|day)|no problem|very good|great|good|nice|cool|perfect|excellent|awesome|wonderful|fine|sure|all ?right|right|yes|yeah|yep|no|nope|(?:hi|hello|hey)(?: there)?"
    "|bye(?: bye)?|goodbye|see you(?: later| soon)?|you'?re welcome|welcome|never ?mind"
    "|that'?s (?:all|it|great|good|helpful|fine)|that (?:helps|is all)|very helpful"
)
_PARTICLES = "[\\s,.!~、。;:\u2026\u2014^_*()\\-了啦呀啊哦呢嘛吧哈咯喽的]*+"
_PHRASE = f"(?>{_ZH}|(?<![a-z])(?:{_EN})(?![a-z]))"  # atomic, like all repetition here: nothing is tried twice
_PHRASES = re.compile(f"{_PARTICLES}(?:{_PHRASE}{_PARTICLES})++")
_SYMBOLS = re.compile("\\W+")
_OPENING = re.compile(f"(?:{_PHRASE}[了啦呀啊]*+(?:\\s*+[,.!~、。;]\\s*+|(?<=[\u4e00-\u9fff])\\s++))++(?=\\S)")


def is_smalltalk(text: str) -> bool:
    """Whether `text` is nothing but thanks, greetings, agreement or signs, and so asks nothing.

    >>> is_smalltalk("好的,谢谢!"), is_smalltalk("好的,那陕西呢?")
    (True, False)
    """
    said = fold(text).strip()
    return len(said) <= 60 and bool(_PHRASES.fullmatch(said) or (said and _SYMBOLS.fullmatch(said)))


def without_opening(text: str) -> str:
    """`text` without the thanks or agreement that it opens with: `好的,那陕西呢?` is `那陕西呢?`."""
    match = _OPENING.match(fold(text[:60]))
    return text[match.end() :] if match else text
