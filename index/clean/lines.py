"""What kind of line a line is, judged by its form alone. Used by the rules for chrome, columns and parts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f〇々"
CLOSERS = "”’』」》〉)）】］〕\"'"
BARRIER = "\u2029"  # stands between pieces of a part that were not neighbours in the raw text
UNIT = (
    "年月日号时時点點分秒个個项項家名人次位户戶万萬亿億元%％场場届屆条條种種类類天周岁歲级級所批期多余餘至到倍吨噸"
    "米平公台套件篇册冊度版页頁"
)

_END = re.compile(r"[。！？!?…；;：:.][" + re.escape(CLOSERS) + r"]*$")
_SHORTENED = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|Nos|Fig|vs|e\.g|i\.e)\.$")
_NUMBER = re.compile(
    rf"""(?x)
    [(（] [一二三四五六七八九十百\d]{{1,3}} [)）]
    | 第 [一二三四五六七八九十百\d]{{1,4}} [章节節条條部篇编編]
    | [一二三四五六七八九十百]{{1,3}} [、.．]
    | \d{{1,2}} [、.．)）] (?!\d)
    | \d{{1,2}} (?:\.\d{{1,2}}){{1,3}} \s
    | \d{{1,2}} \s+ (?=[{HAN}“《]) (?![{UNIT}])
    | [①-⑳❶-❿⑴-⒇•●■◆▲★※◎○]
    | [IVX]{{1,4}} [.、] \s
    """
)
_BYLINE = re.compile(
    r"""(?x)
    [(（【]?
    (?: 本报 | 本報 | 本刊 | 本网 | 本網 | 本台 | 新华社 | 新華社 | 见习 | 見習 | 实习 | 實習 | 首席 | 特约 | 特約
      | 通讯员 | 通訊員 | 记者 | 記者 | 作者 | 文[/／|｜] | 图[/／] | 撰文 | 撰稿 | 供稿 | 编辑[:：] )
    [^。！？；]{0,90} $
    """
)
_ROW = re.compile(r"[^：:；;。]{1,40}[：:][^；;]*[；;][^：:；;。]{1,40}[：:]|[^|]+ \| ")  # `年份：2022；人数：15万`, `年份 | 人数`
_SENTENCE = re.compile("[。！？!?；;]")
_COMMA = re.compile("[，,]")
_LETTERS = re.compile(f"[{HAN}A-Za-z]{{2}}")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: `body` is `text[start:end]`, without the blanks round it; `first` and `last` bound the whole line."""

    body: str
    start: int
    end: int
    first: int
    last: int


@lru_cache(maxsize=1)  # most rules leave the text as it is, and the next one asks for the same lines
def split_lines(text: str) -> tuple[Line, ...]:
    """Return the lines of `text` that hold anything, in order."""
    return tuple(_lines(text))


def _lines(text: str) -> Iterator[Line]:
    at = 0
    for raw in text.split("\n"):
        body = raw.strip()
        if body or BARRIER in raw:
            start = at + len(raw) - len(raw.lstrip()) if body else at
            yield Line(body or BARRIER, start, start + len(body or raw), at, at + len(raw))
        at += len(raw) + 1


def width(line: str) -> int:
    """How much a line holds, in columns: what takes three bytes in UTF-8, as Chinese does, counts two, ASCII one."""
    return (len(line.encode("utf-8", "replace")) + len(line)) // 2


def ends_sentence(line: str) -> bool:
    """Whether the line ends as a sentence, an item of a list or a lead-in does."""
    return bool(_END.search(line)) and not _SHORTENED.search(line)


def is_numbered(line: str) -> bool:
    """Whether the line begins with the number of a section or an item: `一、`, `(二)`, `3.`, `4 `, `第五章`, `①`."""
    return bool(_NUMBER.match(line))


def is_byline(line: str) -> bool:
    """Whether the line names its writers: `本报记者 …`, `作者:…`."""
    return bool(_BYLINE.match(line))


def is_row(line: str) -> bool:
    """Whether the line is a row of a table or a form: values behind their labels, or cells parted by bars."""
    return bool(_ROW.match(line))


def is_prose(line: str) -> bool:
    """Whether the line is running text: long enough, with the punctuation of sentences in it."""
    size = width(line)
    return (size >= 40 and bool(_SENTENCE.search(line))) or (size >= 60 and bool(_COMMA.search(line)))


def is_title(line: str) -> bool:
    """Whether the line can be a title or a heading: short, in one piece, not ending as a sentence does."""
    return (
        6 <= width(line) <= 90
        and not re.search("[。；;]", line)
        and not line.endswith(("，", ",", "、", "：", ":"))
        and bool(_LETTERS.search(line))
        and len(_COMMA.findall(line)) <= 2
    )
