"""What a sentence of a report is made of: clauses, items of a list, who does it, and in what course.

`湖北各级工会开展“五小”活动,覆盖企业9885家、职工84.74万人` is an agent, a frame (what was carried out) and two items,
the second of which takes its verb from the first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.text.numbers import find_quantities
from rag.text.sentences import clauses
from rag.text.times import find_times
from rag.text.tokens import Token, cut

Span = tuple[int, int]
_MARKS = ",\uff0c;\uff1b:\uff1a\u3002!\uff01?\uff1f\u3001 "
_LEAD = re.compile(
    r"(?:其中|同时|此外|另外|目前|据统计|据悉|据了解|截至目前|截止目前|至今|如今|为此|并且?|还|也|又|先后|随后|此后|特别是|尤其是|一方面|另一方面"
    r"|在此基础上|与此同时|因此|所以|由此)[,\uff0c]?"
    r"|第[一二三四五六七八九十百\d]+[条款项][\s\u3000]*|[(\uff08][一二三四五六七八九十\d]+[)\uff09]\s*|[一二三四五六七八九十]+是(?=[\u4e00-\u9fff])|\d{1,2}[.\u3001]\s*(?=[\u4e00-\u9fff])"
)
_AGENT = re.compile(
    r"(?:工会|省总|市总|公司|集团|企业|单位|政府|委员会|省委|市委|[厅局委院校厂所室站]|(?<!总)部|大学|中心|协会|联合会|银行|医院|机关|系统"
    r"|组织|联盟|车间|班组|团队|省|市|县|区|州|职工|员工|干部|工人|代表|党组|各地)$"
)
# verbs of reports that the tagger may take for nouns or names
_VERBS = frozenset(
    re.findall(
        r"\S+",
        "培训 投入 覆盖 举办 开展 组织 提供 印发 下拨 帮扶 救助 新建 建立 建成 设立 发放 慰问 走访 服务 表彰 选树 评选 命名 签订 "
        "签署 安排 筹集 募集 吸引 参与 推动 推进 受理 办理 调解 化解 发展 吸收 组建 推出 出台 制定 修订 发布 编写 拍摄 播出 授予 "
        "培育 扶持 补贴 返还 减免 免除 资助 捐赠 采购 销售 节约 创收 创效 招聘 安置 介绍 推荐 征集 收到 评审 改造 更新 建设 维修 "
        "配备 购置 种植 生产 出口 进口 接待 借阅 收藏 展出 演出 监测 检查 整改 宣传 落实 指导 支持 引导 维护 面向 围绕 针对 聚焦 "
        "依托 通过 做好 做实 深化 实施 优选 归集",
    )
)
# what is said of a thing that can't act: `票房突破1亿元`
_STATES = frozenset(
    re.findall(
        r"\S+",
        "启用 位于 地处 达 达到 突破 超过 为 是 有 占 获 荣获 获得 获评 入选 增长 下降 提高 增加 减少 完成 实现 举行 启动 召开 成立 落户 上线 "
        "带动 参加 参赛 覆盖 吸引 组成 纳入 保持 由 被 共有 评为 拉开帷幕 落下帷幕 揭牌 投产 开工 竣工 开幕 闭幕 签署 发布",
    )
)
_ADVERBS = frozenset(
    re.findall(
        r"\S+",
        "广泛 持续 深入 扎实 积极 大力 着力 全面 认真 不断 进一步 联合 共同 统筹 牵头 精准 创新 严格 坚决 主动 率先 累计 共 已 新 "
        "年均 直接 均 还 又 也 先后 正式 充分 及时 始终 常态化 重点 成功 精心 全力",
    )
)
_FRAME = re.compile(
    r"(?:深入|广泛|持续|扎实|大力|积极|联合|共同|牵头|全面|常态化|创新|着力|统筹|认真|不断)*(?:组织)?"
    r"(?:开展|举办|实施|通过|依托|围绕|深化|推进|推动|设立|建立|启动|打造|针对|面向|召开|组建|成立|承办|举行|推行|落实|聚焦|利用)"
)
_GIVEN = re.compile(r"(?:的|时|后|以后|之后|情况下)$")  # on what condition: `逾期归还的,每天收取0.1元`
_TOWARDS = re.compile(r"[对为向给]")
_LONGEST = 30  # characters of an agent; a longer one was not understood


@lru_cache(maxsize=4096)
def tokens(text: str) -> tuple[Token, ...]:
    """`cut`, remembered."""
    return tuple(cut(text))


@dataclass(frozen=True, slots=True)
class Pieces:
    """One sentence in pieces; all spans count in `text`, none holds its closing mark.

    `agent` is who or what the sentence is about, None where it does not say.
    """

    text: str
    clauses: tuple[Span, ...]
    items: tuple[Span, ...]
    agent: Span | None

    def clause_of(self, span: Span) -> int | None:
        """Number of the clause that holds `span`."""
        return next((i for i, (a, b) in enumerate(self.clauses) if a <= span[0] and span[1] <= b), None)

    def frame(self, clause: int) -> Span | None:
        """The clause before `clause` in the course of which it was done: one with such a verb and without a figure."""
        if clause and _TOWARDS.match(self.text, *self.clauses[clause - 1]):
            last = self.clauses[clause - 1]
            if not self.acted(last):
                return last
        if clause and _GIVEN.search(self.text[slice(*self.clauses[clause - 1])]):
            return self.clauses[clause - 1]
        for start, end in reversed(self.clauses[:clause]):
            inner = start if self.agent is None or not start <= self.agent[0] < end else self.agent[1]
            said = self.text[inner:end]
            if _FRAME.match(said.lstrip()) and not figures(said):
                return inner, end
        return None

    def acted(self, span: Span) -> bool:
        """Whether something is done or said in `span`: whether it holds a verb that is no attribute."""
        found = [t for t in tokens(self.text) if span[0] <= t.start and t.end <= span[1]]
        return any(
            (t.text in _STATES or t.text in _VERBS or t.flag == "v") and self.text[t.end : t.end + 1] != "的"
            for t in found
        )


def figures(text: str) -> list[Span]:
    """Spans of the figures of `text` that have a unit, are written in digits and tell no time."""
    times = [(m.start, m.end) for m in find_times(text, None)]
    return [
        (q.start, q.end)
        for q in find_quantities(text)
        if q.unit and text[q.start].isdigit() and not any(a <= q.start < b for a, b in times)
    ]


def pieces(text: str) -> Pieces:
    """Take a sentence apart."""
    whole = tuple(_bare(text, span) for span in clauses(text))
    items = tuple(_bare(text, span) for span in clauses(text, items=True))
    return Pieces(text, whole, items, _agent(text, whole))


def _bare(text: str, span: Span) -> Span:
    """A clause without its closing mark and the connective that opens it."""
    start, end = span
    while start < end and text[end - 1] in _MARKS:
        end -= 1
    while (lead := _LEAD.match(text, start, end)) and lead.end() < end:
        start = lead.end()
    return start, end


def _agent(text: str, whole: Sequence[Span]) -> Span | None:
    """Who or what the sentence is about: what stands before the first verb of its first clauses."""
    for i, span in enumerate(whole[:3]):
        found = opening(text, span)
        if found is None or found[1] - found[0] > _LONGEST:
            continue
        if found[0] == found[1]:  # it begins with a verb: nobody is named
            return None
        if i == 0 or acts(text[slice(*found)]):
            return found
        if not figures(text[slice(*span)]) and found[1] == span[1]:  # a topic: `全省职工主题阅读活动,`
            return found
    return None


def opening(text: str, span: Span) -> Span | None:
    """What stands before the verb of a clause (all of one without a verb); None where that is no noun phrase."""
    start, end = span
    times = [m for m in find_times(text[start:end], None) if m.start == 0]
    begin = start + (times[0].end if times else 0)
    begin += len(text[begin:end]) - len(text[begin:end].lstrip(_MARKS + "的以来内"))
    found = [t for t in tokens(text) if begin <= t.start and t.end <= end]
    for i, token in enumerate(found):
        last = i
        while last and (found[last - 1].text in _ADVERBS or found[last - 1].flag in ("d", "ad")):
            last -= 1
        stop = found[last].start
        if verbal(token, text[begin:stop]) and text[token.end : token.end + 1] != "的":
            named = (
                last == 0
                or found[last - 1].flag[:1] in "njlibsz"
                or found[last - 1].flag in ("vn", "an", "r")
            )
            return (begin, stop) if named else None
        if token.flag[:1] in ("p", "c") and token.text not in ("与", "和", "及", "暨", "同"):
            return None
    return (begin, end) if found and (found[-1].flag[:1] == "n" or found[-1].flag == "vn") else None


def verbal(token: Token, before: str) -> bool:
    """Whether a token is the verb of its clause, given what of the clause stands before it."""
    if token.text in _STATES:
        return True
    known = token.text in _VERBS or (token.flag in ("v", "vd") and len(token.text) > 1)
    return known and (not before.strip(_MARKS) or acts(before))


def acts(text: str) -> bool:
    """Whether a noun phrase can do something: an organisation, a place, people."""
    return _AGENT.search(text.rstrip(_MARKS)) is not None


def verbs(text: str, span: Span) -> str:
    """The verbs, one after the other, with which the clause `span` begins: `评选表彰`, `新命名`."""
    run = ""
    for token in tokens(text):
        if token.start < span[0] or token.end > span[1]:
            continue
        adverb = not run.strip() and token.text in _ADVERBS
        verb = token.text in _VERBS or token.text in _STATES or (token.flag == "v" and len(token.text) > 1)
        if adverb or (verb and token.start == span[0] + len(run)):
            run += text[span[0] + len(run) : token.end]
        else:
            break
    return run
