"""Snooze, lead time, thresholds at equal alerts, and the threshold that harm allows."""

import numpy as np
import pytest

from attending.errors import BadInput
from attending.statistics.equal_alerts import threshold_at_alerts, threshold_at_sensitivity
from attending.statistics.harm import threshold_of_harm
from attending.statistics.lead_time import lead_time
from attending.statistics.net_benefit import net_benefit
from attending.statistics.snooze import snoozed

HOUR = 3_600_000_000


def one_by_one(flag, patient, time, snooze):
    """The same, patient by patient, in plain words."""
    sent = np.zeros(flag.size, bool)
    for who in np.unique(patient):
        until = -1
        for row in sorted(np.flatnonzero(patient == who), key=lambda r: (time[r], r)):
            if flag[row] and time[row] >= until:
                sent[row] = True
                until = time[row] + snooze
    return sent


@pytest.mark.parametrize("snooze", [0, 1, 5, 1000])
def test_a_snooze_is_counted_as_patient_by_patient(snooze):
    rng = np.random.default_rng(3)
    flag, patient = rng.random(400) < 0.4, rng.integers(0, 30, 400)
    time = rng.integers(0, 200, 400)
    sent = snoozed(flag, patient, time, snooze_us=snooze)
    if snooze:
        assert (sent == one_by_one(flag, patient, time, snooze)).all()
    else:
        assert (sent == flag).all()


def test_a_longer_snooze_never_takes_away_a_patients_first_alert():
    rng = np.random.default_rng(4)
    flag, patient, time = rng.random(300) < 0.5, rng.integers(0, 40, 300), np.arange(300)
    for snooze in (1, 10, 10_000):
        sent = snoozed(flag, patient, time, snooze_us=snooze)
        assert set(patient[sent]) == set(patient[flag])


def test_the_lead_time_is_that_of_the_first_true_alert_of_each_event():
    found = lead_time(
        np.array([True, True, False, True, True]),
        np.array([1, 1, 1, 0, 1], np.int8),
        np.array([1, 1, 2, 2, 3]),
        time_us=np.array([0, 4, 0, 1, 2]) * HOUR,
        event_us=np.array([10, 10, 5, 5, 3]) * HOUR,
    )
    assert (found.events, found.alerted) == (3, 2)  # the alert of patient 2 is a false one
    assert found.median_hours == pytest.approx((10 + 1) / 2)
    with pytest.raises(BadInput, match="1 events before"):
        lead_time(
            np.array([True]), np.array([1], np.int8), np.array([1]),
            time_us=np.array([2]), event_us=np.array([1]),
        )  # fmt: skip


def test_equal_alerts_never_flags_more_and_equal_sensitivity_never_finds_less():
    rng = np.random.default_rng(5)
    risk = np.round(rng.random(500), 2)
    outcome = (rng.random(500) < risk).astype(np.int8)
    for alerts in (0, 1, 37, 250, 500, 900):
        assert np.count_nonzero(risk >= threshold_at_alerts(risk, alerts=alerts)) <= alerts
    for asked in (0.1, 0.5, 0.93, 1.0):
        cut = threshold_at_sensitivity(outcome, risk, sensitivity=asked)
        assert (risk[outcome == 1] >= cut).mean() >= asked
        above = risk > cut
        assert (above[outcome == 1]).mean() < asked  # a higher threshold would find too few
    with pytest.raises(BadInput):
        threshold_at_sensitivity(outcome, risk, sensitivity=0.0)


@pytest.mark.parametrize("accepted", [1.0, 4.0, 9.0, 19.0])
def test_at_the_threshold_of_harm_accepted_false_alerts_outweigh_one_event_exactly(accepted):
    cut = threshold_of_harm(accepted)
    outcome = np.array([1, *[0] * int(accepted)], np.int8)
    assert net_benefit(outcome, np.full(outcome.size, 0.99), threshold=cut) == pytest.approx(0.0)
    with pytest.raises(BadInput):
        threshold_of_harm(0.0)
