"""Office Open XML packages (ECMA-376, part 2): parts and the relations between them, strict or transitional.

Opened here, because python-docx refuses strict files and files with a relation to a part that is not there.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from typing import Any, NamedTuple

# ISO/IEC 29500 strict names its namespaces otherwise; the words are the same
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/(\w+)")
_RELATION = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"


class Relation(NamedTuple):
    """From one part to another: its number there, its kind (`footnotes`, `aFChunk`), and the other part's name."""

    id: str
    kind: str
    target: str


class Package:
    """The parts of one file, by name (`word/document.xml`)."""

    def __init__(self, data: bytes) -> None:
        self._archive = zipfile.ZipFile(io.BytesIO(data))
        self._names = {name.lower(): name for name in self._archive.namelist()}

    def content(self, name: str) -> bytes:
        """The bytes of a part. Raises KeyError."""
        return self._archive.read(self._names[name.lower()])

    def xml(self, name: str) -> Any:
        """The root of a part, in the transitional namespaces. Raises KeyError, lxml.etree.XMLSyntaxError."""
        from lxml import etree

        content = _STRICT.sub(rb"http://schemas.openxmlformats.org/\1/2006/\2", self.content(name))
        return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True))

    def relations(self, part: str = "") -> Iterator[Relation]:
        """The relations of `part`, of the package itself by default, to parts that are there."""
        folder, name = posixpath.split(part)
        rels = posixpath.join(folder, "_rels", f"{name}.rels")
        if rels.lower() not in self._names:
            return
        for relation in self.xml(rels).iter(_RELATION):
            target = posixpath.normpath(posixpath.join("/", folder, relation.get("Target", ""))).lstrip("/")
            if relation.get("TargetMode") != "External" and target.lower() in self._names:
                yield Relation(relation.get("Id", ""), relation.get("Type", "").rpartition("/")[2], target)

    def related(self, part: str, kind: str) -> Any:
        """The root of the first part that `part` calls its `kind`; None where there is none."""
        return next((self.xml(relation.target) for relation in self.relations(part) if relation.kind == kind), None)
