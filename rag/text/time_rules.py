"""How time is written: one rule for each form, tried in order, on folded text.

A rule is a pattern and a function from its match and the anchor year (None where unknown) to `Found`, or None
where the match is no time. `rag.text.times` runs the rules and judges what stands round each mention.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from ..types import Period


class Found(NamedTuple):
    """What a rule makes of its match.

    `back` marks a time that refers to the year named before it (`当年`, `次年`), so many years on.
    """

    kind: str
    period: Period | None
    month: int | None = None
    day: int | None = None
    back: int | None = None


Rule = tuple[re.Pattern[str], Callable[[re.Match[str], int | None], Found | None]]

S = r"[ \t]?"
_DIGIT = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "○": 0, "o": 0, "两": 2}
_YEAR = r"(?:(?:19|20)\d\d|[一二][〇零○o一二三四五六七八九]{3})"
_SMALL = r"(?:[0-3]?\d|[一二三四五六七八九十]{1,3})"
_MONTH_DAY = (
    rf"(?P<month>{_SMALL}){S}月(?:份|[上中下]旬)?(?:{S}(?P<day>{_SMALL}){S}[日号])?(?:[初底末])?"
)
_PART = r"(?:年度|度|全年|[上下]半年|第?[一二三四]季度|[初底末中](?![国央共学小])|[春夏秋冬]季)?"
_UNTIL = r"(?P<until>截[至止]到?|截至)?"
_SINCE = r"(?P<since>以来|至今|迄今|以后|之后|起(?![步点草飞诉义来]))?"
_COUNT = r"(?P<n>\d{1,3}|[一二两三四五六七八九十]{1,3}|[几数多])"
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_EN_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_EN_COUNT = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
}  # fmt: skip
_SHIFT = {
    "大前年": -3, "前年": -2, "去年": -1, "昨年": -1, "上年": -1, "上年度": -1, "上一年": -1, "上一年度": -1,
    "今年": 0, "本年": 0, "本年度": 0, "今岁": 0, "明年": 1, "来年": 1, "下一年": 1, "下一年度": 1, "后年": 2,
}  # fmt: skip
_EN_SHIFT = {
    "year before last": -2, "two years ago": -2, "last year": -1, "previous year": -1, "this year": 0,
    "current year": 0, "next year": 1, "following year": 1,
}  # fmt: skip
_NOT_BEFORE = (
    r"\d零〇一二三四五六七八九十百千万两几数多半每第青少老中壮暮周学历财成去今明当前后本上往新同全跨近次翌那该"
)
_MEASURES = "万亿千百多余个名人家件项元次场条所户台辆吨公里米套只份座处张篇本期班组对例位种类页平分秒度倍℃"


def number(text: str) -> int:
    """`十二` → 12, `二〇二二` → 2022, `08` → 8. Raises KeyError for other characters."""
    text = text.strip()
    if text.isdecimal():
        return int(text)
    if "百" in text:
        hundreds, _, rest = text.partition("百")
        return (_DIGIT[hundreds] if hundreds else 1) * 100 + (number(rest.lstrip("零〇○")) if rest else 0)
    if "十" in text:
        tens, _, ones = text.partition("十")
        return (_DIGIT[tens] if tens else 1) * 10 + (_DIGIT[ones] if ones else 0)
    return int("".join(str(_DIGIT[c]) for c in text))


def _year(year: int) -> Period:
    return Period(year, year)


def _to(first: int, last: int | None) -> Period:
    return Period(first, max(first, last or first))


def _month_day(match: re.Match[str]) -> tuple[int | None, int | None] | None:
    """Month and day of a match, or None where they can't be a date."""
    month = number(match["month"]) if match["month"] else None
    day = number(match["day"]) if match["day"] else None
    if (month is not None and not 1 <= month <= 12) or (day is not None and not 1 <= day <= 31):
        return None
    return month, day


def _roc(match: re.Match[str], _: int | None) -> Found | None:
    year = 1 if match["y"] == "元" else number(match["y"])
    return Found("year", _year(1911 + year)) if 1 <= year <= 200 else None


def _iso(match: re.Match[str], _: int | None) -> Found | None:
    dated = _month_day(match)
    return Found("year", _year(int(match["y"])), *dated) if dated else None


def _pair(match: re.Match[str], _: int | None) -> Found | None:
    first, last = number(match["first"]), number(match["last"])
    return Found("year", Period(first, last)) if first <= last <= first + 100 else None


def _decade(match: re.Match[str], _: int | None) -> Found | None:
    tens = number(match["n"])
    if tens % 10 or not 10 <= tens <= 90:
        return None
    century = 2000 if match["century"] in ("21世纪", "二十一世纪", "本世纪") else 1900
    return Found("year", Period(century + tens, century + tens + 9))


def _plain_year(match: re.Match[str], now: int | None) -> Found | None:
    dated = _month_day(match)
    year = number(match["y"])
    if dated is None or not 1900 <= year <= 2099:
        return None
    if match["since"] or (match["from"] and match["ongoing"] is not None):
        return Found("since", _to(year, now), *dated)
    return Found("until" if match["until"] else "year", _year(year), *dated)


def _plan(match: re.Match[str], _: int | None) -> Found | None:
    name = match["n"]
    nth = number(name[:-1])  # 十四五 is the plan of the fourteenth five years
    first = 1951 + 5 * nth
    return Found("plan" if match["time"] else "title", Period(first, first + 4))


def _nth_plan(match: re.Match[str], _: int | None) -> Found | None:
    nth = number(match["n"])
    first = 1951 + 5 * nth if nth > 2 else 1948 + 5 * nth  # three years of adjustment followed the second
    return Found("title", Period(first, first + 4))


def _relative(match: re.Match[str], now: int | None) -> Found | None:
    dated = _month_day(match)
    if dated is None:
        return None
    year = None if now is None else _year(now + _SHIFT[match["rel"]])
    return Found("until" if match["until"] else "deictic", year, *dated)


def _back(match: re.Match[str], now: int | None) -> Found | None:
    dated = _month_day(match)
    if dated is None:
        return None
    shift = 1 if match["rel"] in ("次年", "翌年") else 0
    return Found("deictic", None if now is None else _year(now + shift), *dated, back=shift)


def _seasons(match: re.Match[str], now: int | None) -> Found | None:
    if now is None:
        return Found("deictic", None)
    first, last = now - match[0].startswith("去冬"), now + match[0].endswith("明春")
    return Found("deictic", Period(first, last))


def _span(match: re.Match[str], now: int | None) -> Found | None:
    if not (match["before"] or match["after"] or match["review"] is not None):
        return None
    if match["n"] in "几数多":
        return Found("recent", None)
    count = number(match["n"])
    if count == 1:
        return Found("past", None if now is None else _year(now))
    if count > 50:
        return Found("recent", None)
    return Found("range", None if now is None else Period(now - count, now))


def _future(match: re.Match[str], now: int | None) -> Found | None:
    if match["n"] in "几数多" or now is None:
        return Found("future", None)
    return Found("future", Period(now, now + number(match["n"])))


def _simple(kind: str, *, dated: bool) -> Callable[[re.Match[str], int | None], Found | None]:
    def rule(_: re.Match[str], now: int | None) -> Found | None:
        return Found(kind, _year(now) if dated and now is not None else None)

    return rule


def _date(match: re.Match[str], now: int | None) -> Found | None:
    dated = _month_day(match)
    if dated is None:
        return None
    return Found("until" if match["until"] else "date", None if now is None else _year(now), *dated)


def _en_date(match: re.Match[str], _: int | None) -> Found | None:
    month = _MONTHS.index(match["month"][:3]) + 1
    return Found("year", _year(int(match["y"])), month, int(match["day"]) if match["day"] else None)


def _en_relative(match: re.Match[str], now: int | None) -> Found | None:
    return Found("deictic", None if now is None else _year(now + _EN_SHIFT[match["rel"]]))


def _en_since(match: re.Match[str], now: int | None) -> Found | None:
    return Found("since", _to(int(match["y"]), now))


def _en_span(match: re.Match[str], now: int | None) -> Found | None:
    count = int(match["n"]) if match["n"].isdecimal() else _EN_COUNT.get(match["n"])
    if count is None:
        return Found("recent", None)
    return Found("range", None if now is None else Period(now - count, now))


def _bare(match: re.Match[str], _: int | None) -> Found | None:
    """Believe a year in figures alone in English, and in Chinese where no measure word follows."""
    text, year = match.string, int(match[0])
    after = text[match.end() : match.end() + 2].lstrip(" ")[:1]
    before = text[max(0, match.start() - 1) : match.start()]
    if not 1949 <= year <= 2049 or (after and after in _MEASURES):
        return None
    if "\u3400" <= before <= "\u9fff" and before not in "和与及到至比在从自于年":
        return None
    return Found("year", _year(year))


_PATTERNS: tuple[tuple[str, Callable[[re.Match[str], int | None], Found | None]], ...] = (
    (rf"民国{S}(?P<y>\d{{1,3}}|[一二三四五六七八九十百零〇○]{{1,6}}|元){S}年"
     rf"(?:度|{S}{_SMALL}{S}月(?:{S}{_SMALL}{S}[日号])?)?", _roc),
    (r"(?<![\d.])(?P<y>(?:19|20)\d\d)[-/.](?P<month>0?[1-9]|1[0-2])[-/.](?P<day>[12]\d|3[01]|0?[1-9])(?![\d.])",
     _iso),
    (r"(?<![\d.])(?P<y>(?:19|20)\d\d)[-/](?P<month>0[1-9]|1[0-2])(?P<day>)(?![\d-])", _iso),
    (rf"(?<!\d)(?P<first>{_YEAR}){S}年?(?:{S}\d{{1,2}}{S}月(?:{S}\d{{1,2}}{S}日)?)?{S}(?:-{{1,2}}|—{{1,2}}|~|至|到|to){S}"
     rf"(?P<last>{_YEAR})(?!\d)(?:{S}年(?:{S}\d{{1,2}}{S}月(?:{S}\d{{1,2}}{S}[日号])?|{_PART}))?", _pair),
    (r"(?P<century>(?:上|本|20|21|二十一?)世纪)?(?P<n>[1-9]0|[二三四五六七八九]十)年代", _decade),
    (rf"(?:{_UNTIL}|(?P<from>[自从]))?(?<!\d)(?P<y>{_YEAR}){S}年(?![级龄代])(?:{S}{_MONTH_DAY}|{_PART}){_SINCE}"
     r"(?P<ongoing>(?=[^,。;:、\n]{1,30}以来))?", _plain_year),
    (r"[“‘\"]?(?P<n>十[一二三四五六]?五|[六七八九]五)[”’\"]?(?P<time>时期|期间|以来|开局|末期?)", _plan),
    (r"[“‘\"]?(?P<n>十[一二三四五六]五)[”’\"]?(?P<time>)", _plan),
    (r"第(?P<n>[一二三四五六七八九]|十[一二三四五六]?)个五年", _nth_plan),
    (rf"{_UNTIL}(?P<rel>大前年|(?<![之以年目当])前年|(?<!过)去年|昨年|上一年度?|(?<!以)上年度?|今年"
     r"|(?<![日基])本年度?(?!级)|今岁|(?<![清开文])明年|(?<![年近以])来年|下一年度?|(?<![年月日前])后年)(?![均龄级纪])"
     rf"(?:{S}{_MONTH_DAY}|年?[初底末中]|[上下]半年|第?[一二三四]季度|以来)?", _relative),
    (r"(?P<rel>(?<![适相应])当年|(?<![不相共])同年|(?<!应)该年|那一?年|(?<![每首一两多届\d])次年|翌年)(?![级龄轻均会])"
     rf"(?:{S}{_MONTH_DAY}|[初底末]|[上下]半年)?", _back),
    (r"今冬明春|去冬今春|今[春夏秋冬]", _seasons),
    (rf"(?P<before>(?:过去|刚刚过去|最近|近|这)的?)?{S}(?<![\d第几数]){_COUNT}{S}(?:多|余)?{S}年(?P<after>以来|多来|来|间)?"
     r"(?P<review>(?=(?:[\u4e00-\u9fff]{0,6}(?:回眸|回顾|综述|巡礼|答卷|成就))))?(?![级龄代度])", _span),
    (r"(?:未来|今后|接下来|往后)的?(?P<n>\d{1,2}|[一二两三四五六七八九十]{1,2}|[几数多])(?:[至到][二三四五])?年",
     _future),
    (r"近年来?|近[些几]年来?|[多数历长连]年(?:以)?来|[几数]十年(?:以)?来|长期以来|一直以来|这些年来?",
     _simple("recent", dated=False)),
    (rf"(?<![\u4e00-\u9fff\d])年[内中](?![级期国])|(?<![{_NOT_BEFORE}])年[初底末](?![级期])|岁末",
     _simple("deictic", dated=True)),
    (r"(?:截[至止]到?|迄|到)?(?:目前|现在)(?:为止)?|近日|日前|近期|迄今(?:为止)?|当前|眼下",
     _simple("now", dated=True)),
    (rf"{_UNTIL}(?<![\d.])(?:\d{{1,2}}{S}月?{S}[-—~至到]{S})?{_MONTH_DAY}(?![度刊票供嫂饼球亮光季均薪台牙])",
     _date),
    (rf"\b(?P<day>\d{{1,2}})\s+{_EN_MONTH},?\s+(?P<y>(?:19|20)\d\d)\b", _en_date),
    (rf"\b{_EN_MONTH}(?:\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?)?,?\s+(?P<y>(?:19|20)\d\d)\b", _en_date),
    (r"\b(?:between\s+|from\s+)?(?P<first>(?:19|20)\d\d)\s*(?:-|—|to|and|through|until|till)\s*"
     r"(?P<last>(?:19|20)\d\d)\b", _pair),
    (r"\bsince\s+(?:[a-z]+\s+)?(?P<y>(?:19|20)\d\d)\b", _en_since),
    (rf"\b(?P<rel>{'|'.join(_EN_SHIFT)})\b", _en_relative),
    (rf"\b(?:past|last|previous|recent)\s+(?P<n>\d{{1,2}}|{'|'.join(_EN_COUNT)}|few|several)\s+years\b",
     _en_span),
    (r"\bin recent years\b|\brecently\b", _simple("recent", dated=False)),
    (r"\bso far\b|\bto date\b", _simple("now", dated=True)),
    (r"(?<!\d[.,])(?<![\d.a-z/_#$¥+-])(?:19|20)\d\d(?![\d%_]|[.,]\d|[a-z/-])", _bare),
)  # fmt: skip
RULES: tuple[Rule, ...] = tuple((re.compile(pattern), rule) for pattern, rule in _PATTERNS)
"""In the order in which they are tried: the first to take a character keeps it."""
