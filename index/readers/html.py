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
from ._grid import MOST_MERGED, across, lines
from ._marks import lowered, marked, plain, raised, without

_SKIP = frozenset((
    *("head", "script", "style", "noscript", "template", "svg", "iframe", "object", "nav"),
    *("select", "option", "button", "textarea"),
))  # fmt: skip
_INLINE = frozenset((
    *("a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "hi", "i"),
    *("img", "input", "ins", "kbd", "label", "mark", "q", "rb", "ref", "ruby", "s", "samp", "small", "span", "strike"),
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
_HIDING = re.compile(r"(?i)(?:display\s*:\s*none|visibility\s*:\s*hidden)")
_STRUCK = frozenset(("del", "s", "strike"))
_FURNITURE = re.compile(r"(?i)(?:^|[\s_-])(?:nav(?:bar|igation)?|menu|footer|foot|sidebar|side|aside|crumbs?|breadcrumbs?|copyright|share|banner|related|login|search|comments?)(?:$|[\s_-])")
"""What templates call the parts of a page that are no part of its document: tags, classes, ids."""
_PARTS = frozenset(("nav", "header", "footer", "aside", "form", "div", "ul", "ol", "section", "table", "p"))
_LONG_CELL = 200
"""Characters above which a cell holds running text."""


class Block(NamedTuple):
    """A paragraph, heading or table of the page, as a browser would set it apart."""

    text: str
    heading: bool = False
    rows: tuple[tuple[str, ...], ...] = ()  # of a table of data
    linked: int = 0  # characters that are links

    @property
    def told(self) -> str:
        """The text; of a table, each value behind the heading of its column."""
        return "\n".join(lines(self.rows)) if self.rows else self.text

    @property
    def key(self) -> str:
        """The text that will be searched, without white space, for comparing."""
        return "".join(without(self.text).split())


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
    if not _is_of_a_site(tree, blocks):
        return "\n\n".join(block.told for block in blocks), headline or name
    main = _main(tree)
    wanted = "".join(block.key for block in main)
    chosen = _choose(blocks, wanted)
    if sum(len(blocks[i].key) for i in chosen) >= 0.8 * len(wanted):
        main = [blocks[i] for i in [*_lead(blocks, chosen, headline), *_between(blocks, chosen)]]
    text = "\n\n".join(block.told for block in main or blocks)
    return text, headline or name


def _is_of_a_site(tree: Any, blocks: list[Block]) -> bool:
    """Whether anything says that more than a document stands on the page: menus, side boxes, many links."""
    if any(_FURNITURE.search(f"{node.tag} {node.get('class', '')} {node.get('id', '')}") for node in tree.iter() if node.tag in _PARTS):
        return True
    return sum(block.linked for block in blocks) > 0.1 * sum(len(block.text) for block in blocks)


def _between(blocks: list[Block], chosen: list[int]) -> list[int]:
    """The chosen blocks, and what stands between the first and the last of them and is no list of links."""
    if not chosen:
        return []
    return [i for i in range(chosen[0], chosen[-1] + 1) if i in set(chosen) or 2 * blocks[i].linked < len(blocks[i].text)]


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
        node.text = node.text and (plain(node.text) if node.tag == "pre" else _BROKEN_LINE.sub("", plain(node.text)))
        node.tail = node.tail and _BROKEN_LINE.sub("", plain(node.tail))
    _spell_out(tree)
    _number(tree)
    _define(tree)
    _set_apart(tree)
    return tree


def _spell_out(tree: Any) -> None:
    """Write raised and lowered figures and ticks as characters."""
    from lxml import etree

    before = ""
    for event, node in etree.iterwalk(tree, events=("start", "end")):
        if event == "start":
            if node.tag in ("sup", "sub") and len(text := node.text_content()) <= 12:
                for child in list(node):
                    node.remove(child)
                node.text = (raised if node.tag == "sup" else lowered)(text, before)
            elif node.tag == "input" and node.get("type", "").lower() in ("checkbox", "radio"):
                node.tail = ("☐" if node.get("checked") is None else "☑") + (node.tail or "")
            before = (before + (node.text or ""))[-20:]
        else:
            before = (before + (node.tail or ""))[-20:]


def _number(tree: Any) -> None:
    """Write the number of each item of a list that a browser counts."""
    for items in tree.iter("ol"):
        number = _count(items.get("start")) if items.get("start", "").isdecimal() else 1
        for item in items.iterchildren("li"):
            number = int(item.get("value")) if item.get("value", "").isdecimal() else number
            if next(item.iter("div", "table", "section", "article"), None) is None and not re.match(r"\s*[\d(（①-⑳]", item.text_content()):
                _prefix(item, f"{number}. ")
            number += 1


def _define(tree: Any) -> None:
    """Write each term before its definition."""
    for items in list(tree.iter("dl")):
        terms: list[Any] = []
        for node in list(items.iter("dt", "dd")):
            if node.tag == "dt":
                terms = [*([] if terms and terms[-1].getparent() is None else terms), node]
            elif terms and all(len(term.text_content()) <= 40 for term in terms):
                _prefix(node, "、".join(_squeeze(term.text_content()) for term in terms) + "：")
                for term in terms:
                    if term.getparent() is not None:
                        term.drop_tree()


def _prefix(node: Any, text: str) -> None:
    """Put `text` before the first word under `node`."""
    for inner in node.iter():
        if isinstance(inner.tag, str) and (inner.text or "").strip():
            inner.text = text + inner.text.lstrip()
            return
        if inner is not node and (inner.tail or "").strip() and not inner.text_content().strip():
            inner.tail = text + inner.tail.lstrip()
            return


def _set_apart(tree: Any) -> None:
    """Mark all text that is struck or hidden."""
    for node in tree.iter():
        if not isinstance(node.tag, str):
            continue
        hidden = node.get("hidden") is not None or _HIDING.search(node.get("style", ""))
        if not hidden and node.tag not in _STRUCK:
            continue
        rule = "hidden" if hidden else "struck"
        for inner in node.iter():
            inner.text = inner.text and marked(inner.text, rule)
            if inner is not node:
                inner.tail = inner.tail and marked(inner.tail, rule)


def _titles(tree: Any) -> tuple[str | None, str | None]:
    """Return the headline, where there is just one, and the page's title without the name of the site."""
    headlines = [text for node in tree.iter("h1") if (text := _squeeze(without(node.text_content())))]
    title = own_title(tree.findtext("head/title"))
    name = re.split(r"\s+[-|–—]+\s+|\s*[_|]+\s*|--+", title)[0] if title else None
    return (headlines[0] if len(headlines) == 1 else None), name or title


def _main(tree: Any) -> list[Block]:
    """Return what trafilatura takes for the main content; nothing where it finds none."""
    import copy

    from trafilatura import bare_extraction

    visible = copy.deepcopy(tree)
    for node in visible.iter():
        node.text, node.tail = node.text and without(node.text), node.tail and without(node.tail)
    found = bare_extraction(
        visible, include_comments=False, include_tables=True, with_metadata=False
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


class _Pieces:
    """The text of the block that is being put together, and how much of it is links."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.linked = 0

    def flush(self, *, heading: bool = False) -> Iterator[Block]:
        """Yield the block, if there is any text in it, and begin the next."""
        text, linked = _squeeze("".join(self.texts)), self.linked
        self.texts, self.linked = [], 0
        if text:
            yield Block(text, heading, linked=linked)


def _walk(node: Any, pieces: _Pieces | None = None) -> Iterator[Block]:
    """Yield the blocks under `node`, of a page or of trafilatura's own XML."""
    top = pieces is None
    pieces = pieces or _Pieces()
    tag = node.tag
    if not isinstance(tag, str) or (tag in _SKIP and not (tag == "head" and node.get("rend"))):
        return
    if tag in ("br", "lb"):
        pieces.texts.append("\n")
    elif tag == "pre":
        yield from pieces.flush()
        yield from [Block(text)] if (text := "\n".join(filter(str.strip, node.text_content().split("\n")))) else []
    elif tag == "table" and (rows := _rows(node)):
        yield from pieces.flush()
        for caption in node.iterchildren("caption"):
            yield from _walk(caption)
        yield Block("\n".join("\t".join(row) for row in rows if any(row)), rows=_spanned(node, rows), linked=sum(len(a.text_content()) for a in node.iter("a")))
    else:
        block = top or tag not in _INLINE
        if block:
            yield from pieces.flush()
        if tag == "a":
            pieces.linked += len("".join(node.text_content().split()))
        pieces.texts.append(_spaces(node.text))
        for child in node:
            yield from _walk(child, pieces)
            pieces.texts.append(_spaces(child.tail))
        if block:
            yield from pieces.flush(heading=tag in _HEADINGS)


def _rows(table: Any) -> list[list[str]]:
    """The cells of a table of data by rows; nothing for one that only lays out the page."""
    if next(table.iterdescendants("table"), None) is not None:
        return []
    rows = [[" ".join(" ".join(block.text for block in _walk(cell)).split()) for cell in _cells(row)] for row in table.iter("tr", "row")]
    cells = [cell for row in rows for cell in row if cell]
    laid_out = next(table.iter("th"), None) is None and 2 * sum(len(cell) > _LONG_CELL for cell in cells) >= len(cells)
    if max(map(len, rows), default=0) < 2 or laid_out:
        return []
    return rows if cells else []


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
            down, wide = (_count(cell.get(name)) for name in ("rowspan", "colspan"))
            held |= {(n + i, at + k): told for i in range(min(down, len(rows) - n)) for k, told in enumerate(across(text, wide))}
            at += wide
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
