"""What of a sentence can be asked for, and how Chinese asks for it: the question word where the answer stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.question.terms import SURNAMES
from rag.text.numbers import find_quantities
from rag.text.places import find_places
from rag.text.times import TimeMention, find_times
from rag.text.tokens import rarity
from rag.types import Period

from .pieces import tokens as cut

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Slot:
    """An answer at `[start, end)` of a sentence, and the words that ask for it in its place.

    `answers` are alternatives as in a gold row; `form` says what is asked for: quantity, money, percent, time, person,
    place, title, name, list. `ends`: nothing after the answer belongs to the question.
    """

    start: int
    end: int
    ask: str
    form: str
    answers: tuple[tuple[str, ...], ...]
    ends: bool = False


_SOFT = re.compile(r"(?:超过|突破|达到|接近|不足|不到|将近|近|约|超|逾|达)$")
_AFTER = re.compile(r"(?:以上|以下|以内|左右|多)")
_NO_MEASURE = (
    "年",
    "月",
    "日",
    "号",
    "届",
    "级",
    "点",
    "时",
    "版",
    "期",
    "代",
    "国",
    "省",
    "市",
    "县",
    "区",
    "字",
    "周年",
)
_ROLES = frozenset(
    re.findall(
        r"\S+",
        "职工 员工 工人 记者 选手 快递员 外卖员 司机 教师 老师 工程师 技师 主席 书记 主任 厂长 局长 院长 校长 经理 董事长 劳模 工匠 "
        "带头人 负责人 代表 同志 会员 学员 医生 护士 农民",
    )
)
_ROLE = re.compile(f"(?:{'|'.join(sorted(_ROLES, key=len, reverse=True))})$")
_WHERE = re.compile(r"(?:在|于|赴|到|走进|落户)$")
_SEAT = re.compile(r"(?:位于|地处|坐落[于在]|设在|迁至)$")
_WHERE_AFTER = re.compile(r"(?:举行|举办|召开|开展|启动|成立|落户|设立|建成|揭牌|开幕|闭幕|开工|拉开帷幕)")
_ISSUED = re.compile(r"(?:印发|出台|制定|修订|发布|下发|颁布|签署|签订|审议通过)了?$")
_OF_PAPER = re.compile(r"的?(?:通知|意见|办法|文件|决定|方案|协议)")
_WORK = re.compile(
    r"(?:电影|影片|纪录片|专题片|电视剧|话剧|歌曲|图书|小说|舞剧|微电影|宣传片|栏目|专栏|丛书)$"
)
_THEME = re.compile(r"(?:以|主题为|主题是)$")
_AWARD = re.compile(r"(?:评为|荣获|获评|获得|授予|命名为|摘得|获)(?:[^,\uff0c“]{0,14})$")
_AWARD_AFTER = re.compile(r"(?:荣誉)?(?:称号|奖项|奖)")
_COUNT = re.compile(
    r"等?(?P<n>[两三四五六七八九十]|\d{1,2})(?P<unit>个)?(?P<noun>城市|市州|市|县|区|省份|省|地市|地区|国家|地)"
)


_WORD_OF_UNIT = re.compile(
    r"部门|部分|项目|人员|人才|人均|家庭|名额|名单|条件|位置|场所|场地|站点|组织|级别|点赞|天然|件套|个性|期间|口径"
)


def slots(text: str, anchor: Period | None) -> list[Slot]:
    """All slots of a sentence, in order; `anchor` is the year that `今年` means in it."""
    times = find_times(text, anchor)
    found = [
        *_quantities(text, times),
        *_times(text, times),
        *_persons(text),
        *_lists(text),
        *_places(text),
        *_titles(text),
        *_names(text),
    ]
    return sorted(found, key=lambda slot: (slot.start, slot.end))


def _quantities(text: str, times: list[TimeMention]) -> Iterator[Slot]:
    closed = [(m.start, m.end) for m in times] + [m.span() for m in re.finditer(r"《[^》]*》|“[^”]*”", text)]
    for q in find_quantities(text):
        if not q.unit or q.unit in _NO_MEASURE or not text[q.start].isdigit():
            continue
        if any(a < q.end and q.start < b for a, b in closed) or text[: q.start].endswith(
            ("第", "-", "\u2014", "\u81f3")
        ):
            continue
        said = text[q.start : q.end]
        soft = _SOFT.search(text[: q.start])
        start = soft.start() if soft and soft[0] not in ("达到", "达") else q.start
        after = _AFTER.match(text, q.end)
        end = after.end() if after else q.end
        if _WORD_OF_UNIT.match(text, q.end - len(q.unit)):
            continue
        plain = re.match(r"[\d.,]+\s*[十百千万亿]*(?:\s*[余多来几]?[万亿])?", said)
        short = plain[0].strip() if plain else said
        bare = (
            q.kind != "percent" and len(re.sub(r"\D", "", short)) > 1
        )  # a single digit may stand there by chance
        answers = tuple(dict.fromkeys([(said,), *([(short,)] if bare else [])]))
        ask = "百分之多少" if q.unit == "%" else "多少元" if q.kind == "money" else f"多少{q.unit}"
        yield Slot(start, end, ask, q.kind if q.kind in ("money", "percent") else "quantity", answers)


def _times(text: str, times: list[TimeMention]) -> Iterator[Slot]:
    for m in times:
        if m.period is None or m.period.first != m.period.last or m.kind not in ("year", "date"):
            continue
        opens = m.start == 0 or text[: m.start].endswith(("于", "在", "自", ",", "\uff0c"))
        said = text[m.start : m.end].rstrip(",\uff0c")
        after = text[m.end :].lstrip(",\uff0c")
        part = re.match(
            r"以来|底|至|-|\u2014|度|[^,\uff0c]{1,6}的|围绕|按照|通过|根据|聚焦|依托|针对|以", after
        )
        if opens and not part and re.match(r"\d", said) and "年" in said + ("年" if m.month else ""):
            yield Slot(m.start, m.start + len(said), "什么时候" if m.month else "哪一年", "time", ((said,),))


def _persons(text: str) -> Iterator[Slot]:
    tokens = cut(text)
    for i, token in enumerate(tokens):
        name = text[token.start : token.end]
        if (
            token.flag not in ("nr", "nrt")
            or not 2 <= len(name) <= 3
            or name[0] not in SURNAMES
            or rarity(token.text) < 0.9
        ):
            continue
        if text[token.end : token.end + 1] in ("、", "和", "与", "·") or text[
            token.start - 1 : token.start
        ] in ("、", "和", "与", "·"):
            continue
        role = _ROLE.search(text[: token.start])
        if role:
            yield Slot(role.start(), token.end, f"哪位{role[0]}", "person", ((name,),))
        elif (
            (token.start == 0 or text[token.start - 1] in ",\uff0c由")
            and i + 1 < len(tokens)
            and tokens[i + 1].flag == "v"
        ):
            yield Slot(token.start, token.end, "谁", "person", ((name,),))


def _lists(text: str) -> Iterator[Slot]:
    places = [m for m in find_places(text) if m.kind == "name" and m.level in ("city", "province")]
    run: list[int] = []
    for i, m in enumerate(places):
        joined = run and text[places[run[-1]].end : m.start] in ("、", "和", "与", "及", "以及")
        run = [*run, i] if joined else [i]
        last = i + 1 == len(places) or text[m.end : places[i + 1].start] not in (
            "、",
            "和",
            "与",
            "及",
            "以及",
        )
        count = _COUNT.match(text, m.end)
        if last and len(run) >= 3 and count and not count[0].startswith("等"):
            names = tuple(text[places[k].start : places[k].end] for k in run)
            yield Slot(
                places[run[0]].start, count.end(), f"哪{count['n']}个{count['noun']}", "list", (names,)
            )


def _places(text: str) -> Iterator[Slot]:
    for m in find_places(text):
        before = text[: m.start]
        held = _WHERE.search(before) and _WHERE_AFTER.match(text, m.end)
        seat = _SEAT.search(before) and (m.end == len(text) or text[m.end] in ",\uff0c\u3002;\uff1b")
        if m.kind == "name" and m.region and (held or seat):
            yield Slot(m.start, m.end, "哪里", "place", ((text[m.start : m.end],),))


def _titles(text: str) -> Iterator[Slot]:
    for match in re.finditer(r"(?<!》)《([^《》]{2,60})》(?![《、和])", text):
        before = text[: match.start()]
        paper = _OF_PAPER.match(text, match.end())
        if _ISSUED.search(before):
            yield Slot(
                match.start(), paper.end() if paper else match.end(), "什么文件", "title", ((match[1],),)
            )
        elif _WORK.search(before):
            yield Slot(match.start(), match.end(), "叫什么", "title", ((match[1],),), ends=True)


def _names(text: str) -> Iterator[Slot]:
    for match in re.finditer(r"“([^“”]{2,40})”", text):
        before, after = text[: match.start()], text[match.end() :]
        if _THEME.search(before) and after.startswith("为主题"):
            yield Slot(match.start(), match.end(), "什么", "name", ((match[1],),))
        elif _AWARD.search(before):
            kind = _AWARD_AFTER.match(after)
            end = match.end() + (kind.end() if kind else 0)
            yield Slot(match.start(), end, f"什么{kind[0] if kind else '称号'}", "name", ((match[1],),))
