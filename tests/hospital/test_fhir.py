"""The same extract as FHIR R4: valid shapes, both clocks, current versions only."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from attending.errors import BadInput
from attending.hospital.extract import write_extract
from attending.hospital.fhir import write_fhir
from tests.hospital.reading import rows


@pytest.fixture(scope="module")
def export(hospital, plan, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fhir")
    counts = write_fhir(hospital, folder, until=plan.end)
    found = {kind: [json.loads(line) for line in _lines(folder, kind)] for kind in counts}
    assert {kind: len(resources) for kind, resources in found.items()} == counts
    return found


def _lines(folder, kind):
    return (folder / f"{kind}.ndjson").read_text(encoding="utf-8").splitlines()


def test_ids_are_unique_and_references_resolve(export):
    ids = {kind: {resource["id"] for resource in found} for kind, found in export.items()}
    for kind, found in export.items():
        assert len(ids[kind]) == len(found)
        assert all(resource["resourceType"] == kind for resource in found)
    for kind in ("Observation", "Condition"):
        for resource in export[kind]:
            assert resource["subject"]["reference"].removeprefix("Patient/") in ids["Patient"]
            assert resource["encounter"]["reference"].removeprefix("Encounter/") in ids["Encounter"]


def test_an_observation_is_the_last_version_of_its_result(export, extract):
    last = {}
    for row in rows(extract, "labs"):
        last[row["result_id"]] = row
    assert len(last) == len(export["Observation"])
    for resource in export["Observation"]:
        row = last[resource["id"]]
        assert resource["status"] == row["status"]
        assert resource["effectiveDateTime"] == row["collected_at"]
        assert resource["issued"] == row["resulted_at"]
        assert resource["code"]["coding"][0]["code"] == row["loinc"]
        if row["value"]:
            assert resource["valueQuantity"]["value"] == float(row["value"])
            assert resource["valueQuantity"]["code"] == row["unit"]
        else:
            assert resource["status"] == "entered-in-error"
            assert "valueQuantity" not in resource


def test_a_condition_keeps_the_trap_and_the_truth(export, extract):
    rows_by_id = {row["diagnosis_id"]: row for row in rows(extract, "diagnoses")}
    for resource in export["Condition"]:
        row = rows_by_id[resource["id"]]
        assert resource["onsetDateTime"] == row["dated_at"]
        assert resource["recordedDate"] == row["coded_at"]


def test_an_open_stay_is_in_progress(hospital, plan, tmp_path):
    until = plan.start + timedelta(days=300, hours=7)
    write_fhir(hospital, tmp_path / "fhir", until=until)
    write_extract(hospital, tmp_path / "csv", until=until)
    status = {
        resource["id"]: (resource["status"], "end" in resource["period"])
        for resource in map(json.loads, _lines(tmp_path / "fhir", "Encounter"))
    }
    for row in rows(tmp_path / "csv", "encounters"):
        closed = bool(row["discharged_at"])
        expected = ("finished" if closed else "in-progress", closed)
        assert status[row["encounter_id"]] == expected


def test_patients_carry_sex_birth_and_death(export, extract):
    for resource, row in zip(export["Patient"], rows(extract, "patients"), strict=True):
        assert resource["gender"] == {"F": "female", "M": "male"}[row["sex"]]
        assert resource["birthDate"] == row["birth_date"]
        assert resource.get("deceasedDateTime", "") == row["death_time"]


def test_a_moment_after_the_end_is_refused(hospital, plan, tmp_path):
    with pytest.raises(BadInput):
        write_fhir(hospital, tmp_path, until=plan.end + timedelta(seconds=1))
