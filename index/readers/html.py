"""Web pages: the article without the site round it.

trafilatura says what of the page is main content; paragraphs, headings and tables are then taken from the
page itself, for it flattens short ones and leaves out headline and dateline where they stand outside the
article, as on most Chinese news sites. Both matter here: whose figures they are, and of which year.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rag.errors import UnreadableDocument
from rag.types import Document

from ..encoding import CERTAIN, decode, likelihood
from ._common import MAX_BYTES, document, load, own_title, really
from ._grid import MOST_MERGED, lines

_SKIP = frozenset((
    *("head", "script", "style", "noscript", "template", "svg", "iframe", "object", "nav"),
    *("select", "option", "button", "input", "textarea"),
))  # fmt: skip
_INLINE = frozenset((
    *("a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "hi", "i"),
    *("img", "ins", "kbd", "label", "mark", "q", "rb", "ref", "ruby", "s", "samp", "small", "span", "strike"),
    *("strong", "sub", "sup", "time", "tt", "u", "var", "wbr"),
))  # fmt: skip
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6", "head"))
_CHARSET = re.compile(
    rb"<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE
)
_GB = frozenset(("gb2312", "gbk", "gb_2312-80", "x-gbk", "gb18030", "cp936"))
_DATELINE = re.compile(
    r"(?:19|20)\d\d\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}|(?:来源|來源|作者|记者|記者|发布)\s*[:：]"
)
_EAST_ASIAN = r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]"
_BROKEN_LINE = re.compile(rf"(?<={_EAST_ASIAN})[ \t]*\r?\n\s*(?={_EAST_ASIAN})")
_LONG = 12  # characters that do not stand twice on a page by chance


class Block(NamedTuple):
    """A paragraph, heading or table of the page, as a browser would set it apart."""

    text: str
    heading: bool = False
    rows: tuple[tuple[str, ...], ...] = ()  # of a table of data

    @property
    def told(self) -> str:
        """The text; of a table, each value behind the heading of its column."""
        return "\n".join(lines(self.rows)) if self.rows else self.text

    @property
    def key(self) -> str:
        """The text without white space, for comparing."""
        return "".join(self.text.split())


def read(path: Path, *, source: str, max_bytes: int = MAX_BYTES) -> Document:
    """Read the main content of a web page; a blank line stands between its headings and paragraphs.

    Raises UnreadableDocument for what is no text, EmptyDocument for a page without any, DocumentTooLarge.
    """
    data = load(path, max_bytes=max_bytes)
    if kind := really(data):
        raise UnreadableDocument(f"{path} is no web page but {kind}; give it the name of its real format")
    try:
        page, encoding = _decode(data)
    except UnreadableDocument as error:
        raise UnreadableDocument(f"can't read {path} as a web page: {error}") from error
    raw, title = extract(page)
    return document(raw, source=source, path=path, media_type="text/html", encoding=encoding, title=title)


def extract(page: str) -> tuple[str, str | None]:
    """Return the main text of an HTML page, all of its text where no main content is found, and its title."""
    tree = _parse(page)
    if tree is None:
        return "", None
    blocks = list(_walk(tree))
    headline, name = _titles(tree)
    main = _main(tree)
    wanted = "".join(block.key for block in main)
    chosen = _choose(blocks, wanted)
    if sum(len(blocks[i].key) for i in chosen) >= 0.8 * len(wanted):
        main = [blocks[i] for i in [*_lead(blocks, chosen, headline), *chosen]]
    text = "\n\n".join(block.told for block in main or blocks)
    return text, headline or name


def whole(page: str) -> str:
    """All text of an HTML page, without looking for its main content."""
    tree = _parse(page)
    return "" if tree is None else "\n\n".join(block.told for block in _walk(tree))


def _decode(data: bytes) -> tuple[str, str]:
    """Decode by the declared charset as browsers do, but only where what comes of it can be Chinese.

    Pages that declare nothing, UTF-8 or a Western charset are judged by their bytes: templates declare much.
    """
    found = _CHARSET.search(data[:4096])
    declared = found[1].decode("ascii", "replace").lower() if found else ""
    declared = "gb18030" if declared in _GB else declared
    if declared.startswith(("gb", "big5", "shift_jis", "euc-")):
        try:
            page = data.decode(declared)
        except (UnicodeDecodeError, LookupError):
            return decode(data)
        if likelihood(page) > CERTAIN or not declared.startswith(("gb", "big5")):
            return page, declared
    return decode(data)


def _parse(page: str) -> Any:
    from lxml import etree
    from lxml import html as lxml_html

    parser = lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        tree = lxml_html.document_fromstring(page.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):  # nothing in it, not even a word
        return None
    etree.strip_elements(tree, "rt", "rp", with_tail=False)  # readings set over characters
    for node in tree.iter():
        # Lines of the file are no spaces between Chinese characters (CSS Text Level 3, section 4.1.3).
        node.text = node.text and _BROKEN_LINE.sub("", node.text)
        node.tail = node.tail and _BROKEN_LINE.sub("", node.tail)
    return tree


def _titles(tree: Any) -> tuple[str | None, str | None]:
    """Return the headline, where there is just one, and the page's title without the name of the site."""
    headlines = [text for node in tree.iter("h1") if (text := _squeeze(node.text_content()))]
    title = own_title(tree.findtext("head/title"))
    name = re.split(r"\s+[-|–—]+\s+|\s*[_|]+\s*|--+", title)[0] if title else None
    return (headlines[0] if len(headlines) == 1 else None), name or title


def _main(tree: Any) -> list[Block]:
    """Return what trafilatura takes for the main content; nothing where it finds none."""
    import copy

    from trafilatura import bare_extraction

    found = bare_extraction(
        copy.deepcopy(tree), include_comments=False, include_tables=True, with_metadata=False
    )
    body = getattr(found, "body", None)
    return [] if body is None else list(_walk(body))


def _choose(blocks: list[Block], wanted: str) -> list[int]:
    """Return the numbers of the blocks that make up `wanted`, a text without white space.

    A short block counts only where it goes on from the last: `新闻` stands in many a menu.
    """
    chosen: list[int] = []
    at = 0
    for number, block in enumerate(blocks):
        found = wanted.find(block.key, at)
        if found == at or (found > at and len(block.key) >= _LONG):
            chosen.append(number)
            at = found + len(block.key)
    return chosen


def _lead(blocks: list[Block], chosen: list[int], headline: str | None) -> list[int]:
    """Return the numbers of headline, subtitles and dateline that stand before the first chosen block."""
    first = chosen[0] if chosen else 0
    starts = [i for i in range(first) if headline and blocks[i].text == headline]
    if not starts:
        return []
    return [
        i
        for i in range(starts[-1], first)
        if blocks[i].heading or (len(blocks[i].text) <= 120 and _DATELINE.search(blocks[i].text))
    ]


def _walk(node: Any, pieces: list[str] | None = None) -> Iterator[Block]:
    """Yield the blocks under `node`, of a page or of trafilatura's own XML."""
    top = pieces is None
    pieces = [] if pieces is None else pieces
    tag = node.tag
    if not isinstance(tag, str) or (tag in _SKIP and not (tag == "head" and node.get("rend"))):
        return
    if tag in ("br", "lb"):
        pieces.append("\n")
    elif tag == "table" and (rows := _rows(node)):
        yield from _flush(pieces)
        yield Block("\n".join("\t".join(row) for row in rows if any(row)), rows=_spanned(node, rows))
    else:
        block = top or tag not in _INLINE
        if block:
            yield from _flush(pieces)
        pieces.append(_spaces(node.text))
        for child in node:
            yield from _walk(child, pieces)
            pieces.append(_spaces(child.tail))
        if block:
            yield from _flush(pieces, heading=tag in _HEADINGS)


def _flush(pieces: list[str], *, heading: bool = False) -> Iterator[Block]:
    text = _squeeze("".join(pieces))
    pieces.clear()
    if text:
        yield Block(text, heading)


def _rows(table: Any) -> list[list[str]]:
    """The cells of a table of data by rows; nothing for one that only lays out the page."""
    if next(table.iterdescendants("table"), None) is not None:
        return []
    rows = [[" ".join(_squeeze(" ".join(cell.itertext())).split()) for cell in _cells(row)] for row in table.iter("tr", "row")]
    if max(map(len, rows), default=0) < 2 or any(len(cell) > 200 for row in rows for cell in row):
        return []
    return rows if any(map(any, rows)) else []


def _cells(row: Any) -> list[Any]:
    return list(row.iterchildren("td", "th", "cell"))


def _spanned(table: Any, rows: list[list[str]]) -> tuple[tuple[str, ...], ...]:
    """The rows with each cell's text in every row and column that it covers."""
    held: dict[tuple[int, int], str] = {}
    for n, (row, texts) in enumerate(zip(table.iter("tr", "row"), rows, strict=True)):
        at = 0
        for cell, text in zip(_cells(row), texts, strict=True):
            while (n, at) in held:
                at += 1
            down, across = (_count(cell.get(name)) for name in ("rowspan", "colspan"))
            held |= {(n + i, at + k): text for i in range(min(down, len(rows) - n)) for k in range(across)}
            at += across
    width = 1 + max((column for _, column in held), default=-1)
    return tuple(tuple(held.get((n, column), "") for column in range(width)) for n in range(len(rows)))


def _count(said: str | None) -> int:
    return min(int(said), MOST_MERGED) if said and said.isdecimal() and int(said) else 1


def _spaces(text: str | None) -> str:
    return re.sub(r"[ \t\r\n\f]+", " ", text or "")


def _squeeze(text: str) -> str:
    """Take white space off the ends of the lines, the two ideographic spaces of an indent included."""
    lines = (
        re.sub(r"[ \xa0]{2,}", " ", line).strip(" \t\r\xa0\u3000\u200b\ufeff") for line in text.split("\n")
    )
    return "\n".join(line for line in lines if line)
