"""Throws generated requests at the HTTP interface and looks for answers that no request may get.

`python -m tests.fuzz_api --cases 2000` prints what it found and ends with 1 where that is anything.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
import warnings
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, not_a_server_error

from rag.feedback import FeedbackStore
from rag.ui.demo import CannedBot
from rag.ui.server import create_app

from . import ui_doubles as world
from .api_kit import served
from .rules_kit import Settings

# routes whose documented statuses, media types and bodies are held against what comes back
DOCUMENTED = ("/api/ask", "/v1/", "/healthz", "/readyz", "/metrics", "/api/feedback")
CONFORMS = ("status_code_conformance", "content_type_conformance", "response_schema_conformance")
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
OPEN = Settings(ask_per_minute=0)


@dataclass
class Found:
    """What came of it: requests by status, and every complaint once."""

    cases: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    by_route: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        statuses = ", ".join(f"{status}: {n}" for status, n in sorted(self.statuses.items()))
        errors = sum(n for status, n in self.statuses.items() if status >= 500)
        lines = [f"{self.cases} cases on {len(self.by_route)} operations; {statuses}; 5xx: {errors}"]
        return "\n".join([*lines, *self.complaints])


def bot() -> CannedBot:
    """A bot that answers, refuses, and never fails on purpose: what fails then is the interface."""
    return CannedBot(world.library(), {world.QUESTION: world.FACT_ANSWER}, world.REFUSAL)


def fuzz(address: str, cases: int, *, seed: int = 0) -> Found:
    """Send at least `cases` requests (a few per cent more), spread over all operations, as many of them wrong as right."""
    found = Found()
    schema = schemathesis.openapi.from_url(f"{address}/api/openapi.json")
    operations = [result.ok() for result in schema.get_all_operations()]
    checks = [CHECKS.get_one(name) for name in CONFORMS]
    # a body has more to go wrong in it than a path, and no input has nothing
    shares = {op.label: 4 if op.body else 2 if op.query or op.path_parameters else 0 for op in operations}
    strategies = {(op.label, mode): op.as_strategy(generation_mode=mode) for op in operations for mode in MODES}
    for go in range(20):
        # what has only so many ways to be wrong sends fewer than its share: those with a body make up for it
        left = [op for op in operations if go == 0 or op.body]
        unit = (cases - found.cases) / (sum(shares[op.label] for op in left) * len(MODES))
        if unit <= 0:
            break
        for number, op in enumerate(left):
            for mode in MODES if op.body or op.query else MODES[:1]:  # any text will do in a path
                most = max(1, math.ceil(unit * shares[op.label]))
                _hunt(op, strategies[op.label, mode], most, found, checks, seed + 1000 * go + number)
    return found


def _hunt(op, strategy, most: int, found: Found, checks: list, seed: int) -> None:
    every = [not_a_server_error, *(checks if op.path.startswith(DOCUMENTED) else [])]

    @seeded(seed)
    @settings(
        max_examples=most, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck), print_blob=False,
    )  # fmt: skip
    @given(case=strategy)
    def send(case) -> None:
        found.cases += 1
        streamed = case.path == "/api/ask" and found.cases % 2
        response = case.call(headers={"Accept": "text/event-stream"} if streamed else None)
        found.statuses[response.status_code] += 1
        found.by_route[op.label] += 1
        try:
            case.validate_response(response, checks=every)
        except BaseException as error:
            said = f"{op.label} {response.status_code}: {str(error).strip()[:600]}"
            if said not in found.complaints:
                found.complaints.append(said)

    with suppress(Unsatisfiable):  # where there is nothing to send, there is nothing wrong to send
        send()


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    given_ = parser.parse_args()
    with TemporaryDirectory() as folder:
        os.environ["ZHIYIN_HOME"] = folder  # what is uploaded, kept or deleted is so in there
        app = create_app(bot(), settings=OPEN, feedback=FeedbackStore(Path(folder) / "feedback.sqlite"))
        started = time.monotonic()
        with served(app) as address, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = fuzz(address, given_.cases, seed=given_.seed)
    sys.stdout.write(f"{found}\n{time.monotonic() - started:.0f} s\n")
    return 1 if found.complaints or any(status >= 500 for status in found.statuses) else 0


if __name__ == "__main__":
    raise SystemExit(main())
