"""Rules for single characters: what can't be seen, and what is another code for the same sign."""

from __future__ import annotations

import re
import unicodedata

from rag.types import Edit

from .draft import substitute

_LINE_END = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ue000-\uf8ff]+"
)
_SPACE = re.compile("[\t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
# Kangxi and other radicals, compatibility ideographs, ligatures: fonts of PDF files map glyphs to them
_COMPATIBLE = re.compile("[\u2e80-\u2fd5\uf900-\ufaff\ufb00-\ufb06\U0002f800-\U0002fa1f]")
_WIDE = re.compile("[０-９Ａ-Ｚａ-ｚ]+|(?<=[0-9０-９])[．：－／](?=[0-9０-９])|(?<=[0-9０-９])％")
_REPLACED = re.compile("\ufffd+")
_HYPHEN = re.compile("(?<=[a-zà-öø-ÿ])[-‐]\n *(?=[a-zà-öø-ÿ]{2})")
_ENTITIES = {
    "&nbsp;": " ", "&ensp;": " ", "&emsp;": " ", "&#160;": " ", "&#12288;": " ", "&lt;": "<", "&gt;": ">",
    "&amp;": "&", "&quot;": '"', "&ldquo;": "“", "&rdquo;": "”", "&middot;": "·", "&mdash;": "—",
    "&hellip;": "…",
}  # fmt: skip
_ENTITY = re.compile("|".join(_ENTITIES))


def line_ends(text: str) -> list[Edit]:
    """Make a line feed of every kind of line end."""
    return substitute(_LINE_END, text, "\n", "line_ends")


def invisible(text: str) -> list[Edit]:
    """Drop control, zero-width and private-use characters (icon fonts)."""
    return substitute(_INVISIBLE, text, "", "invisible")


def lost_characters(text: str) -> list[Edit]:
    """Drop U+FFFD, which a decoder leaves where it lost a character: what was lost can't be known."""
    return substitute(_REPLACED, text, "", "lost_characters")


def entities(text: str) -> list[Edit]:
    """Resolve HTML entities that an extractor left as text."""
    return [Edit(m.start(), m.end(), _ENTITIES[m.group()], "entities") for m in _ENTITY.finditer(text)]


def plain_spaces(text: str) -> list[Edit]:
    """Make a space of each tab, no-break, ideographic and other wide or narrow blank."""
    return substitute(_SPACE, text, " ", "plain_spaces")


def compatibility_forms(text: str) -> list[Edit]:
    """Replace radicals, compatibility ideographs and ligatures by the characters that they look like."""
    edits = []
    for match in _COMPATIBLE.finditer(text):
        plain = unicodedata.normalize("NFKC", match.group())
        if plain != match.group():
            edits.append(Edit(match.start(), match.end(), plain, "compatibility_forms"))
    return edits


def full_width(text: str) -> list[Edit]:
    """Make letters and digits half-width, and points and percent signs in numbers.

    Chinese punctuation stays as it is.
    """
    return [
        Edit(match.start(), match.end(), unicodedata.normalize("NFKC", match.group()), "full_width")
        for match in _WIDE.finditer(text)
    ]


def hyphenation(text: str) -> list[Edit]:
    """Join a Latin word that was broken with a hyphen at a line's end."""
    return substitute(_HYPHEN, text, "", "hyphenation")
