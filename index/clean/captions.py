"""Rules for what is set in the flow of a newspaper page: captions, credits, pointers to other pages."""

from __future__ import annotations

import re

from rag.types import Edit

from .lines import BARRIER, HAN, ends_sentence, is_byline, is_numbered, is_prose, split_lines, width

_TAKEN = "(?:摄影报道|摄影|摄|攝影|攝|供图|供圖|制图|提供)"
_CREDIT = re.compile(
    rf"""(?x)
    [(（\[【]?
    (?: (?: 本版 | 本报 | 以上 | 文中 | 文内 | 上图 | 下图 | 题图 | 首图 | 本组 )? (?: 图片 | 圖片 | 照片 | 摄影 | 攝影 )
        [^。！？]{{0,24}} (?: {_TAKEN} | 资料图片? | 来源 | 來源 ) [^。！？]{{0,20}}
      | (?: 图片来源 | 圖片來源 | 图源 | 摄影 | 攝影 | 图片 | 图 | 圖 | 供图 | 制图 | 漫画 | 视频 ) \s* [:：/／|｜丨]
        \s* [^。！？]{{1,30}}
      | (?: 资料图片? | 資料圖片? | 资料照片 | 新华社发 | 新華社發 | 视觉中国 | 网络图片 ) [^。！？]{{0,16}}
      | (?: 本报 | 本刊 | 本网 | 新华社 | 新華社 )? (?: 记者 | 記者 | 通讯员 | 通訊員 | 实习生 )? \s*
        (?: [{HAN}·]{{2,5}} [\s、]* ){{1,3}} [/／]? {_TAKEN}
    )
    [)）\]】]?
    """
)
_CREDIT_TAIL = re.compile(
    rf"""(?x)
    (?<=[。！？”]) \s* [(（]?
    (?: (?: 本报 | 本刊 | 新华社 )? (?: 记者 | 通讯员 )? \s* (?: [{HAN}·]{{2,4}} [\s、]+ ){{1,3}} {_TAKEN}
      | (?: 图片 | 摄影 | 图 ) \s* [:：/／] \s* [^。！？]{{1,20}}
      | 资料图片? | 新华社发 )
    [)）]? $
    """
)
_CAPTION = re.compile(r"[(（]?(?:图为|圖為|图[①-⑨\d]|上图|下图|左图|右图|题图)")
_POINTER = "(?:上接|下转|下轉|紧接|緊接|接上|接第|转第|轉第|文接|上转)"
CONTINUED = re.compile(
    rf"[▲△▼▽●■◆※→⇒☞]?[(（【\[] *{_POINTER}(?:[^()（）【】\[\]\n，,。]{{0,20}}[版页頁期面第][^()（）【】\[\]\n，,。]{{0,12}}| *)[)）】\]]"
    rf"|^ *(?:(?:{_POINTER}|[转接]) *第? *[A-Z]? *[\d一二三四五六七八九十]{{1,3}} *[版页頁]|未完待续|本文未完)"
    r"[^\n。,，]{0,12}$",
    re.MULTILINE,
)
_MOST = 5  # lines of an interruption


def continuation_marks(text: str) -> list[Edit]:
    """Drop pointers to another page: `(上接第一版)`, `(下转第 3 版)`."""
    return [Edit(match.start(), match.end(), "", "continuation_marks") for match in CONTINUED.finditer(text)]


def interruptions(text: str) -> list[Edit]:
    """Drop a caption with its credit that stands inside a sentence, and join the sentence."""
    lines = split_lines(text)
    edits: list[Edit] = []
    for place, line in enumerate(lines[:-2]):
        if not _breaks_off(line.body) or (edits and line.start < edits[-1].end):
            continue
        after = place + 1
        while after < len(lines) and after - place <= _MOST and _is_aside(lines[after].body):
            after += 1
        credited = [i for i in range(place + 1, after) if _is_credited(lines[i].body)]
        if credited and after == len(lines):  # what goes on is short itself
            after = credited[-1] + 1
        goes_on = credited and after < len(lines) and not is_numbered(lines[after].body)
        if goes_on and lines[after].body != BARRIER:
            edits.append(Edit(line.end, lines[after].start, "", "interruptions"))
    return edits


def _is_aside(body: str) -> bool:
    return (
        body != BARRIER
        and width(body) <= 110
        and not is_numbered(body)
        and (not is_prose(body) or _is_credited(body))
    )


def _is_credited(body: str) -> bool:
    return bool(_CREDIT.fullmatch(body) or _CREDIT_TAIL.search(body) or _CAPTION.match(body))


def _breaks_off(body: str) -> bool:
    """Whether running text stops before its sentence does."""
    return not ends_sentence(body) and not is_byline(body) and (is_prose(body) or openings(body) > 0)


def openings(body: str) -> int:
    """Count quotation marks and parentheses that are opened, less those closed."""
    return sum(body.count(mark) for mark in "“《（(") - sum(body.count(mark) for mark in "”》）)")


def photo_credits(text: str) -> list[Edit]:
    """Drop who took or gave a picture; a caption's own sentence stays."""
    edits = []
    for line in split_lines(text):
        if len(line.body) <= 80 and _CREDIT.fullmatch(line.body):
            edits.append(Edit(line.start, line.end, "", "photo_credits"))
        elif tail := _CREDIT_TAIL.search(line.body, max(0, len(line.body) - 50)):
            edits.append(Edit(line.start + tail.start(), line.end, "", "photo_credits"))
    return edits
