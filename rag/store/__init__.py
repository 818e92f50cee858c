"""Generations on disk: immutable, checksummed, swapped by one pointer.

Reading: `Snapshot.open(home)`. Writing: `writing(home)` and `GenerationWriter`.
"""

from .corpus import SourceInfo
from .disk import current_generation, generations, verify, writing
from .manifest import FORMAT, Entry, Manifest, Model, Recipe
from .snapshot import Snapshot
from .writer import GenerationWriter

__all__ = [
    "FORMAT",
    "Entry",
    "GenerationWriter",
    "Manifest",
    "Model",
    "Recipe",
    "Snapshot",
    "SourceInfo",
    "current_generation",
    "generations",
    "verify",
    "writing",
]
