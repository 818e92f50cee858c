"""Is the difference between two runs more than chance? Intervals and tests over paired questions.

Both runs answered the same questions, so everything here works on the differences question by question: how hard a
question is cancels out. Arrays are `(n,)`, or `(n, m)` for `m` independent columns at once; results are `(m,)`. The
same values and seed give the same figures.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .bootstrap import LEVEL, SAMPLES, Floats, Statistic, batches, columns_of, interval

EXACT = 14
"""Up to so many questions that differ, all 2^k sign patterns are tried (16,384 of 14)."""


@dataclass(frozen=True, slots=True)
class Paired:
    """What changed between two runs on one measure, over the `n` questions that both have.

    `difference` is the mean (or median) of after - before, `low` to `high` its confidence interval, `p` two-sided,
    `p_lower` and `p_higher` one-sided: how often chance alone makes it so low, or so high. All three are mid-p values;
    `p_full` is the two-sided one with ties counted in full (see `Patterns`). Of a median they are those of the sign test
    (W. J. Dixon and A. M. Mood, The statistical sign test, JASA 41, 1946): patterns of signs hardly move the median of
    differences that are all alike, so a test by the median itself would overlook that everything takes twice as long.
    """

    n: int
    before: float
    after: float
    difference: float
    low: float
    high: float
    p: float
    p_lower: float
    p_higher: float
    p_full: float
    higher: int  # questions
    lower: int
    equal: int


@dataclass(frozen=True, slots=True)
class Patterns:
    """Shares of the sign patterns whose difference is less than, equal to and more than the observed one, each `(m,)`.

    `ties` says what an equal one counts. In full (1) is the test as published and as `scipy.stats.permutation_test`
    has it. Right and wrong give few distinct differences, many equal: the test then raises a false alarm in only 3 to
    4 % of cases where 5 % were allowed, and overlooks losses accordingly. Half (the mid-p value) comes out at 5 %.

    Sources for mid-p: H. O. Lancaster, Significance tests in discrete distributions, JASA 56, 1961; for paired right
    and wrong M. W. Fagerland, S. Lydersen and P. Laake, The McNemar test for binary matched-pairs data, BMC Medical
    Research Methodology 13:91, 2013.
    """

    less: Floats
    equal: Floats
    more: Floats

    def p_lower(self, ties: float = 0.5) -> Floats:
        """How often chance alone makes the difference so low."""
        return self.less + ties * self.equal

    def p_higher(self, ties: float = 0.5) -> Floats:
        """How often chance alone makes the difference so high."""
        return self.more + ties * self.equal

    def p(self, ties: float = 0.5) -> Floats:
        """Two-sided: how often chance alone puts it so far from zero on either side."""
        both: Floats = np.minimum(1.0, 2 * np.minimum(self.p_lower(ties), self.p_higher(ties)))
        return both


def paired(
    before: ArrayLike,
    after: ArrayLike,
    *,
    statistic: Statistic = "mean",
    level: float = LEVEL,
    samples: int = SAMPLES,
    seed: int = 0,
) -> Paired:
    """Compare two `(n,)` arrays, a value a question and in the same order; n >= 1. Raises ValueError otherwise."""
    a, b = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1 or not a.size:
        raise ValueError(
            f"two lists of the same length and not empty are needed, not {a.shape} and {b.shape}"
        )
    d = b - a
    middle = np.mean if statistic == "mean" else np.median
    low, high = interval(d, statistic=statistic, level=level, samples=samples, seed=seed)
    patterns = randomisation(d if statistic == "mean" else np.sign(d), samples=samples, seed=seed)
    return Paired(
        n=len(d),
        before=float(middle(a)),
        after=float(middle(b)),
        difference=float(middle(d)),
        low=float(low[0]),
        high=float(high[0]),
        p=float(patterns.p()[0]),
        p_lower=float(patterns.p_lower()[0]),
        p_higher=float(patterns.p_higher()[0]),
        p_full=float(patterns.p(ties=1)[0]),
        higher=int((d > 0).sum()),
        lower=int((d < 0).sum()),
        equal=int((d == 0).sum()),
    )


def randomisation(differences: ArrayLike, *, samples: int = SAMPLES, seed: int = 0) -> Patterns:
    """Paired randomisation test of the mean of each column.

    If the runs do not differ, each question's two values could as well stand the other way round: every pattern of
    signs is equally likely. All patterns are counted where that is possible (few questions differ, or all by the same
    amount, as right and wrong do: then the signs are a binomial, the exact test of McNemar); otherwise `samples` are
    drawn, and the observed pattern is counted as one of them, so that p is never 0.

    Sources: M. D. Smucker, J. Allan and B. Carterette, A comparison of statistical significance tests for information
    retrieval evaluation, CIKM 2007, section 2.1; B. Phipson and G. K. Smyth, Permutation p-values should never be zero,
    2010, for the one more.
    """
    columns = columns_of(differences)
    shares = np.zeros((3, columns.shape[1]))
    drawn: list[int] = []
    for j, column in enumerate(columns.T):
        moved = column[column != 0]
        if not moved.size:
            shares[1, j] = 1
        elif np.ptp(np.abs(moved)) == 0:
            shares[:, j] = _binomial(int((moved > 0).sum()), moved.size)
        elif moved.size <= EXACT:
            shares[:, j] = _count(moved[:, None], [_all_signs(moved.size)], 0)[:, 0]
        else:
            drawn.append(j)
    if drawn:
        n, m = columns.shape[0], len(drawn)
        rng = np.random.default_rng(seed)
        signs = (_signs(rng.integers(0, 2, (len(rows), n))) for rows in batches(samples, n, m))
        shares[:, drawn] = _count(columns[:, drawn], signs, 1)
    return Patterns(shares[0], shares[1], shares[2])


def holm(p: Sequence[float]) -> list[float]:
    """P values adjusted for having looked at several: the chance that any is a false alarm stays at the level chosen.

    Source: S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian J. Statistics 6, 1979.

    >>> [round(x, 3) for x in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    adjusted, most = [0.0] * len(p), 0.0
    for rank, i in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        most = max(most, min(1.0, (len(p) - rank) * p[i]))
        adjusted[i] = most
    return adjusted


def _all_signs(k: int) -> Floats:
    return _signs(np.arange(1 << k)[:, None] >> np.arange(k) & 1)


def _signs(bits: NDArray[np.int64]) -> Floats:
    return (2 * bits - 1).astype(np.float64)


def _count(columns: Floats, signs: Iterable[Floats], itself: int) -> Floats:
    """Shares `(3, m)` of patterns less, equal, more; `itself` is 1 where the observed one is to be added to those drawn."""
    observed = columns.sum(axis=0)
    # sums of the same numbers in another order are not quite equal
    slack = 1e-12 * np.abs(columns).sum(axis=0)
    less, more, total = np.zeros(columns.shape[1]), np.zeros(columns.shape[1]), itself
    for flips in signs:
        values = flips @ columns
        less += (values < observed - slack).sum(axis=0)
        more += (values > observed + slack).sum(axis=0)
        total += len(flips)
    return np.stack([less, total - less - more, more]) / total


def _binomial(higher: int, k: int) -> tuple[float, float, float]:
    """Shares of patterns with fewer than, exactly and more than `higher` rises among `k` changes of one size."""
    ways = [math.comb(k, i) for i in range(k + 1)]
    return sum(ways[:higher]) / 2**k, ways[higher] / 2**k, sum(ways[higher + 1 :]) / 2**k
