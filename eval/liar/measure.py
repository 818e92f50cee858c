"""How many untrue statements of a language model the proof catches, and how many true ones it cuts.

Statements are made from sentences of the documents, in the forms of `truths.py` and with the alterations of `lies.py`,
and are held against the sentence's own passage among others that share its words, as those of a model are.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.messages import tr
from rag.question.terms import Matcher
from rag.read import View
from rag.store import Snapshot
from rag.text.places import find_places
from rag.text.tokens import index_terms
from rag.verify.check import plainly
from rag.verify.proving import prove

from .lies import HARD_FACTS, LIES, Elsewhere, bodies, people
from .neighbours import crossed, joined
from .truths import TRUTHS

if TYPE_CHECKING:
    from rich.table import Table

    from rag.config import Settings

PASSAGES = 6
LONGEST, SHORTEST = 200, 14
TRUE, ALTERED, FACTS = "true", "altered", "altered: numbers, dates and names"
TRIES = 400  # sentences looked at for one that a kind can be made from
MISCITED, INVENTED = "miscited", "invented_source"
"""A true statement under the number of another passage, and of one that was not given."""
JOINED, CROSSED = "joined", "crossed"
"""A true statement of two sentences, and one that mixes them up."""


@dataclass(frozen=True)
class Case:
    """A statement under `number`; `passages` hold the sentences, `right` is the passage that it was made from."""

    kind: str
    form: str
    text: str
    number: int
    passages: Sequence[Sequence[View]]
    right: int
    true: bool
    original: str


@dataclass(frozen=True)
class Outcome:
    """What became of a case: `kept` with the sentence `proof`, or cut."""

    case: Case
    proof: str | None

    @property
    def well(self) -> bool:
        """Whether a true statement was kept, an untrue one cut, and one with a wrong source shown with the right one."""
        if self.case.kind in (MISCITED, INVENTED):
            told, said = self.case.original, plainly(self.case.text)
            return self.proof is None or self.proof in told or told in self.proof or said in plainly(self.proof)
        return (self.proof is not None) == self.case.true


def run(snapshot: Snapshot, matcher: Matcher, count: int, seed: int = 0) -> list[Outcome]:
    """`count` cases, half of them true, over the documents of `snapshot`."""
    cases = list(_cases(snapshot, count, random.Random(seed)))
    return [Outcome(case, _proved(case, matcher)) for case in cases]


def _proved(case: Case, matcher: Matcher) -> str | None:
    found = prove(case.text, [case.number], case.passages, matcher)
    return "".join(view.text for view in found) or None


def _cases(snapshot: Snapshot, count: int, rng: random.Random) -> Iterator[Case]:
    sentences = [(chunk, view) for chunk in range(len(snapshot)) for view in _own(snapshot, chunk)]
    sentences = [(c, v) for c, v in sentences if SHORTEST <= len(v.text) <= LONGEST]
    rng.shuffle(sentences)
    some = [v for _, v in sentences[:1500]]
    other = Elsewhere(
        sorted({n for v in some for n in people(v.text)}), sorted({n for v in some for n in bodies(v.text)}),
        sorted({v.text[m.start : m.end] for v in some for m in find_places(v.text) if m.region and m.level not in ("nation",) and m.kind not in ("deictic", "in_name")}),
        [v.text for v in some],
    )  # fmt: skip
    true, untrue = cycle([*TRUTHS, JOINED]), cycle([*LIES, CROSSED, MISCITED, INVENTED])
    wanted = [kind for pair in zip(true, islice(untrue, count // 2), strict=False) for kind in pair]
    for kind in wanted:
        for _ in range(TRIES):
            chunk, view = rng.choice(sentences)
            made = _case(kind, snapshot, chunk, view, other, rng)
            if made is not None:
                yield made
                break


def _case(kind: str, snapshot: Snapshot, chunk: int, view: View, other: Elsewhere, rng: random.Random) -> Case | None:
    if kind in (JOINED, CROSSED):
        return _of_two(kind, snapshot, chunk, view, rng)
    form = kind if kind in TRUTHS else rng.choice(("copied", "shortened", "retold"))
    base = TRUTHS[form](view, rng)
    if base is None:
        return None
    if kind in LIES and kind not in ("unsupported", "embellished") and LIES[kind](base, view, other, rng) is None:
        return None  # found out before the passages, which take longer
    passages, right = _passages(snapshot, chunk, view, rng)
    text, number = base, right + 1
    if kind == MISCITED:
        number = right % len(passages) + 2 if right + 1 < len(passages) else 1
    elif kind == INVENTED:
        number = len(passages) + 3
    elif kind in LIES:
        strange = [s for s in rng.sample(list(other.sentences), min(40, len(other.sentences))) if not _near(s, passages)]
        altered = LIES[kind](base, view, replace(other, sentences=strange), rng)
        if altered is None or _told(altered, passages):
            return None
        text = altered
    return Case("true" if kind in TRUTHS else kind, form, text, number, passages, right, kind in TRUTHS, view.text)


def _of_two(kind: str, snapshot: Snapshot, chunk: int, view: View, rng: random.Random) -> Case | None:
    if view.index == snapshot.chunk(chunk).last:
        return None
    after = replace(view, index=view.index + 1)
    text = (joined if kind == JOINED else crossed)(view, after, rng)
    if text is None:
        return None
    passages, right = _passages(snapshot, chunk, view, rng)
    if kind == CROSSED and _told(text, passages):
        return None
    return Case("true" if kind == JOINED else kind, kind, text, right + 1, passages, right, kind == JOINED, view.text + after.text)


def _told(text: str, passages: Sequence[Sequence[View]]) -> bool:
    """Whether an altered statement is what some passage says, after all."""
    said = plainly(text)
    return any(said in plainly("".join(v.text for v in views)) for views in passages)


def _own(snapshot: Snapshot, number: int) -> list[View]:
    chunk = snapshot.chunk(number)
    part = snapshot.part(chunk.source, chunk.part)
    return [View(chunk.source, "", chunk.part, part, i) for i in range(chunk.first, chunk.last + 1)]


def _passages(snapshot: Snapshot, chunk: int, view: View, rng: random.Random) -> tuple[list[list[View]], int]:
    near = [hit.chunk for hit in snapshot.search_lexical(index_terms(view.text), 4 * PASSAGES) if hit.chunk != chunk]
    chosen = [chunk, *near[: PASSAGES - 1]]
    rng.shuffle(chosen)
    return [_own(snapshot, number) for number in chosen], chosen.index(chunk)


def _near(sentence: str, passages: Sequence[Sequence[View]]) -> bool:
    return any(sentence in v.part.clean for views in passages for v in views)


def figures(outcomes: Sequence[Outcome]) -> dict[str, tuple[int, int]]:
    """Cases that went well, and all, by kind and in all; see FACTS."""
    out: dict[str, tuple[int, int]] = {}
    for o in outcomes:
        names = [TRUE, f"{TRUE}: {o.case.form}"] if o.case.true else [ALTERED, f"{ALTERED}: {o.case.kind}"]
        for name in (*names, *([FACTS] if o.case.kind in HARD_FACTS else ())):
            well, total = out.get(name, (0, 0))
            out[name] = well + o.well, total + 1
    return dict(sorted(out.items()))


def measure(data: Path | None, count: int, settings: Settings, seed: int = 0) -> dict[str, Any]:
    """Run over the sample documents and those of the folder `data`. Raises InputError where it is none."""
    from rag.config import BUNDLED_FAST
    from rag.encoder.embed import load_embedder
    from rag.errors import InputError

    from .. import homes

    if data is not None and not data.is_dir():
        raise InputError(f"no folder {data}; give one that holds documents")
    snapshot = Snapshot.open(homes.indexed([Path(str(files("rag.seeds"))), *([data] if data else [])], settings))
    outcomes = run(snapshot, Matcher(load_embedder(settings.replace(embedder=BUNDLED_FAST)).encode_passages), count, seed)
    return {
        "statements": len(outcomes), "seed": seed, "figures": figures(outcomes),
        "wrong": [{"kind": o.case.kind, "form": o.case.form, "said": o.case.text, "source": o.case.original, "proof": o.proof}
                  for o in outcomes if not o.well],
    }  # fmt: skip


def table(measured: dict[str, Any]) -> Table:
    """The figures of `measure` for a terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    out = Table(box=SIMPLE_HEAD)
    out.add_column(tr("陈述", "statements"))
    out.add_column(tr("处理得当", "dealt with rightly"), justify="right")
    for name, (well, total) in measured["figures"].items():
        out.add_row(name, f"{well}/{total} ({well / total:.1%})")
    return out
