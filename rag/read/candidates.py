"""Spans of a sentence that could be the short answer, by the kind of answer asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

from ..data import words
from ..question.query import DURATION, Kind, Query
from ..question.terms import CLASS, SURNAMES
from ..text.fold import fold
from ..text.numbers import Quantity
from ..text.places import display
from ..text.tokens import Token
from .views import View


class Span(NamedTuple):
    """A possible answer at `[start, end)` of the sentence; `fit` (0–1) is how well its kind suits the question.

    `text` replaces the written text where it must be resolved (`今年5月` → `2021年5月`).
    """

    start: int
    end: int
    fit: float
    text: str | None = None


_ALIKE = ({"人", "名", "位", "人次", "员"}, {"家", "个", "户", "所", "户次"}, {"场", "次", "期", "届", "场次", "项"},
          {"件", "项", "条", "个", "份", "篇"}, {"天", "年", "个月", "月", "日", "小时", "周"}, {"对", "个"}, {"所", "个", "座", "处"})
_ORG = re.compile(
    r"(公司|集团|总工会|工会|委员会|联席会议|学院|大学|学校|医院|中心|协会|联合会|联盟|妇联|科协|侨联|残联|共青团|团省委|红十字会|报社|日报|电视台|广播电视台|"
    r"人社厅|[厅局委部办社所院厂站段]|小组|银行|基金会|合作社|法院|检察院|公安局)$"
)
_COMPANY = re.compile(r"(公司|集团|学院|大学|学校|医院|合作社|银行)$")
_PERSON_HINT = re.compile(
    r"(?:职工|员工|工人|记者|作者|选手|快递员|外卖员|司机|教师|老师|工程师|技师|主席|书记|主任|局长|厅长|部长|院长|校长|会长|经理|董事长|负责人|领衔人|带头人|[馆站所处科队行社司县市区镇乡村班厂店园团]长|秘书长|总监|总裁|董事|教授|研究员|医师|医生|代表|劳模|工匠|大师”?|组长|联系人|主编|责编:?|摄影:?|通讯员|学员|同志|女士|先生)[::]?\s?"
    r"(?P<name>[\u4e00-\u9fff](?:\s?[\u4e00-\u9fff]){1,2}?)(?=[,、。.;:()\s是在领说为和与的就研荣获曾从带正等被将也表作]|$)"
)


_ACTING = re.compile(r"(?:的|由|,|、|。|^|[公司院校区县市])(?P<name>[\u4e00-\u9fff]{2,3})(?=获得|荣获|夺得|获评|被授予|被评为|当选|摘得|说[,:。“]|表示[,:。“]|告诉|负总责|任组长|领衔)")
_CLOCK = re.compile(r"\s?(?:上午|下午|晚上|晚|早上|中午)?\s?\d{1,2}[时点:]\d{0,2}分?(?!间)")
_CONTACT = re.compile(
    r"(?<!\d)(?:0\d{2,3}[-— ]?)?\d{3,4}[ -]?\d{4}(?!\d)|(?<!\d)1[3-9]\d{9}(?!\d)|(?<!\d)400-?\d{3}-?\d{4}|(?<!\d)1\d{4}(?!\d)(?=[^\d]{0,8}(?:热线|维权|服务))|[\w.+-]+@[\w-]+\.[\w.]+"
    r"|https?://\S+|www\.[\w./-]+|[\u4e00-\u9fff]{1,6}[〔\[((]\d{4}[〕\]))]\d+号"
)
_MONEYED = re.compile(r"多少(经济)?(效益|价值|收益|收入|损失)|(标准|额度|限额|奖励|价格|报销)[^,。?]{0,6}(多少|几)|(奖励|补助|报销|奖)多少|how much (value|revenue)")
_PEOPLE = re.compile(r"(职工|干部|司机|选手|群众|学生|代表|劳模|工匠|农民|专家|[员者人工师长])$")
# words before a figure that turn or soften it belong to the figure: `不超过500元` is not `超过500元`
_SOFT = re.compile(r"(不得?(超过|少于|低于|高于|多于|大于|小于)|不(足|到)|近|约|超过|超|逾|突破|至少|至多|最多|最高|最低|接近|低于|高于|少于|多于|上限|下限)$")
_AFTER = re.compile(r"(以上|以下|以内|左右|封顶)")
_LOWER = re.compile(r"(?<![\d.])\d+(?:\.\d+)?[万亿]?[ ]?(?:至|到|-|~|\u2014|\u2013)[ ]?$")  # the lower end of `3至6个月`
_SPANS_OF_TIME = frozenset(["年", "个月", "月", "天", "日", "周", "星期", "小时", "分钟", "学时", "工作日", "秒"])
_NUMERAL = {c: i for i, c in enumerate("零一二三四五六七八九十")} | {"两": 2}
_SEVERAL = re.compile(r"还有谁|哪些人|哪(两|三|四|五|六|七|八|九|十)(位|个人|名)|都有谁|谁和谁|哪几(位|个人|名)|有谁")


RISE = r"增长|增加|上升|提高|提升|上涨|扩大|增|涨|升"
FALL = r"下降|减少|降低|下跌|缩短|缩小|减|降|跌"
_HOW_MUCH_MORE = re.compile(rf"(?P<verb>{RISE}|{FALL})了?(?:多少|百分之几|百分之多少|几个?百分点|几成)")


@lru_cache(maxsize=64)
def how_much_more(question: str) -> re.Match[str] | None:
    """Where a question asks for a rise or fall (`增长了多少`), with its `verb`. Asked for every span of it."""
    return _HOW_MUCH_MORE.search(question)


def candidates(query: Query, view: View) -> list[Span]:
    """All spans of `view` that fit the kind of `query`; a whole-sentence span where sentences are asked for."""
    return _BY_KIND[query.kind](query, view)


def _unit_fit(asked: str, quantity: Quantity) -> float:
    if not asked:
        if not quantity.unit and quantity.value < 1000:
            return 0.5
        return 1.0 if quantity.kind not in ("money", "percent") else 0.35
    if asked == "人?":  # people are counted, the question names no measure word
        if quantity.kind == "person" or quantity.unit == "人次" or (not quantity.unit and quantity.value >= 1000):
            return 1.0
        return 0.35 if quantity.kind in ("money", "percent") else 0.7
    if asked == quantity.unit:
        return 1.0
    if quantity.kind in ("money", "percent"):
        return 0.0
    if not quantity.unit:
        return 0.85 if quantity.value >= 1000 else 0.6
    if asked in ("人", "名", "位") and quantity.unit in ("人", "名", "位"):
        return 1.0
    if asked == "个":  # counts anything
        return 0.8
    return 0.75 if units_alike(asked, quantity.unit) else 0.0


def units_alike(one: str, other: str) -> bool:
    """Whether two measure words may count the same thing (`场` and `次`)."""
    return one == other or any(one in group and other in group for group in _ALIKE)


def _quantities(query: Query, view: View) -> list[Span]:
    unit = "" if query.language == "en" else query.unit
    if not unit and query.focus and _PEOPLE.search(query.terms[query.focus[-1]].text):
        unit = "人?"
    if "第几" in query.text:
        return [Span(m.start(), m.end(), 1.0) for m in re.finditer(r"第[一二三四五六七八九十\d]+[名位届]?", view.folded)]
    found = []
    for quantity in view.quantities:
        if not quantity.unit and _LINE.match(view.folded, quantity.end):
            continue  # `12345 市民热线` counts nothing
        if unit == DURATION:
            fit = 1.0 if quantity.unit in _SPANS_OF_TIME and (quantity.unit != "年" or quantity.value < 100) else 0.0
        elif unit in ("", "人?") and quantity.unit in ("年", "月", "日", "号", "级", "大") and query.kind is Kind.QUANTITY:
            continue
        elif query.kind is Kind.MONEY or (unit in ("", "人?") and _MONEYED.search(query.text)):
            fit = 1.0 if quantity.kind == "money" else 0.0
        elif query.kind is Kind.PERCENT:
            fit = 1.0 if quantity.kind == "percent" else 0.0
        elif not query.unit and how_much_more(query.text):
            fit = 1.0  # in figures or in percent
        else:
            fit = _unit_fit(unit, quantity)
        fit *= _as_name(query, view, quantity)
        if fit:
            soft = _SOFT.search(view.folded[max(0, quantity.start - 4) : quantity.start])
            after = _AFTER.match(view.folded, quantity.end)
            lower = _LOWER.search(view.folded, max(0, quantity.start - 12), quantity.start)
            start = lower.start() if lower else quantity.start - (len(soft[0]) if soft else 0)
            found.append(Span(start, after.end() if after else quantity.end, fit * (0.98 if quantity.approx in ("余", "近", "约", "多") else 1.0)))
    return found


def _as_name(query: Query, view: View, quantity: Quantity) -> float:
    """Less for a number within a name: none of those in quotes but one that opens it and is in the unit asked for (`“十件实事”`)."""
    if _inside_quotes(view.folded, quantity.start):
        return 0.8 if quantity.unit == query.unit and view.folded[quantity.start - 1] in "“《" else 0.0
    if CLASS.match(view.folded[quantity.start : quantity.end]) and quantity.unit != query.unit:
        return 0.6  # `12项二类手术`: the class of what is counted
    return 1.0


_LINE = re.compile(r"[\s\u4e00-\u9fff”》]{0,8}(?:热线|专线|客服|电话|短信)")


def _inside_quotes(folded: str, at: int) -> bool:
    for opening, closing in (("《", "》"), ("“", "”")):
        left = folded.rfind(opening, 0, at)
        if left > folded.rfind(closing, 0, at) and closing in folded[at:]:
            return True
    return False


def _dates(query: Query, view: View) -> list[Span]:
    found = []
    for mention in view.times:
        text = view.text[mention.start : mention.end]
        if mention.kind in ("recent", "now", "compare", "plan", "future", "title"):
            continue
        period = mention.period
        if view.yearless(mention) and view.sentence.period and view.sentence.period.first == view.sentence.period.last:
            period = view.sentence.period
        exact = any(c.isdigit() for c in view.folded[mention.start : mention.end])
        resolved = None
        if period is not None and period.first == period.last and str(period.first) not in view.folded[mention.start : mention.end]:
            rest = re.sub(r"^(今年|本年|当年|去年|前年|明年|上年|截至|截止)+", "", re.sub(r"^(截至|截止到?)", "", text))
            resolved = f"{period.first}年{rest.removeprefix('年')}"
        clock = _CLOCK.match(view.folded, mention.end)
        end = clock.end() if clock else mention.end
        if resolved and clock:
            resolved += view.text[mention.end : end]
        fit = (1.0 if exact else 0.6) * _end_of_time(query.text, view.folded, mention.start, end)
        found.append(Span(mention.start, end, fit, resolved))
    return found


ENDS = re.compile(r"最晚|最迟|截止|结束|到几月|到哪天|到什么时候|deadline")
BEGINS = re.compile(r"开始|起始|从几|从哪天|几月起|哪天起|start|begin")


def _end_of_time(question: str, folded: str, start: int, end: int) -> float:
    """Less for the date that something begins where its end is asked for, and the other way round."""
    before, after = folded[max(0, start - 3) : start], folded[end : end + 4]
    begins = bool(re.search(r"[自从]$", before) or re.match(r"起|开始|启动|动工|开工", after))
    ends = bool(re.search(r"(至|到|截止|截至)$", before) or re.match(r"截止|前|止|结束|之前|以前", after))
    if ENDS.search(question):
        return 1.0 if ends else 0.7
    if BEGINS.search(question):
        return 0.7 if ends and not begins else 1.0
    return 1.0


def _people(query: Query, view: View) -> list[Span]:
    found = {(m.start("name"), m.end("name")): 1.0 for m in _PERSON_HINT.finditer(view.folded) if m["name"][0] in SURNAMES}
    for match in _ACTING.finditer(view.folded):
        if match["name"][0] in SURNAMES and not any(a < match.end("name") and match.start("name") < b for a, b in found):
            found[match.start("name"), match.end("name")] = 0.95
    for before, token in zip([None, *view.tokens], view.tokens, strict=False):
        start = token.start
        if before and before.end == start and len(before.text) == 1 and before.text in SURNAMES and len(token.text) == 2 and token.flag.startswith("nr"):
            start = before.start  # the segmenter cut the surname off
        if view.folded[token.end : token.end + 1] in ("区", "县", "市", "镇", "乡", "村", "路"):
            continue
        if token.flag not in ("nr", "nrfg", "nrt") or not 2 <= token.end - start <= 4 or view.folded[token.end - 1] in "书人员会部处等长省市县区":
            continue
        if not any(a <= start < b for a, b in found) and not any(m.start < token.end and start < m.end for m in view.places):
            found[start, token.end] = 0.85 if view.folded[start] in SURNAMES else 0.6
    if _SEVERAL.search(query.text):
        others = [span for span in sorted(found) if view.folded[span[0] : span[1]] not in fold(query.text)]
        return [Span(others[0][0], others[-1][1], 1.0)] if others else []
    return [Span(a, b, fit) for (a, b), fit in sorted(found.items())]


def _noun_run(tokens: list[Token], last: int, flags: Iterable[str]) -> int:
    """First token of the unbroken run of tokens with one of `flags` that ends with token `last`."""
    first = last
    while first > 0 and tokens[first - 1].end == tokens[first].start and tokens[first - 1].flag in flags and len(tokens[first - 1].text) > 1:
        first -= 1
    return first


@lru_cache(maxsize=1)
def _not_in_names() -> frozenset[str]:
    return frozenset(words("not_in_names.txt"))


def _organisations(query: Query, view: View) -> list[Span]:
    found = []
    tokens = view.tokens
    for i, token in enumerate(tokens):
        following = tokens[i + 1] if i + 1 < len(tokens) else None
        if not _ORG.search(token.text) or (following and following.start == token.end and _ORG.search(following.text)):
            continue
        long = bool(_COMPANY.search(token.text))
        first = i
        while first > 0 and tokens[first - 1].end == tokens[first].start and token.end - tokens[first - 1].start <= (32 if long else 20):
            before = tokens[first - 1]
            if before.text in _not_in_names() or before.flag[:1] in ("p", "c", "u", "r", "d", "y") or (before.flag[:1] in ("v", "m") and before.flag != "vn" and not long):
                break
            first -= 1
        while first < i and tokens[first].flag[:1] in ("m", "q", "f") and not long:
            first += 1
        start = tokens[first].start
        if view.folded[start - 1 : start] == "”" and (opening := view.folded.rfind("“", 0, start)) >= 0 and start - opening <= 12:
            start = opening  # `阿里巴巴“饿了么”分公司`
            start = max((t.start for t in tokens if t.end == start and t.flag[:1] == "n"), default=start)
        if token.end - start >= 3 and _of_type(query.text, token.text):
            found.append(Span(start, token.end, 1.0))
    return found


_TYPES = {"学校|院校|大学": "(学校|学院|大学|中学|小学|校)$", "公司|企业|集团|厂": "(公司|集团|厂|企业|社|院|店|中心)$", "医院": "医院$", "厅局|厅|局": "(厅|局|委|部|办|院)$",
          "工会": "工会$", "媒体|报纸|报社": "(报|报社|电视台|网|社)$", "银行": "银行$", "协会": "协会$"}


def _of_type(question: str, name: str) -> bool:
    """Whether an organisation is of the type that the question names (`哪所学校`); any will do where it names none."""
    for asked, ending in _TYPES.items():
        if re.search(rf"(哪一?[个家所座]?|什么)({asked})", question):
            return bool(re.search(ending, name))
    return True


def _places(query: Query, view: View) -> list[Span]:
    found = [Span(m.start, m.end, 0.9) for m in view.places]
    if re.search(r"哪(一)?(个|座)?(省|省份)|什么省|which province", query.text) and view.part.region and not any("/" not in m.region for m in view.places):
        found.append(Span(0, len(view.text), 0.8, display(view.part.region.split("/")[0])))
    for match in re.finditer(r"(?:在|于|到|赴|地点[::为是]*)([^,。;、()]{2,24}?)(?:举行|举办|召开|启动|落幕|开幕|开展|成立|设立|拉开|进行|集合|报名|领取|[,。;])", view.folded):
        found.append(Span(match.start(1), match.end(1), 1.0))
    return found


def _names(query: Query, view: View) -> list[Span]:
    found = [Span(m.start(), m.end(), 1.0) for m in re.finditer(r"《[^》]{2,80}》|“[^”]{2,60}”", view.text)]
    found += [Span(s.start, s.end, 0.55) for s in _organisations(query, view)]
    for match in re.finditer(r"(?:名为|称为|命名为|主题为|主题是|题为|简称|称号为?|获得|荣获|获评|被评为)([^,。;]{2,30})", view.folded):
        found.append(Span(match.start(1), match.end(1), 0.8))
    prize = re.search(r"什么(奖|称号|荣誉|奖项|名次)", fold(query.text))
    if prize:
        return [s for s in found if re.search(r"奖|称号|奖章|标兵|先进|模范|能手|工匠|第[一二三四五]名", view.text[s.start : s.end + 3])]
    tokens = view.tokens
    flags = ("n", "nz", "vn", "j", "b", "nt", "l", "eng", "an", "ns")
    for i, token in enumerate(tokens):
        last = i + 1 == len(tokens) or tokens[i + 1].flag not in flags or tokens[i + 1].start != token.end
        if last and token.flag in flags and not token.text.isdigit():
            first = _noun_run(tokens, i, flags)
            if token.end - tokens[first].start >= 3:
                found.append(Span(tokens[first].start, token.end, 0.4))
    return found


def _lists(query: Query, view: View) -> list[Span]:
    folded = view.folded
    runs = [(m.start(), m.end(), m[0].count("、") + 1) for m in re.finditer(r"[^,。;!?:、]+(?:、[^,。;!?:、]+)+", folded)]
    runs += [(m.start(), m.end(), m[0].count("《") or m[0].count("“")) for m in re.finditer(r"(?:《[^》]+》[、和及]?){2,}|(?:[^,。;、“]{0,8}“[^”]+”[、和及]?){2,}", folded)]
    runs += [(m.start(), m.end(), len(re.findall(f"(?:^|[,、;]){m[1]}", m[0]))) for m in re.finditer(r"(?<=[“‘,。;::、])([\u4e00-\u9fff])[^,。;、]{1,14}(?:[,、;]\1[^,。;、”]{1,14}){2,}", folded)]
    marked = [m.start() for m in re.finditer(r"[一二三四五六七八九]是|[一二三四五六七八九]要|(?<![\d.])[((]?\d[))、.](?!\d)", folded)]
    first_item = marked[0] if len(marked) > 1 else len(view.text)
    if len(marked) > 1:
        runs.append((first_item, len(view.text.rstrip()), len(marked)))
    wanted = expected_items(query.text)
    sort = _sort_of_items(query.text)
    of_sort = [sort is not None and bool(sort.search(folded[start:end])) for start, end, _ in runs]
    found = []
    for (start, end, items), right in zip(runs, of_sort, strict=True):
        first, last = view.clause_of(start), view.clause_of(end - 1)
        inside = start >= first_item and (start, end) != runs[-1][:2]
        fit = 1.0 if wanted is None or inside else 1.15 if items == wanted else 0.85
        if inside:
            fit *= 0.9  # an item that is itself a list is not the list asked for
        if any(of_sort) and not right:
            fit *= 0.8
        before_last = view.text[start : max(start, view.text.rfind("、", start, end))]
        if any(f"“{title}”" in before_last for title in query.titles):
            fit *= 0.5  # the thing asked about is an item of this list, not its heading
        found.append(Span(view.clauses[first][0], max(end, view.clauses[last][1]), fit))
    whole = Span(0, len(view.text), 0.55 if runs else 0.45)
    return [*found, whole]


_SORTS = [
    (re.compile(rf"(?:哪些|哪几[个家所]|哪[二两三四五六七八九十][个家所])(?:{asked})"), re.compile(rf"(?:{ending})(?:、[^、]*?(?:{ending}))+"))
    for asked, ending in (("单位|部门|机构|组织", _ORG.pattern.removesuffix("$")), ("企业|公司|厂家", "公司|集团|厂|企业|银行|中心"), ("省|省市|市|城市|地市|县|地方|地区", "[省市州盟县区]"),
                          ("学校|院校|高校", "学院|大学|学校|中学|小学"), ("医院", "医院"))
]


def _sort_of_items(question: str) -> re.Pattern[str] | None:
    """What a list of the things that a question names (`哪些单位`) looks like; None where it names none with a look of its own."""
    return next((items for asked, items in _SORTS if asked.search(question)), None)


def expected_items(question: str) -> int | None:
    """How many items a question says a list has: `哪三条`, `“五强”目标`, `四个方面`; None where it says nothing."""
    match = re.search(r"哪([二两三四五六七八九十])|[“\"「]([二两三四五六七八九十])[^”\"」]{1,3}[”\"」]|([二两三四五六七八九十])(?:条|个|项|大|类|种|篇|家|位|名|块|方面|点)", question)
    return _NUMERAL[next(g for g in match.groups() if g)] if match else None


def _sentence(query: Query, view: View) -> list[Span]:
    return [Span(0, len(view.text), 1.0)]


def _contacts(query: Query, view: View) -> list[Span]:
    return [Span(m.start(), m.end(), 1.0) for m in _CONTACT.finditer(view.text)]


_BY_KIND: dict[Kind, Callable[[Query, View], list[Span]]] = {
    Kind.QUANTITY: _quantities, Kind.MONEY: _quantities, Kind.PERCENT: _quantities, Kind.DATE: _dates, Kind.PERSON: _people,
    Kind.ORGANISATION: _organisations, Kind.PLACE: _places, Kind.NAME: _names, Kind.LIST: _lists, Kind.TEXT: _sentence, Kind.CONTACT: _contacts,
}
