"""What stands round the conversation: the header, and the page before the first question."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from rag.retrieve.filters import Filters
from rag.text.places import display

from .escape import text
from .icons import icon
from .texts import both, label


@dataclass(frozen=True, slots=True)
class Visitor:
    """What the header says of whoever looks at it: a name, whether there is a session to end, what they may set up."""

    name: str = ""
    leaves: bool = False
    sets_up: bool = False


def header(count: int | None, regions: Sequence[str] = (), visitor: Visitor = Visitor()) -> str:
    """Draw the top of the window. `count` is None where there is no index."""
    if count is None:
        status = both("no_index")
    else:
        names = "、".join(regions[:5]) + ("…" if len(regions) > 5 else "")
        status = both("loaded", count=count) + (
            f' <span class="on">{both("regions", names=names)}</span>' if names else ""
        )
    return (
        '<header class="top"><div class="brand">'
        + _tool("talks", icon("talks", 18), "tool square")
        + '<span class="seal" aria-hidden="true">引</span>'
        f'<div><h1>{both("product")}</h1><p class="loaded">{status}</p></div></div>'
        '<nav class="tools">'
        + _tool("new", f"{icon('new', 18)}<b>{both('new')}</b>")
        + _tool("documents", f"{icon('documents', 18)}<b>{both('documents')}</b>")
        + _tool("language", '<b class="zh" lang="en">EN</b><b class="en" lang="zh">中</b>', "tool square")
        + _tool("theme", icon("theme", 18), "tool square")
        + _account(visitor)
        + "</nav></header>"
    )


def _account(visitor: Visitor) -> str:
    """The person and what they may do; marked `data-account`, which the page in a frame takes out."""
    setup = f'href="./embed/setup">{icon("embed", 18)}<b>{both("embed")}</b></a>'
    if not (visitor.name or visitor.leaves):
        return f'<a class="tool" data-account {label("embed")} {setup}' if visitor.sets_up else ""
    named = f'<b class="name">{text(visitor.name)}</b>' if visitor.name else ""
    who = f'<p class="who">{text(visitor.name)}</p>' if visitor.name else ""
    link = f'<a class="item" {setup}' if visitor.sets_up else ""
    leave = f'<button type="button" class="item" data-action="logout">{icon("leave", 18)}<b>{both("logout")}</b></button>' if visitor.leaves else ""
    return (
        f'<details class="account" data-account><summary class="tool" {label("account", name=visitor.name)}>{icon("person", 18)}{named}</summary>'
        f'<div class="menu">{who}{link}{leave}</div></details>'
    )


def _tool(action: str, inside: str, kind: str = "tool") -> str:
    return f'<button type="button" class="{kind}" data-action="{action}" {label(action)}>{inside}</button>'


def welcome(examples: Sequence[str]) -> str:
    """Draw what an empty conversation shows."""
    chips = "".join(
        f'<li><button type="button" class="chip" data-question="{text(q)}">{text(q)}</button></li>'
        for q in examples
    )
    some = f'<h3 class="label">{both("examples")}</h3><ul class="chips">{chips}</ul>' if chips else ""
    return f'<section class="welcome"><h2>{both("welcome")}</h2><p>{both("welcome_more")}</p>{some}</section>'


def bar(talk: str | None, filters: Filters) -> str:
    """Draw the line above the question box: what is searched in. `talk` tells the script which conversation is open."""
    chips = [
        *((str(year), str(year), "years") for year in sorted(filters.years)),
        *((display(region), region, "regions") for region in sorted(filters.regions)),
        *((source, source, "sources") for source in sorted(filters.sources)),
    ]
    shown = "".join(
        f'<button type="button" class="tag" data-unfilter="{kind}" data-value="{text(value)}" '
        f'{label("unfilter", what=name)}><span>{text(name)}</span><i class="x" aria-hidden="true"></i></button>'
        for name, value, kind in chips
    )
    state = text(json.dumps(filters.to_dict(), ensure_ascii=False))
    return (
        f'<div class="bar" data-talk="{text(talk or "")}" data-filters="{state}">'
        f'<button type="button" class="narrow" data-action="narrow">{icon("narrow", 18)}'
        f'{both("narrow" if not chips else "only_in")}</button>{shown}</div>'
    )
