"""The tokens that CMRC 2018's scorer counts: a Chinese character each, and English words.

The scorer (ymcui/cmrc2018, `cmrc2018_evaluate.py`) drops `PUNCTUATION`, makes each character of U+4E00-U+9FA5 a token
and hands what stands between them to NLTK's `word_tokenize`: Punkt's sentences (Kiss and Strunk 2006), then the rules
of the Penn Treebank (Marcus et al. 1993; R. MacIntyre's tokenizer script). Those rules are written anew here for
lower-case text, so that scoring needs neither NLTK nor its data. Punkt's list of abbreviations is approximated by common
ones, single letters and initials; it decides nothing but whether a full stop inside English text is a token.
"""

from __future__ import annotations

import re

PUNCTUATION = frozenset(
    "-:_*^/\\~`+=\uff0c\u3002\uff1a\uff1f\uff01\u201c\u201d\uff1b\u2019\u300a\u300b\u00b7\u3001\u300c\u300d\uff08\uff09\uff0d\uff5e\u300e\u300f"
)
"""What the scorer leaves out. Its list also names a double ellipsis, which no single character equals."""

_HAN = re.compile("[\u4e00-\u9fa5]")
_ABBREVIATIONS = re.compile(
    r"dr|mrs?|ms|prof|[js]r|st|vs|inc|ltd|co|corp|bros|gen|col|lt|maj|adm|sen|rep|ph\.d"
    r"|jan|feb|aug|sept?|oct|nov|dec|[cdefghklmnprstvw]"
)
_INITIALS = re.compile(r"(?!e\.g|i\.e)[^\W\d](?:\.[^\W\d])+")  # the two exceptions are not in Punkt's list
_STOP = re.compile(r"(?<!\.)[.?!](?=[)\";}\]*:@'({\[!?]|\s+\S)")
_WORD_BEFORE = re.compile(r"[^\s()\"{}\[\]:;*@'!?,&#]*(?:,[^\s()\"{}\[\]:;*@'!?,&#]+)*\Z")
_CLOSING = re.compile(r"[\"')\]}]+(?=\s|\Z)")
_NUMBER = re.compile(r"[.,]?\d[\d,.]*")
_LAST_STOP = re.compile(r"(?<=[^.])\.(?=[\])}>\"'\u00bb\s]*\Z)")
_APART = re.compile(r"\.{2,}|[;@#$%&?!\[\](){}<>\u00ab\u00bb\u2018\u201c-\u201e\u2012-\u2015]|,(?!\d)")
_OPENING_QUOTE = re.compile(r"(?<=[ (\[{<])(?:\"|'')")
_CLOSING_QUOTE = re.compile(r"\"|''")
_LEADING_MARK = re.compile(r"(?<!\w)'(?!(?:re|ve|ll|m|t|s|d|n)\b)(?=\w)")
_CLITIC = re.compile(r"(?<=[^' ])('(?:s|m|d|ll|re|ve)?|n't)(?= )")
_JOINED = re.compile(
    r"\b(can)(not)\b|\b(d)('ye)\b|\b(gim|lem)(me)\b|\b(gon)(na)\b|\b(got)(ta)\b|\b(more)('n)\b|\b(wan)(na)(?=\s)"
)


def segment(text: str) -> list[str]:
    """The tokens of `text` that the scorer's F1 compares, in small letters and without its punctuation.

    >>> segment("1932年，张国焘的red army")
    ['1932', '年', '张', '国', '焘', '的', 'red', 'army']
    """
    tokens: list[str] = []
    run = ""
    for char in text.lower().strip():
        if char in PUNCTUATION:
            continue
        if _HAN.match(char):
            tokens += [*_english(run), char]
            run = ""
        else:
            run += char
    return tokens + _english(run)


def _english(run: str) -> list[str]:
    """The words of a run without Chinese, cut as NLTK's `word_tokenize` cuts them."""
    tokens: list[str] = []
    begin = 0
    for stop in _STOP.finditer(run):
        if stop.start() >= begin and _ends_sentence(run, stop):
            closing = _CLOSING.match(run, stop.end())
            end = closing.end() if closing else stop.end()
            tokens += _words(run[begin:end])
            begin = end
    return tokens + _words(run[begin:])


def _ends_sentence(run: str, stop: re.Match[str]) -> bool:
    """Punkt: not after an abbreviation, nor after an initial or a number where a small letter follows."""
    before = _WORD_BEFORE.search(run, 0, stop.start())
    word = before[0] if before else ""
    if stop[0] != "." or not word:
        return True
    if _ABBREVIATIONS.fullmatch(word) or _INITIALS.fullmatch(word):
        return False
    following = run[stop.end() :].lstrip()[0]
    ordinal = (len(word) == 1 and word.isalpha()) or _NUMBER.fullmatch(word)
    return not (ordinal and (following.islower() or following in ";:!?"))


def _words(sentence: str) -> list[str]:
    text = re.sub(r'\A"', " `` ", sentence.strip())
    text = _OPENING_QUOTE.sub(" `` ", text)
    text = _LEADING_MARK.sub("' ", text)
    text = _LAST_STOP.sub(" . ", text)
    text = _APART.sub(r" \g<0> ", text)
    text = " " + _CLOSING_QUOTE.sub(" '' ", text) + " "
    text = _CLITIC.sub(r" \1", re.sub(r"\s+", " ", text))
    return _JOINED.sub(lambda found: " ".join(part for part in found.groups() if part), text).split()
