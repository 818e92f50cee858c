"""What speech recognition hands over: no punctuation, numbers as they are spoken, filler words."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from rag.messages import tr
from rag.text.fold import half_width
from rag.text.numbers import parse_chinese
from rag.text.times import find_times

from ..rows import Gold
from .kept import QUOTED, is_english, letters, same_demand
from .kinds import Documents, mutated
from .world import World

FILLERS = ("嗯那个", "那个", "就是", "嗯", "呃")
ENGLISH_FILLERS = ("um", "uh", "er", "well")
_DIGITS = "零一二三四五六七八九"
_STEPS = ("", "十", "百", "千")
_BREAK = "\x00"  # where the speaker may stop to think
_YEAR = r"(?<![\d.])(?:19|20)\d\d(?=[年级届]|\s*[-\u2014~至到和与、]\s*(?:19|20)\d\d年)"
_NUMBER = re.compile(
    rf"(?P<code>[A-Za-z][A-Za-z0-9.]*\d[A-Za-z0-9]*|\d[\d.]*[A-Za-z][A-Za-z0-9]*)|(?P<year>{_YEAR})"
    r"|(?P<figure>\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?)(?P<percent>%?)"
)
_RANGE = re.compile(r"(?<=\d)\s*[-\u2014~]+\s*(?=\d)")
_PAUSE = re.compile(r"[\s,\uff0c.\u3002\u3001;:!?\uff1b\uff1a\uff01\uff1f]+")
_COUNTED = re.compile(r"[个家名人位场项次件条种类天对篇所部座户]")
_LONG = 5  # so many digits without a unit are read one by one


def asr(gold: Gold, world: World, rng: random.Random) -> Gold:
    """No punctuation, numbers in Chinese words, one or two fillers; every other word and every value stays.

    A question in English loses its capitals, too, and keeps its digits.
    """
    text = half_width(gold.question)
    if is_english(text):
        said = f"{rng.choice(ENGLISH_FILLERS)} {' '.join(_bare(text.lower()).split())}"
    else:
        said = _hesitant(text, rng, follows=bool(gold.history))
    return mutated(gold, "asr", question=said)


def _bare(text: str) -> str:
    """Text without punctuation; an apostrophe within a word stays."""
    return re.sub(r"(?!(?<=\w)['\u2019](?=\w))[^\w\s]|_", " ", text)


def _hesitant(text: str, rng: random.Random, *, follows: bool) -> str:
    text = QUOTED.sub(lambda m: re.sub(r"[^\w+%.-]", "", m[0]), in_words(text))  # nobody stops within a name
    ends = [m.end for m in find_times(text, None) if m.end < len(text)][:1]
    for end in ends:
        text = text[:end] + _BREAK + text[end:]
    pieces = [re.sub(r"[\W_]+", "", piece) for piece in _PAUSE.sub(_BREAK, text).split(_BREAK)]
    pieces = [piece for piece in pieces if piece]
    if len(pieces) > 1 and rng.random() < 0.5:
        pieces.insert(rng.randrange(1, len(pieces)), "嗯")
    # behind an answer `那个` would ask for something else of the same kind
    return ("嗯" if follows else rng.choice(FILLERS)) + "".join(pieces)


def in_words(text: str) -> str:
    """All figures of half-width `text` as they are spoken in Chinese: years and codes digit by digit.

    >>> in_words("2022年2家,1.33万家,98.76%,第2届")
    '二零二二年两家,一点三三万家,百分之九十八点七六,第二届'
    """
    text = _RANGE.sub("到", text.replace("+", "加"))
    return "".join(spoken for _, spoken in _spoken(text))


def _spoken(text: str) -> Iterator[tuple[str, str]]:
    """`text` in pieces, each as written and as spoken."""
    at = 0
    quoted = [m.span() for m in QUOTED.finditer(text)]
    for match in _NUMBER.finditer(text):
        yield text[at : match.start()], text[at : match.start()]
        name = any(a < match.start() and match.end() < b for a, b in quoted)
        yield match[0], _digits(match[0]) if name else _say(match, text)
        at = match.end()
    yield text[at:], text[at:]


def _say(match: re.Match[str], text: str) -> str:
    after, before = text[match.end() : match.end() + 1], text[: match.start()]
    if match["code"] or match["year"]:
        return _digits(match[0])
    figure = match["figure"].replace(",", "")
    if len(figure) >= _LONG and figure.isdigit() and not re.match(r"[余多]?[\u4e00-\u9fff]", after):
        return _digits(figure)
    if figure == "2" and _COUNTED.match(after) and not before.endswith("第"):
        return "两"
    return ("百分之" if match["percent"] else "") + say(figure)


def _digits(text: str) -> str:
    return "".join(_DIGITS[int(c)] if c.isdigit() else c for c in text)


def say(figure: str) -> str:
    """An Arabic numeral in Chinese words.

    >>> say("14746"), say("1004"), say("0.5"), say("10"), say("200000"), say("100500")
    ('一万四千七百四十六', '一千零四', '零点五', '十', '二十万', '十万零五百')
    """
    whole, _, rest = figure.partition(".")
    words = _whole(int(whole))
    return words + ("点" + "".join(_DIGITS[int(c)] for c in rest) if rest else "")


def _whole(number: int) -> str:
    if number == 0:
        return _DIGITS[0]
    parts: list[str] = []
    gap = False
    for scale, name in ((10**8, "亿"), (10**4, "万"), (1, "")):
        four, number = divmod(number, scale)
        if four >= 10**4:
            parts.append(_whole(four) + name)
        elif four:
            if parts and (gap or four < 1000):
                parts.append(_DIGITS[0])
            parts.append(_four(four) + name)
        gap = not four and bool(parts)
    said = "".join(parts)
    return said[1:] if said.startswith("一十") else said


def _four(number: int) -> str:
    said, zero = "", False
    for i, char in enumerate(f"{number:04d}"):
        if char == "0":
            zero = bool(said)
        else:
            said += (_DIGITS[0] if zero else "") + _DIGITS[int(char)] + _STEPS[3 - i]
            zero = False
    return said


def is_asr(original: Gold, new: Gold, documents: Documents) -> str | None:
    """See `asr`."""
    if broken := same_demand(original, new):
        return broken
    before = half_width(original.question)
    if re.search(r"[^\w\s'\u2019]|_", new.question):
        return tr("还有标点", "punctuation is left")
    if is_english(before):
        wanted = letters(before)
        return (
            None
            if letters(new.question) in {letters(f) + wanted for f in ENGLISH_FILLERS}
            else tr("词语变了", "a word was changed")
        )
    if re.search(r"[0-9]", new.question):
        return tr("还有阿拉伯数字", "a digit is left")
    for figure, spoken in _spoken(_RANGE.sub("到", before)):
        if re.fullmatch(r"[\d,.]+", figure) and read(spoken) != float(figure.replace(",", "")):
            return tr("数值变了", "a value was changed")
    plain = letters(in_words(before))
    heard = letters(new.question)
    rests = {heard.removeprefix(letters(filler)) for filler in FILLERS if heard.startswith(letters(filler))}
    rests |= {rest[:i] + rest[i + 1 :] for rest in set(rests) for i, char in enumerate(rest) if char == "嗯"}
    return None if plain in rests else tr("词语变了", "a word was changed")


def read(spoken: str) -> float | None:
    """The value of a spoken numeral; None where it is none.

    >>> read("一点三三"), read("一千零四"), read("二零二二")
    (1.33, 1004.0, 2022.0)
    """
    whole, _, rest = spoken.removeprefix("百分之").partition("点")
    value = parse_chinese(whole)
    if value is None:
        return None
    return float(f"{value}." + "".join(str(_DIGITS.index(c)) for c in rest)) if rest else float(value)
