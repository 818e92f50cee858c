"""Intervals and tests: worked by hand, against scipy, and by simulation."""

import doctest
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rag.eval import bootstrap, calibration, compare_words, statistics
from rag.eval.bootstrap import interval, share_interval
from rag.eval.calibration import shares
from rag.eval.statistics import holm, paired, randomisation

differences = st.lists(st.integers(-4, 4).map(lambda n: n / 4), min_size=1, max_size=30)


def drawn(n, seed=3, shift=-0.05):
    rng = np.random.default_rng(seed)
    before = rng.beta(2, 1, n)
    return before, np.clip(before + rng.normal(shift, 0.2, n), 0, 1)


def mean_difference(x, y, axis=-1):
    return np.mean(x, axis=axis) - np.mean(y, axis=axis)


@pytest.mark.parametrize("module", [bootstrap, compare_words, statistics])
def test_the_examples_in_docstrings(module, monkeypatch):
    result = doctest.testmod(module)
    assert result.attempted and not result.failed


def test_sign_patterns_by_hand():
    """Of -1, -2, +1 the sums of all eight patterns are ±4, ±2 twice, 0 twice; the observed one is -2."""
    patterns = randomisation([-1.0, -2.0, 1.0])
    assert [patterns.less[0], patterns.equal[0], patterns.more[0]] == [1 / 8, 2 / 8, 5 / 8]
    assert patterns.p_lower(ties=1)[0] == 3 / 8
    assert patterns.p_higher(ties=1)[0] == 7 / 8
    assert patterns.p(ties=1)[0] == 6 / 8
    assert patterns.p_lower()[0] == 2 / 8


def test_five_lost_and_none_won_by_hand():
    """One pattern of 32 is as low: 1/32, half of it as mid-p, and twice that for both sides."""
    found = paired([1] * 5 + [1] * 40, [0] * 5 + [1] * 40)
    assert (found.p_full, found.p, found.p_lower) == (2 / 32, 1 / 32, 1 / 64)
    assert (found.lower, found.higher, found.equal) == (5, 0, 40)
    assert found.difference == pytest.approx(-5 / 45)
    assert (found.before, found.after) == (1, pytest.approx(40 / 45))


def test_drawn_patterns_count_the_observed_one_so_that_p_is_never_nothing():
    """40 different losses: of 99 patterns none is as low, and the observed one makes a hundredth."""
    patterns = randomisation(-np.arange(1.0, 41.0), samples=99)
    assert (patterns.less[0], patterns.equal[0], patterns.more[0]) == (0, 0.01, 0.99)
    assert patterns.p(ties=1)[0] == 0.02


def test_no_difference_is_no_evidence():
    found = paired([1, 0, 0.5], [1, 0, 0.5])
    assert (found.p, found.p_full, found.difference, found.low, found.high) == (1, 1, 0, 0, 0)


def test_a_single_question_never_counts_as_a_loss():
    assert paired([1] + [0] * 99, [0] * 100).p_lower == 0.25


@pytest.mark.parametrize("n", [4, 9, 14])
def test_exact_test_agrees_with_scipy(n):
    before, after = drawn(n)
    for alternative, ours in (("two-sided", "p"), ("less", "p_lower"), ("greater", "p_higher")):
        theirs = stats.permutation_test(
            (after, before),
            mean_difference,
            permutation_type="samples",
            vectorized=True,
            n_resamples=np.inf,
            alternative=alternative,
        )
        assert getattr(randomisation(after - before), ours)(ties=1)[0] == pytest.approx(
            theirs.pvalue, abs=1e-12
        )


def test_a_median_is_tested_by_its_signs():
    before, after = drawn(60)
    found = paired(before, after, statistic="median")
    theirs = stats.binomtest(found.higher, found.higher + found.lower)
    assert found.p_full == pytest.approx(theirs.pvalue)
    assert found.difference == np.median(after - before)


def test_a_median_that_is_the_same_everywhere_is_seen():
    assert paired([1.0] * 20, [2.0] * 20, statistic="median").p < 1e-5


def test_drawn_patterns_agree_with_scipy_as_far_as_chance_allows():
    before, after = drawn(60, shift=-0.03)
    theirs = stats.permutation_test(
        (after, before), mean_difference, permutation_type="samples", vectorized=True, n_resamples=9999, rng=1
    )
    ours = randomisation(after - before).p(ties=1)[0]
    # each of the two is off by at most 2.6 standard deviations, 99 times in 100
    assert ours == pytest.approx(theirs.pvalue, abs=2 * 2.6 * math.sqrt(theirs.pvalue / 9999))


@pytest.mark.parametrize(("lost", "won"), [(1, 0), (9, 2), (40, 25), (300, 290), (700, 500)])
def test_right_and_wrong_agree_with_scipy_s_binomial(lost, won):
    d = np.array([-1.0] * lost + [1.0] * won + [0.0] * 17)
    patterns = randomisation(d)
    assert patterns.p(ties=1)[0] == pytest.approx(stats.binomtest(won, lost + won).pvalue)
    below = stats.binom.cdf(won, lost + won, 0.5)
    assert patterns.p_lower(ties=1)[0] == pytest.approx(below)
    assert patterns.p_lower()[0] == pytest.approx(below - stats.binom.pmf(won, lost + won, 0.5) / 2)


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_intervals_agree_with_scipy(statistic):
    before, after = drawn(80)

    def difference(x, y, axis=-1):
        return (np.mean if statistic == "mean" else np.median)(x - y, axis=axis)

    theirs = stats.bootstrap(
        (after, before), difference, paired=True, method="percentile", vectorized=True, rng=1
    ).confidence_interval
    low, high = interval(after - before, statistic=statistic)
    width = theirs.high - theirs.low
    assert low[0] == pytest.approx(theirs.low, abs=0.04 * width)
    assert high[0] == pytest.approx(theirs.high, abs=0.04 * width)


def test_score_interval_agrees_with_scipy():
    for right, n in ((0, 5), (3, 20), (20, 20), (131, 250)):
        theirs = stats.binomtest(right, n).proportion_ci(method="wilson")
        assert share_interval(right, n) == (pytest.approx(theirs.low), pytest.approx(theirs.high))


def test_holm_by_hand():
    """Holm 1979: the smallest of four times 4, the next times 3, and never below the one before; order is kept."""
    assert holm([0.04, 0.01, 0.03, 0.005]) == pytest.approx([0.06, 0.03, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1, 1]
    assert holm([]) == []


@given(differences)
def test_the_other_way_round_is_the_mirror_image(values):
    d = np.array(values)
    one, other = randomisation(d), randomisation(-d)
    if np.count_nonzero(d) <= statistics.EXACT or np.ptp(np.abs(d[d != 0])) == 0:
        assert one.p()[0] == pytest.approx(other.p()[0])
        assert one.p_lower()[0] == pytest.approx(other.p_higher()[0])
    assert one.less[0] + one.equal[0] + one.more[0] == pytest.approx(1)
    assert 0 < one.p()[0] <= one.p(ties=1)[0] <= 1


@given(differences)
def test_questions_that_did_not_change_change_nothing_of_a_mean_s_p(values):
    if np.count_nonzero(values) > statistics.EXACT:
        values = values[: statistics.EXACT]
    alone, among = randomisation(values), randomisation([*values, *[0.0] * 5])
    assert alone.p()[0] == pytest.approx(among.p()[0])


def test_columns_are_as_good_as_each_alone():
    columns = np.random.default_rng(0).normal(0.1, 1, (30, 6)).round(1)
    columns[:, 0] = np.sign(columns[:, 0])
    columns[12:, 1] = 0
    together = randomisation(columns, samples=999).p()
    assert together[:2] == pytest.approx([randomisation(columns[:, j]).p()[0] for j in (0, 1)])
    assert together == pytest.approx([randomisation(c, samples=9999).p()[0] for c in columns.T], abs=0.06)
    low, high = interval(columns)
    each = [interval(c) for c in columns.T]
    assert low == pytest.approx([e[0][0] for e in each], abs=1e-9)
    assert high == pytest.approx([e[1][0] for e in each], abs=1e-9)


def test_the_same_seed_gives_the_same_figures_and_batches_change_nothing(monkeypatch):
    before, after = drawn(50)
    first = paired(before, after, samples=999)
    assert paired(before, after, samples=999) == first
    assert paired(before, after, samples=999, seed=1) != first
    monkeypatch.setattr(bootstrap, "_CELLS", 50 * 100)
    again = paired(before, after, samples=999)
    assert (again.p, again.low, again.high) == pytest.approx((first.p, first.low, first.high))


@pytest.mark.parametrize("values", [[], [[[1.0]]], [1.0, math.nan], [math.inf]])
def test_values_that_can_t_be_compared(values):
    with pytest.raises(ValueError, match=r"needed|missing"):
        randomisation(values)
    with pytest.raises(ValueError, match=r"needed|missing"):
        interval(values)


@pytest.mark.parametrize(("before", "after"), [([], []), ([1.0], [1.0, 2.0])])
def test_lists_that_do_not_pair(before, after):
    with pytest.raises(ValueError, match="same length"):
        paired(before, after)


def bounds(share, trials=calibration.TRIALS):
    """Between which shares 99.8 % of simulations with so many trials come out."""
    return stats.binom.ppf(0.001, trials, share) / trials, stats.binom.ppf(0.999, trials, share) / trials


@pytest.mark.parametrize("questions", [50, 200])
def test_pairs_that_differ_only_in_noise_are_significant_one_time_in_twenty(questions):
    """A/A: 1,000 pairs, at 5 %; by the published test, which counts ties in full, no more often than that."""
    low, high = bounds(0.05)
    for measure in ("right", "graded"):
        found = shares(measure, questions=questions)
        assert low <= found.significant <= high, found
        assert low <= found.losses <= high, found
        assert found.full <= high, found


def test_a_system_without_chance_raises_no_more_false_alarms():
    found = shares("settled", questions=200)
    assert found.significant <= bounds(0.05)[1]
    assert found.full <= found.significant


@pytest.mark.parametrize(
    ("measure", "effect"), [("right", 0.0), ("right", -0.08), ("settled", -0.08), ("graded", 0.05)]
)
def test_the_true_difference_is_in_the_interval_nineteen_times_in_twenty(measure, effect):
    low, high = bounds(0.95)
    # the percentile interval is known to be narrower by a factor of about sqrt(1 - 1/n)
    assert low - 0.01 <= shares(measure, questions=250, effect=effect).covered <= high


def test_a_real_loss_is_seen():
    """Eight points of 250 questions: nine times in ten where the system has no chance in it, as this one."""
    assert shares("settled", questions=250, effect=-0.08).losses > 0.85
    assert shares("right", questions=250, effect=-0.08).losses > 0.55
    assert shares("graded", questions=250, effect=-0.08).losses > 0.99


def test_a_gain_is_never_taken_for_a_loss():
    assert shares("settled", questions=250, effect=0.08).losses < 0.001


def test_simulated_effects_are_what_they_are_said_to_be():
    rng = np.random.default_rng(1)
    for measure in ("right", "settled", "graded"):
        for effect in (0.0, -0.08, 0.05):
            mean = calibration.simulated(measure, 400, effect, 500, rng).mean()
            assert mean == pytest.approx(effect, abs=0.008)


def test_the_command_gives_the_figures_of_the_howto(capsys):
    assert calibration.main() == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    text = (Path(__file__).parents[1] / "docs" / "howto-gate.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.endswith("% |")]
    assert len(rows) == len(lines) == 9
    for (name, questions, *told), found in zip(rows, lines, strict=True):
        assert int(questions) == found["questions"]
        assert ("no difference" in name) == (found["effect"] == 0)
        figures = [float(share.rstrip("%")) / 100 for share in told]
        # another version of numpy may draw otherwise: then by chance alone they differ by less than this
        assert figures == pytest.approx([found["significant"], found["losses"], found["covered"]], abs=0.03)
