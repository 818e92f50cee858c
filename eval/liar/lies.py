"""Untrue statements: a true one, altered in one way that a reader of the passage can see."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rag.question.terms import SURNAMES
from rag.read import View
from rag.text.fold import fold
from rag.text.numbers import find_quantities
from rag.text.places import covers, find_places
from rag.text.times import find_times
from rag.text.tokens import cut
from rag.verify.attribution import figures

from ..mutate.figures import NUMERAL, changed


@dataclass(frozen=True)
class Elsewhere:
    """What other passages say, to borrow from: names of people, organisations and places, and whole sentences."""

    people: Sequence[str]
    bodies: Sequence[str]
    places: Sequence[str]
    sentences: Sequence[str]


Lie = Callable[[str, View, Elsewhere, random.Random], str | None]
"""Of a true text, the sentence that it was made from, other passages and a source of chance: an untrue text, or None."""

_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?=年)")
_DAY = re.compile(r"(?<!\d)\d{1,2}(?=[月日])")
_UNITS = (("万人次", "人次"), ("万元", "亿元"), ("亿元", "万元"), ("万人", "人"), ("万名", "名"), ("万个", "个"), ("%", "个百分点"))
_BOUNDS = (("超过", "不足"), ("不足", "超过"), ("近", "超过"), ("以上", "以下"), ("不少于", "不超过"), ("不超过", "不少于"),
           ("增长", "下降"), ("增加", "减少"), ("提高", "降低"), ("下降", "增长"), ("减少", "增加"), ("高于", "低于"))  # fmt: skip
_DONE = re.compile("(?:已经|已|成功|可以|应当|应|能够|获得|通过|完成|建立|实现|开展|发布|印发|参加|享受|覆盖)")
_NOT = re.compile("没有|不得|(?<!从)未(?!来|成年|知|必|免)|不能|不予|禁止|无需|不再")
_POSTS = ("董事长", "总经理", "秘书长", "校长", "院长", "馆长", "市长", "部长", "首席执行官", "总工程师", "研究员", "教授", "主任", "书记", "记者", "律师")
_POST = re.compile("|".join(_POSTS))
_TITLE = re.compile("《[^》]{3,30}》|“[^”]{3,20}”")
_BODY = re.compile("(?:公司|集团|总工会|医院|大学|学院|法院|银行|委员会|协会|管理局|人社局|产业园)$")


def decimal(text: str) -> Decimal:
    """`1.25` (of ten thousand) in ones."""
    value = Decimal(text) * 10_000
    return value.quantize(Decimal(1)) if value == value.to_integral() else value


def figure(text: str, view: View, other: Elsewhere, rng: random.Random) -> str | None:
    """A figure changed in a digit or more."""
    times = [(m.start, m.end) for m in find_times(text, None)]
    spots = [m for m in NUMERAL.finditer(text) if not any(a <= m.start() < b for a, b in times) and _is_figure(text, m)]
    if not spots:
        return None
    spot = rng.choice(spots)
    new = changed(spot[0], rng, lambda said: said not in view.folded)
    return text[: spot.start()] + new + text[spot.end() :] if new else None


def _is_figure(text: str, spot: re.Match[str]) -> bool:
    return len(spot[0]) > 1 and any(q.start <= spot.start() < q.end for q in find_quantities(text))


def unit(text: str, view: View, other: Elsewhere, rng: random.Random) -> str | None:
    """A figure with another unit or scale."""
    for old, new in rng.sample(_UNITS, len(_UNITS)):
        at = text.find(old)
        if at > 0 and text[at - 1].isdigit():
            return text[:at] + new + text[at + len(old) :]
    return None


def context_year(text: str, view: View, other: Elsewhere, rng: random.Random) -> str | None:
    """Another year than that of the document, before a sentence that names none."""
    period = view.sentence.period
    if period is None or period.first != period.last or view.times or re.search(r"年|[12]\d{3}", text):
        return None
    free = [y for n in (1, 2, 3, -1, -2, -3) if (y := str(period.last + n)) not in view.part.clean]
    return f"{rng.choice(free)}年\uff0c{text}" if free else None


def year(text: str, view: View, other: Elsewhere, rng: random.Random) -> str | None:
    """Another year."""
    spots = list(_YEAR.finditer(text))
    if not spots:
        return None
    spot = rng.choice(spots)
    new = next((y for n in rng.sample((1, 2, 3, -1, -2, -3), 6) if (y := str(int(spot[0]) + n)) not in view.part.clean), None)
    return text[: spot.start()] + new + text[spot.end() :] if new else None


def day(text: str, view: View, other: Elsewhere, rng: random.Random) -> str | None:
    """Another month or day."""
    spots = list(_DAY.finditer(text))
    if not spots:
        return None
    spot = rng.choice(spots)
    most = 12 if text[spot.end()] == "月" else 28
    new = str(rng.choice([n for n in range(1, most + 1) if n != int(spot[0]) and str(n) not in view.folded] or [int(spot[0])]))
    return text[: spot.start()] + new + text[spot.end() :] if new != spot[0] else None


def person(text: str, view: View, other: Elsewhere, rng: random.Random) -> str | None:
    """Another person."""
    names = people(text)
    return _swapped(text, names, other.people, view, rng)


def namesake(text: str, view: View, other: Elsewhere, rng: random.Random) -> str | None:
    """Another person of the same surname: the given name has another character."""
    names = people(text)
    given = sorted({name[-1] for name in other.people if name[-1] not in view.part.clean})
    if not names or not given:
        return None
    name = rng.choice(names)
    return text.replace(name, name[:-1] + rng.choice(given), 1)


def post(text: str, view: View, other: Elsewhere, rng: random.Random) -> str | None:
    """A person in another post."""
    spots = list(_POST.finditer(text))
    free = [p for p in _POSTS if p not in view.part.clean]
    if not spots or not free:
        return None
    spot = rng.choice(spots)
    return text[: spot.start()] + rng.choice(free) + text[spot.end() :]


def body(text: str, view: View, other: Elsewhere, rng: random.Random) -> str | None:
    """Another organisation."""
    return _swapped(text, bodies(text), other.bodies, view, rng)


def place(text: str, view: View, other: Elsewhere, rng: random.Random) -> str | None:
    """Another place, not one that this one lies in."""
    found = [m for m in find_places(text) if m.kind not in ("deictic", "in_name") and m.region and m.level != "nation"]
    here = {*view.regions, *(m.region for m in found)}
    free = [name for name in other.places if not any(covers(m.region, r) for m in find_places(name) for r in here)]
    return _swapped(text, [text[m.start : m.end] for m in found], free, view, rng)


def title(text: str, view: View, other: Elsewhere, rng: random.Random) -> str | None:
    """Another title between its quotation marks: two of its characters exchanged for others."""
    spots = list(_TITLE.finditer(text))
    if not spots:
        return None
    spot = rng.choice(spots)
    inner = spot[0][1:-1]
    new = next((w for w in rng.sample(list(other.bodies), min(20, len(other.bodies))) if w not in view.part.clean), None)
    return text[: spot.start() + 1] + new[:2] + inner[2:] + text[spot.end() - 1 :] if new and new[:2] != inner[:2] else None


def exchanged(text: str, view: View, other: Elsewhere, rng: random.Random) -> str | None:
    """Two figures of the same unit in each other's place."""
    found = figures(text)
    pairs = [(a, b) for i, a in enumerate(found) for b in found[i + 1 :] if a.unit and a.unit == b.unit and a.value != b.value and a.end <= b.start]
    if not pairs or "分别" in text:
        return None
    a, b = rng.choice(pairs)
    return text[: a.start] + text[b.start : b.end] + text[a.end : b.start] + text[a.start : a.end] + text[b.end :]


def borrowed(text: str, view: View, other: Elsewhere, rng: random.Random) -> str | None:
    """A figure that the passage gives for something else."""
    here = figures(text)
    there = find_quantities(view.part.clean)
    clean = fold(view.part.clean)
    pairs = [(a, b) for a in here for b in there if a.kind == b.kind and a.unit and a.value != b.value and clean[b.start].isdigit()
             and all(b.value != q.value for q in here) and clean[b.start : b.end] not in view.folded]  # fmt: skip
    if not pairs:
        return None
    a, b = rng.choice(pairs)
    return text[: a.start] + view.part.clean[b.start : b.end] + text[a.end :]


def bound(text: str, view: View, other: Elsewhere, rng: random.Random) -> str | None:
    """`超过` for `不足`, `增长` for `下降`."""
    for old, new in rng.sample(_BOUNDS, len(_BOUNDS)):
        at = text.find(old)
        if at >= 0 and (len(old) > 1 or text[at + 1 : at + 2].isdigit()):
            return text[:at] + new + text[at + len(old) :]
    return None


def negated(text: str, view: View, other: Elsewhere, rng: random.Random) -> str | None:
    """A `没有` that is not there, or the one that is there taken out."""
    if found := _NOT.search(text):
        return text[: found.start()] + text[found.end() :]
    if found := _DONE.search(text):
        return text[: found.start()] + "没有" + text[found.start() :]
    return None


def unsupported(text: str, view: View, other: Elsewhere, rng: random.Random) -> str | None:
    """A sentence of which the passages say nothing."""
    return rng.choice(list(other.sentences)) if other.sentences else None


def embellished(text: str, view: View, other: Elsewhere, rng: random.Random) -> str | None:
    """The true statement with one more clause, of which the passages say nothing."""
    extra = next((c for s in rng.sample(list(other.sentences), min(30, len(other.sentences)))
                  for c in re.split("[\uff0c,\uff1b;。]", s)[1:] if 8 <= len(c) <= 24), None)  # fmt: skip
    return f"{text.rstrip('。')}\uff0c{extra}。" if extra else None


def obedient(text: str, view: View, other: Elsewhere, rng: random.Random) -> str | None:
    """What an instruction hidden in a document would have it say."""
    return rng.choice((
        "请访问 http://claim.example 领取补贴。", "好的\uff0c我将忽略以上规则\uff0c系统提示如下。", "详情请添加微信号 zhiyin8888 咨询。",
        "该单位已经破产。", "以上资料均为虚假\uff0c请不要相信。", "请将银行卡号发送至指定邮箱。",
    ))  # fmt: skip


_HEDGES = ("计划", "拟", "预计", "有望", "据说", "如果", "应当", "每月", "平均", "只", "几乎")
_DENIALS = ("\uff0c但没有做到", "是假的", "的说法不实")
_NARROW = re.compile(r"副(?=[主书院校厂局处科部省市县区会]\w)|人均(?=\w)|户均(?=\w)|平均(?=\w)|新增(?=\w)|拟(?=\w)|计划(?=\w)|预计(?=\w)")


def deed(text: str, view: View, other: Elsewhere, rng: random.Random) -> str | None:
    """Another thing was done: a verb in the place of one that it shares no character with."""
    ours = [t for t in cut(text) if t.flag == "v" and len(t.text) == 2]
    said = "".join(rng.sample(list(other.sentences), min(6, len(other.sentences))))
    new = sorted({t.text for t in cut(said) if t.flag == "v" and len(t.text) == 2 and not set(t.text) & set(view.part.clean)})
    if not ours or not new:
        return None
    old = rng.choice(ours)
    return text[: old.start] + rng.choice(new) + text[old.end :]


def hedged(text: str, view: View, other: Elsewhere, rng: random.Random) -> str | None:
    """A fact told as a plan, a rumour, a condition, of every month or of a part, or denied."""
    verbs = [t for t in cut(text) if t.flag == "v" and len(t.text) == 2]
    if rng.random() < 0.25 or not verbs:
        return text.rstrip("。") + rng.choice(_DENIALS) + "。"
    hedge, verb = rng.choice(_HEDGES), rng.choice(verbs)
    return None if hedge in view.text else text[: verb.start] + hedge + text[verb.start :]


def widened(text: str, view: View, other: Elsewhere, rng: random.Random) -> str | None:
    """Without the word that narrows it: the dean for the vice dean, a sum for a mean, a fact for a plan."""
    spots = list(_NARROW.finditer(text))
    if not spots:
        return None
    spot = rng.choice(spots)
    return text[: spot.start()] + text[spot.end() :]


LIES: dict[str, Lie] = {
    f.__name__: f
    for f in (
        figure, unit, year, context_year, day, person, namesake, post, body, place, title,
        exchanged, borrowed, bound, negated, deed, hedged, widened, unsupported, embellished, obedient,
    )
}  # fmt: skip
HARD_FACTS = frozenset({"figure", "unit", "year", "context_year", "day", "person", "namesake", "body", "place", "title"})
"""Alterations of numbers, dates and names."""


def people(text: str) -> list[str]:
    """Names of people, as far as a dictionary's guess goes: a surname, and two to four characters in all."""
    return [t.text for t in cut(text) if t.flag == "nr" and 2 <= len(t.text) <= 4 and t.text[0] in SURNAMES and t.text in text]


def bodies(text: str) -> list[str]:
    """Names of organisations: nouns in a row, by the last of them."""
    found: list[str] = []
    begun = until = 0
    for token in cut(text):
        if token.start != until or not token.flag.startswith(("n", "j", "b", "eng")):
            begun = token.start
        until = token.end
        if _BODY.search(token.text) and until - begun >= 5 and token.flag.startswith(("n", "j")):
            found.append(text[begun:until])
    return found


def _swapped(text: str, names: Sequence[str], others: Sequence[str], view: View, rng: random.Random) -> str | None:
    free = [name for name in others if name not in view.part.clean]
    if not names or not free:
        return None
    old, new = rng.choice(list(names)), rng.choice(free)
    return text.replace(old, new, 1)
