"""Interface texts in the user's language: Chinese unless the environment asks for another."""

from __future__ import annotations

import os
from collections.abc import Mapping


def language(environ: Mapping[str, str] | None = None) -> str:
    """`zh` or `en`, from `ZHIYIN_LANG`, then `LC_ALL`, then `LANG`.

    A locale that names no language (unset, `C`, `POSIX`) is Chinese, as the first users are; one that names a language
    other than Chinese is English.
    """
    environ = os.environ if environ is None else environ
    for name in ("ZHIYIN_LANG", "LC_ALL", "LANG"):
        value = environ.get(name, "").lower().replace("-", "_").split(".")[0]
        if value not in ("", "c", "posix"):
            return "zh" if value.split("_")[0] == "zh" else "en"
    return "zh"


def tr(zh: str, en: str) -> str:
    """`zh` or `en`, whichever this process speaks."""
    return zh if language() == "zh" else en
