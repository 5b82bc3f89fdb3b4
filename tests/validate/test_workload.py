"""Alerts as the ward gets them: snooze, shifts, lead time, and a threshold for each place."""

from dataclasses import replace

import numpy as np
import pytest

from attending.errors import BadInput
from attending.specs.read_yaml import parse_spec
from attending.specs.validation import ValidationSpec
from attending.statistics.threshold_metrics import counts_at
from attending.validate.model import validate

DAY = 86_400_000_000
ASK = {
    "baselines": ["lace"],
    "thresholds": [0.2],
    "subgroups": ["age", "unit"],
    "decision_curve": {"low": 0.2, "high": 0.2},
    "bootstrap": {"draws": 60},
    "workload": {"shift": "12h", "clinicians": 2, "snooze": ["0h", "30d"]},
    "places": {
        "by": "unit",
        "each": [
            {
                "name": "medical", "alerts_per_day": 2, "false_alerts_per_event": 19,
                "action": "a nurse calls within two days", "instead_of": "nobody calls",
            },
            {
                "name": "surgical", "alerts_per_day": 30, "false_alerts_per_event": 3,
                "action": "the surgeon is told", "instead_of": "a letter is sent",
            },
        ],
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def wards(ward):
    """The ward with two units, and each patient predicted for again on following days."""
    rng = np.random.default_rng(5)
    event = ward.prediction_time + rng.integers(1, 20, ward.outcome.size).astype("timedelta64[D]")
    unit = rng.choice(["medical", "surgical", None], ward.outcome.size, p=[0.6, 0.398, 0.002])
    return replace(
        ward,
        groups={**ward.groups, "unit": unit.tolist()},
        event_time=np.where(ward.outcome == 1, event, np.datetime64("NaT")),
    )


@pytest.fixture(scope="module")
def report(wards):
    return validate(ValidationSpec(**ASK), wards)


def rows_of(wards, unit):
    mask = np.array([name == unit for name in wards.groups["unit"]])
    return wards.outcome[mask], wards.risk[mask]


@pytest.mark.requirement("E10")
def test_alerts_are_counted_per_patient_day_and_clinician_shift_with_and_without_snooze(
    report, wards
):
    plain, snoozed = report.workload
    found = counts_at(wards.outcome, wards.risk, threshold=0.2)
    assert plain.alerts == found.flagged
    assert plain.per_clinician_shift == pytest.approx(found.flagged / 365 / 2 / 2)
    days = np.unique(
        np.column_stack([wards.cluster, wards.prediction_time.astype("datetime64[D]").astype(int)]),
        axis=0,
    )
    assert plain.per_100_patient_days == pytest.approx(100 * found.flagged / len(days))
    assert plain.patient_days_are == "days with a prediction"
    assert plain.nne == pytest.approx(found.flagged / found.tp)
    assert 0 < plain.first_alert_rate < 1
    assert plain.lead_hours.low <= plain.lead_hours.value <= plain.lead_hours.high
    assert plain.events_alerted == pytest.approx(found.tp / (found.tp + found.fn), abs=0.02)
    assert snoozed.alerts < plain.alerts
    assert snoozed.first_alert_rate == plain.first_alert_rate
    gate = {"gate": "alert_burden", "per_shift_at_most": 0.1}
    assert validate(ValidationSpec(**ASK, gates=[gate]), wards).gates[0].outcome == "failed"
    gate["per_shift_at_most"] = 5
    assert validate(ValidationSpec(**ASK, gates=[gate]), wards).gates[0].outcome == "met"


def test_given_patient_days_are_taken_and_without_times_nothing_is_snoozed(wards):
    given = validate(ValidationSpec(**ASK), replace(wards, patient_days=60_000.0))
    assert given.workload[0].patient_days_are == "given"
    assert given.workload[0].per_100_patient_days == pytest.approx(given.workload[0].alerts / 600)
    timeless = {**ASK, "places": None}
    bare = validate(
        ValidationSpec(**timeless), replace(wards, prediction_time=None, event_time=None)
    )
    assert [row.snooze for row in bare.workload] == ["0d"]
    assert bare.workload[0].alerts_per_day is None


@pytest.mark.requirement("E11")
def test_each_unit_gets_a_threshold_from_its_capacity_and_from_what_a_false_alert_costs(
    report, wards
):
    medical, surgical = report.places
    assert (medical.bound_by, surgical.bound_by) == ("capacity", "harm")
    assert medical.by_harm == pytest.approx(0.05)
    assert medical.threshold == medical.by_capacity > medical.by_harm
    assert surgical.threshold == pytest.approx(0.25)
    outcome, risk = rows_of(wards, "medical")
    found = counts_at(outcome, risk, threshold=medical.threshold)
    assert found.flagged <= 2 * 365
    assert medical.alerts_per_day == pytest.approx(found.flagged / 365)
    assert (medical.action, medical.instead_of) == (
        "a nurse calls within two days",
        "nobody calls",
    )
    costs = [(p.sensitivity, p.alerts_per_day) for p in medical.curve]
    assert len(costs) > 20
    assert costs == sorted(costs)  # more found always costs more alerts
    with pytest.raises(BadInput, match="attribute 'ward'"):
        asked = {**ASK, "places": {**ASK["places"], "by": "ward"}}
        validate(ValidationSpec(**{**asked, "subgroups": ["ward"]}), wards)


def test_what_a_small_third_unit_hides_cannot_be_had_from_the_places(report, wards):
    few = wards.groups["unit"].count(None)
    assert 1 <= few <= 20
    surgical = report.places[1]
    hidden = next(row for row in report.subgroups if row.group == "surgical")
    assert surgical.events is None and hidden.events is None
    assert surgical.sensitivity.value is None
    assert surgical.nne is None


def test_a_unit_without_events_enough_gets_no_threshold(wards):
    names = list(wards.groups["unit"])
    keep = [at for at, name in enumerate(names) if name == "surgical"][:15]
    thinned = ["medical" if at not in keep else "surgical" for at in range(len(names))]
    report = validate(
        ValidationSpec(**ASK), replace(wards, groups={**wards.groups, "unit": thinned})
    )
    assert (report.places[1].status, report.places[1].threshold) == ("insufficient", None)


PLACE = (
    "places: {by: unit, each: [{name: a, alerts_per_day: 1, "
    "false_alerts_per_event: 3, action: x, instead_of: y}]}"
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("workload: {shift: 7h}", "parts 24 hours evenly"),
        ("workload: {snooze: []}", "at least 1"),
        ("places: {by: unit, each: []}", "at least 1"),
        (
            f"subgroups: [unit]\n{PLACE.replace('{name', '{alerts_per_100: 2, name')}",
            "either alerts_per_day or alerts_per_100",
        ),
        (
            PLACE,
            "'unit' is not listed under subgroups",
        ),
        ("gates:\n  - {gate: alert_burden, per_shift_at_most: 1}", "workload.clinicians"),
        ("gates:\n  - {gate: robust_to_missing}", "needs the part 'missingness'"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_by_name(text, says):
    with pytest.raises(BadInput) as refusal:
        parse_spec(f"baselines: [lace]\n{text}".encode(), ValidationSpec, name="validation.yaml")
    assert says in refusal.value.message
