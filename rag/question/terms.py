"""The terms of a question, what each weighs, and where a text supports them.

A term is supported by its own word, by a word of the same meaning (`data/synonyms.txt`, or the English–Chinese
lexicon), by the shared part of a compound, or, more weakly, by a word that is near in the bundled vector space.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from ..data import words
from ..text.fold import fold
from ..text.tokens import Token, cut, rarity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ASKING = re.compile(
    r"百分之(几|多少)|多少|若干|几(?=[\u4e00-\u9fff])|哪(一|些|几|个|里|儿|位|家|年|天|月|种|类|项|部|所)*|什么(样的?|时候|时间|地方)?|啥|谁|何时|何处|何人|"
    r"怎么样?|怎样|如何|为什么|为何|是不是|有没有|是否|能不能|请问|(?<![申邀聘恳])请(?!假|求)|告诉我|想知道|想问|问一下|查一下|帮我|帮忙|麻烦|看看|"
    r"分别|各自|各(?=是|有|为|多)|一共|总共|总计|合计|共计|累计|大概|大约|大致|到底|究竟|具体|情况|以及|那么|那|呢|吗|嘛|呀|吧|啊|"
    r"您好|你好|谢谢|多谢|请教|咨询一下|问下|查查|查询|好不好|行不行|行吗|可以吗|怎么回事|前前后后|里头|那个|这个|那[篇场套种份家次些条]|这[篇场套种份家次些条]|咱|人家|总共|几几年|[两三四五六几]句话|句话|列一下|列举|说说|"
    r"讲讲|一下|大伙|干嘛|为啥|咋样?|非要|不行吗|分别|头一个|这事|那事|这件事|现如今|如今|眼下|截到|算下来|加起来|各自的?|按|"
    r"比的(?=是)|的话|当中|其中|里面|之中|方面|关于|对于|有关|文中|文章|文档|材料里|报告里|报告中|提到|来着|咱们|我们|他们|当时|当年|同期|那一年|这一年|全年|一年|年度"
)
_FUNCTION_FLAGS = ("u", "p", "c", "r", "y", "e", "o", "w", "x", "q", "f", "k", "h", "z")
_WEIGHT = {"n": 1.0, "v": 0.5, "a": 0.45, "l": 1.0, "i": 0.9, "j": 1.0, "t": 0.6, "m": 0.8, "e": 1.0, "b": 0.6, "s": 0.6}


SURNAMES = frozenset(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳鲍史唐费廉岑薛雷贺倪汤"
    "滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅"
    "盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯管卢莫房解应宗丁宣邓郁单杭洪包诸左石崔吉龚程邢裴陆荣翁荀羊惠甄曲家封芮储靳焦巴牧山谷车侯全班仰仲伊宫宁仇栾甘"
    "厉祖武符刘景詹束龙叶幸司黎薄印白怀蒲邰从鄂索赖卓屠蒙池乔阴胥苍双闻莘党翟谭贡劳姬申堵冉宰雍桑桂牛寿通边扈燕冀尚农温别庄晏柴瞿阎慕连茹习艾鱼容向古易"
    "慎戈廖庾终居衡步都耿满弘匡国文寇广禄东欧利蔚越隆师巩聂晁勾敖融冷辛阚那简饶空曾沙鞠关相查后荆红游竺权盖益桓肖闫付阳涂佟仝楚晋苟岳帅缑亢况后有琴商牟佘佴伯赏墨哈谯年爱佟"
)


@dataclass(frozen=True, slots=True)
class Term:
    """A content word of the question. `variants` are folded Chinese words that mean it, with how well each does (0–1).

    `hard` terms (names, Latin words, numbers) must be supported to the letter.
    """

    text: str
    weight: float
    variants: tuple[tuple[str, float], ...]
    hard: bool = False
    start: int = 0
    end: int = 0
    flag: str = ""


# A question about something stopped, forbidden or refused is not answered by a text that says it took place.
_TURNS = re.compile(r"停[办止工业播用]|退出|叫停|关闭|撤出|辞退|开除|解散|处分|处罚|取消|撤[销并回]|禁止|拒绝|未能|没有|不再|废止|暂停|辞职|下降|减少")


CLASS = re.compile(r"[一二三四五六七八九甲乙丙][类级等]$")
"""Words for the class of a thing (`一类赛事`), which the segmenter takes for numbers."""

_OFFICES = frozenset("厅局委部会院校办社所")


class Match(NamedTuple):
    """A place in a text that supports a term, and how well (0–1)."""

    start: int
    end: int
    score: float


@lru_cache(maxsize=2)
def stop_words(language: str) -> frozenset[str]:
    """Function words of `zh` or `en`."""
    return frozenset(words(f"stopwords.{language}.txt"))


@lru_cache(maxsize=1)
def synonyms() -> dict[str, tuple[str, ...]]:
    """Word to the words that may stand for it, itself left out."""
    found: dict[str, dict[str, None]] = {}
    for line in (files("rag.data") / "synonyms.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        group = [fold(word) for word in line.split()]
        for word in group:
            found.setdefault(word, {}).update(dict.fromkeys(group))
    return {word: tuple(o for o in others if o != word) for word, others in found.items()}


def chinese_terms(body: str) -> list[Term]:
    """Content words of a folded Chinese question (times and places already blanked)."""
    named = _named(body)
    masked = _ASKING.sub(lambda m: " " * len(m[0]), body)
    terms: list[Term] = []
    if named is not None:
        start, end = named
        terms.append(Term(body[start:end], 1.0, ((body[start:end], 1.0),), True, start, end, "nr"))
        masked = masked[:start] + " " * (end - start) + masked[end:]
    for token in cut(masked):
        if token.text in stop_words("zh") or (token.flag[:1] in _FUNCTION_FLAGS and token.flag not in ("zg",) and len(token.text) < 3):
            continue
        if token.flag[:1] == "d" and (len(token.text) == 1 or rarity(token.text) < 0.5):
            continue
        if token.flag == "m" and not re.search(r"\d\d|[a-z]", token.text) and len(token.text) < 3 and not CLASS.match(token.text):
            continue
        terms.append(_term(token))
    return terms


def _named(body: str) -> tuple[int, int] | None:
    """The person that a question opens with (`包立新是哪所学校毕业的`), whom the segmenter may cut in two."""
    opening = body.lstrip()
    at = len(body) - len(opening)
    match = _PERSON_FIRST.match(opening)
    if match is None or match[1][0] not in SURNAMES or rarity(match[1]) < 1.0:
        return None
    return at, at + len(match[1])


def _term(token: Token) -> Term:
    weight = (0.8 if token.flag == "vn" else _WEIGHT.get(token.flag[:1], 0.6)) * (rarity(token.text) if token.flag not in ("eng", "m") else 0.9)
    if len(token.text) == 1:
        weight *= 0.4
    hard = token.flag in ("eng",) or (token.flag == "m" and bool(re.search(r"\d", token.text)))
    if token.flag in ("nr", "nrt", "nrfg") and 2 <= len(token.text) <= 4 and token.text[0] in SURNAMES and rarity(token.text) > 0.75 and token.text not in synonyms():
        hard = True
    if len(token.text) > 1 and _TURNS.match(token.text):
        hard = True
    variants = ((token.text, 1.0), *((word, 0.85) for word in synonyms().get(token.text, ())))
    return Term(token.text, weight, variants, hard, token.start, token.end, token.flag)


def english_terms(body: str) -> list[Term]:
    """Content words and phrases of a folded English question, each with its Chinese translations."""
    from .lexicon import translate

    spans = [(m.start(), m.end(), m[0]) for m in re.finditer(r"[a-z]+'s|[a-z0-9][a-z0-9.&]*[a-z0-9%]|[a-z0-9]", body)]
    terms: list[Term] = []
    i = 0
    while i < len(spans):
        for length in (3, 2, 1):
            phrase = " ".join(s[2] for s in spans[i : i + length])
            if i + length > len(spans) or (length == 1 and phrase.removesuffix("'s") in stop_words("en")):
                continue
            words = translate(phrase)
            if length > 1 and (not words or all(w.removesuffix("'s") in stop_words("en") for w in phrase.split())):
                continue
            start, end = spans[i][0], spans[i + length - 1][1]
            if words:
                terms.append(_translated(phrase, words, start, end))
            elif len(phrase) > 1:
                # an unknown word may be a name in the documents' script, so only codes must be found to the letter
                terms.append(Term(phrase, 0.3, ((phrase, 1.0),), bool(re.search(r"\d", phrase)), start, end, "eng"))
            i += length
            break
        else:
            i += 1
    return terms


def _translated(phrase: str, words: Sequence[tuple[str, float]], start: int, end: int) -> Term:
    best = max(p for _, p in words)
    variants: dict[str, float] = {}
    for word, p in words:
        score = min(1.0, 0.6 + 0.4 * p / best)
        variants[word] = max(score, variants.get(word, 0))
        for other in synonyms().get(word, ()):
            variants.setdefault(other, score * 0.8)
    weight = max(rarity(w) for w, _ in words[:3]) * (0.9 if len(phrase) > 3 else 0.6)
    return Term(phrase, weight, tuple(sorted(variants.items(), key=lambda pair: -pair[1])), False, start, end, "eng")


_PERSON_FIRST = re.compile(r"([\u4e00-\u9fff]{2,3}?)(?=\s|是|在|的|说|为什么|当初|今年|去年|有|来自|从事|怎么|做|担任|多大|获|被)")


class Matcher:
    """Finds where a text supports a term. Word vectors are kept, so that a word is embedded once.

    `encode` maps n words to (n, dim) float32, L2-normalised; None leaves the vector space out.
    """

    def __init__(self, encode: Callable[[list[str]], NDArray[np.float32]] | None, *, near: float = 0.62) -> None:
        self._encode = encode
        self._near = near
        self._vectors: dict[str, NDArray[np.float32]] = {}
        self._likeness: dict[str, dict[str, float]] = {}
        self._cut: dict[str, list[Token]] = {}

    def tokens(self, text: str) -> list[Token]:
        """The words of a text that is asked for again and again (headings, neighbouring sentences)."""
        if text not in self._cut:
            if len(self._cut) > 50_000:
                self._cut.clear()
            self._cut[text] = cut(text)
        return self._cut[text]

    def vectors(self, words: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Vectors of `words`, embedding only those not seen before."""
        if len(self._vectors) > 200_000:
            self._vectors = {}
        store = self._vectors  # another thread may put a new one in its place
        new = [w for w in dict.fromkeys(words) if w not in store]
        if new and self._encode is not None:
            store.update(zip(new, self._encode(new), strict=True))
        return store

    def find(self, term: Term, folded: str, tokens: Sequence[Token]) -> list[Match]:
        """All places in `folded` that support `term`, with scores; `tokens` are the words of `folded`."""
        matches: list[Match] = []
        for word, score in term.variants:
            at = folded.find(word)
            while at >= 0:
                matches.append(Match(at, at + len(word), score))
                at = folded.find(word, at + 1)
        if term.hard or any(m.score == 1.0 for m in matches):
            return matches
        return matches + self._partly(term, folded, tokens)

    def _partly(self, term: Term, folded: str, tokens: Sequence[Token]) -> list[Match]:
        word = term.variants[0][0]
        found: list[Match] = []
        if len(word) >= 3 and word[-1] in _OFFICES:  # 人社厅 for 人力资源和社会保障厅
            found += [Match(m.start(), m.end(), 0.9) for m in re.finditer("[\u4e00-\u9fff]{0,4}?".join(word), folded)]
        if len(word) < 2:
            return found
        table = self._likeness.setdefault(word, {})
        new = [t.text for t in tokens if t.text not in table]
        if new:
            table.update(self._liken(word, list(dict.fromkeys(new)), spatial=term.flag != "eng"))
        return found + [Match(t.start, t.end, like) for t in tokens if (like := table[t.text])]

    def _liken(self, word: str, others: list[str], *, spatial: bool) -> dict[str, float]:
        """How well each of `others` stands for `word`: by a shared part, or by nearness in the vector space."""
        if len(self._likeness) > 10_000:
            self._likeness = {word: self._likeness[word]}
        likeness = dict.fromkeys(others, 0.0)
        long = [other for other in others if len(other) > 1]
        for other in long:
            shared = _shared(word, other)
            if shared >= 2 or (shared and min(len(word), len(other)) == shared):
                likeness[other] = 0.9 * shared / max(len(word), min(len(other), 4))
        if self._encode is not None and spatial and long:
            known = self.vectors([word, *long])
            for other in long:
                near = float(known[word] @ known[other])
                if near >= self._near:
                    bonus = 0.15 if set(word) & set(other) else 0.0
                    likeness[other] = max(likeness[other], min(0.8, near * 0.7 + bonus))
        return likeness


def _shared(a: str, b: str) -> int:
    """Length of the longest common substring of two short words."""
    best = 0
    for i in range(len(a)):
        for j in range(i + best + 1, len(a) + 1):
            if a[i:j] in b:
                best = j - i
            else:
                break
    return best
