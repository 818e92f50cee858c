"""What cleaning did to a document: per rule, with counts and examples, for people and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rag.types import Document, Edit, Part

from .clean import RULES, clean

_AROUND = 8  # characters shown on each side of an example
_LONGEST = 60  # characters shown of what was removed or written


@dataclass(frozen=True, slots=True)
class Example:
    """One edit as the rule made it: the text round it, what stood there, what stands there now."""

    before: str
    removed: str
    written: str
    after: str


@dataclass(frozen=True, slots=True)
class Effect:
    """What one rule did: how many edits, and how many characters it removed and wrote."""

    rule: str
    count: int
    removed: int
    written: int
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What all rules did, in the order in which they were applied; rules that did nothing are left out."""

    source: str
    raw_length: int
    parts: tuple[tuple[str, int], ...]  # title and clean length of each
    effects: tuple[Effect, ...]


def explain(document: Document, parts: Sequence[Part], *, examples: int = 3) -> Explanation:
    """Clean `document` once more, watching each rule; `parts` are its described parts.

    An edit that several rules share in `parts` is counted here under each of them, as it was made.
    """
    seen: dict[str, list[tuple[str, Edit]]] = {"other_article": []}
    clean(
        document, watch=lambda rule, text, edits: seen.setdefault(rule, []).extend((text, e) for e in edits)
    )
    order = [rule.__name__ for rule in RULES]
    effects = [
        _effect(rule, seen[rule], examples)
        for rule in [*order, *(seen.keys() - set(order))]
        if seen.get(rule)
    ]
    sizes = tuple((part.title, len(part.clean)) for part in parts)
    return Explanation(document.source, len(document.raw), sizes, tuple(effects))


def _effect(rule: str, made: Sequence[tuple[str, Edit]], examples: int) -> Effect:
    removed = sum(edit.end - edit.start for _, edit in made)
    written = sum(len(edit.replacement) for _, edit in made)
    shown: dict[tuple[str, str], Example] = {}
    for text, edit in made:
        if len(shown) == examples:
            break
        gone = text[edit.start : edit.end]
        shown.setdefault(
            (gone, edit.replacement),
            Example(
                text[max(0, edit.start - _AROUND) : edit.start],
                gone,
                edit.replacement,
                text[edit.end : edit.end + _AROUND],
            ),
        )
    return Effect(rule, len(made), removed, written, tuple(shown.values()))


def render(explanation: Explanation) -> str:
    """Show an explanation as plain text, a rule a paragraph; line feeds are shown as ⏎."""
    out = [f"{explanation.source}: {explanation.raw_length} characters"]
    for number, (title, length) in enumerate(explanation.parts, 1):
        out.append(f"  part {number}: {title or '(untitled)'} — {length} characters")
    for effect in explanation.effects:
        out.append(f"{effect.rule}: {effect.count} edits, -{effect.removed} +{effect.written} characters")
        for example in effect.examples:
            written = f"{{+{_short(example.written)}+}}" if example.written else ""
            removed = f"[-{_short(example.removed)}-]" if example.removed else ""
            out.append(f"    …{_short(example.before)}{removed}{written}{_short(example.after)}…")
    return "\n".join(out)


def _short(text: str) -> str:
    shown = text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"
    return shown.replace("\n", "⏎").replace("\u2029", "¶")


def to_dict(document: Document, parts: Sequence[Part]) -> dict[str, Any]:
    """Give the parts as JSON does: `edits` are `[raw_start, raw_end, replacement, rule]`, in raw order."""
    return {
        "source": document.source,
        "parts": [
            {
                "title": part.title,
                "region": part.region,
                "period": None if part.period is None else str(part.period),
                "clean": part.clean,
                "edits": [[edit.start, edit.end, edit.replacement, edit.rule] for edit in part.edits],
            }
            for part in parts
        ],
    }
