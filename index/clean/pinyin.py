"""Rules for what phonetic glosses of scrapers leave in Chinese text.

Some sites gloss characters byte by byte in GBK: `產` becomes `產(chǎn)`. Where the bytes looked for straddle two
characters, the gloss lands between the halves of one and spoils it and its neighbours: `勇擔時` becomes
`勇?lián)鷷r`. The reading in the gloss says which character was looked for, and so which byte was lost.
"""

from __future__ import annotations

import re
import unicodedata

from rag.types import Edit

from .lines import HAN
from .vocabulary import readings

# initials, and the finals that stand with each; after the syllables of Hanyu Pinyin (GB/T 16159), ü written v
_TABLE = """
    b: a o ai ei ao an en ang eng i ie iao ian in ing u
    p: a o ai ei ao ou an en ang eng i ie iao ian in ing u
    m: a o e ai ei ao ou an en ang eng i ie iao iu ian in ing u
    f: a o ei ou an en ang eng u
    d: a e ai ei ao ou an en ang eng ong i ia ie iao iu ian ing u uo ui uan un
    t: a e ai ei ao ou an ang eng ong i ie iao ian ing u uo ui uan un
    n: a e ai ei ao ou an en ang eng ong i ie iao iu ian in iang ing u uo uan v ve
    l: a o e ai ei ao ou an ang eng ong i ia ie iao iu ian in iang ing u uo uan un v ve
    g k h: a e ai ei ao ou an en ang eng ong u ua uo uai ui uan un uang
    j q x: i ia ie iao iu ian in iang ing iong u ue uan un
    zh: a e i ai ei ao ou an en ang eng ong u ua uo uai ui uan un uang
    ch: a e i ai ao ou an en ang eng ong u ua uo uai ui uan un uang
    sh: a e i ai ei ao ou an en ang eng u ua uo uai ui uan un uang
    r: e i ao ou an en ang eng ong u ua uo ui uan un
    z c s: a e i ai ei ao ou an en ang eng ong u uo ui uan un
    y: a e i o ai ao ou an in ang ing ong u ue uan un
    w: a o ai ei an en ang eng u
"""
SYLLABLES = frozenset(
    initial + final
    for row in _TABLE.strip().splitlines()
    for initial in row.split(":")[0].split()
    for final in row.split(":")[1].split()
) | frozenset(["a", "o", "e", "ai", "ei", "ao", "ou", "an", "en", "ang", "eng", "er"])
_LETTERS = "a-zA-Zāáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜüńňǹḿɡ"
_GLOSS = re.compile(rf"(?<=[{HAN}])[(（]([{_LETTERS}]{{1,7}})[)）]")
_TORN_AFTER = re.compile(rf"([{HAN}])\?([{_LETTERS}]{{1,7}})[)）]([^\s()（）]{{0,4}})")
_TORN_BEFORE = re.compile(rf"([^\s{HAN}A-Za-z0-9]{{1,5}})[(（]([{_LETTERS}]{{1,7}})[)）]")
_HALF = re.compile(rf"\??(?<![{_LETTERS}(（])([{_LETTERS}]{{2,7}})[)）]")
# blocks, box drawing and spacing accents, which no Chinese text has between its characters
_STRAY = re.compile(rf"(?<=[{HAN}0-9])[。、?]?[▁-▏▐-▕─-╿^｀\u02ca\u02cb\u02d9]{{1,4}}(?=[{HAN}(（，,。、])")


def syllable(text: str) -> tuple[str, bool]:
    """Return the plain syllable of a gloss and whether it bears a tone; ("", False) for what is no pinyin.

    >>> syllable("chǎn"), syllable("lǜ"), syllable("APP")
    (('chan', True), ('lv', True), ('', False))
    """
    out: list[str] = []
    tones = 0
    for character in unicodedata.normalize("NFD", text.replace("ɡ", "g")):
        if character in "\u0300\u0301\u0304\u030c":
            tones += 1
        elif character == "\u0308":
            out[-1:] = ["v"]
        else:
            out.append(character)
    plain = "".join(out)
    return (plain, tones == 1) if plain in SYLLABLES and tones <= 1 else ("", False)


def inline_pinyin(text: str) -> list[Edit]:
    """Drop a pinyin syllable in parentheses right after a Han character: `產(chǎn)業(yè)` → `產業`.

    Without a tone mark it must be the reading of that character, so that `方案(an)` and `(APP)` stay.
    """
    known = _readings(text)
    edits = []
    for match in _GLOSS.finditer(text):
        plain, toned = syllable(match[1])
        if plain and (toned or plain in known.get(text[match.start() - 1], ())):
            edits.append(Edit(match.start(), match.end(), "", "inline_pinyin"))
    return edits


def _readings(text: str) -> dict[str, set[str]]:
    """Join the known readings and those that the text itself glosses with a tone."""
    known = readings()
    for match in _GLOSS.finditer(text):
        plain, toned = syllable(match[1])
        if toned:
            known.setdefault(text[match.start() - 1], set()).add(plain)
    return known


def realigned(text: str) -> list[Edit]:
    """Put together characters whose GBK bytes a gloss has torn apart: `勇?lián)鷷r` → `勇擔時`.

    Only where it can be proved: the byte that the gloss's reading asks for must make Han characters of all that
    follows, up to the place where the bytes fall into step again. Before the gloss likewise: `▍^(qū)` → `(區`.
    """
    known = _readings(text)
    found = [_mend_after(match, known) for match in _TORN_AFTER.finditer(text)]
    found += [_mend_before(match, known) for match in _TORN_BEFORE.finditer(text)]
    edits: list[Edit] = []
    for edit in sorted((edit for edit in found if edit), key=lambda edit: edit.start):
        if not edits or edits[-1].end <= edit.start:
            edits.append(edit)
    return edits


def _mend_after(match: re.Match[str], known: dict[str, set[str]]) -> Edit | None:
    """Find the byte lost at `?` by the reading, and read the text behind the gloss in step with it."""
    plain, toned = syllable(match[2])
    half = _gbk(match[1])[-1:]
    for character, spoken in known.items():
        code = _gbk(character)
        if not toned or plain not in spoken or len(code) != 2 or code[:1] != half:
            continue
        for length, glyph in enumerate(match[3], 1):
            if glyph.isascii():  # a single byte: in step again, or never
                whole = _han(code[1:] + _gbk(match[3][:length]))
                if whole:
                    return Edit(match.end(1), match.start(3) + length, whole, "realigned")
                break
    return None


def _mend_before(match: re.Match[str], known: dict[str, set[str]]) -> Edit | None:
    """Read the glyphs before the gloss one byte out of step, where they end in a character of that reading."""
    plain, toned = syllable(match[2])
    stream = _gbk(match[1])
    for offset in range(1, len(stream) - 1) if toned else ():
        try:
            whole = stream[offset:].decode("gbk")
        except UnicodeDecodeError:
            continue
        if plain in known.get(whole[-1:], ()) and whole[:-1] in ("", "（", "、"):
            return Edit(match.start(), match.end(), unicodedata.normalize("NFKC", whole), "realigned")
    return None


def _gbk(text: str) -> bytes:
    return text.encode("gbk", errors="ignore")


def _han(stream: bytes) -> str:
    try:
        text = stream.decode("gbk")
    except UnicodeDecodeError:
        return ""
    return text if re.fullmatch(f"[{HAN}]+", text) else ""


def broken_pinyin(text: str) -> list[Edit]:
    """Drop a toned syllable without its opening parenthesis, and the `?` before it: `打?qū)、` → `打、`."""
    return [
        Edit(match.start(), match.end(), "", "broken_pinyin")
        for match in _HALF.finditer(text)
        if syllable(match[1])[1] and not _opened(text, match.start())
    ]


def _opened(text: str, at: int) -> bool:
    """Whether a parenthesis stands open before `at`, in the same clause."""
    before = re.split("[\n。，,；;]", text[max(0, at - 60) : at])[-1]
    return before.count("(") + before.count("（") > before.count(")") + before.count("）")


def stray_glyphs(text: str) -> list[Edit]:
    """Drop block and box glyphs between Chinese characters, and the mark stuck to them: `9。▍簽` → `9簽`."""
    return [Edit(match.start(), match.end(), "", "stray_glyphs") for match in _STRAY.finditer(text)]
