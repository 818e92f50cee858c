"""What a question asks for: times, places, titles, numbers, the kind of answer, and the terms that must be supported.

All by rule, so that the same question is always understood in the same way and the reading can be shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import Enum

from ..text.designators import Designator, find_designators
from ..text.fold import fold, half_width
from ..text.numbers import UNITS
from ..text.places import covers, find_places
from ..text.times import find_times
from ..types import Period
from .terms import Term, chinese_terms, english_terms


class Kind(Enum):
    """The kind of answer that a question asks for."""

    QUANTITY = "quantity"
    MONEY = "money"
    PERCENT = "percent"
    DATE = "date"
    PERSON = "person"
    ORGANISATION = "organisation"
    PLACE = "place"
    NAME = "name"  # a title, theme, name of a thing
    LIST = "list"
    CONTACT = "contact"  # telephone, e-mail, document number
    TEXT = "text"  # how, why, what: sentences


# a measure word that begins a noun is none (`多少项目`, `几位置`)
_NOT = {"项": "目", "场": "所地馆合", "站": "点", "组": "织建", "部": "门", "级": "别", "课": "程", "队": "伍员", "条": "件款例", "位": "置", "种": "类",
        "人": "员才", "家": "庭长属具", "个": "人", "所": "有", "代": "表", "名": "额单次", "支": "出部持", "市": "场", "县": "级", "款": "项", "笔": "记", "区": "域", "点": "赞",
        "批": "准", "对": "象", "度": "假", "本": "科", "股": "东", "国": "家", "省": "级", "里": "面"}
_NOUNS = ("单", "员", "点", "组", "队", "代", "国", "省", "里", "站", "级")
_UNIT = "|".join(f"{re.escape(u)}(?![{_NOT[u]}])" if u in _NOT else re.escape(u) for u in sorted(UNITS, key=len, reverse=True) if u not in _NOUNS)
# The first pattern that matches wins; a group "unit" gives the unit asked for, "head" the thing counted.
_ZH_KINDS: list[tuple[Kind, re.Pattern[str]]] = [
    (kind, re.compile(pattern))
    for kind, pattern in (
        (Kind.TEXT, r"为(什么|啥|何)(?!.{0,24}(多少|几[个家人名项]|哪))"),
        (Kind.CONTACT, r"联系方式|电话(号码)?(是|为)?(多少|什么)?|手机号|邮箱|网址|文号|几号文|热线(是|号码)"),
        (Kind.DATE, r"哪(一)?年"),
        (Kind.PERCENT, r"(比例|比率|占比|满意度|比重)[^,。?]{0,8}(多少|几)|百分之(几|多少)|百分比|占比|(比例|比率|率|满意度|比重|程度)(一直|始终|保持|稳定|维持|大概|大约|约|在|是|为|有|达|达到|能)*(多少|多高|几|怎样|如何|什么)|多高|几成|(比例|满意率|满意度|率)[??]?$|多少(个)?百分点"),
        (Kind.DATE, r"什么时候|啥时候|几几年|何时|截止到?几|最[晚迟早]|哪(一)?[年天日月]|几[月号日]|什么时间|什么日期|哪个(月|季度|时候)|多久以前|(?<!哪)几点|时间是|日期|(?<!多少)(?<!几)年份|截止(时间|日期)"),
        (Kind.LIST, r"(面向|针对|对象|适用于?|覆盖|服务于?|惠及|包括)(的)?(是|了|有)?哪些人"),
        (Kind.PERSON, r"哪些人(?!员|物)|都?有(哪几位|谁)(?!家)"),
        (Kind.NAME, r"(主题|口号|题目|标题)[)）]?(是|为)?(哪|什么|啥)"),
        (Kind.LIST, r"哪些|都.{0,3}(啥|什么)|哪(?:两|三|四|五|六|七|八|九|十)(?![位名个人天日月年])|哪几|有什么(措施|内容|要求|活动|部门|单位|荣誉|奖|方面|不足|问题|任务|目标|行动|文件)|分别(是|有|叫|为)(什么|哪|谁)|列(出|举)|都有(谁|什么|啥)|包括什么|包含什么|哪[二两三四五六七八九十](?![位名]|个人)|都(做|办|干|开展|推出|出台|印发)了(什么|啥)"),
        (Kind.MONEY, r"(资金|经费|款项|金额|总额|补贴|奖金)(总额|总数)?[??]?$|多少(?P<unit>万元|亿元|元|钱|块)|多少(?P<head>[^,??]{0,8}?(?:资金|经费|款|补贴|慰问金|奖金|金额|(?<!免)费(?!检|筛)|投资|补助|工资|收入|营收|票房|价值|损失|产值|销售额|利润|效益|奖励|押金|保证金|租金|定金|滞纳金|罚金|违约金|公积金|造价|价格|预算|支出|薪酬|月薪|年薪))|(资金|经费|款项|金额|总额|规模|票房|损失|产值|销售额|利润|补助|补贴|工资|收入|金)(一共|总共|总计|合计|共|大概|大约|又|分别|各)*(是|有|为|达|达到|花|用|投)*了?多少(?![人家个名件场])|花了?多少|几(个)?(?P<unit2>亿|元|万元)|投入了?多少(?![人家个名件场])|多大(金额|规模)|省了多少|创收多少|创效多少"),
        (Kind.QUANTITY, rf"(多少|几|若干)(?P<scale>[万亿千百]?多?)(余|来)?(?:个(?=人))?(?P<unit>{_UNIT})|多少(?P<head>[^,??]{{0,10}})|第几|数量|人数|总数|[场家件项户人岗]数|什么规模|多大规模|规模(多大|是多大|有多大)|几(?P<unit3>{_UNIT})|多[长大高远重]|多久|场次|几[^何乎]"),
        (Kind.ORGANISATION, r"[和与同跟]谁(一起|共同|联合|合作|一道|联手)"),
        (Kind.PERSON, r"谁|哪(一|两|三|四|五|六|几)?(位|名|个人)|什么人|何人|[员工人师长者表记手](的名字)?(叫什么|叫啥|是什么名字|姓名)|姓名|作者|记者是"),
        (Kind.ORGANISATION, r"哪(一)?(个|家|所)(单位|部门|公司|企业|机构|组织|学校|学院|工会|总工会|工厂|厂|厅局|厅|局|报|媒体|协会|集团|医院|报社)|什么(单位|部门|公司|企业|机构|组织|学校|报纸|媒体|报)|谁(主办|承办|举办|牵头|发布|印发)|由谁|哪家|哪个(厅|局|委)|哪家(?!里)"),
        (Kind.PLACE, r"哪(里|儿)|什么地方|何处|哪(一)?(个|座)?(省|市|城市|县|区|地方|地区|省份)|地点|在哪"),
        (Kind.NAME, r"(叫|名为|称为)(什么|啥|做什么)|什么(主题|名称|名字|称号|题目|口号|奖|荣誉|标题|电影|文件|品牌|平台|栏目|专题片|项目|计划|活动|行动|工程)|(主题|名称|名字|题目|标题|口号|全称|片名|简称|称号|宗旨)(是|为|叫)*(什么|啥)|哪(一)?(个|部|份|项|种|类|场|款|本)|主题是|名称|什么名"),
        (Kind.PERSON, r"^.{0,12}(领衔人|带头人|负责人|组长|主席|书记)(是|为)"),
        (Kind.ORGANISATION, r"(工作)?单位$|就职|供职"),
        (Kind.TEXT, r"."),
    )
]
_EN_KINDS: list[tuple[Kind, re.Pattern[str]]] = [
    (kind, re.compile(pattern))
    for kind, pattern in (
        (Kind.TEXT, r"^(and |but |so )?why\b"),
        (Kind.PERCENT, r"what (percentage|percent|share|proportion|rate)|how (satisfied|high)|satisfaction (rate|level)|\bpercentage\b"),
        (Kind.MONEY, r"how much|what (amount|sum)|(amount|sum) of (money|funds|funding)|how many (yuan|rmb|million yuan|billion yuan)|box office"),
        (Kind.DATE, r"\bwhen\b|(what|which) (year|date|day|month|time)"),
        (Kind.QUANTITY, r"how many|what number|number of|how (large|big|long)|\bhow often\b"),
        (Kind.PERSON, r"\bwho\b|whose|which person|name of the (author|person|reporter|worker)"),
        (Kind.ORGANISATION, r"(which|what) (company|organi[sz]ation|department|agency|institution|union|newspaper|school|body|bodies)"),
        (Kind.PLACE, r"\bwhere\b|(which|what) (city|province|place|county|region)"),
        (Kind.LIST, r"(which|what) \w+s (are|were|did|do|have|has)\b|what are|what were|\blist\b|name the|which \w+s\b"),
        (Kind.NAME, r"(name|title|theme|slogan|called|entitled|titled)|^which\b|what (film|movie|award|honou?r|programme|program|project|campaign|app|platform)"),
        (Kind.TEXT, r"."),
    )
]
_QUOTED = re.compile(r"《([^》]+)》|“([^”]+)”|\"([^\"]{2,})\"|「([^」]+)」")
_SHORT_YEAR = re.compile(r"(?<![\d.])([12]\d)年(?=[^\d\s来间前后以多里历级制])(?!度)")
_BARE_YEAR = re.compile(r"(?<![\d.])((?:19|20)\d\d)(?=(?:[、和与及跟](?:19|20)\d\d)+年)")  # `2021和2022年`
TOPIC = "\u3000"  # stands between what a follow-up takes over from the conversation and its own words
_IMPLIED = re.compile(r"(场|家|件|项|户|人)[次数]|(岗)位数")
_CODE = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z0-9.-]*\d)(?=[A-Za-z0-9.-]*[A-Za-z])[A-Za-z0-9.-]{2,}|[\u4e00-\u9fff]{1,6}〔\d{4}〕\d+号")
_UNION = re.compile(r"总(?!工会|体|量|数|结|部|经理|额|计|共|产|人|值|会|书记|分|干)")
_OF_PLACE = re.compile(r"[那的这全各有]|工会")  # `辽宁那5所学院`: the place is said by itself
_ABBREVIATION = re.compile(r"[“\"「][二两三四五六七八九十][^”\"」]{1,4}[”\"」]")
_MONEY_HINT = re.compile(r"资金|经费|金额|慰问金|补贴|奖金|工资|票房|钱|预算|款|创收|创效|价值|funds?|money|yuan|rmb|cost")


@dataclass(frozen=True, slots=True)
class Query:
    """A question as understood.

    `terms` carry the weight that evidence must support; `regions` and `years` are compared with what a sentence
    speaks of; `unit` is the measure word asked for ("" where none), `head` the thing counted.
    """

    text: str
    language: str  # "zh" or "en"
    kind: Kind
    unit: str = ""
    head: str = ""
    period: Period | None = None
    regions: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    terms: tuple[Term, ...] = ()
    years: tuple[int, ...] = ()
    unresolved_time: bool = False
    since: bool = False  # `2019年以来`: the time asked about begins with its year
    designators: tuple[Designator, ...] = ()  # numbers that name one of several (`2号厂`): another's figure is no answer
    homes: tuple[str, ...] = ()  # provinces within names (`辽宁工匠学院`): a document of another is not about it
    rewritten_from: str | None = None
    focus: tuple[int, ...] = ()  # numbers of the terms that name the thing counted or asked for
    places: tuple[tuple[int, int, str], ...] = field(default=())
    times: tuple[tuple[int, int, Period], ...] = field(default=())

    def explain(self) -> dict[str, object]:
        """What was understood, for the answer object and the chat window."""
        return {
            "kind": self.kind.value,
            "unit": self.unit,
            "years": list(self.years),
            "regions": list(self.regions),
            "titles": list(self.titles),
            "terms": [t.text for t in sorted(self.terms, key=lambda t: -t.weight)],
            "rewritten": self.text if self.rewritten_from else None,
        }


def understand(text: str, *, anchor: Period | None = None) -> Query:
    """Read a self-contained question. `anchor` is what `今年` refers to, where a conversation gave it."""
    text = _BARE_YEAR.sub(r"\1年", _SHORT_YEAR.sub(r"20\1年", half_width(text.strip(" \t\r\n"))))
    folded = fold(text)
    plain = _QUOTED.sub(lambda m: "□" * len(m[0]), folded)  # a quoted name asks nothing
    language = "zh" if sum("\u4e00" <= c <= "\u9fff" for c in plain) * 1.5 >= len(re.findall(r"[a-z]+", plain)) else "en"
    topic_end = text.rfind(TOPIC) + 1
    kind, unit, head = _kind(plain[topic_end:], language)
    if kind in (Kind.TEXT, Kind.NAME, Kind.QUANTITY) and _ABBREVIATION.search(text) and re.search(r"是什么|指什么|具体|内容|是哪|含义|哪", text):
        kind, unit = Kind.LIST, ""  # `“四门”理念是什么` asks for the four
    if kind is Kind.QUANTITY and _RANKS.search(plain):
        kind, unit = Kind.LIST, ""  # `几个一、二、三等奖` asks for a figure of each
    mentions = [m for m in find_times(text, anchor) if m.kind != "title"]
    times = [(m.start, m.end, m.period) for m in mentions if m.period is not None]
    places = [(m.start, m.end, m.region) for m in find_places(text) if m.kind not in ("in_name", "deictic") or (m.kind == "in_name" and _OF_PLACE.match(text, m.end))]
    homes = tuple(dict.fromkeys(m.region.split("/")[0] for m in find_places(text) if m.kind == "in_name" and m.region != "全国"))
    titles = tuple(next(g for g in m.groups() if g) for m in _QUOTED.finditer(text))
    masked = list(folded)
    for start, end in [m.span() for m in _WRAPPING.finditer(folded)] + [(a, b) for a, b, _ in times] + [(m.start, m.end) for m in mentions] + [(a, b) for a, b, _ in places]:
        masked[start:end] = " " * (end - start)
        if _UNION.match(folded, end):  # `省总`, `市总`: the trade union of the place
            masked[end] = " "
    if language == "zh" and unit and (counted := _COUNTED.search(folded)):
        masked[counted.start() : counted.end()] = " " * len(counted[0])  # `人次访问` is not `人` and `次访问`
    body = "".join(masked)
    terms = chinese_terms(body) if language == "zh" else english_terms(body)
    terms = _quoted_terms(text, terms)
    terms = [replace(t, weight=t.weight * 0.5) if t.start < topic_end else t for t in terms]
    terms = [t for t in terms if t.text not in _ANSWER_WORDS.get(kind, ()) and t.text != unit]
    periods = [p for _, _, p in times]
    return Query(
        text=text, language=language, kind=kind, unit=unit, head=head,
        period=Period(min(p.first for p in periods), max(p.last for p in periods)) if periods else None,
        years=tuple(dict.fromkeys(y for p in periods for y in (p.first, p.last))),
        regions=_outermost([r for _, _, r in places]), titles=titles,
        codes=(*(m[0] for m in _CODE.finditer(fold(text))), *_unknown_places(text, [(a, b) for a, b, _ in places])), terms=tuple(terms),
        unresolved_time=any(m.period is None and m.kind == "deictic" for m in mentions),
        since=any(m.kind == "since" for m in mentions),
        designators=tuple(d for d in find_designators(folded) if not any(a < d.end and d.start < b for a, b, _ in times)),
        places=tuple(places), times=tuple(times), homes=homes,
        focus=() if kind is Kind.PERCENT else _focus(plain, terms) if kind in (Kind.QUANTITY, Kind.MONEY) else _attribute(plain, terms, kind),
    )


# what is said of the answer or of where to look for it, not of the thing asked about
_WRAPPING = re.compile(r"(?:对比|比较)一?下|(?:^|(?<=[年省市区县,]))(?:按照?|根据|依据)(?:各自|各地|这些|这份|那份)?的?[^,\d]{0,6}(?:总结|综述|报告|材料|资料|文件)(?:来看|看|里|中|说)*(?=,)")
_RANKS = re.compile(r"[一二三四五甲乙丙](?:[、和及与][一二三四五甲乙丙])+(?:等奖?|级|类|档|批|线)")
_HOW_MANY = "多少|(?<![这近前后头])几"  # `近几年` asks nothing
_COUNTED = re.compile(rf"(?:{_HOW_MANY})(?:[万亿千百]多?)?(?:{_UNIT})")
_COUNT_WORD = re.compile(
    rf"(?:{_HOW_MANY}|若干|哪一?|什么)(?:个|[万亿千百]多?)?(?:余|来)?(?:{_UNIT})?|百分之几|how many|how much|number of|which|what (?:percentage|share|proportion) of|what"
)


def _focus(folded: str, terms: list[Term]) -> tuple[int, ...]:
    """The terms next to the question word: right behind it (`多少家企业`), else the last noun before it."""
    start = folded.rfind(TOPIC) + 1
    asked = _COUNT_WORD.search(folded, start)
    if asked is None or not terms:
        named = [i for i, t in enumerate(terms) if _nominal(t) and t.start >= start]
        return _which(terms, named[-1:])
    run: list[int] = []
    for i, term in enumerate(terms):
        edge = asked.end() if not run else terms[run[-1]].end
        if 0 <= term.start - edge <= (1 if not run else 0) and len(run) < 3:
            if run and _nominal(terms[run[-1]]) and not _nominal(term):
                break
            run.append(i)
    while run and not _nominal(terms[run[-1]]) and not _MONEY_HINT.match(folded, terms[run[-1]].end):  # `送温暖资金`: the thing is the word before
        run.pop()
    if run:
        return tuple(run)
    before = [i for i, t in enumerate(terms) if start <= t.start and t.end <= asked.start() and folded[t.end : t.end + 1] not in ("了", "过")]
    nouns = [i for i in before if _nominal(terms[i]) and terms[i].text not in VAGUE] or [i for i in before if _nominal(terms[i])]
    return _which(terms, (nouns or before)[-1:])


def _which(terms: list[Term], focus: list[int]) -> tuple[int, ...]:
    """`招聘活动`: where the thing asked for has a vague name, the word before says which it is."""
    if focus and focus[0] and terms[focus[0]].text in VAGUE and terms[focus[0] - 1].end == terms[focus[0]].start:
        return focus[0] - 1, focus[0]
    return tuple(focus)


VAGUE = frozenset(["队伍", "规模", "情况", "总量", "方面", "工作", "活动", "水平", "力度", "程度", "范围", "结果", "成果", "事情", "事", "内容", "项目", "现场"])
_ATTRIBUTE = re.compile(r"(是|为|叫|由|有)?(谁|哪(一)?[位名天年月日个家里]|什么时候|何时|什么时间|什么地方|哪里|何地|who|when|where)")


def _attribute(folded: str, terms: list[Term], kind: Kind) -> tuple[int, ...]:
    """What is asked of the thing: `导演是哪位` → 导演, `谁研发的` → 研发, `哪一年成立` → 成立."""
    asked = _ATTRIBUTE.search(folded)
    if kind not in (Kind.PERSON, Kind.DATE) or asked is None:
        return ()
    behind = [i for i, t in enumerate(terms) if 0 <= t.start - asked.end() <= 1 and t.flag[:1] in ("v", "n")]
    before = [i for i, t in enumerate(terms) if 0 <= asked.start() - t.end <= 1 and t.flag[:1] in ("n", "v", "j")]
    return tuple((behind or before)[-1:])


def _nominal(term: Term) -> bool:
    """Nouns, abbreviations, idioms, Latin words and verbal nouns."""
    return term.flag[:1] in ("n", "j", "l", "e", "b") or term.flag == "vn"


def _unknown_places(text: str, known: list[tuple[int, int]]) -> list[str]:
    """Counties and the like that the gazetteer does not hold (`敦煌市`): they must be named where the answer stands."""
    return [
        m[1] for m in _COUNTY.finditer(text)
        if m[1][:-1] not in _NO_PLACE and not any(a < m.end(1) and m.start(1) < b for a, b in known)
    ]


_COUNTY = re.compile(r"(?:^|(?<=[省市州盟区在对,。?]))([\u4e00-\u9fff]{2,3}[市县旗])(?![\u4e00-\u9fff]{0,1}级|场|域|别|总|委|民|区|容|政|值)")
_NO_PLACE = frozenset(["全", "各", "城", "我", "本", "该", "全国各", "各省", "哪个", "哪些", "多少", "几个", "一个", "两个", "三个", "某", "大城", "中小城", "直辖", "地级", "设区", "省会", "个", "重点", "直管", "所辖", "下辖", "周边", "其他", "其它", "农贸", "超", "股", "上", "入", "楼", "夜"])
DURATION = "时间"
"""The unit of a question that asks how long something takes."""

_DURATION = re.compile(r"多长(的)?时间|多久(?!以前)|几(年|个月|天|周|小时|分钟)时间|how long")
_ANSWER_WORDS = {
    Kind.MONEY: ("钱", "资金", "经费", "金额", "钱款", "款项", "总额", "花", "元", "块", "款"),
    Kind.ORGANISATION: ("单位", "公司", "企业", "机构", "部门", "厅局", "厂", "工厂", "组织", "厅", "局", "上班", "工作", "媒体"),
    Kind.PLACE: ("城市", "地点", "地方", "市", "省", "县", "区", "省份"),
    Kind.LIST: ("人物", "方面", "市", "城市", "省", "内容", "名单", "名字"),
    Kind.CONTACT: ("联系方式", "电话", "号码", "手机号", "邮箱", "网址", "文号"),
    Kind.PERSON: ("同志",),
    Kind.PERCENT: ("占", "比例", "比重", "百分比"),
    Kind.NAME: ("名字", "名称", "全称", "称号", "人称", "叫做"),
    Kind.DATE: ("日期", "时间"),
    Kind.QUANTITY: ("人次", "数量", "人数", "场次", "总数", "为止", "加", "起来", "规模", "场数", "家数", "项数", "件数", "岗位数", "个人", "数", "多长时间", "长时间", "多久", "时间"),
}


def _quoted_terms(text: str, terms: list[Term]) -> list[Term]:
    """Each quoted name as one term in place of the words in it; what it says must be found whole."""
    for match in _QUOTED.finditer(text):
        inside = [t for t in terms if match.start() <= t.start and t.end <= match.end()]
        name = fold(next(g for g in match.groups() if g))
        if name.isascii() and " " in name:
            continue  # a translated name: its words are looked for
        variants = ((f"《{name}》", 1.0), (name, 0.5)) if match[1] else ((name, 1.0),)
        whole = Term(name, 1.0, variants, False, match.start(), match.end(), "nz")
        at = terms.index(inside[0]) if inside else sum(t.end <= match.start() for t in terms)
        terms = [t for t in terms if t not in inside]
        terms.insert(at, whole)
    return terms


def _outermost(regions: list[str]) -> tuple[str, ...]:
    """Named regions without repeats; `辽宁省沈阳市` is the city alone."""
    kept = dict.fromkeys(r for r in regions if r != "全国")
    return tuple(r for r in kept if not any(o != r and covers(r, o) for o in kept))


def _kind(folded: str, language: str) -> tuple[Kind, str, str]:
    for kind, pattern in _ZH_KINDS if language == "zh" else _EN_KINDS:
        match = pattern.search(folded)
        if match is None:
            continue
        groups = {k: v for k, v in match.groupdict().items() if v}
        unit = groups.get("unit") or groups.get("unit2") or groups.get("unit3") or ""
        head = groups.get("head", "")
        if kind is Kind.QUANTITY and not unit and (implied := _IMPLIED.search(folded)):
            unit = implied[1] or "个"
        if kind is Kind.QUANTITY and _DURATION.search(folded):
            return kind, DURATION, ""
        if unit in ("元", "万元", "亿元", "钱", "块", "亿"):
            return Kind.MONEY, "元", head
        if kind is Kind.QUANTITY and unit in ("年", "月", "日", "号") and not re.search(rf"多少{unit}", folded):
            return (Kind.DATE, "", "") if unit != "年" or "几年" not in folded else (kind, unit, head)
        if kind is Kind.QUANTITY and not unit and not head and _MONEY_HINT.search(folded[: match.start()]) and language == "zh":
            return Kind.MONEY, "元", head
        return kind, unit, head
    return Kind.TEXT, "", ""
