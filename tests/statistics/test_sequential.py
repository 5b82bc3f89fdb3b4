"""Daily looks: the e-process keeps its error rate, a repeated z test does not."""

import numpy as np
import pytest

from attending.errors import BadInput
from attending.statistics.inputs import logit
from attending.statistics.sequential import observed_expected_range, start

DAYS, PER_DAY, RUNS = 60, 20, 150


def year(rng, *, odds_ratio=1.0):
    risk = rng.beta(1.5, 8, DAYS * PER_DAY)
    true = 1 / (1 + np.exp(-(logit(risk) + np.log(odds_ratio))))
    return (rng.random(risk.size) < true).astype(np.int8), risk


def looks(outcome, risk, **ask):
    found, values = start(), []
    for day in range(DAYS):
        rows = slice(day * PER_DAY, (day + 1) * PER_DAY)
        found = found.update(outcome[rows], risk[rows])
        values.append(found.e_value(**ask))
    return found, np.array(values)


def test_looking_daily_keeps_the_error_rate_where_a_z_test_does_not():
    rng = np.random.default_rng(1)
    ours = naive = excluded = 0
    for _ in range(RUNS):
        outcome, risk = year(rng)
        found, values = looks(outcome, risk)
        ours += values.max() >= 20
        excluded += not found.odds_ratio()[0] <= 1.0 <= found.odds_ratio()[1]
        gap = np.cumsum(outcome - risk)[PER_DAY - 1 :: PER_DAY]
        sd = np.sqrt(np.cumsum(risk * (1 - risk)))[PER_DAY - 1 :: PER_DAY]
        naive += np.abs(gap / sd).max() > 1.96
    assert naive / RUNS > 0.2
    assert ours / RUNS <= 0.05
    assert excluded / RUNS <= 0.05


@pytest.mark.parametrize(("odds_ratio", "side"), [(2.0, "higher"), (0.5, "lower")])
def test_a_shift_is_found_and_its_size_is_in_the_range(odds_ratio, side):
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(60):
        found, values = looks(*year(rng, odds_ratio=odds_ratio), side=side)
        assert values[-1] > 100
        low, high = found.odds_ratio()
        covered += low <= odds_ratio <= high
    # A range that covers 95 % covers 52 of 60 or more in 999 of 1,000 trials.
    assert covered >= 52


def test_a_shift_inside_what_is_acceptable_is_no_evidence():
    _, values = looks(*year(np.random.default_rng(3), odds_ratio=1.1), low=0.7, high=1.4)
    assert values.max() < 20


def test_it_does_not_matter_how_rows_are_handed_over():
    outcome, risk = year(np.random.default_rng(4))
    whole = start().update(outcome, risk)
    parts, _ = looks(outcome, risk)
    assert np.allclose(whole.log_likelihood, parts.log_likelihood)
    assert np.allclose(whole.excluded, parts.excluded)
    assert (whole.rows, whole.events) == (DAYS * PER_DAY, int(outcome.sum()))


def test_a_range_of_odds_ratios_as_observed_over_expected():
    low, high = observed_expected_range(np.full(10, 0.1), (1.0, 1.0))
    assert (low, high) == pytest.approx((1.0, 1.0))


def test_a_range_that_does_not_rise_is_refused():
    with pytest.raises(BadInput):
        start().e_value(low=2.0, high=1.0)
    with pytest.raises(BadInput):
        start().e_value(side="up")
