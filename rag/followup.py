"""Completes a follow-up question from the conversation, by rule: `那安徽呢?`, `前一年呢?`, `他是哪个单位的?`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .query import TOPIC, Query, understand
from .terms import SURNAMES
from .text.fold import fold, half_width
from .text.times import find_times
from .text.tokens import cut
from .types import Period

_ELLIPTIC = re.compile(r"^(那么?|那|还有|另外|以及|然后|至于|换成|如果是|再|and |what about|how about|then )|呢[??!。]*$|^(what|how) about", re.IGNORECASE)
_PERSON = re.compile(r"他们?|她们?|此人|这个人|这位[\u4e00-\u9fff]{0,4}|该同志|\b(he|she|him|her|his|they|their)\b")
_THING = re.compile(r"它们?|这家(公司|企业|单位)?|该(公司|企业|单位|市|省|项目|活动|竞赛|平台|影片|电影|片|工作室|联盟|文件|办法|基金|学院)|这(个|项|部|次|些|所|场|份)[\u4e00-\u9fff]{0,4}|其(?=[\u4e00-\u9fff])|\b(it|its|this|that|these|those)\b")
_SHIFT = [
    (re.compile(r"(再)?(前|上)一年|上年|去年|头一年|the (previous|prior) year|the year before|last year", re.IGNORECASE), -1),
    (re.compile(r"后一年|下一年|次年|第二年|明年|the (next|following) year|the year after", re.IGNORECASE), 1),
    (re.compile(r"(大前|前)年|两年前|two years (before|earlier)", re.IGNORECASE), -2),
]
_FILLER = re.compile(r"^(那么?|那|还有|另外|以及|然后|至于|换成|如果是|再问|and|then|what about|how about)[\s,]*|(的)?(呢|情况|的话)?[\s??!。]*$", re.IGNORECASE)
_NAME_AFTER_ASK = re.compile(r"[\u4e00-\u9fff]")


def complete(question: str, history: Sequence[tuple[str, str]]) -> str:
    """`question` as one that stands by itself; unchanged where it already does or there is no history.

    `history` holds (question, answer) pairs, oldest first; earlier follow-ups are completed in turn.
    """
    if not history:
        return question
    standing: list[tuple[str, str]] = []
    for asked, answer in history:
        standing.append((_complete(half_width(asked), standing), answer))
    return _complete(half_width(question), standing)


def _complete(question: str, history: Sequence[tuple[str, str]]) -> str:
    if not history:
        return question
    before, answer = history[-1]
    now = understand(question)
    then = understand(before)
    shift = next((years for pattern, years in _SHIFT if pattern.search(question)), None)
    elliptic = bool(_ELLIPTIC.search(question.strip()))
    pronoun = _PERSON.search(fold(question)) or _THING.search(fold(question))
    if shift is not None and (now.unresolved_time or not now.times) and not now.period:
        year = _year(then, answer)
        if year is not None:
            target = f"{year + shift}年"
            rest = next(p for p, _ in _SHIFT if p.search(question)).sub("", question)
            return _retime(before, then, target) if _bare(rest, now) else _inherit(target + rest.strip(), then, region=not now.regions, terms=len(now.terms) < 4)
    if elliptic and _only_scope(now, question):
        changed = before
        if now.regions:
            changed = _replace(changed, [(a, b) for a, b, _ in then.places], _said(question, [(a, b) for a, b, _ in now.places]))
        if now.times:
            again = understand(changed)
            changed = _replace(changed, [(a, b) for a, b, _ in again.times], _said(question, [(a, b) for a, b, _ in now.times]))
        return changed
    if pronoun:
        names = _names(answer) or _names(before) or _things(answer) if _PERSON.search(fold(question)) else _things(answer) or _things(before)
        if names:
            return question[: pronoun.start()] + names[0] + question[pronoun.end() :]
        return _inherit(question, then, region=not now.regions, terms=True, period=not now.times)
    if elliptic and now.terms:
        topic = _FILLER.sub("", _FILLER.sub("", question)).strip()
        asked = [then.terms[i] for i in then.focus]
        if asked and len(topic) <= 20 and not _asks(question):
            head = before[: asked[0].start]
            head = head.removesuffix(then.unit) if then.unit else head  # `多少家企业` and workers: not `多少家职工`
            return head + topic + before[asked[-1].end :]
        return _inherit(question, then, region=not now.regions, terms=not _asks(question), period=not now.times)
    if len(now.terms) <= 2 and not (now.regions and now.times) and len(question) <= 14:
        return _inherit(question, then, region=not now.regions, terms=len(now.terms) < 2, period=not now.times)
    return question


def _asks(question: str) -> bool:
    return bool(re.search(r"多少|几|哪|什么|谁|何|怎么|如何|how|what|which|who|when|where", question, re.IGNORECASE))


def _only_scope(query: Query, question: str) -> bool:
    """Whether the question names only a place or a time, and no thing of its own."""
    return bool(query.regions or query.times) and not any(t.weight > 0.25 and t.text not in ("工会", "省") for t in query.terms) and not _asks(question)


def _bare(rest: str, query: Query) -> bool:
    return not any(t.weight > 0.25 for t in understand(_FILLER.sub("", rest.strip())).terms) if rest.strip() else True


def _year(then: Query, answer: str) -> int | None:
    if then.period is not None:
        return then.period.last
    named = [m.period.last for m in find_times(answer, None) if m.period is not None]
    return named[-1] if named else None


def _said(text: str, spans: Sequence[tuple[int, int]]) -> str:
    return text[spans[0][0] : spans[-1][1]]


def _replace(text: str, spans: Sequence[tuple[int, int]], new: str) -> str:
    if not spans:
        return new + text
    return text[: spans[0][0]] + new + text[spans[-1][1] :]


def _retime(before: str, then: Query, target: str) -> str:
    return _replace(before, [(a, b) for a, b, _ in then.times], target)


def _inherit(question: str, then: Query, *, region: bool, terms: bool = False, period: bool = False) -> str:
    """Prefix what the question leaves out and the one before it said."""
    parts: list[str] = []
    if period and then.times:
        parts.append(then.text[then.times[0][0] : then.times[-1][1]])
    if region and then.places:
        parts.append(then.text[then.places[0][0] : then.places[-1][1]])
    if terms:
        parts += [then.text[t.start : t.end] for t in then.terms if t.weight > 0.2]
    lead = (" " if then.language == "en" else "").join(parts)
    return f"{lead}{TOPIC}{question}" if lead else question


def _names(answer: str) -> list[str]:
    return [t.text for t in cut(answer) if t.flag.startswith("nr") and 2 <= len(t.text) <= 4 and t.text[0] in SURNAMES] or (
        [plain] if 2 <= len(plain := answer.strip("。. []0123456789")) <= 4 else []
    )


def _things(text: str) -> list[str]:
    found = [m[0] for m in re.finditer(r"《[^》]+》|“[^”]+”", text)]
    plain = re.sub(r"\[\d+\]", "", text).strip("。. ")
    return found or ([plain] if 2 <= len(plain) <= 24 and _NAME_AFTER_ASK.search(plain) and not re.search(r"\d", plain) else [])


def anchor_of(history: Sequence[tuple[str, str]]) -> Period | None:
    """The years that the conversation last spoke of, for `去年` and the like."""
    for asked, _ in reversed(history):
        period = understand(asked).period
        if period is not None:
            return period
    return None
