"""Who may read which document: groups, told by files beside the documents.

`name.txt.acl.toml` beside `name.txt` holds `groups = ["hr", "board"]`: whoever is in one of them may read it.
`acl.toml` in a folder holds for all below it: `groups` for everything, and before that `[[rules]]` with a glob
`match` (relative to that folder) and `groups`, of which the first that matches counts. The nearest word counts: the
document's own file, then its folder's, then the folder above and so on. `["*"]` means everyone, `[]` nobody but
administrators; where nothing is said, everyone may read.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import UnreadableDocument

Groups = frozenset[str] | None
"""The groups that may read a document; None for everyone."""

FOLDER = "acl.toml"
SIDECAR = ".acl.toml"
EVERYONE = "*"
_KNOWN = {"groups", "rules"}


@dataclass(frozen=True, slots=True)
class Scope:
    """What someone may read: all there is, or what is open to everyone or to one of `groups`.

    `asker` names who it is for the audit log; it decides nothing.
    """

    groups: frozenset[str] = frozenset()
    everything: bool = False
    asker: str = field(default="", compare=False)

    def allows(self, groups: Iterable[str] | None) -> bool:
        """Whether a document of these groups (None: of everyone) may be read."""
        return self.everything or groups is None or not self.groups.isdisjoint(groups)


def groups_of(path: Path) -> Groups:
    """Read which groups may read the file `path`.

    Counted is what is said where the path leads along and where the file really is; where a link makes them two,
    only groups that both name may read. Raises UnreadableDocument for rules that can't be understood: a document
    whose rules are not known must not be shown.
    """
    here, there = path.absolute(), path.resolve()
    said = _nearest(here)
    if there == here:
        return said
    other = _nearest(there)
    if said is None or other is None:
        return other if said is None else said
    return said & other


def _nearest(path: Path) -> Groups:
    own = path.with_name(path.name + SIDECAR)
    if _there(own):
        return _groups(_load(own), own, rules=False)
    for folder in path.parents:
        file = folder / FOLDER
        if not _there(file):
            continue
        said = _load(file)
        inside = _same(path.relative_to(folder).as_posix())
        for rule in _rules(said, file):
            if _pattern(rule["match"]).fullmatch(inside):
                return _groups(rule, file, rules=False)
        if "groups" in said:
            return _groups(said, file, rules=True)
    return None


def _there(file: Path) -> bool:
    """Whether there is such a name; one that can't be looked at counts, so that reading it says so."""
    try:
        file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        return True
    return True


def _load(file: Path) -> dict[str, Any]:
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnreadableDocument(f"can't read the access rules {file}: {error}; nobody sees what they are about") from error
    unknown = sorted(set(said) - _KNOWN)
    if unknown:
        raise UnreadableDocument(f"{file}: {unknown[0]!r} is no access rule; known: groups, [[rules]]")
    return said


def _rules(said: Mapping[str, Any], file: Path) -> list[dict[str, Any]]:
    rules = said.get("rules", [])
    if not isinstance(rules, list):
        raise UnreadableDocument(f"{file}: write each rule below a line [[rules]]")
    for rule in rules:
        if not isinstance(rule, dict) or set(rule) != {"match", "groups"} or not isinstance(rule["match"], str):
            raise UnreadableDocument(f'{file}: a rule should be match = "glob" and groups = [...], not {str(rule)[:80]}')
    return rules


def _groups(said: Mapping[str, Any], file: Path, *, rules: bool) -> Groups:
    groups = said.get("groups")
    if "rules" in said and not rules:
        raise UnreadableDocument(f"{file}: the file of one document holds groups only")
    if not isinstance(groups, list) or not all(isinstance(g, str) and g.strip() for g in groups):
        raise UnreadableDocument(f"{file}: groups should be a list of names, not {str(groups)[:80]}")
    return None if EVERYONE in groups else frozenset(groups)


def _pattern(glob: str) -> re.Pattern[str]:
    """`*` and `?` within a name, `**` across folders; a glob without `/` is for names at any depth."""
    glob = _same(glob)
    parts = re.split(r"(\*\*/|/\*\*$|\*\*|\*|\?)", glob if "/" in glob else f"**/{glob}")
    known = {"**/": r"(?:.*/)?", "/**": r"/.*", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}
    return re.compile("".join(known.get(p, re.escape(p)) for p in parts), re.DOTALL)


def _same(name: str) -> str:
    """One spelling of a name: some systems store an accented letter as two characters."""
    return unicodedata.normalize("NFC", name)
