"""Figures rewritten: another value of the same look, that stands nowhere else."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

NUMERAL = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")


def changed(numeral: str, rng: random.Random, free: Callable[[str], bool]) -> str | None:
    """Another numeral with as many digits as `numeral`, with its first digit not 0 and `free`; None where none is found.

    >>> new = changed("4658", random.Random(0), lambda _: True)
    >>> len(new), new != "4658"
    (4, True)
    """
    digits = [i for i, char in enumerate(numeral) if char.isdigit()]
    for _ in range(60):
        new = list(numeral)
        for n, i in enumerate(digits):
            low = 1 if n == 0 and numeral[i] != "0" else 0
            new[i] = str(rng.randint(low, 9)) if numeral[i] != "0" or n else "0"
        said = "".join(new)
        if said != numeral and not said.endswith("0") and free(said):
            return said
    return None
