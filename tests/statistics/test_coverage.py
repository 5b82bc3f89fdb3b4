"""Intervals hold what they promise: of 95 % intervals, 93 to 97 in a hundred hold the truth.

The truth is an AUROC of known normal scores. Patients have several rows, so that an interval that
takes rows for patients fails beside it.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from attending.statistics.auroc import auroc_interval
from attending.statistics.bootstrap import bootstrap

TRIALS = 2000
APART = 1.0
TRUTH = float(norm.cdf(APART / np.sqrt(2.0)))


def trial(rng, patients, *, rows_each):
    """Return outcomes, scores and patients; all rows of a patient share outcome and most of it."""
    event = rng.random(patients) < 0.3
    own = rng.normal(0, 1, patients)
    patient = np.repeat(np.arange(patients), rows_each)
    shared, alone = (0.9, 0.1) if rows_each > 1 else (1.0, 0.0)
    noise = rng.normal(0, 1, patient.size)
    score = np.sqrt(shared) * own[patient] + np.sqrt(alone) * noise + APART * event[patient]
    return event[patient].astype(np.int8), score, patient


def held(interval, count=TRIALS):
    """Return the share of trials whose interval holds the truth."""
    rng = np.random.default_rng(2026)
    found = [interval(rng, k) for k in range(count)]
    return float(np.mean([low <= TRUTH <= high for low, high in found]))


def test_delong_intervals_hold_the_truth_as_often_as_they_say():
    def interval(rng, _):
        outcome, score, _ = trial(rng, 300, rows_each=1)
        found = auroc_interval(outcome, score)
        return found.low, found.high

    assert 0.93 <= held(interval) <= 0.97


def test_bootstrap_intervals_over_patients_hold_the_truth_as_often_as_they_say():
    def interval(rng, k):
        outcome, score, patient = trial(rng, 500, rows_each=2)
        made = bootstrap(outcome, {"m": score}, patient, draws=500, seed=k, threads=1)
        found = made.interval("auroc", "m")
        return found.low, found.high

    assert 0.93 <= held(interval, 1200) <= 0.97


@pytest.mark.parametrize("by", ["delong", "bootstrap"])
def test_intervals_that_take_rows_for_patients_do_not(by):
    def interval(rng, k):
        outcome, score, patient = trial(rng, 300, rows_each=3)
        if by == "delong":
            found = auroc_interval(outcome, score)
            return found.low, found.high
        rows = np.arange(patient.size)
        made = bootstrap(outcome, {"m": score}, rows, draws=200, seed=k, threads=1)
        drawn = made.interval("auroc", "m")
        return drawn.low, drawn.high

    assert held(interval, 300) < 0.85
