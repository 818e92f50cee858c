"""From bytes to characters: what encoding a text file is in, decided in the open.

The order: a byte order mark; strict UTF-8; then the encodings that Chinese files come in, each decoded and
judged by how common its characters are; then charset-normalizer for the rest of the world. Judging is needed
because GBK and Big5 share most byte pairs: the GBK file `中国` is, in Big5, the valid but never written
`笢弊`, and statistics made for whole pages guess wrong on a title or a line.
"""

from __future__ import annotations

import codecs
import logging
import math
import re
from collections import Counter
from functools import cache
from importlib import resources

from rag.errors import UnreadableDocument

SAMPLE = 1 << 16  # bytes that are judged; the whole file is decoded after that
# Mean log-likelihoods (see `likelihood`): articles stand near -5, in another encoding's reading below -11.
CERTAIN = -7.0
PLAUSIBLE = -9.0
BARELY = -12.5  # every character exists: enough for a name or a title, about which statistics say little
SHORT = 32  # bytes, up to which BARELY is enough
BAD_SHARE = 0.01  # of the multi-byte characters; above it, damage is taken for a wrong guess

LOST_SHARE = 0.1  # of the bytes that are no ASCII, in lines that can't be read, above which a file is not of mixed encodings
MIXED = "mixed"

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHINESE = ("gb18030", "big5", "big5hkscs", "cp950", "utf-16-le", "utf-16-be")
_ELSEWHERE = (
    *("cp1252", "cp1251", "cp1253", "cp1254", "koi8_r"),
    *("shift_jis", "cp932", "euc_jp", "cp949", "cp874"),
)
_PUNCTUATION = frozenset("，。、；：？！“”‘’（）《》「」『』【】—…·～％　")
_SYMBOLS = frozenset("〈〉〔〕﹑•‧°′″℃‰×÷±≤≥→←●○■□◆◇★☆▲△※№─━│〇ⅠⅡⅢⅣⅤ")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x19\x1c-\x1f\x7f-\x84\x86-\x9f]")
_LATIN = re.compile(rb"[A-Za-z]")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_BAD = "\ufffd"

log = logging.getLogger(__name__)


def decode(data: bytes) -> tuple[str, str]:
    """Return the text of `data` without byte order mark, and the name of its encoding.

    Line ends stay as they are. `data.decode(encoding)` gives the same text, unless single damaged bytes had
    to be replaced by U+FFFD, which is logged; a text put together of several encodings is read line by line, and its
    encoding is called "mixed". Raises UnreadableDocument for text in no known encoding.
    """
    try:
        encoding = next((name for bom, name in _BOMS if data.startswith(bom)), None) or detect(data)
        return _decode_all(data, encoding), encoding
    except UnreadableDocument:
        text = _by_line(data)
        if text is None:
            raise
        return text, MIXED


def detect(data: bytes) -> str:
    """Name the most likely encoding of `data`, which bears no byte order mark. Raises UnreadableDocument."""
    has_nul = b"\0" in data
    if not has_nul and _is_utf8(data):
        return _in_disguise(data) or "utf-8"
    sample = _sample(data)
    if not has_nul and _is_damaged_utf8(sample):
        return "utf-8"
    if not has_nul and (name := _japanese(sample)):
        return name
    least = BARELY if len(sample) <= SHORT and not has_nul and not _LATIN.search(sample) else PLAUSIBLE
    names = _CHINESE if len(data) % 2 == 0 else [name for name in _CHINESE if not name.startswith("utf-16")]
    scores = {name: score for name in names if (score := _score(sample, name)) > least}
    if scores:
        return max(scores, key=lambda name: scores[name])  # of equals the first
    if not has_nul and (name := _elsewhere(sample)):
        return name
    what = "it holds NUL bytes, as binary files do" if has_nul else "it is text in no known encoding"
    raise UnreadableDocument(f"{what}; save it as UTF-8 text, or give it the name of its real format")


def likelihood(text: str, *, ascii_too: bool = False) -> float:
    """Tell how likely it is that somebody wrote `text`: mean log-likelihood, nats a character, 0 at best.

    Zipf's law over the commonest characters of Simplified or of Traditional Chinese, whichever fits better.
    ASCII is left out unless `ascii_too`: 8-bit encodings agree about it, UTF-16 does not. With nothing to
    judge it is -inf.
    """
    counts = Counter(text if ascii_too else "".join(_NOT_ASCII.findall(text)))
    total = sum(counts.values())
    if not total:
        return -math.inf
    return max(sum(n * _weigh(char, ranks) for char, n in counts.items()) for ranks in _ranks()) / total


def _weigh(char: str, ranks: dict[str, int]) -> float:
    if (rank := ranks.get(char)) is not None:
        return -math.log(rank + 10)
    if char < "\x80":
        return -3.0
    if char in _PUNCTUATION:
        return -4.0
    if "\u4e00" <= char <= "\u9fff":
        return -12.0
    if char in _SYMBOLS or "\uff01" <= char <= "\uff5e" or "\u2460" <= char <= "\u24ff":
        return -7.0
    # Greek, kana, box drawing and the like are written now and then; private use and damage are not
    return -14.0 if char.isprintable() else -20.0


@cache
def _ranks() -> tuple[dict[str, int], ...]:
    """Return the rank of each common character, for each script of `rag/data/characters.txt`."""
    text = resources.files("rag.data").joinpath("characters.txt").read_text(encoding="utf-8")
    blocks = [block for block in text.split("\n\n") if not block.startswith("#")]
    return tuple({char: rank for rank, char in enumerate("".join(block.split()))} for block in blocks)


def _sample(data: bytes) -> bytes:
    """Cut out what is judged: from an even offset (UTF-16), with the first byte that is not ASCII."""
    found = re.search(rb"[\x00\x80-\xff]", data)
    start = found.start() if found else 0
    return data[:SAMPLE] if start < SAMPLE // 2 else data[start - start % 2 : start + SAMPLE]


def _is_utf8(data: bytes) -> bool:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    if _is_binary(text):
        raise UnreadableDocument(
            "it holds control characters, as binary files do; give it its real format's name"
        )
    return True


def _in_disguise(data: bytes) -> str | None:
    """Name the encoding of a very short Chinese file that is valid UTF-8 by chance.

    All of it then reads as two-byte sequences, mostly from several scripts at once (accents, Greek, Arabic),
    none as Chinese. ASCII is left alone whatever it might be in UTF-16; so are Latin letters round accents.
    """
    if data.isascii() or len(data) > 2 * SHORT:
        return None
    blocks = {ord(char) >> 7 for char in data.decode("utf-8")} - {0}
    if max(blocks) >= 0x10:
        return None
    if len(blocks) > 1 and not _LATIN.search(data) and _score(data, "gb18030") > CERTAIN:
        return "gb18030"
    if len(data) < 6 or len(data) % 2:
        return None
    return next((name for name in ("utf-16-le", "utf-16-be") if _score(data, name) > CERTAIN), None)


def _is_damaged_utf8(sample: bytes) -> bool:
    """Tell whether this is UTF-8 but for a rare bad byte: its sequences do not come about by chance."""
    text = sample.decode("utf-8", "replace").rstrip(_BAD)
    many = sum(map(len, re.findall(r"[^\x00-\x7f\ufffd]+", text)))
    return many >= 8 and text.count(_BAD) <= BAD_SHARE * many and not _is_binary(text)


def _score(sample: bytes, encoding: str) -> float:
    wide = encoding.startswith("utf-16")
    text = sample.decode(encoding, "replace").rstrip(_BAD)  # the sample may end within a character
    many = len(text) if wide else sum(map(len, _NOT_ASCII.findall(text)))
    if text.count(_BAD) > BAD_SHARE * many or _is_binary(text):
        return -math.inf
    return likelihood(text, ascii_too=wide)


def _japanese(sample: bytes) -> str | None:
    """Name the Japanese encoding that gives hiragana in plenty; EUC-JP could pass for Big5 otherwise."""
    for name in ("cp932", "euc_jp"):
        text = sample.decode(name, "replace").rstrip(_BAD)
        letters = "".join(_NOT_ASCII.findall(text))
        kana = len(re.findall("[ぁ-ん]", letters))
        if len(letters) >= 8 and kana >= 0.25 * len(letters) and _BAD not in letters:
            return name
    return None


def _by_line(data: bytes) -> str | None:
    """Read a file whose lines come from several sources, as logs and pasted lists do; None where too few lines make sense."""
    if b"\0" in data or b"\n" not in data:
        return None
    lines, lost = [], 0
    for line in data.removeprefix(codecs.BOM_UTF8).splitlines(keepends=True):
        try:
            lines.append(line.decode("utf-8"))
            continue
        except UnicodeDecodeError:
            scores = {name: _score(line, name) for name in ("gb18030", "big5")}
        best = max(scores, key=lambda name: scores[name])
        if scores[best] <= PLAUSIBLE:
            best = "utf-8"
            lost += len(line)
        lines.append(line.decode(best, "replace"))
    text = "".join(lines)
    if lost > LOST_SHARE * sum(byte > 0x7F for byte in data) or _is_binary(text):
        return None
    log.warning("this text is in several encodings; %d bytes of it are in none that is known", lost)
    return text


def _is_binary(text: str) -> bool:
    controls = len(_CONTROL.findall(text[:SAMPLE]))
    return "\0" in text or controls > max(2, min(len(text), SAMPLE) // 200)


def _elsewhere(sample: bytes) -> str | None:
    from charset_normalizer import from_bytes

    if re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]", sample):
        return None
    best = from_bytes(sample, cp_isolation=list(_ELSEWHERE)).best()
    return None if best is None or _is_binary(str(best)) else best.encoding


def _decode_all(data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode(encoding, "replace").removeprefix("\ufeff")
        body = text.rstrip(_BAD)  # a file cut off within a character is no reason to refuse it
        if not body or body.count(_BAD) > BAD_SHARE * len(body):
            why = (
                f"it begins as {encoding} text, but {text.count(_BAD)} places in it are none; is it damaged?"
            )
            raise UnreadableDocument(why) from None
        log.warning("%d damaged places in this %s text were replaced by U+FFFD", text.count(_BAD), encoding)
    if _is_binary(text):
        raise UnreadableDocument(
            f"it is {encoding} by its first bytes, but holds control characters: is it binary?"
        )
    return text
