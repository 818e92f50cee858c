"""Characters and words of the same or nearly the same sound, for slips of people who type by Hanyu Pinyin.

Readings are pypinyin's (`lazy_pinyin` knows the readings of words, such as 银行), which words there are jieba's.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

from rag.data import words

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_SIMPLIFIED = 2400  # so many characters stand first in the list
_MOST = 12  # characters of a syllable that are tried for a word


@lru_cache(maxsize=1)
def _common() -> tuple[str, ...]:
    """The commonest characters of Simplified script, commonest first."""
    return tuple("".join(words("characters.txt"))[:_SIMPLIFIED])


@lru_cache(maxsize=1)
def characters() -> dict[str, tuple[str, ...]]:
    """Syllable without tone to the common characters that are read so, commonest first."""
    from pypinyin import lazy_pinyin

    found: dict[str, list[str]] = {}
    for char in _common():
        found.setdefault(lazy_pinyin(char)[0], []).append(char)
    return {syllable: tuple(chars) for syllable, chars in found.items()}


def syllables(text: str) -> list[str]:
    """Syllables without tone of Chinese `text`, as its words are read."""
    from pypinyin import lazy_pinyin

    return list(lazy_pinyin(text))


def readings(char: str) -> frozenset[str]:
    """All readings of one character, without tones."""
    from pypinyin import Style, pinyin

    return frozenset(pinyin(char, style=Style.NORMAL, heteronym=True)[0])


def homophones(word: str) -> list[str]:
    """Other words that sound like `word`, commonest first; where there is none, `word` with one character swapped."""
    import jieba

    sounds = syllables(word)
    known = characters()
    if len(sounds) != len(word):
        return []
    jieba.initialize()
    counts = jieba.dt.FREQ
    choices = [known.get(sound, ())[:_MOST] for sound in sounds]
    whole = {"".join(chars) for chars in product(*choices)} - {word} if len(word) == 2 else set()
    found = sorted((w for w in whole if counts.get(w, 0) >= 3), key=lambda w: (-counts[w], w))
    found = [w for w in found if syllables(w) == sounds]
    swapped = [
        word[:i] + char + word[i + 1 :]
        for i, sound in enumerate(sounds)
        for char in known.get(sound, ())[:4]
        if char != word[i]
    ]
    return found or swapped


@lru_cache(maxsize=1)
def _near_keys() -> dict[str, str]:
    near: dict[str, str] = {}
    for y, row in enumerate(_ROWS):
        for x, key in enumerate(row):
            around = [(x - 1, y), (x + 1, y), (x, y - 1), (x + 1, y - 1), (x, y + 1), (x - 1, y + 1)]
            near[key] = "".join(
                _ROWS[b][a] for a, b in around if 0 <= b < len(_ROWS) and 0 <= a < len(_ROWS[b])
            )
    return near


def next_keys(letter: str) -> str:
    """The keys that touch `letter` on a QWERTY keyboard.

    >>> "".join(sorted(next_keys("g")))
    'bfhtvy'
    """
    return _near_keys().get(letter, "")


def mistyped(char: str) -> list[str]:
    """Common characters that one wrong key in the syllable of `char` gives.

    >>> "\u7ea2" in mistyped("\u5de5")  # gong, hong
    True
    """
    known = characters()
    sound = syllables(char)[0]
    slips = [sound[:i] + key + sound[i + 1 :] for i, letter in enumerate(sound) for key in next_keys(letter)]
    return [known[slip][0] for slip in slips if slip in known and known[slip][0] != char]
