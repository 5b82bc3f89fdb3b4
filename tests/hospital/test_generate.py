"""What the hospital is: its figures, its two clocks, its truth."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc
import pytest

from attending.hospital.generate import generate
from attending.hospital.plan import HospitalPlan
from attending.hospital.visible import TABLES
from attending.units import UCUM
from tests.hospital.reading import rank_auroc

_HAPPENED = {
    "encounters": ("admitted_at", "admitted_recorded_at"),
    "labs": ("collected_at", "resulted_at"),
    "vitals": ("taken_at", "charted_at"),
    "diagnoses": ("dated_at", "coded_at"),
    "procedures": ("performed_at", "coded_at"),
    "medications": ("ordered_at", "started_at"),
    "notes": ("written_for", "signed_at"),
}
_DAY_SECONDS = 86_400


def seconds(table, name):
    return table[name].cast("int64").to_numpy()


@pytest.fixture(scope="module")
def town():
    return generate(HospitalPlan(patients=4000, years=3, seed=11))


def stays_of(hospital):
    classes = pc.is_in(
        hospital.encounters["class"], pc.cast(["INPATIENT", "OBSERVATION"], "string")
    )
    return hospital.encounters.filter(classes).sort_by(
        [("patient_id", "ascending"), ("admitted_at", "ascending")]
    )


def test_nothing_is_known_before_it_happened(hospital):
    for name, (happened, recorded) in _HAPPENED.items():
        table = getattr(hospital, name)
        assert (seconds(table, "known_at") >= seconds(table, happened)).all(), name
        assert (seconds(table, "known_at") == seconds(table, recorded)).all(), name


def test_every_table_stands_in_the_order_of_recording(hospital):
    for name in TABLES:
        assert (np.diff(seconds(getattr(hospital, name), "known_at")) >= 0).all(), name


def test_stays_of_a_patient_never_overlap_and_none_begins_after_death(town):
    stays = stays_of(town)
    same = np.array(stays["patient_id"][1:]) == np.array(stays["patient_id"][:-1])
    gap = seconds(stays, "admitted_at")[1:] - seconds(stays, "discharged_at")[:-1]
    assert (gap[same] > 0).all()
    died = {
        row["patient_id"]: row["death_time"]
        for row in town.patients.filter(pc.is_valid(town.patients["death_time"])).to_pylist()
    }
    late = [
        row
        for row in town.encounters.to_pylist()
        if row["patient_id"] in died and row["admitted_at"] > died[row["patient_id"]]
    ]
    assert not late


def test_codes_come_two_to_ten_days_after_the_discharge_but_are_dated_to_the_admission(town):
    encounters = town.encounters.select(["encounter_id", "admitted_at", "discharged_at"])
    joined = town.diagnoses.join(encounters, "encounter_id")
    wait = (seconds(joined, "coded_at") - seconds(joined, "discharged_at")) / _DAY_SECONDS
    assert (seconds(joined, "dated_at") == seconds(joined, "admitted_at")).all()
    assert wait.min() >= 2.0
    assert wait.max() <= 10.0


def test_results_are_delayed_corrected_withdrawn_and_doubled_as_stated(town):
    labs = town.labs
    status = np.array(labs["status"])
    version = labs["version"].to_numpy()
    first = version == 1
    key = np.array(labs["result_id"]).astype("U12").astype(object) + version.astype(str)
    hours = (seconds(labs, "resulted_at") - seconds(labs, "collected_at"))[first] / 3600
    assert np.mean(status[first] != "final") == 0.0
    assert 0.008 < np.mean(status == "corrected") < 0.012
    assert 0.001 < np.mean(status == "entered-in-error") < 0.003
    assert 0.001 < 1.0 - len(set(key)) / len(key) < 0.003
    assert 0.003 < np.mean(hours > 24) < 0.008
    assert 0.8 < np.median(hours) < 1.4
    empty = np.array(pc.is_null(labs["value"]))
    assert (empty == (status == "entered-in-error")).all()


def test_units_are_ucum_codes_that_the_house_knows(hospital):
    for table in (hospital.labs, hospital.vitals):
        assert set(pc.unique(table["unit"]).to_pylist()) <= set(UCUM)


def test_the_base_rate_and_the_true_risk_are_in_their_bands(town):
    stays = stays_of(town)
    outcome, live = _outcomes(town, stays)
    risk = dict(
        zip(*(town.truth[name].to_pylist() for name in town.truth.column_names), strict=True)
    )
    risks = np.array([risk[stay] for stay in np.array(stays["encounter_id"])[live]])
    expected = risks.mean()
    error = np.sqrt((risks * (1 - risks)).sum()) / len(risks)
    assert len(risks) > 3500
    assert 0.12 < outcome[live].mean() < 0.18
    assert abs(outcome[live].mean() - expected) < 3.5 * error
    assert 0.76 < rank_auroc(outcome[live], risks) < 0.86


def _outcomes(hospital, stays):
    """Return unplanned readmission within 30 days, and which live discharges are mature."""
    admitted, left = seconds(stays, "admitted_at"), seconds(stays, "discharged_at")
    who = np.array(stays["patient_id"])
    planned = np.array(stays["admission_type"]) == "ELECTIVE"
    outcome = np.zeros(len(who), dtype=np.int64)
    for ahead in range(1, 4):
        near = (who[ahead:] == who[:-ahead]) & (
            admitted[ahead:] - left[:-ahead] <= 30 * _DAY_SECONDS
        )
        outcome[:-ahead] |= near & ~planned[ahead:]
    mature = left + 30 * _DAY_SECONDS < hospital.plan.end.timestamp()
    return outcome, mature & (np.array(stays["disposition"]) != "DIED")


def test_planned_stays_recur_within_thirty_days_and_are_marked_elective(town):
    stays = stays_of(town)
    who, kind = np.array(stays["patient_id"]), np.array(stays["admission_type"])
    gap = seconds(stays, "admitted_at")[1:] - seconds(stays, "discharged_at")[:-1]
    soon = (who[1:] == who[:-1]) & (gap <= 30 * _DAY_SECONDS) & (kind[1:] == "ELECTIVE")
    assert soon.sum() > 20


def test_winter_raises_unplanned_admissions(town):
    stays = stays_of(town)
    unplanned = stays.filter(pc.not_equal(stays["admission_type"], "ELECTIVE"))
    months = pc.month(unplanned["admitted_at"]).to_numpy()
    assert np.isin(months, (12, 1, 2)).sum() > 1.1 * np.isin(months, (6, 7, 8)).sum()


def test_another_seed_gives_another_hospital(plan, hospital):
    other = generate(HospitalPlan(patients=plan.patients, years=plan.years, seed=plan.seed + 1))
    assert not other.encounters.equals(hospital.encounters)
