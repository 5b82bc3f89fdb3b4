"""Censoring weights: against Kaplan and Meier by hand, and against the truth in a simulation."""

import json
from pathlib import Path

import numpy as np
import pytest

from attending.errors import BadInput
from attending.statistics.auroc import auroc
from attending.statistics.brier import brier
from attending.statistics.censoring import censoring_weights, followed, weighted_measures
from attending.statistics.inputs import TooFewOutcomes
from tests.statistics.golden import OUTCOME, RISK


def test_weights_of_one_are_the_plain_measures_of_the_golden_rows():
    found = weighted_measures(OUTCOME, RISK, np.ones(RISK.size))
    assert found.auroc == pytest.approx(0.6593406593, abs=1e-9)
    assert found.brier == pytest.approx(0.22824, abs=1e-9)
    assert found.observed_expected == pytest.approx(1.1705685619, abs=1e-9)


def test_a_weight_counts_as_so_many_rows():
    weight = np.arange(RISK.size) % 3
    rows = np.repeat(np.arange(RISK.size), weight)
    found = weighted_measures(OUTCOME, RISK, weight.astype(float))
    assert found.auroc == pytest.approx(auroc(OUTCOME[rows], RISK[rows]))
    assert found.brier == pytest.approx(brier(OUTCOME[rows], RISK[rows]))


def test_weights_are_one_over_the_share_still_followed():
    """Times 1 event, 2 lost, 2 event, 3 lost, 4 to the end: G(2-) = 1, G(4) = 2/3 x 1/2."""
    weight = censoring_weights(
        [1, 2, 2, 3, 4], np.array([False, True, False, True, False]), horizon=4, truncate=1
    )
    assert weight == pytest.approx([1, 0, 1, 0, 1 / (2 / 3 * 1 / 2)])


def test_without_loss_every_weight_is_one():
    assert (censoring_weights([1, 2, 3], np.zeros(3, bool), horizon=3) == 1).all()


def test_the_weighted_prevalence_is_the_truth_where_leaving_rows_out_is_not():
    rng = np.random.default_rng(8)
    n, horizon = 40_000, 30.0
    risk = rng.uniform(0.05, 0.6, n)
    comes = rng.exponential(-horizon / np.log1p(-risk))
    leaves = rng.uniform(0, 60, n)
    truth = (comes <= horizon).mean()
    lost = (leaves < comes) & (leaves < horizon)
    followed = np.minimum(np.minimum(comes, leaves), horizon)
    outcome = ((comes <= horizon) & ~lost).astype(np.int8)
    weight = censoring_weights(followed, lost, horizon=horizon, truncate=1)
    found = weighted_measures(outcome, risk, weight)
    naive = outcome[~lost].mean()
    assert naive > truth + 0.02  # rows with an event are known sooner, so they are over-counted
    assert found.prevalence == pytest.approx(truth, abs=0.01)
    assert found.observed_expected == pytest.approx(1.0, abs=0.02)


def test_all_lost_or_no_weight_on_events_is_refused():
    with pytest.raises(BadInput, match="not all lost"):
        censoring_weights([1, 1], np.array([True, True]), horizon=2)
    with pytest.raises(TooFewOutcomes):
        weighted_measures(np.array([0, 0], np.int8), np.array([0.1, 0.2]), np.ones(2))


#: Times, how they ended, and what lifelines makes of them; frozen by `make figures`.
THEIRS = json.loads((Path(__file__).parent / "lifelines.json").read_text(encoding="utf-8"))
TIME, ENDED = np.array(THEIRS["time"]), np.array(THEIRS["ended"])


def incidence(lost):
    """Return the weighted share with the event, where these rows are taken as lost."""
    weight = censoring_weights(TIME, lost, horizon=THEIRS["horizon"], truncate=1)
    outcome = (ENDED == 1).astype(np.int8)
    return weighted_measures(outcome, np.full(TIME.size, 0.5), weight).prevalence


def test_the_weights_are_those_of_the_kaplan_meier_estimate_of_lifelines():
    lost = ENDED == 0
    weight = censoring_weights(TIME, lost, horizon=THEIRS["horizon"], truncate=1)
    expected = 1.0 / np.array(THEIRS["not_lost"])
    assert weight[~lost] == pytest.approx(expected[~lost], abs=1e-9)


def test_the_weighted_share_is_the_cumulative_incidence_of_lifelines():
    """Aalen and Johansen's estimate: who had another event first is known to have none."""
    assert incidence(ENDED == 0) == pytest.approx(THEIRS["incidence"], abs=1e-9)


def test_to_take_a_competing_event_as_a_loss_gives_another_and_higher_figure():
    as_lost = incidence((ENDED == 0) | (ENDED == 2))
    assert as_lost == pytest.approx(THEIRS["alone"], abs=1e-9)
    assert as_lost > THEIRS["incidence"] + 0.03


def test_a_row_that_counts_twice_is_two_rows():
    lost = np.array([False, True, False, False, True])
    time, times = np.array([1.0, 2, 3, 4, 4]), np.array([2, 1, 0, 3, 1])
    rows = np.repeat(np.arange(5), times)
    apart = followed(time[rows], lost[rows], horizon=5).weights(truncate=0.9)
    assert followed(time, lost, horizon=5).weights(times, truncate=0.9)[rows] == pytest.approx(
        apart
    )
    with pytest.raises(BadInput, match="not lost"):
        followed(time, lost, horizon=5).weights(np.array([0, 1, 0, 0, 1]))
