"""SOFA: golden cases at every edge, the last 24 hours, and the conventions of MIMIC-Code."""

from datetime import timedelta

import pytest

from attending.scores.sofa import make
from tests.scores.event_rows import event, moment, scored, sign, stay

SOFA = make({})
VENTILATED = sign("ventilation", None, "2026-03-13T01:00")


def reading(*happened):
    return scored(SOFA, stay(), *happened)


@pytest.mark.parametrize(
    ("name", "part", "value", "points"),
    [
        ("platelets", "coagulation", 150, 0),
        ("platelets", "coagulation", 149, 1),
        ("platelets", "coagulation", 100, 1),
        ("platelets", "coagulation", 99, 2),
        ("platelets", "coagulation", 50, 2),
        ("platelets", "coagulation", 49, 3),
        ("platelets", "coagulation", 20, 3),
        ("platelets", "coagulation", 19, 4),
        ("bilirubin", "liver", 1.1, 0),
        ("bilirubin", "liver", 1.2, 1),
        ("bilirubin", "liver", 1.9, 1),
        ("bilirubin", "liver", 2.0, 2),
        ("bilirubin", "liver", 5.9, 2),
        ("bilirubin", "liver", 6.0, 3),
        ("bilirubin", "liver", 11.9, 3),
        ("bilirubin", "liver", 12.0, 4),
        ("glasgow", "nervous", 15, 0),
        ("glasgow", "nervous", 14, 1),
        ("glasgow", "nervous", 13, 1),
        ("glasgow", "nervous", 12, 2),
        ("glasgow", "nervous", 10, 2),
        ("glasgow", "nervous", 9, 3),
        ("glasgow", "nervous", 6, 3),
        ("glasgow", "nervous", 5, 4),
        ("creatinine", "renal", 1.1, 0),
        ("creatinine", "renal", 1.2, 1),
        ("creatinine", "renal", 1.9, 1),
        ("creatinine", "renal", 2.0, 2),
        ("creatinine", "renal", 3.4, 2),
        ("creatinine", "renal", 3.5, 3),
        ("creatinine", "renal", 4.9, 3),
        ("creatinine", "renal", 5.0, 4),
        ("mean_pressure", "circulation", 70, 0),
        ("mean_pressure", "circulation", 69, 1),
    ],
)
def test_every_edge_of_every_band(name, part, value, points):
    found = reading(sign(name, value))
    assert (found[part], found[f"missing_{part}"], found["total"]) == (points, False, points)


@pytest.mark.parametrize(
    ("drug", "rate", "points"),
    [
        ("dobutamine", 0.5, 2),
        ("dobutamine", 20, 2),
        ("dopamine", 5, 2),
        ("dopamine", 5.1, 3),
        ("dopamine", 15, 3),
        ("dopamine", 15.1, 4),
        ("norepinephrine", 0.1, 3),
        ("norepinephrine", 0.11, 4),
        ("epinephrine", 0.1, 3),
        ("epinephrine", 0.11, 4),
        ("norepinephrine", 0, 0),
    ],
)
def test_drugs_that_hold_the_pressure_up(drug, rate, points):
    assert reading(sign(drug, rate))["circulation"] == points


def test_a_drug_counts_after_an_hour_and_until_its_end_is_known():
    young = sign("norepinephrine", 0.2, "2026-03-13T11:01")
    assert reading(young)["circulation"] == 0
    long_ago = sign("norepinephrine", 0.2, "2026-03-12T02:00")
    end = event("INFUSION_END//221906", "2026-03-12T11:00")
    assert reading(long_ago)["circulation"] == 4
    assert reading(long_ago, end)["missing_circulation"]
    untold = event("INFUSION_END//221906", "2026-03-12T11:00", known="2026-03-14T00:00")
    assert reading(long_ago, untold)["circulation"] == 4
    other = event("INFUSION_END//221662", "2026-03-12T11:00")
    assert reading(long_ago, other)["circulation"] == 4


@pytest.mark.parametrize(
    ("pressure", "alone", "ventilated"),
    [(201, 0, 0), (199, 1, 1), (150, 1, 1), (149, 2, 2), (100, 2, 2), (99, 2, 3), (50, 2, 3),
     (49, 2, 4)],
)  # fmt: skip
def test_oxygen_over_inspired_oxygen(pressure, alone, ventilated):
    signs = [sign("arterial_oxygen", pressure), sign("inspired_oxygen", 0.5, "2026-03-13T07:00")]
    assert reading(*signs)["respiration"] == alone
    assert reading(*signs, VENTILATED)["respiration"] == ventilated


def test_ventilation_that_ended_before_the_sample_does_not_count():
    signs = [sign("arterial_oxygen", 49), sign("inspired_oxygen", 50, "2026-03-13T09:00")]
    ended = sign("ventilation_end", None, "2026-03-13T09:00")
    assert reading(*signs, VENTILATED, ended)["respiration"] == 2
    after = sign("ventilation_end", None, "2026-03-13T11:00")
    assert reading(*signs, VENTILATED, after)["respiration"] == 4


def test_a_sample_without_a_fraction_of_the_last_four_hours_says_nothing():
    sample = sign("arterial_oxygen", 60)
    assert reading(sample)["missing_respiration"]
    stale = sign("inspired_oxygen", 0.5, "2026-03-13T05:59")
    assert reading(sample, stale)["missing_respiration"]
    later = sign("inspired_oxygen", 0.5, "2026-03-13T10:01")
    assert reading(sample, later)["missing_respiration"]
    assert reading(sample, sign("inspired_oxygen", 0.5, "2026-03-13T06:00"))["respiration"] == 2


def urine(amount, *, first="2026-03-12T12:00", n=7):
    """One amount every four hours."""
    times = [moment(first) + timedelta(hours=4 * number) for number in range(n)]
    return [sign("urine", amount, time.isoformat()) for time in times]


@pytest.mark.parametrize(
    ("amount", "points"), [(84, 0), (83, 3), (34, 3), (33, 4), (0, 4)]
)  # fmt: skip
def test_urine_of_a_day_that_was_charted(amount, points):
    # Six of the seven amounts lie inside (p - 24 h, p]; the first closes the time before.
    found = reading(*urine(amount))
    assert (found["renal"], found["missing_renal"]) == (points, False)


def test_urine_of_part_of_a_day_says_nothing():
    found = reading(*urine(10, first="2026-03-12T16:00", n=5))
    assert (found["renal"], found["missing_renal"]) == (0, True)
    enough = reading(sign("creatinine", 2.5), *urine(10))
    assert enough["renal"] == 4


def test_the_worst_of_the_last_day_counts_and_no_older_one():
    seen = [
        sign("platelets", 10, "2026-03-12T12:00"),
        sign("platelets", 60, "2026-03-12T12:01"),
        sign("platelets", 200),
    ]
    found = reading(*seen)
    assert found["coagulation"] == 2
    assert found["time_coagulation"].isoformat() == "2026-03-12T12:01:00"
    late = sign("platelets", 10, "2026-03-13T11:00", known="2026-03-13T12:01")
    assert reading(*seen, late)["coagulation"] == 2


def test_micromoles_are_converted():
    assert reading(sign("creatinine", 310, unit="umol/L"))["renal"] == 3
    assert reading(sign("bilirubin", 205.2, unit="umol/L"))["liver"] == 4
    assert reading(sign("creatinine", 310, unit="ug/L"))["missing_renal"]


def test_the_worst_patient_has_twenty_four():
    found = reading(
        sign("arterial_oxygen", 49), sign("inspired_oxygen", 0.5), VENTILATED,
        sign("platelets", 5), sign("bilirubin", 20), sign("norepinephrine", 0.5),
        sign("glasgow", 3), sign("creatinine", 6),
    )  # fmt: skip
    assert (found["total"], found["completeness"]) == (24, 1.0)
    nobody = scored(make({"policy": "strict"}), stay(), sign("glasgow", 3))
    assert nobody["total"] is None
