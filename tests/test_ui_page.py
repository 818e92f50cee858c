"""The words, colours and files of the page."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import rag.ui
from rag.ui.texts import TEXTS, both, label

STATIC = Path(rag.ui.__file__).parent / "static"
CSS = (STATIC / "app.css").read_text(encoding="utf-8")
SCRIPT = (STATIC / "app.js").read_text(encoding="utf-8")


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", TEXTS)
def test_every_text_is_there_in_both_languages_with_the_same_values(key: str) -> None:
    zh, en = TEXTS[key]
    assert re.search(r"[\u4e00-\u9fff]", zh)
    assert en.strip() and not re.search(r"[\u4e00-\u9fff]", en)
    assert fields(zh) == fields(en)


def test_values_are_escaped_into_texts() -> None:
    assert "<b>" not in both("regions", names="<b>") + label("mark", n='"><b>')


def test_the_script_asks_only_for_texts_that_exist() -> None:
    asked = set(re.findall(r"(?:say|both)\('(\w+)'", SCRIPT))
    assert len(asked) > 8
    assert asked <= set(TEXTS)


def test_neither_script_nor_style_names_another_host_or_builds_html() -> None:
    assert not re.search(r"https?://|//[a-z]+\.", SCRIPT + CSS)
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", SCRIPT
    )
    assert "@import" not in CSS and "url(" not in CSS


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, two: str) -> float:
    """WCAG 2.2, contrast ratio."""
    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_by_hand() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("fore", "back"),
    [(f, b) for f in ("ink", "soft", "grey", "accent") for b in ("paper", "sheet")]
    + [
        ("ink", "wash"),
        ("soft", "wash"),
        ("ink", "quote"),
        ("ink", "proof"),
        ("on-accent", "accent"),
        ("grey", "wash"),
    ],
)
def test_text_has_aa_contrast(theme: str, fore: str, back: str) -> None:
    light, dark = CSS.split('[data-theme="dark"]', 1)
    palette = colours(light if theme == "light" else dark.split("}", 1)[0])
    assert contrast(palette[fore], palette[back]) >= 4.5
