"""Markup by construction: a text becomes HTML in one place, and only what this module made is taken for markup."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
_EMPTY = frozenset({"meta", "input", "br", "hr", "col"})


class Html(str):
    """Markup that may stand in the page as it is."""

    __slots__ = ()


Child = object
"""Html as it stands; None is nothing; an iterable that is no string its items; anything else its text, escaped."""


def visible(value: object) -> str:
    r"""The text of `value` with every character that would not show, or would reorder the line, as a sign for it.

    >>> visible("a\x1b[2J\u202eb")
    'a␛[2J⟨U+202E⟩b'
    """
    return _UNSEEN.sub(_sign, str(value).replace("\r\n", "\n"))


def _sign(found: re.Match[str]) -> str:
    code = ord(found[0])
    return chr(0x2400 + code) if code < 0x20 else f"\u27e8U+{code:04X}\u27e9"


def text(value: object) -> Html:
    """`value` as text in HTML, between tags or in a quoted attribute."""
    return Html(escape(visible(value), quote=True))


def join(children: Iterable[Child]) -> Html:
    """All `children`, one after the other."""
    return Html("".join(_html(child) for child in children))


def _html(child: Child) -> str:
    if isinstance(child, Html):
        return child
    if child is None:
        return ""
    if isinstance(child, Iterable) and not isinstance(child, str):
        return join(child)
    return text(child)


def tag(name: str, /, *children: Child, **attributes: object) -> Html:
    """An element. `class_` is the attribute `class`, `data_kind` is `data-kind`; True is given bare, None and False not.

    >>> tag("p", "1 < 2", tag("b", "!"), class_="note", hidden=True)
    '<p class="note" hidden>1 &lt; 2<b>!</b></p>'
    """
    given = "".join(
        f" {_name(key)}" if value is True else f' {_name(key)}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    body = join(children)
    return Html(f"<{name}{given}>" if name in _EMPTY else f"<{name}{given}>{body}</{name}>")


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def details(summary: Child, *children: Child, open: bool = False, class_: str | None = None) -> Html:
    """A part that the reader opens; needs no script."""
    return tag("details", tag("summary", summary), *children, open=open, class_=class_)


def table(
    head: Iterable[Child],
    rows: Iterable[Iterable[Child]],
    *,
    caption: str,
    numbers: Iterable[int] = (),
    class_: str = "",
) -> Html:
    """A table that scrolls in its own box; the first cell of a row is its heading, columns `numbers` stand to the right."""
    right = frozenset(numbers)

    def cell(name: str, n: int, child: Child, **more: object) -> Html:
        return tag(name, child, class_="num" if n in right else None, **more)

    body = [
        tag("tr", [cell("td" if n else "th", n, c, scope=None if n else "row") for n, c in enumerate(row)])
        for row in rows
    ]
    titles = tag("tr", [cell("th", n, c, scope="col") for n, c in enumerate(head)])
    whole = tag(
        "table",
        tag("caption", caption, class_="sr"),
        tag("thead", titles),
        tag("tbody", body),
        class_=class_ or None,
    )
    return tag("div", whole, class_="scroll", tabindex="0", role="region", aria_label=caption)
