"""Workload: alerts per day, thresholds from a capacity, and equal risks that cannot be split."""

import numpy as np
import pytest

from attending.errors import BadInput
from attending.statistics.workload import (
    alerts_per_100_patient_days,
    burden,
    threshold_for_capacity,
)


@pytest.mark.parametrize("per_day", [0.5, 1, 3, 7, 50, 1000])
def test_a_capacity_is_never_exceeded_and_is_used_as_far_as_ties_allow(per_day):
    rng = np.random.default_rng(1)
    risk = np.round(rng.beta(2, 6, 500), 2)
    cut = threshold_for_capacity(risk, days=20, per_day=per_day)
    allowed = int(20 * per_day)
    assert np.count_nonzero(risk >= cut) <= allowed
    lower = risk[risk < cut]
    if lower.size:
        assert np.count_nonzero(risk >= lower.max()) > allowed


def test_more_equal_risks_than_the_capacity_flag_nobody():
    assert (
        np.count_nonzero(np.full(9, 0.4) >= threshold_for_capacity([0.4] * 9, days=1, per_day=2))
        == 0
    )


def test_days_without_an_alert_count_as_days():
    day = np.array([0, 0, 3])
    found = burden([0.9, 0.8, 0.1], np.array([1, 2, 3]), threshold=0.5, day=day)
    assert (found.per_day, found.per_100_patients) == pytest.approx((0.5, 200 / 3))


def test_without_days_there_is_no_daily_figure():
    assert burden([0.9], np.array([1]), threshold=0.5).per_day is None


def test_no_capacity_or_no_patient_days_is_refused():
    with pytest.raises(BadInput):
        threshold_for_capacity([0.1], days=1, per_day=0)
    with pytest.raises(BadInput):
        alerts_per_100_patient_days(3, patient_days=0)
