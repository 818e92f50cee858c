"""The gazetteer: China's divisions at province and prefecture level, and the names by which they go.

A region is written "辽宁" or "辽宁/大连"; the whole country is "全国". The data is `rag/data/regions.txt`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

NATION = "全国"
_PEOPLES = (
    "朝鲜族|土家族|苗族|羌族|藏族|彝族|布依族|侗族|哈尼族|壮族|傣族|白族|景颇族|傈僳族|回族|蒙古族?|哈萨克"
    "|柯尔克孜|黎族"
)
_TYPE = re.compile(rf"(?:{_PEOPLES})*(?:特别行政区|自治[区州县]|林区|地区|[省市盟县])$")


@dataclass(frozen=True, slots=True)
class Region:
    """One division: key ("辽宁/大连"), official name, further Chinese names, English names (lower case)."""

    key: str
    name: str
    names: tuple[str, ...]
    english: tuple[str, ...]

    @property
    def short(self) -> str:
        """The name without its type: 大连."""
        return self.key.rpartition("/")[2]


@lru_cache(maxsize=1)
def regions() -> tuple[Region, ...]:
    """All divisions, provinces before their prefectures, in the order of their codes."""
    found: list[Region] = []
    province = ""
    for line in resources.files("rag.data").joinpath("regions.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("  "):
            found += [_prefecture(province, entry) for entry in line.split(";")]
        elif line and not line.startswith("#"):
            fields, _, more = line.partition("=")
            name, province, _, english = (field.strip() for field in fields[3:].split(","))
            found.append(Region(province, name, (province, *more.split()), _english(english.split())))
    return tuple(found)


@lru_cache(maxsize=1)
def abbreviations() -> dict[str, str]:
    """One-character names of provinces: 皖 → 安徽."""
    text = resources.files("rag.data").joinpath("regions.txt").read_text(encoding="utf-8")
    lines = [line.split(",") for line in text.splitlines() if line and not line.startswith(("#", "  "))]
    return {char: fields[1].strip() for fields in lines for char in fields[2].strip()}


@lru_cache(maxsize=1)
def by_key() -> dict[str, Region]:
    """Divisions by key."""
    return {region.key: region for region in regions()}


def covers(a: str, b: str) -> bool:
    """Whether region `a` is `b` or holds it.

    >>> covers("辽宁", "辽宁/大连"), covers("辽宁/大连", "辽宁"), covers("全国", "四川")
    (True, False, True)
    """
    return a in (NATION, b) or b.startswith(a + "/")


def display(region: str) -> str:
    """Give the official name of a region: "辽宁/大连" → "大连市"; what is unknown, as it is."""
    known = by_key().get(region)
    return known.name if known else region.rpartition("/")[2]


def _prefecture(province: str, entry: str) -> Region:
    fields, _, more = entry.partition("=")
    name, *english = fields.split()
    short = _TYPE.sub("", name)
    names = tuple(more.split())
    if name not in ("吉林市", "海南藏族自治州"):  # their short names are a province's
        names = (short, *names)
    return Region(f"{province}/{short}", name, names, _english(english))


def _english(names: list[str]) -> tuple[str, ...]:
    return tuple(name.replace("_", " ").lower() for name in names)
