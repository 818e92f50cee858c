"""Cleaning that never loses its way back: every repair is an edit on an offset map.

`clean` runs the rules of `CHARACTERS` and `PAGE` on the whole text, those of `SITE` where it shows several signs of a site, tells apart the articles that share it, and runs
those of `LAYOUT` on each. Clean text has one paragraph or heading a line, no blank lines, and the script and the
punctuation of the document as written. An edit that two rules made together bears the names of both (`a+b`), or, if
all that it does is delete, of the one that deleted most.
"""

from __future__ import annotations

from rag.types import Document, Part

from .articles import other_article, split
from .captions import continuation_marks, interruptions, photo_credits
from .characters import (
    compatibility_forms,
    entities,
    full_width,
    hyphenation,
    invisible,
    line_ends,
    lost_characters,
    plain_spaces,
)
from .draft import Draft, Rule, Watch
from .layout import columns, overlaps, paragraphs
from .pinyin import broken_pinyin, inline_pinyin, realigned, stray_glyphs
from .site import breadcrumbs, chrome, from_a_site, keyword_spam, masthead, page_numbers
from .spacing import (
    runs_of_spaces,
    spaced_latin,
    spaced_numbers,
    spaced_out,
    spaced_punctuation,
    spaced_units,
    spaced_words,
)

# every rule, in the order in which it is applied
CHARACTERS: tuple[Rule, ...] = (
    line_ends, invisible, lost_characters, entities, plain_spaces, compatibility_forms, full_width, realigned,
    inline_pinyin, broken_pinyin, stray_glyphs, hyphenation,
)  # fmt: skip
PAGE: tuple[Rule, ...] = (page_numbers,)
SITE: tuple[Rule, ...] = (keyword_spam, breadcrumbs, masthead, chrome)  # of text that was taken from a site
LAYOUT: tuple[Rule, ...] = (
    continuation_marks, interruptions, photo_credits, overlaps, columns, runs_of_spaces, spaced_numbers, spaced_out,
    spaced_punctuation, spaced_units, spaced_latin, spaced_words, paragraphs,
)  # fmt: skip
GENTLE: tuple[Rule, ...] = (line_ends, invisible, entities, plain_spaces, compatibility_forms, full_width, runs_of_spaces, paragraphs)
RULES: tuple[Rule, ...] = CHARACTERS + PAGE + SITE + LAYOUT


def clean(document: Document, *, watch: Watch | None = None, gentle: bool = False) -> list[Part]:
    """Find the articles of a document: each with its clean text and the edits that lead there from `document.raw`.

    At least one part; its text is empty where nothing but the site's own words was there. `title` is set where the
    page was split by it. `watch` is told, rule by rule, of the text that each saw and of its edits. `gentle` leaves all
    that is written where it is: characters and white space are repaired, and what the format sets apart is taken out.
    """
    if gentle:
        draft = Draft.of(document.raw).edited(document.edits).after(GENTLE, watch)
        return [Part("", draft.text, draft.edits)]
    page = Draft.of(document.raw).edited(document.edits).after(CHARACTERS, watch).after(PAGE, watch)
    if from_a_site(page.text):
        page = page.after(SITE, watch)
    parts = []
    for piece in split(page.text):
        others = other_article(page.text, piece)
        if watch is not None and others:
            watch("other_article", page.text, others)
        draft = page.edited(others).after(LAYOUT, watch)
        parts.append(Part(piece.title, draft.text, draft.edits))
    return parts


__all__ = ["CHARACTERS", "LAYOUT", "PAGE", "RULES", "SITE", "Draft", "Rule", "Watch", "clean"]
