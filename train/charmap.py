"""Compile a character table into the "precompiled charsmap" that the `tokenizers` library runs natively.

The format is SentencePiece's: a little-endian uint32 with the size of a double-array trie, the trie, then the
NUL-terminated replacement strings. A trie unit packs label, leaf flag and XOR offset as in Darts-clone
(S. Yata, https://github.com/s-yata/darts-clone); Aoe, "An Efficient Digital Search Algorithm by Using a
Double-Array Structure", IEEE TSE 15(9), 1989.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

_Node = dict[int, "_Node | int"]
_LEAF = -1


def compile_charsmap(table: Mapping[int, str]) -> bytes:
    r"""Bytes for `tokenizers.normalizers.Precompiled` that replace each code point of `table` by its string.

    >>> compile_charsmap({ord("A"): "a"})[-2:]
    b'a\x00'
    """
    strings = bytearray()
    places: dict[str, int] = {}
    root: _Node = {}
    for code, folded in sorted(table.items()):
        if folded not in places:
            places[folded] = len(strings)
            strings += folded.encode() + b"\0"
        node = root
        for byte in chr(code).encode():
            child = node.setdefault(byte, {})
            if isinstance(child, int):
                raise ValueError(f"U+{code:04X} passes through a leaf")
            node = child
        node[_LEAF] = places[folded]
    units = _double_array(root)
    trie = struct.pack(f"<{len(units)}I", *units)
    return struct.pack("<I", len(trie)) + trie + bytes(strings)


def _double_array(root: _Node) -> list[int]:
    """Place every node's children at `base ^ label`, `base` being the node's own index XOR its offset."""
    size = 256
    used = bytearray(size)
    units = [0] * size
    used[0] = 1
    bases: set[int] = set()  # no two nodes may share a base, or one would answer with the other's children
    first_free = 1
    stack: list[tuple[_Node, int]] = [(root, 0)]
    while stack:
        node, position = stack.pop()
        labels = [0 if label == _LEAF else label for label in node]
        base = max(
            first_free - first_free % 256, size - 8 * 256
        )  # old blocks are nearly full: do not search them
        while True:
            if base + 256 > size:
                used.extend(bytes(256))
                units.extend([0] * 256)
                size += 256
            found = _fit(used, bases, base, labels)
            if found is not None:
                break
            base += 256
        while first_free < size and used[first_free]:
            first_free += 1
        bases.add(found)
        offset = position ^ found
        if offset >= 1 << 21:
            if offset & 0xFF:
                raise ValueError("the table is too large for one double array")
            units[position] |= ((offset >> 8) << 10) | (1 << 9)
        else:
            units[position] |= offset << 10
        for label in labels:
            used[found ^ label] = 1
        for key, child in node.items():
            if isinstance(child, int):
                units[position] |= 1 << 8
                units[found] = child | (1 << 31)
            else:
                units[found ^ key] |= key
                stack.append((child, found ^ key))
    return units


def _fit(used: bytearray, bases: set[int], block: int, labels: list[int]) -> int | None:
    """A new base inside the 256-unit `block` whose slots for all `labels` are free, or None."""
    for base in range(block, block + 256):
        if base and base not in bases and not any(used[base ^ label] for label in labels):
            return base
    return None
