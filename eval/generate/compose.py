"""One question out of a sentence and what is asked for: it names who, where and when, so that it stands by itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.text.fold import fold
from rag.text.places import display, find_places
from rag.text.regions import by_key
from rag.text.times import find_times
from rag.types import Period

from .pieces import Pieces, Span, acts, figures, opening, tokens, verbs
from .slots import Slot

COMMA, MARK = "\uff0c", "\uff1f"
_YEAR = re.compile(r"(?:19|20)\d\d\s*年")
_CONTENT = ("n", "v", "j", "l", "i", "e")
_COMPARED = re.compile(r"(?:同比|环比|比|较|增长|下降|增幅|降幅|占|达|为)")
_UNNAMED = re.compile(
    r"(?:本|我|全)?(?:公司|集团|学校|学院|医院|单位|校|院|厂|馆|中心)(?![\u4e00-\u9fff]{1,4}(?:公司|集团|学校|医院))"
)
_OWN_NAME = re.compile(r"[\u4e00-\u9fff]{2,20}?(?:有限公司|有限责任公司|股份公司|集团|大学|银行)")
SPACED = ",\uff0c \u3000"
_OF_SOMETHING = 4  # characters


@dataclass(frozen=True, slots=True)
class Setting:
    """What a sentence inherits: the years and the place that it speaks of, the year that `今年` means, a title."""

    period: Period | None = None
    region: str | None = None
    anchor: Period | None = None
    title: str = ""


def compose(pieces: Pieces, slot: Slot, setting: Setting) -> tuple[str, Span] | None:
    """The question, and the span of the clause that answers it; None where none can be made of it."""
    number = pieces.clause_of((slot.start, slot.end))
    if number is None:
        return None
    clause, target = pieces.clauses[number], _target(pieces, slot, number)
    lone = not pieces.acted(clause) and number + 1 < len(pieces.clauses)
    if lone and (slot.form == "time" or pieces.text[clause[0]] in "对为向给"):
        # a time or an addressee of its own: what happened stands in the next clause
        clause = target = (clause[0], pieces.clauses[number + 1][1])
    before, after = (
        pieces.text[target[0] : slot.start],
        "" if slot.ends else pieces.text[slot.end : target[1]],
    )
    verb = _verb(pieces, clause, target, slot)
    frame = pieces.frame(number) if slot.form != "time" else None
    agent = _agent(pieces, (slot.start, slot.end), clause)
    asks_first = slot.form == "time" and not before.strip(SPACED)
    if (asks_first or slot.form == "person") and not pieces.acted((slot.end, clause[1])):
        return None
    if slot.form == "time" and not asks_first and not pieces.acted((target[0], target[1])):
        return None
    if any(m.kind == "recent" for m in find_times(pieces.text[: slot.start], setting.anchor)):
        return None  # no year can be given
    if _COMPARED.match(before):  # it leans on the figure before
        return None
    own = opening(pieces.text, clause)
    acting = agent is not None or (own is not None and acts(pieces.text[slice(*own)]))
    if not _enough(verb + before + after, frame, acting, slot):
        return None
    led = [(span, COMMA if span == frame else "") for span in (agent, frame) if span is not None]
    parts = [pieces.text[slice(*span)].strip(",\uff0c ") + mark for span, mark in sorted(led)]
    said = [_said(part, setting) for part in ("".join(parts), verb + before, after)]
    if any(part is None for part in said):
        return None
    course, left, right = (part or "" for part in said)
    if asks_first:
        body = f"{slot.ask}{course}{left.lstrip(SPACED)}{right.lstrip(SPACED)}"
    else:
        body = f"{course}{left}{slot.ask}{right}"
    scoped = _scoped(body, setting, slot)
    return None if scoped is None else (scoped + MARK, clause)


def _target(pieces: Pieces, slot: Slot, clause: int) -> Span:
    """The item that holds the slot, where every item of the clause has a figure of its own; else the whole clause."""
    start, end = pieces.clauses[clause]
    items = [(a, b) for a, b in pieces.items if start <= a and b <= end]
    counted = [figures(pieces.text[a:b]) for a, b in items]
    if len(items) < 2 or not all(counted) or pieces.acted((items[-1][0] + counted[-1][-1][1], end)):
        return start, end  # what comes after the last figure belongs to all of them
    return next(((a, b) for a, b in items if a <= slot.start and slot.end <= b), (start, end))


def _verb(pieces: Pieces, clause: Span, target: Span, slot: Slot) -> str:
    """The verb that an item takes over from the first one of its clause."""
    if target[0] == clause[0] or verbs(pieces.text, (target[0], slot.start)):
        return ""
    own = opening(pieces.text, clause)
    return verbs(pieces.text, (own[1] if own else clause[0], target[0]))


def _agent(pieces: Pieces, slot: Span, clause: Span) -> Span | None:
    """Who or what it is about, unless the clause itself says so or comes before."""
    agent = pieces.agent
    if agent is None or agent[0] >= clause[0] or agent[0] <= slot[0] < agent[1]:
        return None
    own = opening(pieces.text, clause)
    said = pieces.text[slice(*own)].strip(SPACED) if own else ""
    # a short noun of its own (`票房`, `满意度`) still needs whose it is
    return agent if len(said) <= _OF_SOMETHING and not acts(said) else None


def _enough(said: str, frame: Span | None, acting: bool, slot: Slot) -> bool:
    """Whether the clause says enough of what it asks for: `惠及职工多少人` alone does not."""
    words = [
        t
        for t in tokens(said)
        if t.flag.startswith(_CONTENT) and len(t.text) > 1 and not t.flag.startswith("ns")
    ]
    if frame is not None or re.search("[“《]", said) or any(t.flag in ("nr", "nt") for t in words):
        return bool(words)
    if slot.form == "title":
        return acting or len(words) > 3
    return len(words) >= (2 if acting else 3)


def _said(text: str, setting: Setting) -> str | None:
    """`text` with its times and places named outright; None where a time can't be."""
    dated = _dated(text, setting)
    return None if dated is None else _placed(dated, setting)


def _dated(text: str, setting: Setting) -> str | None:
    for m in reversed(find_times(text, setting.anchor or setting.period)):
        said = text[m.start : m.end]
        if m.kind == "recent":
            return None
        if m.kind in ("title", "label", "plan") or re.search(r"(?:19|20)\d\d", fold(said)):
            continue
        if m.kind == "now" or (m.period is None and m.kind == "past"):
            text = text[: m.start] + text[m.end :].lstrip(",\uff0c")
            continue
        if m.period is None:
            return None
        text = text[: m.start] + _resolved(said, m.period) + text[m.end :]
    return text


def _resolved(said: str, period: Period) -> str:
    """A time that leans on the context, with its year: `今年5月` to `2021年5月`."""
    year = f"{period.last}年"
    plain = re.sub(r"今年|去年|当年|本年度?|上年|明年|前年", year, said, count=1)
    if plain != said:
        return re.sub(r"年以来$|年来$", "年", plain)
    month = re.search(r"\d{1,2}月", said)
    if month:
        return said[: month.start()] + year + said[month.start() :]
    return f"{period.first}年至{period.last}年" if period.first != period.last else year


def _placed(text: str, setting: Setting) -> str:
    """`省总工会`, `全省`, `我市` with the name of the province or city."""
    region = by_key().get(setting.region or "")
    if region is None:
        return text
    for m in reversed([m for m in find_places(text) if m.kind == "deictic"]):
        if (m.level == "city") != ("/" in region.key):
            continue
        said = text[m.start : m.end]
        if text[: m.start].endswith((region.short, region.name)):
            continue
        new = region.name if said[0] in "我本该" else region.short + said  # 全省, 省总工会
        text = text[: m.start] + new + text[m.end :]
    return text


def _scoped(body: str, setting: Setting, slot: Slot) -> str | None:
    """The question with year and place before it, where it names none.

    What has neither, or says `公司` and not which, is asked of the document by its title; None without one.
    """
    named = [m for m in find_places(body) if m.region and m.level != "nation" and m.kind in ("name", "abbr")]
    dated = _YEAR.search(fold(body)) is not None
    unnamed = _UNNAMED.match(body) is not None
    title = f"《{setting.title}》中{COMMA}" if setting.title and "《" not in setting.title else ""
    where = when = ""
    if setting.region and not named and slot.form not in ("place", "list") and not _OWN_NAME.match(body):
        region = by_key().get(setting.region)
        where = region.short if region else display(setting.region)
    if setting.period and not dated and slot.form != "time":
        first, last = setting.period.first, setting.period.last
        when = f"{last}年" if first == last else f"{first}年至{last}年"
    if unnamed:
        return f"{title}{when}{body}" if title else None
    return (
        f"{when}{where}{body}"
        if where or when or named or dated or _OWN_NAME.match(body)
        else f"{title}{body}"
    )
