"""What the turns before say that a follow-up can point back to: people, things, places, and what it was about."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..text.fold import fold
from ..text.places import find_places
from ..text.tokens import cut
from .query import TOPIC, Kind, Query
from .terms import SURNAMES

_MARKS = re.compile(r"\[\d+\]")
_TITLE = re.compile(r"《[^》]+》|“[^”]+”")
_WORKS = ("片", "片子", "影片", "电影", "剧", "书", "文件", "办法", "通知", "方案", "规定")  # called by a title that does not say so
_LISTED = re.compile(r"[、,和与及]|\band\b")
_COUNTY = re.compile(r"^[\u4e00-\u9fff]{2,5}[市县区州盟旗镇乡](?=的|呢|$)")
_ASKED = (
    r"(?:一共|总共|总计|共|大约|大概|分别|都)*(?:是|有|为|达到?|叫)?了?(?:多少|几(?=[\u4e00-\u9fff])(?![乎何])|哪一?|什么|啥|谁|为什么|为何|何时|怎么样?|怎样|如何|多[长大高久])"
    r"(?:[万亿千百]?多?)?(?:UNIT|时候|时间|地方|人|里|儿|样|些|个|位|名|家|年|天)*(?:的|呢|吗|呀)*(?=[?!。,\s]*$|[\u4e00-\u9fff《“(])|(?:了|的)?(?:吗|没有|么)(?=[?!。\s]*$)"
)
_ASKED_EN = re.compile(r"^(?:how (?:many|much)|what|which|who|when|where|why)(?: (?:is|are|was|were|did|does|do|has|have))?\b *|\b(?:did|does|do)\b *|[?!.]+$", re.IGNORECASE)
_NOUNS = ("n", "j", "l", "b", "s", "eng", "vn", "m")


def plain(answer: str) -> str:
    """An answer without its citation marks and closing stop."""
    return _MARKS.sub("", answer).strip("。. \n")


def person(text: str, *, many: bool = False) -> str:
    """The person whom `text` names, with `many` all of them as they stand; "" where it names none."""
    said = plain(text)
    parts = [p.strip() for p in _LISTED.split(said)]
    if all(_is_name(p) for p in parts):
        return said if many else parts[0]
    named = list(dict.fromkeys(text[a:b] for a, b in _names(_TITLE.sub(lambda m: " " * len(m[0]), text))))
    return "" if not named else "、".join(named) if many else named[0]


def _names(text: str) -> Iterator[tuple[int, int]]:
    """Spans of personal names; a surname that the segmenter cut off belongs to what follows it (`唐|成凤`)."""
    before = None
    for token in cut(text):
        if token.flag.startswith("nr"):
            cut_off = before is not None and before.end == token.start and before.flag == "nr" and len(before.text) == 1
            start = before.start if before is not None and cut_off else token.start
            if _is_name(text[start : token.end]):
                yield start, token.end
        before = token


def _is_name(text: str) -> bool:
    folded = fold(text)
    return 2 <= len(folded) <= 4 and folded[0] in SURNAMES and bool(re.fullmatch("[\u4e00-\u9fff]+", folded))


def thing(head: str, then: Query, answer: str) -> tuple[str, str]:
    """What `它` or `这个平台…` stands for: a title or short name of the answer, else of the question; "" for nothing.

    `head` is what follows `这个`; the second is as much of it as names the thing (`平台`).
    """
    said = plain(answer)
    if head:
        told = fold(f"{said} {then.text}")
        head = next((head[:n] for n in range(len(head), 0, -1) if head[:n] in told), head)
    if head in ("省", "市", "县"):
        spans = place_spans(said) or place_spans(then.text)
        return (said if place_spans(said) else then.text)[slice(*spans[0])] if spans else "", head
    if then.kind is Kind.NAME and _TITLE.fullmatch(said) and (not head or head in fold(then.text)):
        return said, head  # `哪部影片`, and then `该片`
    for text in (said, then.text):
        titles = [m[0] for m in _TITLE.finditer(text) if not head or m[0][:-1].endswith(head)]
        if titles:
            return titles[0], head
        short = text is said and 2 <= len(said) <= 24 and bool(re.search(r"[\u4e00-\u9fff]", said)) and not re.search(r"\d|没有", said)
        if short and (not head or said.endswith(head)):
            return said, head
        if head and text is then.text and (phrase := _phrase(head, then)):
            return phrase, head
    films = _TITLE.findall(said)
    return (films[0] if films and head in _WORKS else ""), head


def _phrase(head: str, then: Query) -> str:
    """The name in the question that ends with `head`, with the place and the nouns before it; "" where nothing is before it."""
    text = then.text
    at = fold(text).rfind(head)
    if at < 0:
        return ""
    start = end = at + len(head)
    spans = {t.end: t.start for t in cut(text) if t.flag.startswith(_NOUNS)} | {b: a for a, b in place_spans(text)} | {m.end(): m.start() for m in _TITLE.finditer(text)}
    while start in spans:
        start = spans[start]
    return text[start:end] if start < at else ""


def place_spans(text: str) -> list[tuple[int, int]]:
    """Where `text` names places: those of the gazetteer, and words that are a county's or town's name."""
    known = [(m.start, m.end) for m in find_places(text) if m.kind in ("name", "abbr", "nation")]
    if known:
        return known
    if match := _COUNTY.search(text):
        return [match.span()]
    tokens = cut(text)
    return [(tokens[0].start, tokens[0].end)] if tokens and tokens[0].flag == "ns" and len(tokens[0].text) > 1 and tokens[0].start == 0 else []


def nominal_run(then: Query) -> str:
    """From the first noun of the question to its last, as it stands: `生活补贴和慰问金`."""
    nouns = [t for t in then.terms if t.flag[:1] in ("n", "j", "l", "b") or t.flag == "vn"]
    return then.text[nouns[0].start : nouns[-1].end] if nouns else ""


def lead(then: Query, answer: str, *, times: bool, places: bool, own: bool = False) -> str:
    """What the question was about: its words without those that ask, without its times and places where not wanted.

    With the name that the answer gave, where it asked for one. Of a question that was completed itself, what it took
    over (with `own`, its own words, too).
    """
    text = then.text
    blank = [] if times else [(a, b) for a, b, _ in then.times]
    blank += [] if places else [(a, b) for a, b, _ in then.places]
    for start, end in sorted(blank, reverse=True):
        text = text[:start] + text[end:]
    topic, mark, rest = text.rpartition(TOPIC)
    if mark and not own:
        return topic
    told = _unasked(rest, then) + (_given(answer) if then.kind in (Kind.NAME, Kind.PERSON, Kind.ORGANISATION) else "")
    return f"{topic} {told}" if topic and told else topic or told


def _given(answer: str) -> str:
    """The one name that an answer is; "" where it is none, or says more."""
    said = plain(answer)
    return said if _TITLE.fullmatch(said) or _is_name(said) else ""


def _unasked(text: str, then: Query) -> str:
    if then.language == "en":
        return _ASKED_EN.sub("", text).strip()
    pattern = re.compile(_ASKED.replace("UNIT", re.escape(then.unit) if then.unit else "个"))
    match = pattern.search(text)
    if match is None:
        return text.strip("?!。, ")
    before, after = text[: match.start()], text[match.end() :].strip("?!。, ")
    if not after and then.kind not in (Kind.QUANTITY, Kind.MONEY, Kind.PERCENT, Kind.TEXT):
        shorter = re.sub(r"的[^的,“”《》()\s]{1,5}$", "", before)
        if len(shorter) > 4:
            before = shorter  # `竞赛的主题是什么` was about the contest
    return (before + after).strip("?!。, ")
