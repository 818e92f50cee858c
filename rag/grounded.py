"""A language model's answer, held to the proof: each statement aligned to a sentence, verified, or cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .attribution import Source, unattributed
from .prompt import declines, render, statements
from .query import Query
from .read import View
from .stopping import check as check_wanted
from .stopping import condition
from .text.places import display
from .text.tokens import pairs
from .verify import Cited, plainly

if TYPE_CHECKING:
    from .generate import Generator
    from .terms import Matcher

MAX_TOKENS = 400
NEAR = 0.5  # share of a statement's character pairs that a sentence must hold to be what it rests on


class Grounded(NamedTuple):
    """A statement of the model and the sentence that proves it."""

    text: str
    view: View


def ground(generator: Generator, query: Query, passages: Sequence[Sequence[View]], matcher: Matcher) -> Iterator[Grounded]:
    """Statements of `generator` about `passages` (each the views of its sentences) that the verifier lets through.

    A statement is first held against what it cites, then against the other passages; one that no sentence proves is
    cut. Nothing is yielded where the model says that there is no answer.
    """
    texts = ["".join(view.text for view in views) for views in passages]
    written = "".join(generator.stream(render(query.text, texts, query.language), max_tokens=MAX_TOKENS, stop=condition()))
    check_wanted()  # cut off in the middle, a sentence may say what it was not going to say
    if declines(written):
        return
    for text, numbers in statements(written):
        view = prove(text, numbers, passages, matcher)
        if view is not None:
            yield Grounded(text, view)


def prove(text: str, numbers: Sequence[int], passages: Sequence[Sequence[View]], matcher: Matcher) -> View | None:
    """The sentence that says what `text` says: of the passages cited by their `numbers` (from 1), else of the others."""
    cited = [n - 1 for n in numbers if 0 < n <= len(passages)]
    order = [*cited, *(i for i in range(len(passages)) if i not in cited)]
    return next((v for i in order for v in [_proof(text, passages[i], matcher)] if v is not None), None)


def _proof(text: str, views: Sequence[View], matcher: Matcher) -> View | None:
    """The sentence nearest to `text` that says all that it says; None where there is none."""
    said = pairs(plainly(text))
    shared = [len(said & pairs(plainly(view.text))) for view in views]
    near = [n for n, count in enumerate(shared) if said and count >= NEAR * len(said)]
    nearest = (views[n] for n in sorted(near, key=lambda n: -shared[n]))
    return next((view for view in nearest if not unattributed(text, [_source(view)], matcher)), None)


def _source(view: View) -> Source:
    regions = view.sentence.regions or ((view.part.region,) if view.part.region else ())
    around = " ".join((view.part.title, *view.sentence.heading, *map(display, view.regions)))
    return Source(Cited(view.text, view.sentence.period or view.part.period, regions), around)
