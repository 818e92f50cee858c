"""Does the comparison say what it promises? Pairs of runs by simulation, and how often it sees a difference in them.

`python -m rag.eval.calibration` prints the shares. A pair is two runs of the same questions, each with a difficulty of
its own; in an A/A pair both are drawn from the same chances, so that every difference found is a false alarm.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from .bootstrap import Floats, interval
from .statistics import randomisation

Measure = Literal["right", "settled", "graded"]
"""What is simulated: right or wrong by chance; the same but for few questions, as of a system without chance; a score."""

ALPHA = 0.05
TRIALS = 1000
CHURN = 0.04
"""Share of `settled` questions that go either way whatever the effect."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of `trials` pairs of runs with p < 5 %, and with the true difference inside the 95 % interval.

    `significant` is by the mid-p value that `compare` goes by, `full` with ties counted in full, `losses` one-sided.
    """

    measure: Measure
    questions: int
    effect: float
    trials: int
    significant: float
    full: float
    losses: float
    covered: float


def shares(
    measure: Measure,
    *,
    questions: int = 200,
    effect: float = 0.0,
    trials: int = TRIALS,
    samples: int = 1999,
    seed: int = 0,
) -> Shares:
    """Simulate `trials` pairs of runs that truly differ by `effect` (-0.08: eight points worse)."""
    differences = simulated(measure, questions, effect, trials, np.random.default_rng(seed))
    patterns = randomisation(differences, samples=samples, seed=seed)
    low, high = interval(differences, samples=samples, seed=seed)
    covered = (low <= effect + 1e-9) & (high >= effect - 1e-9)
    found = (patterns.p() < ALPHA, patterns.p(ties=1) < ALPHA, patterns.p_lower() < ALPHA, covered)
    return Shares(measure, questions, effect, trials, *(float(np.mean(x)) for x in found))


def simulated(
    measure: Measure, questions: int, effect: float, trials: int, rng: np.random.Generator
) -> Floats:
    """Differences `(questions, trials)`: of right (1) and wrong (0), or of a graded measure such as F1.

    Chances of a right answer are spread evenly over the questions, from those never answered to those always; the
    effect moves them where there is room, so that its mean is as asked.
    """
    shape = (questions, trials)
    drawn = rng.random(shape)
    if measure == "settled":
        won, lost = CHURN + max(effect, 0.0), CHURN + max(-effect, 0.0)
        return np.where(drawn < won, 1.0, np.where(drawn > 1 - lost, -1.0, 0.0))
    chance = rng.uniform(abs(effect), 1 - abs(effect), shape)
    if measure == "right":
        return (rng.random(shape) < chance + effect).astype(np.float64) - (drawn < chance)
    noise = rng.beta(2, 5, (2, *shape))  # skewed, as scores are
    differences: Floats = effect + (1 - chance) * (noise[1] - noise[0])
    return differences


def main(trials: int = TRIALS) -> int:
    """Print a JSON object a line: of each measure A/A pairs, then pairs with a real loss."""
    measures: tuple[Measure, ...] = ("right", "settled", "graded")
    for measure in measures:
        for questions, effect in ((200, 0.0), (50, 0.0), (250, -0.08)):
            result = shares(measure, questions=questions, effect=effect, trials=trials)
            sys.stdout.write(json.dumps(asdict(result)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
