"""Mentions of provinces and cities of China, in Chinese of either script and in English.

The kind of a mention says how far to trust it:

=======  ==========================================================================================
name     a place named as such: `辽宁`, `大连市总工会`
in_name  within the name of a company, school, paper, product, title or slogan: `四川锅炉有限公司`
abbr     one-character names where they are safe: `沪苏浙`, `留皖就业`
deictic  `我省`, `全市`, `省总工会`: the region depends on the document, so `region` is empty
nation   `全国`
=======  ==========================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from .fold import fold
from .regions import NATION, abbreviations, covers, display, regions

__all__ = ["PlaceMention", "covers", "display", "find_places"]


@dataclass(frozen=True, slots=True)
class PlaceMention:
    """A place named at `text[start:end]`; `level` is "nation", "province" or "city".

    `全区` is a district's or an autonomous region's: its level is "area".
    """

    start: int
    end: int
    region: str
    kind: str
    level: str


_WORDS = frozenset(
    re.findall(
        r"\S+",
        "中山 东方 大同 长治 三明 白山 白城 河源 天水 海东 海西 海北 黄南 山南 白银 日照 来宾 阿里 "
        "新星 白杨 双河 北屯 白沙 安康 兴安 红河 文山 百色 巴中 中卫 吴忠 朝阳 孝感 广安 大理 包头 "
        "保定 定安 昆玉 新乡 常德 文昌 泰安 四平 安顺 安庆 通化 和田 德州 临高 乐东 万宁 黄山 黄石 "
        "北海 南平 六安 吉安 怀化 天门 鹤壁 内江 江门 昌江 清远 海口 平凉 自贡 玉树 大庆 哈密 普洱 "
        "延安 新余 博州 巴州 克州 金华 嘉兴 保山 临沧 德阳 资阳 永州 开封 湘西 通辽 南通 贵港 凉山",
    )
)
"""City names that are also words, personal names or parts of them: they need support from what stands by."""
_NOT_AFTER = {
    "海口": "出入", "白山": "长", "江西": "长", "广东": "推", "广西": "推两", "海南": "南沿", "阿里": "·",
    "大庆": "重",
}  # fmt: skip
_NOT_BEFORE = {
    "上海": "拔域洋", "海南": "部岸北", "山西": "侧麓坡", "山东": "侧麓坡", "河南": "岸侧北", "河北": "岸侧",
    "湖南": "岸侧", "湖北": "岸侧", "江西": "岸", "德州": "扑", "北京": "时", "哈密": "瓜", "阿里": "巴云",
    "大理": "石寺",
}  # fmt: skip
"""Characters beside which a name is part of something else: 入海口, 太行山西麓."""
_STREET = re.compile(r"[中东西南北]?(?:路|街|大街|大道|巷|胡同|里弄)(?![边上段线过])|区(?![域位划内委分间])")
_ORGANISATION = re.compile(
    r"(?:[^,，。;；:：、“”《》()（）\s的了在和与及对为把被向从到至是有将已也等]{0,16}?)"
    r"(?:有限公司|有限责任公司|股份公司|分公司|公司|集团|银行|大学|学院|学校|中学|小学|幼儿园|医院|日报|晚报|晨报|工人报|商报|电视台|广播电台"
    r"|出版社|杂志社|报社|研究院|研究所|设计院|歌舞团|剧院|工厂|[\u4e00-\u9fff]厂(?!务|长|区)|港LNG|人力资源服务|油田|电厂|机场|码头)",
    re.IGNORECASE,
)
_BREAKS_NAME = re.compile(r"工会|省委|市委|政府|全省|全市|各级|组织|开展|举办|职工|积极|推动|省|共|走进|联合")
_SUPPORT_BEFORE = re.compile(r"(?:^|[,，。;；:：、(（\s]|在|于|赴|到|从|来自|由|至|和|与|及)$")
_SUPPORT_AFTER = re.compile(
    r"(?:等?(?:地|市)|工会|总工会|各级|全市|职工|的|呢|有|是|企业|今年|去年|20\d\d|两地|三地|[?？,，、。]|$|和|与|及)"
)
_AUTHORITY_AFTER = re.compile("等?[地市]|总?工会|各级|全市|呢")
_LISTED = ("、", "和", "与", "及", "到", "至")
_QUOTE = re.compile(r"[“‘][^“”‘’。！？\n]{1,30}[”’]|《[^》\n]{1,90}》")
_DEICTIC = re.compile(
    r"(?P<province>[我全本该]省(?!级)|(?<![\u4e00-\u9fff])省(?=总工会|委|政府|人大|政协|直|级|内|人社|财政|教育)|省总工会|省委(?!员))"
    r"|(?P<area>[我全](?:自治)?区(?!域|[间别块]))"
    r"|(?P<city>[我全本该]市(?!场)|(?<![\u4e00-\u9fff])市(?=总工会|委|政府|人大|政协|直|级|内|人社|财政|教育))"
)
_SAFE = "沪渝冀豫辽湘皖鲁苏浙赣鄂桂陕闽粤黔滇琼"
_ABBR_RUN = re.compile(r"[京津沪渝冀豫辽湘皖鲁苏浙赣鄂桂陕闽粤黔滇琼云黑新甘晋蒙吉贵青藏川宁港澳台]{2,}")
_RUN_WORDS = frozenset(
    ("云贵川", "川云贵", "港澳", "港澳台", "甘青宁", "新青藏", "青藏", "川藏", "京津", "川贵", "川渝", "京沪")
)
_ROUTE = re.compile(r"(?:高铁|铁路|高速|客专|公路|航线|干线|运河|线|剧|菜|商|语|籍)")
_ABBR_ONE = re.compile(
    r"(?<=[在来留驻赴入返全])[皖川鲁辽苏浙赣鄂湘粤闽桂琼陕晋冀豫渝沪黔滇陇](?![\u4e00-\u9fff]?[菜剧]|[联州江中城])"
)
_ABBR_PART = re.compile(r"[皖苏浙鲁豫粤闽赣鄂陕冀](?=[东南西北][^坡方]|[东南西北]$)")
_NATION_RE = re.compile(r"全国(?!性|化)|nationwide|across china|the whole country")
_NATION_NAME = re.compile(
    r"(?:总工会|人大|政协|妇联|劳模|劳动模范|五一|工人先锋号|先进|优秀|模范|青年|职工职业|网络"
    r"|[\u4e00-\u9fff]{0,8}(?:奖|赛|称号))"
)


def find_places(text: str) -> list[PlaceMention]:
    """All mentions of places in `text`, in order, none overlapping.

    >>> [(m.region, m.kind) for m in find_places("遼寧省和大连市,四川锅炉有限公司")]
    [('辽宁', 'name'), ('辽宁/大连', 'name'), ('四川', 'in_name')]
    """
    folded = fold(text)
    names = list(_names(folded))
    found = list(_english(text, folded)) if re.search("[a-z]{2}", folded) else []
    quoted = [m.span() for m in _QUOTE.finditer(folded)]
    chosen = _supported(folded, names)
    for start, end, region in chosen:
        within = any(a < start and end <= b for a, b in quoted) or _in_organisation(folded, end)
        found.append(PlaceMention(start, end, region, "in_name" if within else "name", _level(region)))
    for match in _NATION_RE.finditer(folded):
        kind = "in_name" if _NATION_NAME.match(folded, match.end()) else "nation"
        found.append(PlaceMention(*match.span(), NATION, kind, "nation"))
    for match in _DEICTIC.finditer(folded):
        found.append(PlaceMention(*match.span(), "", "deictic", str(match.lastgroup)))
    taken = sorted(found, key=lambda m: (m.start, -m.end))
    kept: list[PlaceMention] = []
    masked = list(folded)
    for start, end, *_ in names:
        masked[start:end] = "□" * (end - start)
    used = bytearray(len(text))
    for mention in [*taken, *_abbreviated("".join(masked))]:
        if not any(used[mention.start : mention.end]):
            used[mention.start : mention.end] = b"\1" * (mention.end - mention.start)
            kept.append(mention)
    return sorted(kept, key=lambda m: m.start)


@lru_cache(maxsize=1)
def _table() -> tuple[re.Pattern[str], dict[str, tuple[tuple[str, str], ...]]]:
    """Names by their first character, longest first, and a pattern of the first characters."""
    names: dict[str, str] = {}
    for region in regions():
        for name in (region.name, *region.names):
            names.setdefault(name, region.key)
    for name, key in list(names.items()):
        if key.endswith("/" + name) and not name.endswith(("市", "州", "盟", "县")):
            names.setdefault(name + "市", key)
        if "/" not in key and name == key:
            names.setdefault(name + "省", key)
    table: dict[str, list[tuple[str, str]]] = {}
    for name, key in names.items():
        table.setdefault(name[0], []).append((name, key))
    ordered = {first: tuple(sorted(group, key=lambda item: -len(item[0]))) for first, group in table.items()}
    return re.compile("[" + "".join(ordered) + "]"), ordered


def _names(text: str) -> Iterator[tuple[int, int, str, bool]]:
    """Candidates, longest at each place, as (start, end, region, stands without support)."""
    firsts, table = _table()
    at = 0
    while match := firsts.search(text, at):
        start = match.start()
        at = start + 1
        for name, key in table[match[0]]:
            if text.startswith(name, start):
                at = end = start + len(name)
                before, after = text[start - 1 : start] if start else "", text[end : end + 1]
                short = key.rpartition("/")[2]
                if before and before in _NOT_AFTER.get(name, ""):
                    break
                if after and after in _NOT_BEFORE.get(name, ""):
                    break
                if name == short and _STREET.match(text, end):
                    break
                yield start, end, key, name != short or short not in _WORDS
                break


def _supported(text: str, names: list[tuple[int, int, str, bool]]) -> list[tuple[int, int, str]]:
    """Candidates that are places: sure ones, and doubtful ones that a neighbour or the sentence supports."""
    provinces = {key.partition("/")[0] for _, _, key, sure in names if sure}
    chosen: list[tuple[int, int, str]] = []
    for i, (start, end, key, sure) in enumerate(names):
        if not sure:
            last, following = names[i - 1] if i else None, names[i + 1] if i + 1 < len(names) else None
            before, after = text[max(0, start - 2) : start], text[end : end + 4]
            begins = bool(_SUPPORT_BEFORE.search(before))
            listed = (last is not None and text[last[1] : start] in _LISTED) or (
                begins and following is not None and text[end : following[0]] in _LISTED
            )
            within = last is not None and last[1] == start and last[2] == key.partition("/")[0]
            at_home = key.partition("/")[0] in provinces or _AUTHORITY_AFTER.match(after)
            alone = begins and at_home and _SUPPORT_AFTER.match(after)
            if not (listed or within or alone):
                continue
        chosen.append((start, end, key))
    return chosen


def _in_organisation(text: str, end: int) -> bool:
    match = _ORGANISATION.match(text, end)
    return match is not None and not _BREAKS_NAME.search(match[0])


@lru_cache(maxsize=1)
def _english_names() -> tuple[re.Pattern[str], dict[str, str]]:
    names: dict[str, str] = {}
    for region in regions():
        for name in region.english:
            names.setdefault(name, region.key)
    body = "|".join(re.escape(n).replace("\\ ", r"[ ,]+") for n in sorted(names, key=len, reverse=True))
    return re.compile(rf"\b({body})(?:\s+(?:province|city|prefecture|municipality))?\b"), names


def _english(text: str, folded: str) -> Iterator[PlaceMention]:
    finder, names = _english_names()
    plain = text.isascii() and text == folded  # nothing is capitalised, so capitals tell nothing
    for match in finder.finditer(folded):
        if text[match.start()].isupper() or (plain and len(match[1]) >= 6):
            region = names[re.sub(r"[ ,]+", " ", match[1])]
            yield PlaceMention(*match.span(), region, "name", _level(region))


def _abbreviated(text: str) -> Iterator[PlaceMention]:
    short = abbreviations()
    for run in _ABBR_RUN.finditer(text):
        sure = sum(char in _SAFE for char in run[0])
        enough = sure >= (2 if len(run[0]) == 2 else 1)
        twice = len(set(run[0])) < len(run[0])  # a personal name: 陈琼琼
        if twice or not (enough or run[0] in _RUN_WORDS) or _ROUTE.match(text, run.end()):
            continue
        for i, char in enumerate(run[0]):
            yield PlaceMention(run.start() + i, run.start() + i + 1, short[char], "abbr", "province")
    for match in [*_ABBR_ONE.finditer(text), *_ABBR_PART.finditer(text)]:
        yield PlaceMention(*match.span(), short[match[0]], "abbr", "province")


def _level(region: str) -> str:
    return "nation" if region == NATION else "city" if "/" in region else "province"
