"""What the bundled reader sees, and what it says: question, title and passage as one row of tokens, and a row of labels a token.

The reader is a BERT with eight labels a token (`transformers.BertForTokenClassification`). `start`, `end` and `inside` are read
of the passage's tokens; the other five of the first token, which stands for the pair. All text is folded before (`rag.text.fold`),
which keeps its length, so that offsets are those of the passage as it was given.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ..text.fold import fold

LABELS = ("start", "end", "inside", "answers", "several", "yes", "no", "neither")
"""`inside`: part of an answer, which finds the items of a list; `answers`: the passage answers; `several`: it does with more than
one span; then, for a question that wants yes or no, which of them the passage says."""
START, END, INSIDE, ANSWERS, SEVERAL, YES, NO, NEITHER = range(len(LABELS))
CLS, PAD, SEP = 0, 1, 2
WINDOW = 384
"""Tokens of one row at most."""
OVERLAP = 96
"""Passage tokens that two windows of a long passage share."""
LONGEST_QUESTION, LONGEST_TITLE = 64, 32


class Sheet(NamedTuple):
    """One row: `ids`, and the passage's tokens from number `first` on, each `(start, end)` in characters of the passage."""

    ids: list[int]
    first: int
    offsets: list[tuple[int, int]]


def sheets(tokenizer: Any, question: str, passages: Sequence[tuple[str, str]], window: int = WINDOW) -> Iterator[tuple[int, Sheet]]:
    """Rows for `(title, passage)` pairs with the number of their passage; a long passage gives several that overlap.

    `tokenizer` is a `tokenizers.Tokenizer`. An empty passage gives a row without passage tokens.
    """
    texts = [fold(text) for pair in passages for text in pair]
    asked, *others = tokenizer.encode_batch([fold(question), *texts], add_special_tokens=False)
    opening = [CLS, *asked.ids[:LONGEST_QUESTION], SEP, SEP]
    for number in range(len(passages)):
        title, passage = others[2 * number], others[2 * number + 1]
        head = [*opening, *title.ids[:LONGEST_TITLE], SEP] if title.ids else opening
        room = window - len(head) - 1
        at = 0
        while True:
            ids, offsets = passage.ids[at : at + room], passage.offsets[at : at + room]
            yield number, Sheet([*head, *ids, SEP], len(head), offsets)
            if at + room >= len(passage.ids):
                break
            at += max(room - OVERLAP, 1)
