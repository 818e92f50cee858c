"""Slips of people who type: look-alike characters, wrong keys, words of the same sound."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator

from rag.messages import tr
from rag.text.tokens import Token

from ..rows import Gold
from .kept import HAN, disturbed, is_english, letters, same_demand, words
from .kinds import Documents, Skip, mutated
from .sounds import homophones, mistyped, next_keys, readings
from .world import World

_LIKE = (
    "已己 未末 人入 土士 大太 天夫 因困 拨拔 辨辩辫 部陪倍 练炼 侯候 晴睛清请情 代伐 折拆析 挂桂 技枝 职织识 场扬 论轮抡 抢枪 "
    "准淮 免兔 竞竟 赛塞 历厉 受爱 微徽 帮绑 岗刚 培赔 训驯 奖桨 项顶 载栽裁 密蜜 慕募幕墓 基甚 货贷 劳荣 营管 官宫 宣宜 仪议 "
    "惯贯 续读 购构沟 补扑 投设 提堤 活话 动劝 创刨 剂济 快块决 住往注 侧测 例列 何河 保堡 先洗 治冶 别刚 助勤 券卷 厂广 原源 "
    "史吏 各名 员贝 园圆 坚竖 城域 增赠 奋备 季李 完宗 实买 客容 师帅 幸辛 底低抵 建健键 开升 式试 待侍持特 性姓 战站 护沪 报服 "
    "措错借 收牧 政改 效郊 球救求 旅族旋 期欺 术木 材村 板版 标际 校较 检捡 模摸 波被 深探 温湿 油抽 牌碑 班斑 理埋 真直 社杜 "
    "福副幅 科料 程税 第弟 精清 级极 组祖阻 绩债 维难 综棕 肩眉 规现 视祝 订计 证正 课棵 谈淡 象像 账帐 转传 运远 近进 选先 通诵 "
    "问间 防访 险检 集难 预顶 领岭 题提 驻注 网冈 产广 服报 安宾 全金 会合 企仓 业亚 干千 工土 作昨 新亲 展屏 活沽 和知 高亮"
)
LOOK_ALIKE: dict[str, str] = {}
"""Common characters that are taken for one another, by shape. Written for this project."""
for _group in _LIKE.split():
    for _char in _group:
        _others = LOOK_ALIKE.get(_char, "") + _group.replace(_char, "")
        LOOK_ALIKE[_char] = "".join(dict.fromkeys(_others))

_WORD = re.compile(r"(?<![A-Za-z'-])[a-z]{5,}(?![A-Za-z'-])")
_LONG = 16  # characters of a question from which on it may have two slips
Slip = Callable[[str, random.Random], str | None]


def typo(gold: Gold, world: World, rng: random.Random) -> Gold:
    """One or two slips of typing in plain words; numbers, names, places, times, quotations and the question word stay.

    A slip is a look-alike character, the wrong key, a character twice, two in the wrong order, or one left out.
    """
    most = _how_many(gold.question, rng)
    text, said = _changed(gold.question, _slips(gold.question, world, rng), most)
    if not said:
        raise Skip(tr("没有可改的普通词", "no plain word to change"))
    return mutated(gold, f"typo: {', '.join(reversed(said))}", question=text)


def _how_many(question: str, rng: random.Random) -> int:
    return 2 if len(letters(question)) >= _LONG and rng.random() < 0.4 else 1


def _changed(question: str, changes: Iterable[tuple[int, int, str]], most: int) -> tuple[str, list[str]]:
    """The question with up to `most` of the changes (start, end, new text) that disturb nothing, and what they were."""
    text = question
    said: list[str] = []
    for start, end, new in changes:
        changed = text[:start] + new + text[end:]
        if disturbed(question, changed) is None:
            said.append(f"{text[start:end]} > {new}")
            text = changed
        if len(said) == most:
            break
    return text, said


def _slips(text: str, world: World, rng: random.Random) -> list[tuple[int, int, str]]:
    """Changes of one character each, at most one a word, the last word of the text first (so that spans stay)."""
    spans = (
        [(m.start(), m.end()) for m in _WORD.finditer(text)]
        if is_english(text)
        else [(t.start, t.end) for t in words(text)]
    )
    rng.shuffle(spans)
    out = []
    for start, end in sorted(spans[:3], reverse=True):
        ways = _latin_ways() if is_english(text) else _han_ways()
        rng.shuffle(ways)
        for way in ways:
            new = way(text[start:end], rng)
            if new is not None and new != text[start:end] and not world.has(new):
                out.append((start, end, new))
                break
    return out


def _han_ways() -> list[Slip]:
    return [_look_alike, _look_alike, _wrong_key, _wrong_key, _twice, _swapped, _left_out]


def _latin_ways() -> list[Slip]:
    return [_next_key, _next_key, _twice, _swapped, _left_out]


def _one(word: str, choices: Callable[[str], str | list[str]], rng: random.Random) -> str | None:
    options = [(i, new) for i, char in enumerate(word) for new in choices(char)]
    if not options:
        return None
    i, new = rng.choice(options)
    return word[:i] + new + word[i + 1 :]


def _look_alike(word: str, rng: random.Random) -> str | None:
    return _one(word, lambda char: LOOK_ALIKE.get(char, ""), rng)


def _wrong_key(word: str, rng: random.Random) -> str | None:
    return _one(word, mistyped, rng)


def _next_key(word: str, rng: random.Random) -> str | None:
    return _one(word, next_keys, rng)


def _twice(word: str, rng: random.Random) -> str:
    i = rng.randrange(len(word))
    return word[: i + 1] + word[i:]


def _swapped(word: str, rng: random.Random) -> str:
    i = rng.randrange(len(word) - 1)
    return word[:i] + word[i + 1] + word[i] + word[i + 2 :]


def _left_out(word: str, rng: random.Random) -> str | None:
    if len(word) < 3:
        return None  # what is left of a word of two characters may be another one
    i = rng.randrange(len(word))
    return word[:i] + word[i + 1 :]


def is_typo(original: Gold, new: Gold, documents: Documents) -> str | None:
    """See `typo`."""
    broken = same_demand(original, new) or disturbed(original.question, new.question)
    if broken:
        return broken
    steps = distance(original.question, new.question)
    return None if 1 <= steps <= 2 else tr(f"改了{steps}处", f"{steps} slips")


def distance(a: str, b: str) -> int:
    """Substitutions, insertions, deletions and swaps of neighbours from `a` to `b` (optimal string alignment).

    >>> distance("\u804c\u5de5\u57f9\u8bad", "\u5de5\u804c\u57f9\u8bad")
    1
    """
    rows: list[list[int]] = [list(range(len(b) + 1))]
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            best = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                best = min(best, rows[-2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]


def homophone(gold: Gold, world: World, rng: random.Random) -> Gold:
    """One or two plain words become others of the same sound that no document holds; numbers and names stay."""
    if is_english(gold.question):
        raise Skip(tr("不是中文问题", "not a question in Chinese"))
    most = _how_many(gold.question, rng)
    tokens = words(gold.question)
    rng.shuffle(tokens)
    text, said = _changed(gold.question, _sound_alikes(tokens, world, rng), most)
    if not said:
        raise Skip(tr("没有同音词可换", "no word to swap for another of its sound"))
    return mutated(gold, f"homophone: {', '.join(said)}", question=text)


def _sound_alikes(tokens: list[Token], world: World, rng: random.Random) -> Iterator[tuple[int, int, str]]:
    for token in tokens:
        options = [word for word in homophones(token.text)[:8] if not world.has(word)][:3]
        if options:
            yield token.start, token.end, rng.choice(options)


def is_homophone(original: Gold, new: Gold, documents: Documents) -> str | None:
    """See `homophone`."""
    broken = same_demand(original, new) or disturbed(original.question, new.question)
    if broken:
        return broken
    if len(original.question) != len(new.question):
        return tr("长度变了", "the length was changed")
    changed = [(a, b) for a, b in zip(original.question, new.question, strict=True) if a != b]
    if any(not (HAN.match(a) and HAN.match(b) and readings(a) & readings(b)) for a, b in changed):
        return tr("读音变了", "the sound was changed")
    return None
