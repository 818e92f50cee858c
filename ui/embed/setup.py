"""The page that writes the snippet for an administrator, and the page that stands for theirs in its preview."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template

from .words import WORDS

STATIC = Path(__file__).parent / "static"
_SPOKEN = ("copy", "copied", "copy_failed", "is_allowed", "not_allowed", "bad_site")  # what the script says


def setup_page(origins: Sequence[str]) -> str:
    """The page, with the list of the `origins` that may frame the chat."""
    shown = "".join(f"<li><code>{escape(origin)}</code></li>" for origin in origins)
    listed = f'<ul class="origins">{shown}</ul>' if origins else f'<p class="none">{both("none_allowed")}</p>'
    known = json.dumps({"origins": list(origins), "words": {name: WORDS[name] for name in _SPOKEN}}, ensure_ascii=False)
    return _fill("setup.html", {"listed": listed, "known": escape(known), "plain_title": WORDS["title"][0]})


def preview_page() -> str:
    """A page of nobody's in which the snippet is tried; `preview.js` reads from its address what to show."""
    return _fill("preview.html", {})


def both(key: str) -> str:
    """HTML that holds `key` in both languages, of which the stylesheet shows one."""
    zh, en = (escape(text) for text in WORDS[key])
    return f'<span class="zh" lang="zh">{zh}</span><span class="en" lang="en">{en}</span>'


def _fill(name: str, values: dict[str, str]) -> str:
    page = Template((STATIC / name).read_text(encoding="utf-8"))
    return page.substitute({key: both(key) for key in WORDS} | values)
