"""What the format says of a stretch of text, carried within the text until the whole document is put together.

Struck, deleted and hidden text stays in `raw`, so that it can be looked at, and is no part of the clean text.
"""

from __future__ import annotations

import re

from rag.types import Edit

# Unicode keeps these noncharacters for use within a program; `plain` takes them out of what comes from a file.
_OPENING = {"struck": "\ufdd0", "hidden": "\ufdd1", "watermark": "\ufdd2", "running_head": "\ufdd3"}
_CLOSING = "\ufdef"
_RULES = {mark: rule for rule, mark in _OPENING.items()}
_STRETCH = re.compile(f"([{''.join(_RULES)}])([^{_CLOSING}]*){_CLOSING}")
_ANY = re.compile("[\ufdd0-\ufdef]")
_RAISED = str.maketrans("0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")
_POWER_OF = re.compile(r"(?:(?<![\d.])10|[A-Za-zα-ωΑ-Ω)）\]]|[米尺寸])\s*$")
_NOTE = re.compile(r"[\[［(（〔]?\s*(?:注|註|\*{1,3}|[①-⑳†‡]|注?\d{1,3}|[a-z])\s*[\]］)）〕]?")


def plain(text: str) -> str:
    """The text without the characters that serve as marks here."""
    return _ANY.sub("", text)


def marked(text: str, rule: str) -> str:
    """`text`, set apart as "struck", "hidden", a "watermark" or a "running_head"; what was set apart within it before belongs to it now."""
    text = plain(text)
    return f"{_OPENING[rule]}{text}{_CLOSING}" if text else ""


def mark_places(text: str) -> list[int]:
    """Where characters stand that serve as marks."""
    return [found.start() for found in _ANY.finditer(text)]


def without(text: str) -> str:
    """The text as it will be searched: what is set apart is gone."""
    return _STRETCH.sub("", text) if _CLOSING in text else text


def unmarked(text: str) -> tuple[str, tuple[Edit, ...]]:
    """The text with all that was set apart still in it, and the edits that take that out."""
    pieces, edits, at, length = [], [], 0, 0
    for found in _STRETCH.finditer(text):
        before, inner = text[at : found.start()], found[2]
        edits.append(Edit(length + len(before), length + len(before) + len(inner), "", _RULES[found[1]]))
        pieces += [before, inner]
        length += len(before) + len(inner)
        at = found.end()
    return "".join([*pieces, text[at:]]), tuple(edits)


def raised(text: str, before: str) -> str:
    """Superscript `text` behind `before`: a power (`10⁵`, `m²`) or the mark of a note (`120[注1]`), never a further digit."""
    inner = text.strip()
    if re.fullmatch(r"[-+−]?\d{1,4}[-+−]?", inner) and _POWER_OF.search(before):
        return inner.translate(_RAISED)
    return note(inner) if _NOTE.fullmatch(inner) else text


def lowered(text: str, before: str) -> str:
    """Subscript `text` behind `before`: as it is, but never a further digit of a number."""
    return f"_{text.strip()}" if before[-1:].isdigit() and text[:1].isdigit() else text


def note(name: str) -> str:
    """The mark of a note: `[注1]`."""
    return f"[注{name.strip('[［(（〔 注註]］)）〕')}]"
