"""Clean the English senses of CC-CEDICT into short keys for a reverse dictionary, and tidy English words."""

from __future__ import annotations

import re
from collections.abc import Iterator

_NOT_A_SENSE = re.compile(
    r"^(?:(?:old |japanese |erhua |archaic |popular )?variant (?:of|form)|see |see also|cl:|surname|used in|same as"
    r"|abbr\. |also written|also pr|taiwan pr|pr\. |radical |kangxi|component |interjection|\(?bound form\)?$)"
)
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|（[^（）]*）")
_LEAD = re.compile(r"^(?:to be |to |a |an |the |one's |sb's )")
_TRAIL = re.compile(r"(?: (?:sth|sb|one's|of|for|with|to|etc|or sb|sth or sb))+$")
_PLACE = re.compile(
    r"^([A-Z][a-zA-Z']+(?: [A-Z][a-zA-Z']+)?) (?:province|prefecture|county|district|municipality|"
    r"(?:prefecture|county|sub-provincial|subprovincial)?-?(?:level )?city|autonomous region|town)\b",
    re.IGNORECASE,
)
HAND: dict[str, dict[str, float]] = {"yuan": {"元": 0.8, "人民币": 0.2}, "rmb": {"人民币": 0.6, "元": 0.4}}
"""Keys whose sources mislead: in Taiwan law "Yuan" is a branch of government."""
_KEY = re.compile(r"[a-z][a-z'-]*(?: [a-z][a-z'-]*){0,2}")
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)?")
IRREGULAR = {"women": "woman", "men": "man", "children": "child", "wives": "wife", "lives": "life", "feet": "foot",
             "teeth": "tooth", "mice": "mouse", "analyses": "analysis", "criteria": "criterion"}  # fmt: skip
_STOP = (
    "a an the of to in on at by for from with as is are was were be been being am and or not no nor but if then than "
    "that this these those it its he she they them his her their we us our you your i me my who whom whose which what "
    "when where why how do does did done has have had having will would shall should can could may might must there here "
    "so such any all each some into upon under over out up down about also only very more most other same own sb sth etc "
    "one's s t re ve ll d m"
)
STOP = frozenset(_STOP.split())


def lemma(word: str, known: frozenset[str] | set[str]) -> str:
    """Singular of a plural (or the bare form of a third person) where that form is `known` too; else `word`.

    >>> lemma("workers", {"worker"}), lemma("provinces", {"province"}), lemma("news", {"new"})
    ('worker', 'province', 'news')
    """
    if word in IRREGULAR:
        return IRREGULAR[word]
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")) or word == "news":
        return word
    for ending, other in (
        ("ies", "y"),
        ("ches", "ch"),
        ("shes", "sh"),
        ("sses", "ss"),
        ("xes", "x"),
        ("s", ""),
    ):
        if word.endswith(ending) and word[: -len(ending)] + other in known:
            return word[: -len(ending)] + other
    return word


def english_words(text: str) -> list[str]:
    """Lower-case English words of `text`, each once, function words left out."""
    return [word for word in dict.fromkeys(_WORD.findall(text.lower())) if word not in STOP and len(word) > 1]


def place(sense: str, word: str) -> tuple[str, str] | None:
    """Bare English and Chinese name where a sense is that of a province, city or other district.

    >>> place("Liaoning Province, capital Shenyang", "辽宁省")
    ('liaoning', '辽宁')
    """
    found = _PLACE.match(sense)
    if (
        not found
        or found.group(1) == found.group(1).lower()
        or len(word) < 3
        or word[-1] not in "省市县区镇州"
    ):
        return None
    return found.group(1).lower(), word[:-1]


def gerunds(verb: str) -> tuple[str, ...]:
    """Spellings that the -ing form of `verb` may have.

    >>> gerunds("promote"), gerunds("plan")
    (('promoting',), ('planing', 'planning'))
    """
    return (verb[:-1] + "ing",) if verb.endswith("e") else (verb + "ing", verb + verb[-1] + "ing")


def keys(sense: str) -> Iterator[str]:
    """Short lower-case keys (1 to 3 words) for one dictionary sense.

    >>> list(keys("Liaoning Province, capital Shenyang"))
    ['liaoning province']
    >>> list(keys("to train (sb)")), list(keys("trade union")), list(keys("variant of 工"))
    (['train'], ['trade union'], [])
    """
    if _NOT_A_SENSE.match(sense.lower()):
        return
    found: list[str] = []
    bare = _BRACKETS.sub(" ", sense)
    several = sense.islower()  # after the comma of a name comes where it is, not another word for it
    for part in re.split(r"[;,/:]| i\.e\. | e\.g\. ", bare)[: 2 if several else 1]:
        key = " ".join(part.lower().replace("’", "'").split())
        key = _TRAIL.sub("", _LEAD.sub("", key))
        if _KEY.fullmatch(key) and key not in STOP and len(key) > 1:
            found.append(key)
    yield from dict.fromkeys(found)
