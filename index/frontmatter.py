"""What stands above and below an article: title, author, publisher, date of publication."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest

from rag.text.fold import fold
from rag.text.times import find_times

from .clean.lines import is_row
from .headings import LONG, is_paragraph, level

_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付"
    "傅方白邹孟熊秦邱江尹薛闫阎段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰"
    "焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳欧阳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项"
    "连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝"
)
_NAME = r"[\u4e00-\u9fff]{1,2}(?:·[\u4e00-\u9fff]{1,8}|\s?[\u4e00-\u9fff]{1,2})"
_ROLE = (
    r"(?:本[报刊网台社]|[\u4e00-\u9fff]{2,8}(?:社|报|网|台))?(?:特约|见习|实习|首席|全媒体|融媒体)*"
    r"(?:记者|通讯员|评论员|撰稿人?)"
)
_BYLINE = re.compile(
    rf"^\W{{0,3}}{_ROLE}[:/\s]*(?P<names>{_NAME}(?:(?:[\s、,/和]|{_ROLE})+{_NAME})*)\W{{0,3}}$"
)
_SIGNED = re.compile(
    r"(?:^|[\s(])(?:作者|撰文|撰稿|执笔|文)\s?[:/]\s?"
    r"(?P<names>[\u4e00-\u9fff·]{2,12}(?:[\s、,][\u4e00-\u9fff·]{2,4})*)"
)
_WIRED = re.compile(rf"^[\u4e00-\u9fff]{{2,10}}(?:讯|电)\s?\({_ROLE}[:\s]*(?P<names>[^()]{{2,40}})\)")
_EN_BYLINE = re.compile(r"^by\s+(?P<names>[A-Z][\w.'-]+(?:\s+(?:and\s+)?[A-Z][\w.'-]+){1,5})$", re.IGNORECASE)
_SOURCE = re.compile(
    r"(?:(?:文章|稿件|信息|新闻)?来源|报刊|出处|稿源|转载?自|刊物名称|发布(?:机构|单位)|source)\s?[:：]\s?《?(?P<name>[^\s《》|,，;；:：\d][^《》|,，;；:：()（）\n\t]{1,20}?)》?"
    r"(?=$|[\s|,，;；》()（）]|\d)",
    re.IGNORECASE,
)
_NOT_SOURCE = re.compile(r"^(?:网络|互联网|原创|本站|未知|作者|admin|其他|internet)$", re.IGNORECASE)
_STAMP = (
    r"(?P<y>(?:19|20)\d\d)\s?[-/.年]\s?(?P<m>1[0-2]|0?[1-9])(?!\d)\s?"
    r"(?:[-/.月]\s?(?P<d>3[01]|[12]\d|0?[1-9])(?!\d)\s?日?)?"
)
_DATES = tuple(
    re.compile(pattern, re.MULTILINE | re.IGNORECASE)
    for pattern in (
        rf"(?:发表于|发布于|发布时间|(?:发布|发文|出版|刊发|成文|印发)?日期|published(?: on)?|posted(?: on)?|date)"
        rf"\s?[:：]?\s{{0,3}}{_STAMP}",
        rf"^\s*{_STAMP}(?<=[\d日])\s?(?:\d{{1,2}}:\d\d(?::\d\d)?)?\s*(?:星期.|周.)?\s*[|\s]*(?:来源|报刊|作者|浏览|阅读|字号|source)",
        rf"^\s*{_STAMP}(?<=[\d日])\s*(?:\d{{1,2}}:\d\d(?::\d\d)?)\s*(?:$|[|])",
        rf"(?:更新时间|更新于|时间|last updated)\s?[:：]?\s{{0,3}}{_STAMP}",
        rf"^\W*{_STAMP}(?<=[\d日])\W*(?:星期.|周.)?\W*$",
    )
)
_EN_DATE = re.compile(
    r"^\W*(?:published|posted|updated|date|issued)(?: on)?\s?:?\s.{0,16}?\b(?:19|20)\d\d\b", re.IGNORECASE
)
_HEAD = 2500  # characters of the page in which a date stands above the article
_DATE_LINE = re.compile(r"(?:19|20)\d\d\s?[-/.年]\s?\d{1,2}|\d{1,2}:\d\d|期次|第\d+[期版]")
_SITE_TAIL = re.compile(r"\s*(?:[-_|–—]{1,2}|>>)\s*[^-_|–—>]{2,24}$")


def published(raw: str) -> str | None:
    """Find the date of publication, as ISO text, as far as the page says it.

    It is labelled, or has a time of day, or stands on a line of its own; a date that merely opens a paragraph is
    none. Of several, a labelled one above the article wins.
    """
    folded = fold(raw)
    for pattern in _DATES:
        for zone in ((0, _HEAD), (max(_HEAD, len(folded) - 400), len(folded))):
            match = pattern.search(folded, *zone)
            if match:
                parts = [match["y"], match["m"].zfill(2), *([match["d"].zfill(2)] if match["d"] else [])]
                return "-".join(parts)
    for line in raw[:_HEAD].splitlines():
        for mention in find_times(line, None) if _EN_DATE.match(line) else ():
            if mention.period is not None and mention.month:
                numbers = (mention.period.last, mention.month, mention.day)
                return "-".join(f"{n:02}" for n in numbers if n)
    return None


def publisher(raw: str) -> str | None:
    """Find the paper, site or body that the page names as its source, as written; None where it names none."""
    for match in _SOURCE.finditer(fold(raw)):
        name = raw[match.start("name") : match.end("name")].strip()
        if not _NOT_SOURCE.match(name):
            return name
    return None


def author(lines: Sequence[str], front: Sequence[int]) -> str | None:
    """Authors joined by `、`: from a byline above or below the text, or a name alone under the title."""
    edge = [*range(min(len(lines), 12)), *range(max(12, len(lines) - 3), len(lines))]
    for i in edge:
        line = fold(lines[i].strip())
        for pattern in (_BYLINE, _SIGNED, _WIRED):
            match = pattern.search(line)
            if match:
                return _joined(lines[i].strip()[match.start("names") : match.end("names")])
        english = _EN_BYLINE.match(lines[i].strip())
        if english:
            return english["names"]
    for i in front:
        if i and (names := _bare_names(lines[i])):
            return names
    return None


def _joined(text: str) -> str:
    words = re.sub(_ROLE, " ", text)
    names = [word for word in re.split(r"[\s、,，/;；]+", words) if word]
    joined: list[str] = []
    for name in names:  # a name of two characters set with a space between them
        if joined and len(name) == 1 and len(joined[-1]) == 1:
            joined[-1] += name
        else:
            joined.append(name)
    return "、".join(joined)


def _bare_names(line: str) -> str | None:
    words = line.strip().split()
    if len(words) == 2 and all(len(word) == 1 for word in words):
        words = ["".join(words)]
    names = [word for word in words if re.fullmatch(r"[\u4e00-\u9fff]{2,3}", word) and fold(word)[0] in _SURNAMES]
    return "、".join(names) if names and len(names) == len(words) <= 6 else None


def is_front(line: str) -> bool:
    """Whether a line is a byline, a date line or a source line."""
    text = line.strip()
    folded = fold(text)
    if len(folded) >= 120:
        return False
    if _BYLINE.search(folded) or _SOURCE.search(folded) or _bare_names(text):
        return True
    if _EN_BYLINE.match(text) or _EN_DATE.match(text):
        return True
    return len(folded) < 60 and not is_paragraph(text) and _DATE_LINE.search(folded) is not None


# the title of an official document, GB/T 9704: organ (may be left out), subject, kind of document
_OFFICIAL = re.compile(
    r"^[\u3400-\u9fff]{0,20}关于.{2,70}的?(通知|通告|公告|通报|意见|决定|决议|办法|方案|请示|批复|报告|函|规定|细则|纪要|倡议书|公示)(\([^)]{1,8}\)|([^)]{1,8}))?$"
)


def title(lines: Sequence[str], known: str, format_title: str | None) -> tuple[str, set[int]]:
    """Title and the numbers of the lines above the text (title, subtitle, byline, date).

    `known` is what the splitter found, `format_title` what the file format says. A headline of two lines is
    joined by a space, a subtitle that is set off by a dash follows as it is.
    """
    head = _head(lines)
    front = {i for i in head if is_front(lines[i])}
    if known:
        return known, front | {i for i in head if lines[i].strip() and lines[i].strip() in known}
    named = _SITE_TAIL.sub("", format_title).strip() if format_title else ""
    picked = _headline(lines, [i for i in head if i not in front])
    shown = [fold(lines[i].strip()) for i in picked if len(lines[i]) > 3]
    if named and not any(line in fold(format_title or "") for line in shown):
        exact = [i for i in head if fold(lines[i].strip()) and fold(lines[i].strip()) in fold(named)]
        return named, front | set(exact)
    text = ""
    for i in picked:
        line = re.sub(r"^#+\s*", "", lines[i].strip())
        text += line if not text or line.startswith("—") else " " + line
    return text or named, front | set(picked)


def _head(lines: Sequence[str]) -> list[int]:
    """Numbers of the lines before the first paragraph or table, at most 12."""
    for i, line in enumerate(lines[:12]):
        if is_row(line):
            return list(range(i))
        short_title = i == 0 and len(line) < LONG
        if is_paragraph(line) and not (is_front(line) or line.startswith("—") or short_title):
            return list(range(i))
    return list(range(min(len(lines), 12 if any(map(is_paragraph, lines)) else 1)))


def _headline(lines: Sequence[str], free: Sequence[int]) -> list[int]:
    """Pick the lines of the title among those above the text that are neither byline nor date."""
    if not free:
        return []
    official = [i for i in free if _OFFICIAL.match(lines[i].strip())]
    if official and official[0] > free[0]:
        return official[:1]  # above it stand the letterhead and the document's number
    first = free[0]
    if lines[first].strip().endswith("。"):
        return []
    following = [*lines[first + 1 :], ""]
    if (level(lines[first], following[0]) or 8) < 8 and not lines[first].startswith("# "):
        return []  # the text begins with a numbered section
    picked = [first]
    for i in free[1:]:
        if i != picked[-1] + 1:
            break
        line, after = lines[i], lines[i + 1] if i + 1 < len(lines) else ""
        if line.strip().startswith("—"):
            picked.append(i)
            break
        numbered = (level(line, after) or 8) < 8
        before_text = is_paragraph(after) and not is_front(after) and not after.strip().startswith("—")
        first_heading = before_text and _has_like(lines[i + 2 :])
        if numbered or first_heading or len(picked) == 2 or len(line.strip()) <= 4:
            break
        picked.append(i)
    return picked


def _has_like(lines: Sequence[str]) -> bool:
    """Whether the text goes on with unnumbered headings: a short line above it is then the first of them."""
    return any(level(line, after) == 8 for line, after in zip_longest(lines, lines[1:], fillvalue=""))
