"""The mixture of rows that the reader is trained on: every source in its share, each row varied anew when it comes round."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from reader_claims import claim, regulations
from reader_rows import (
    NEITHER,
    PLACE,
    YEAR,
    Row,
    across,
    closest,
    courts,
    encyclopaedia,
    office,
    run_of,
    window,
    with_near,
    without,
)


class Mixture:
    """An endless stream of rows out of several sources, each varied anew when it comes round."""

    def __init__(self, data: Path, seed: int) -> None:
        """Reads the packs and finds near passages; about a minute."""
        self.rng = random.Random(seed)
        sources = {"encyclopaedia": encyclopaedia(data), "office": office(data), "courts": courts(data)}
        rare = [row for row in sources["office"] if row.verdict != NEITHER or row.question.isascii()]
        sources["office"] += rare  # the few that want yes or no, or ask in English, come twice as often
        self.sources: dict[str, list[Row]] = {}
        self.near: dict[str, list[tuple[str, str]]] = {}
        for name, rows in sources.items():
            self.sources[name], self.near[name] = with_near(rows)
        self.sources["across"] = across(data, self.rng, 6000)
        self.near["across"] = []
        self.regulations = regulations(data, self.rng, 20_000)
        self.share = {"encyclopaedia": 0.38, "office": 0.38, "courts": 0.11, "across": 0.05, "claims": 0.08}
        self.places = sorted({m[0] for row in sources["office"] if row.region and (m := PLACE.match(row.title))})
        self.runs = [run for row in self.rng.sample(sources["encyclopaedia"], 3000) if 3 <= len(run := run_of(row.question, row.passage)) <= 8]

    def __iter__(self) -> Iterator[Row]:
        queues: dict[str, list[Row]] = {name: [] for name in self.sources}
        names, shares = list(self.share), list(self.share.values())
        while True:
            name = self.rng.choices(names, shares)[0]
            if name == "claims":
                if made := claim(*self.rng.choice(self.regulations), self.rng.choice((80, 150, 230)), self.rng):
                    yield made
                continue
            if not queues[name]:
                queues[name] = self.rng.sample(self.sources[name], len(self.sources[name]))
            yield self.vary(queues[name].pop(), name)

    def vary(self, row: Row, name: str) -> Row:
        """A row as it is trained on this time."""
        rng = self.rng
        wanted = rng.choices((80, 150, 230, 400), (2, 4, 4, 1))[0]
        if row.title and rng.random() < 0.2:
            row = row._replace(title="")
        if name == "across":
            return row
        if rng.random() < 0.1:
            row = row._replace(question=row.question.rstrip("?？ "))
        lot = rng.random()
        if row.answers:
            few = 0.12 if name == "encyclopaedia" else 0.20
            if lot < few and row.near:
                title, passage = self.near[name][rng.choice(row.near)]
                other = row._replace(title=title if row.title else "", passage=passage, spans=(), answers=False, verdict=NEITHER)
                return closest(other, wanted, rng)
            if lot < few + 0.12 and (less := without(row, rng)):
                return closest(less, wanted, rng)
            if lot < few + 0.24 and (other := self.swapped(row)):
                return window(other, wanted, rng)
        if row.region and lot > 0.75:
            row = self.moved(row)
        return window(row, wanted, rng) if row.answers else closest(row, max(wanted, 150), rng)

    def swapped(self, row: Row) -> Row | None:
        """The same question over the text of another place or year, or with another name in it."""
        rng = self.rng
        place = PLACE.match(row.title)
        if row.region and place and place[0] in row.question:
            other = rng.choice(self.places)
            if other not in row.question:
                return row._replace(title=row.title.replace(place[0], other), passage=row.passage.replace(place[0], other), spans=(),
                                    answers=False, verdict=NEITHER)  # fmt: skip
        year = YEAR.search(row.question)
        if year and year[0] in row.passage:
            other = str(int(year[0]) + rng.choice((-2, -1, 1, 2)))
            if other not in row.passage:
                return row._replace(question=row.question.replace(year[0], other), spans=(), answers=False, verdict=NEITHER)
        run = run_of(row.question, row.passage)
        if run and not row.title:
            other = rng.choice(self.runs)
            if other not in row.passage:
                return row._replace(question=row.question.replace(run, other), spans=(), answers=False, verdict=NEITHER)
        return None

    def moved(self, row: Row) -> Row:
        """The row with its place renamed throughout: what is said of one place could be said of any."""
        place = PLACE.match(row.title)
        if place is None:
            return row
        other = self.rng.choice(self.places)
        return row._replace(**{field: getattr(row, field).replace(place[0], other) for field in ("question", "title", "passage")})
