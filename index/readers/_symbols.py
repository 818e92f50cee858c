"""Signs that Office takes out of symbol fonts by their number: ticks and boxes above all."""

from __future__ import annotations

import re

_WINGDINGS = {
    0x6C: "●", 0x6D: "○", 0x6E: "■", 0x6F: "□", 0x71: "□", 0x75: "◆", 0x76: "❖", 0x78: "☒", 0xA1: "○", 0xA7: "▪", 0xA8: "☐",
    0xD8: "➢", 0xDF: "←", 0xE0: "→", 0xE1: "↑", 0xE2: "↓", 0xE8: "➔", 0xFB: "✘", 0xFC: "✔", 0xFD: "☒", 0xFE: "☑",
}  # fmt: skip
_WINGDINGS_2 = {0x4F: "✘", 0x50: "✔", 0x51: "☒", 0x52: "☑", 0x53: "☒", 0x54: "☒", 0x97: "●", 0xA3: "☐", 0x30: "□"}
_SYMBOL = {
    0x61: "α", 0x62: "β", 0x67: "γ", 0x64: "δ", 0x44: "Δ", 0x57: "Ω", 0x6C: "λ", 0x6D: "μ", 0x70: "π", 0x71: "θ", 0x73: "σ", 0x53: "∑",
    0xA3: "≤", 0xB3: "≥", 0xB0: "°", 0xB1: "±", 0xB4: "×", 0xB7: "•", 0xB8: "÷", 0xB9: "≠", 0xBB: "≈", 0xA5: "∞", 0xAE: "→",
}  # fmt: skip
_FONTS = {"wingdings": _WINGDINGS, "wingdings 2": _WINGDINGS_2, "symbol": _SYMBOL}
UNKNOWN = "�"
"""Stands for a sign that is not known, so that it is not lost without a word."""


def sign(font: str, code: str) -> str:
    """The sign with the hexadecimal number `code` (`F0FE`) of a font."""
    if not re.fullmatch(r"[0-9A-Fa-f]{1,4}", code):
        return ""
    number = int(code, 16)
    known = _FONTS.get(font.strip().lower())
    if known is not None or 0xF000 <= number <= 0xF0FF:
        return (known or _WINGDINGS).get(number & 0xFF, UNKNOWN)
    return chr(number)


def in_font(font: str, text: str) -> str:
    """`text` as a symbol font shows it; another font leaves it as it is."""
    known = _FONTS.get(font.strip().lower())
    return text if known is None else "".join(known.get(ord(c) & 0xFF, c) if c > " " else c for c in text)
