"""Build `rag/data/fold.txt`, the character table of `rag.text.fold`.

Sources: OpenCC's Traditional→Simplified character dictionary (`t2s`, with `hk2s` for Hong Kong forms),
Unicode compatibility forms (NFKC) and lower case where they give one character, and the short lists below.

    python train/fold_table.py rag/data/fold.txt
"""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

LAST = 0x2FA20
RADICALS = dict(
    zip(
        "⺟⺠⻁⻄⻅⻆⻉⻋⻓⻔⻘⻙⻚⻛⻜⻝⻢⻥⻦⻨⻩⻬⻰",
        "母民虎西见角贝车长门青韦页风飞食马鱼鸟麦黄齐龙",
        strict=True,
    )
)
"""Radicals that PDF files hold where the plain character is meant (Unicode EquivalentUnifiedIdeograph)."""
OLD_FORMS = dict(zip("靑淸尙呑硏敎衞敍", "青清尚吞研教卫叙", strict=True))
"""Printed forms that OpenCC leaves alone."""
MARKS = dict(zip("「」『』•‧・･∙⋅‐–−‒―〜∼", "“”‘’······----—~~", strict=True))
"""Marks that differ between scripts and keyboards only."""


def build() -> dict[str, str]:
    """Every character that folding changes, with the one character that it becomes."""
    import opencc

    converters = [opencc.OpenCC("t2s"), opencc.OpenCC("hk2s")]

    def once(char: str) -> str:
        char = OLD_FORMS.get(char) or RADICALS.get(char) or MARKS.get(char) or char
        char = _compatible(char)
        low = char.lower()
        if len(low) == 1:
            char = low
        if char < "\u2e80":
            return char
        for converter in converters:
            plain = str(converter.convert(char))
            if len(plain) == 1 and plain != char:
                return plain
        return char

    table: dict[str, str] = {}
    for code in range(0x41, LAST):
        if 0xD800 <= code < 0xE000:
            continue
        char = chr(code)
        folded = once(char)
        for _ in range(4):
            folded = once(folded)
        if folded != char:
            table[char] = folded
    return table


def _compatible(char: str) -> str:
    """NFKC where that is one character and no footnote mark: `①` and `²` are not digits of a number."""
    folded = unicodedata.normalize("NFKC", char)
    mark = unicodedata.decomposition(char).startswith(("<circle>", "<super>", "<sub>", "<square>"))
    return char if mark or len(folded) != 1 else folded


def simplified_only() -> str:
    """Characters that no text in Traditional script holds: they differ from all their Traditional forms."""
    import opencc

    file = Path(opencc.__file__).parent / "dictionary" / "STCharacters.txt"
    pairs = [line.split("\t") for line in file.read_text(encoding="utf-8").splitlines() if "\t" in line]
    alone = (key for key, forms in pairs if len(key) == 1 and key not in forms.split())
    return "".join(sorted(key for key in alone if key < "\U00010000"))


def main(path: Path) -> None:
    """Write the three lines: characters, what they become, characters of Simplified script alone."""
    table = build()
    text = "\n".join(("".join(table), "".join(table.values()), simplified_only()))
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
