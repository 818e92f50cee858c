"""What a bot answers with: models and the way to sentences, the same for all questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .config import Settings
from .question.terms import Matcher
from .read import Context, Reader, View

if TYPE_CHECKING:
    from .encoder.embed import Embedder
    from .generate import Generator
    from .retrieve.rerank import Reranker
    from .store import Snapshot


@dataclass(frozen=True, slots=True)
class Tools:
    """`view` gives a sentence by generation, source, part and number, `reader` makes the reader of one question; `entails` is an NLI model's word on a statement."""

    settings: Settings
    embedder: Embedder
    matcher: Matcher
    view: Callable[[Snapshot, str, int, int], View]
    reader: Callable[[Context], Reader]
    reranker: Reranker | None = None
    generator: Generator | None = None
    entails: Callable[[str, Sequence[View]], bool] | None = None
