"""Completes a follow-up question from the conversation, by rule: `那安徽呢?`, `前一年呢?`, `他是哪个单位的?`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from ..text.fold import fold, half_width
from ..text.times import find_times
from ..types import Period
from .antecedents import lead, nominal_run, person, place_spans, thing
from .query import TOPIC, Kind, Query, understand
from .smalltalk import is_smalltalk, without_opening
from .standing import AMONG, ASKS, LEAD, PERSON, POLITE, TAIL, THEN, THING, Why, elliptic, standing, subject

TURNS = 6  # the last turns of a conversation that a question can point back to
FURTHEST = 40  # turns, where one `那四川呢` follows the other
LONGEST = 200  # characters of a turn's question and of its answer that are looked at

SHIFT = [
    (re.compile(r"(大前|前)年(同期)?|两年前|two years (before|earlier)", re.IGNORECASE), -2),
    (re.compile(r"(再?往?[前上]一年|上年|去年|头一年)(同期)?|(in )?(the (previous|prior) year|the year before( that)?|last year)", re.IGNORECASE), -1),
    (re.compile(r"再?往?后一年|下一年|次年|第二年|明年|(in )?the ((next|following) year|year after( that)?)", re.IGNORECASE), 1),
]
_LATER = re.compile(r"(再)?(后来|之后|接下来|往后)|(later|after that|afterwards)", re.IGNORECASE)
_MORE = re.compile(r"还有(吗|没有|别的吗|其[他它]的?吗|呢|什么)?|其[他它]的?呢?|(anything|anyone|any) (else|more|others?)", re.IGNORECASE)
_EACH = re.compile(r"(分别|各自?|都)(是|有|为|叫)")
_OTHERS = re.compile(r"(?:其[他它]|别的|另外的?|外|兄弟)的?(?:几个|各个?)?(?P<unit>省份?|城?市|地[方区]|区县|年份?|年度)")
_EMPTY = re.compile(r"[的省市工会总在也这那里和与及、,\s]|(?i:\b(?:in|for|of|at|the|year|province|city)\b)")
_PROPERTY = {
    asked: re.compile(f"(?:总|具体|参[加与赛会]|活动|举办|开始|结束|成立)?(?:{names})")
    for asked, names in {
        "多少": "金额|资金|经费|人数|场次|票房|数量|规模|比例|总额|总数|次数|占比|满意度|收入|费用|面积|奖金|补贴",
        "什么时候": "时间|日期|年份",
        "在哪里": "地点|地址|地方",
        "谁": "负责人|带头人|领衔人|组长|主席|导演|作者|记者|主办方|承办方",
        "什么": "主题|名称|名字|原因|内容|目的|结果|口号|标题|措施",
    }.items()
}
_COUNTED_EN = re.compile(r"how (?:many|much) (?P<what>[a-z' -]+?) (?=(?:did|do|does|was|were|is|are|has|have|had|in|of|took|take|joined|attended|watched|received)\b)", re.IGNORECASE)
_NOUNS = ("n", "j", "l", "b")
_MEASURED = (Kind.QUANTITY, Kind.MONEY, Kind.PERCENT)


class Completed(NamedTuple):
    """A question as one that stands by itself.

    `inherited` are the words, places and times that it has from the conversation; `topic_changed` says that it stands
    by itself and names nothing that was spoken of just before.
    """

    text: str
    inherited: tuple[str, ...]
    topic_changed: bool


def complete(question: str, history: Sequence[tuple[str, str]]) -> str:
    """`question` as one that stands by itself; unchanged where it already does or there is no history.

    `history` holds (question, answer) pairs, oldest first; earlier follow-ups are completed in turn.
    """
    return completed(question, history).text


def completed(question: str, history: Sequence[tuple[str, str]]) -> Completed:
    """The same, with what was taken over. Looks at the last 6 turns, or further back where these are follow-ups, and at 200 characters of each question and answer."""
    turns = [(asked[:LONGEST], answer[:LONGEST]) for asked, answer in history[_begin(history) :] if not is_smalltalk(asked)]
    if not turns or is_smalltalk(question):
        return Completed(question, (), False)
    before: tuple[str, str] | None = None
    for turn, answer in turns:
        earlier = half_width(turn)
        before = (earlier if before is None else _complete(earlier, *before), answer)
    assert before is not None
    asked = half_width(question)
    text = _complete(asked, *before)
    if text != asked:
        return Completed(text, _inherited(text, asked), False)
    said = fold(" ".join(before))
    query = understand(asked)
    known = any(fold(word) in said for word in (*(t.text for t in query.terms if t.weight > 0.25), *query.titles))
    return Completed(asked, (), not known)


def _begin(history: Sequence[tuple[str, str]]) -> int:
    """The turn to begin with: the sixth from the end or, where that is a follow-up itself, the one before it that is none."""
    begin = max(0, len(history) - TURNS)
    least = max(0, len(history) - FURTHEST)
    while begin > least and elliptic(half_width(history[begin][0][:LONGEST])):
        begin -= 1
    return begin


def _inherited(text: str, question: str) -> tuple[str, ...]:
    """Places, times and words of `text` that the wording of `question` does not have."""
    query, own = understand(text), fold(question)
    spans = sorted([(a, b) for a, b, _ in (*query.times, *query.places)] + [(t.start, t.end) for t in query.terms])
    return tuple(dict.fromkeys(query.text[a:b] for a, b in spans if fold(query.text[a:b]) not in own))


@lru_cache(maxsize=512)  # the turns before are completed again with every question
def _complete(asked: str, before: str, answer: str) -> str:
    question = without_opening(asked).strip()
    now, then = understand(question), understand(before)
    topic = _topic(question)
    if then.language != now.language and topic and understand(topic).language == then.language:
        now = understand(topic)
    if (shifted := _shifted(question, topic, now, then, answer)) is not None:
        return shifted
    if (elliptic(question) or _bare(topic)) and (changed := _other_scope(topic, then)) is not None:
        return changed
    if _MORE.fullmatch(question.strip(" ?!。,的")):
        return before
    found = standing(now, f"{before} {answer}")
    if found.alone:
        return asked
    if found.why is Why.POINTS_BACK:
        return _resolved(question, now, then, answer)
    if found.why is Why.ELLIPSIS and topic and not ASKS.search(topic):
        return _other_thing(topic, now, then, answer)
    if _EACH.match(question):
        return _scope(now, then) + nominal_run(then) + question
    own = len(subject(now, fold(f"{before} {answer}"))) > 2  # `外卖员有多少` after drivers
    return _with_lead(question, now, then, answer, words=len(now.terms) < 3 and not own)


def _topic(question: str) -> str:
    """What the question names, without the words that lead in and out of it."""
    return TAIL.sub("", LEAD.sub("", POLITE.sub("", question))).strip(" ,的")


def _bare(topic: str) -> bool:
    """Whether `topic` is only a place or a time."""
    spans = _times(topic) + place_spans(topic if topic.isascii() else f"{topic}呢")
    return bool(spans) and not _EMPTY.sub("", _without(topic, spans))


def _times(topic: str) -> list[tuple[int, int]]:
    """Where a time is named, `这五年` and the like among them."""
    return [(m.start, m.end) for m in find_times(topic, None)]


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + text[end:]
    return text


def _shifted(question: str, topic: str, now: Query, then: Query, answer: str) -> str | None:
    """`前一年呢`, `第二年覆盖了多少家企业`, `后来呢`: the year counted from the one spoken of."""
    if now.period:
        return None
    pattern, years = next(((p, y) for p, y in SHIFT if p.search(question)), (_LATER, 1))
    match = pattern.search(topic)
    year = _year(then, answer, first=years < 0)
    if match is None or year is None or (pattern is _LATER and not (_LATER.fullmatch(topic) and then.kind in _MEASURED)):
        return None
    target = _named_year(year + years, then)
    rest = (topic[: match.start()] + topic[match.end() :]).strip(" ,的")
    if not _EMPTY.sub("", rest) or _bare(rest):
        again = _retimed(then, target)
        return again if not rest or not place_spans(rest) else _other_scope(rest, understand(again))
    asked = pattern.sub("", LEAD.sub("", question), count=1).strip(" ,")
    return _with_lead(f"{target}{asked}" if now.language == "zh" else f"{target} {asked}", now, then, answer, times=False, words=len(now.terms) < 4)


def _year(then: Query, answer: str, *, first: bool = False) -> int | None:
    if then.period is not None:
        return then.period.first if first else then.period.last
    named = [m.period.last for m in find_times(answer, None) if m.period is not None]
    return named[-1] if named else None


def _named_year(year: int, then: Query) -> str:
    return f"{year}年" if then.language == "zh" else str(year)


def _other_scope(topic: str, then: Query) -> str | None:
    """The question before with the place or time of `topic`; None where it names neither, or more than that."""
    if others := _OTHERS.fullmatch(topic):
        return _retimed(then, topic) if others["unit"].startswith("年") else _replaced(then, place_spans(then.text), topic)
    if not _bare(topic):
        return None
    changed = then
    if places := place_spans(topic if topic.isascii() else f"{topic}呢"):
        changed = understand(_replaced(changed, place_spans(changed.text), topic[places[0][0] : places[-1][1]]))
    if times := _times(topic):
        return _retimed(changed, topic[times[0][0] : times[-1][1]])
    return changed.text


def _retimed(then: Query, target: str) -> str:
    return _replaced(then, [(a, b) for a, b, _ in then.times], target)


def _replaced(then: Query, spans: Sequence[tuple[int, int]], new: str) -> str:
    """The text with the first run of `spans` replaced by `new`; what names the same again, too."""
    text = then.text
    if not spans:
        if then.language == "zh":
            return new + text
        end = len(text.rstrip(" ?.!"))
        return f"{text[:end]} {new if re.match('(?i)in ', new) else 'in ' + new}{text[end:]}"
    runs = [[spans[0]]]
    for span in spans[1:]:
        if len(text[runs[-1][-1][1] : span[0]].strip("、,和与及 ")) == 0:
            runs[-1].append(span)
        else:
            runs.append([span])
    first = text[runs[0][0][0] : runs[0][-1][1]]
    for run in reversed(runs):
        start, end = run[0][0], run[-1][1]
        said = text[start:end]
        if run is runs[0] or said[:2] == first[:2]:
            fitting = re.sub("(?i)^in ", "", new) if not re.match("(?i)in ", said) else new if re.match("(?i)in ", new) else f"in {new}"
            text = text[:start] + (new if then.language == "zh" else fitting) + text[end:]
    return text


def _resolved(question: str, now: Query, then: Query, answer: str) -> str:
    """`他`, `这家公司`, `其中`, `当年`: what they stand for in their place."""
    folded = fold(question)
    if match := THEN.search(folded):
        year = _year(then, answer)
        target = "" if year is None else _named_year(year, then)
        rest = question[: match.start()] + (target if now.language == "zh" else f"in {target}" if target else "") + question[match.end() :]
        again = understand(rest)
        return rest if again.regions and target else _with_lead(rest, again, then, answer, words=len(again.terms) < 3, times=not target)
    if AMONG.search(folded):
        return _with_lead(question, now, then, answer, words=True, own=True)
    match = PERSON.search(folded)
    if match is not None:
        head = ""
        named = person(answer, many=bool(match["many"])) or person(then.text, many=bool(match["many"]))
    else:
        match = THING.search(folded)
        named, head = thing(match["head"] or "", then, answer) if match else ("", "")
    if match is None or not named:
        return _with_lead(question, now, then, answer, words=True)
    end = match.end() if match.re is PERSON or not match["head"] else match.start("head") + len(head)
    owner = "'s" if match[0] in ("its", "his", "their") or (match[0] == "her" and re.match(r" [a-z]", folded[end:])) else ""
    whole = question[: match.start()] + named + owner + question[end:]
    again = understand(whole)
    if named in then.text and not again.places and then.places and match.re is THING and named != then.text[slice(*then.places[0][:2])]:
        return f"{_scope(again, then, times=False)}{TOPIC}{whole}"
    return whole


def _other_thing(topic: str, now: Query, then: Query, answer: str) -> str:
    """`那快递员呢`: the question before, about something else; `金额呢`: about a property of what it spoke of."""
    asked = next((word for word, names in _PROPERTY.items() if names.fullmatch(fold(topic))), None)
    if asked is not None:
        return _with_lead(f"{topic}{'' if asked == '在哪里' else '是'}{asked}?", now, then, answer, words=True)
    if then.language == "en" and (counted := _COUNTED_EN.match(then.text)) and len(topic.split()) <= 4:
        return then.text[: counted.start("what")] + topic + then.text[counted.end("what") :]
    span = _counterpart(topic, then)
    if span is None or len(topic) > 20 or now.language == "en":
        return _with_lead(topic if now.language == "zh" else now.text, now, then, answer, words=True)
    start, end = span
    unit = then.unit if then.unit and then.text[:start].endswith(then.unit) else ""
    return then.text[: start - len(unit)] + topic + then.text[end:]  # `多少家企业` and workers: not `多少家职工`


def _counterpart(topic: str, then: Query) -> tuple[int, int] | None:
    """Where the question before names what `topic` takes the place of: the words most like it, else what was asked for."""
    new = fold(topic)
    chosen = list(then.focus)
    alike = [(_common(new, fold(t.text)), i) for i, t in enumerate(then.terms) if t.flag[:1] in ("v", *_NOUNS)]
    best = max(alike, default=(0, -1))
    if best[0] and not any(_common(new, fold(then.terms[i].text)) for i in chosen):
        chosen = [best[1]]
    if not chosen:
        chosen = [i for i, t in enumerate(then.terms) if t.flag[:1] in _NOUNS][-1:]
    if not chosen:
        return None
    first, last = chosen[0], chosen[-1]
    while first > 0 and then.terms[first - 1].end == then.terms[first].start and then.terms[first - 1].flag[:1] in _NOUNS:
        first -= 1
    return then.terms[first].start, then.terms[last].end


def _common(a: str, b: str) -> int:
    """Characters that two names end with in common: `转会` and `入会`."""
    n = 0
    while n < min(len(a), len(b)) and a[-1 - n] == b[-1 - n]:
        n += 1
    return n


def _scope(now: Query, then: Query, *, times: bool = True) -> str:
    parts = []
    if times and not now.times and then.times:
        parts.append(then.text[then.times[0][0] : then.times[-1][1]])
    if not now.regions and then.places:
        parts.append(then.text[then.places[0][0] : then.places[-1][1]])
    return (" " if then.language == "en" else "").join(parts)


def _with_lead(question: str, now: Query, then: Query, answer: str, *, words: bool, times: bool = True, own: bool = False) -> str:
    """Prefix what the question leaves out and the one before it said: with `words` what that was about, too."""
    if words:
        before = lead(then, answer, times=times and not now.times, places=not now.regions, own=own)
    else:
        before = _scope(now, then, times=times)
    return f"{before}{TOPIC}{question}" if before else question


def anchored(question: str, anchor: Period | None) -> str:
    """`question` with the years that `今年`, `去年` and the like mean after a conversation about `anchor`."""
    if anchor is None:
        return question
    text = question
    for mention in reversed(find_times(question, anchor)):
        period = mention.period
        relative = mention.kind == "deictic" and mention.month is None and not re.search(r"\d", question[mention.start : mention.end])
        if relative and period is not None and period.first == period.last and understand(question).language == "zh":
            text = f"{text[: mention.start]}{period.last}年{text[mention.end :]}"
    return text


def anchor_of(history: Sequence[tuple[str, str]]) -> Period | None:
    """The years that the conversation last spoke of, for `去年` and the like."""
    for asked, _ in reversed(history[-TURNS:]):
        period = understand(asked[:LONGEST]).period
        if period is not None:
            return period
    return None
