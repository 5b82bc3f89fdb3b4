"""FHIR resources say when they were known; all eight statuses have a stated policy."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from attending.errors import BadInput, Refused
from tests.ingest.handmade import ingest, rows_of

PATIENT = {"resourceType": "Patient", "id": "p", "birthDate": "1950", "gender": "female"}
STAY = {
    "resourceType": "Encounter",
    "id": "e",
    "status": "finished",
    "class": {"code": "IMP"},
    "subject": {"reference": "Patient/p"},
    "period": {"start": "2023-01-05T13:00:00+02:00", "end": "2023-01-09T10:00:00Z"},
    "hospitalization": {"dischargeDisposition": {"coding": [{"code": "exp"}]}},
}
LAB = {
    "resourceType": "Observation",
    "id": "o",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "2160-0"}]},
    "subject": {"reference": "Patient/p"},
    "encounter": {"reference": "Encounter/e"},
    "effectiveDateTime": "2023-01-06T06:00:00Z",
    "issued": "2023-01-06T08:00:00Z",
    "valueQuantity": {"value": 1.9, "unit": "mg/dl"},
}
CONDITION = {
    "resourceType": "Condition",
    "id": "c",
    "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "i50.9"}]},
    "subject": {"reference": "Patient/p"},
    "onsetDateTime": "2023-01",
    "recordedDate": "2023-01-12",
}
CODE = "LOINC//2160-0"


def export(folder, *, observations=(LAB,), conditions=(CONDITION,)):
    folder.mkdir()
    kinds = {
        "Patient": [PATIENT],
        "Encounter": [STAY],
        "Observation": observations,
        "Condition": conditions,
    }
    for kind, items in kinds.items():
        lines = "".join(json.dumps(item) + "\n" for item in items)
        (folder / f"{kind}.ndjson").write_text(lines)
    return folder


def at(text):
    return datetime.fromisoformat(text)


def test_a_result_happened_when_taken_and_is_known_when_issued(tmp_path):
    ingest(export(tmp_path / "in"), tmp_path / "out", kind="fhir")
    (row,) = rows_of(tmp_path / "out", CODE)
    assert (row["time"], row["known_at"]) == (at("2023-01-06T06:00"), at("2023-01-06T08:00"))
    assert row["unit"] == "mg/dL"


def test_offsets_become_utc_and_partial_dates_are_known_at_their_end(tmp_path):
    ingest(export(tmp_path / "in"), tmp_path / "out", kind="fhir")
    (came,) = rows_of(tmp_path / "out", "ENCOUNTER//ADMISSION//INPATIENT")
    assert came["time"] == at("2023-01-05T11:00")
    (left,) = rows_of(tmp_path / "out", "ENCOUNTER//DISCHARGE//INPATIENT")
    assert left["text_value"] == "DIED"
    (coded,) = rows_of(tmp_path / "out", "ICD10CM//I509")
    assert coded["time"] == at("2023-01-01T00:00")
    assert coded["known_at"] == at("2023-01-12T23:59:59.999999")


@pytest.mark.fault("D22")
def test_D22_eight_of_eight_statuses(tmp_path):
    statuses = [
        "registered", "preliminary", "final", "amended", "corrected", "cancelled",
        "entered-in-error", "unknown",
    ]  # fmt: skip
    items = [{**LAB, "id": status, "status": status} for status in statuses]
    items[6]["meta"] = {"lastUpdated": "2023-01-07T00:00:00Z"}
    folder = export(tmp_path / "in", observations=items)
    assert (folder / "Observation.ndjson").read_text().count("1.9") == 8  # the control
    snapshot = ingest(folder, tmp_path / "out", kind="fhir")
    found = {row["source_row"]: row for row in rows_of(tmp_path / "out", CODE)}
    assert set(found) == {"preliminary", "final", "amended", "corrected", "entered-in-error"}
    assert found["entered-in-error"]["superseded_at"] == at("2023-01-07T00:00")
    assert snapshot.account.rejected_by_reason == {"cancelled": 1, "no_value_yet": 1}
    assert snapshot.account.quarantined_by_reason == {"unknown_status": 1}


def test_parts_of_a_panel_are_events_and_a_comparator_keeps_its_text(tmp_path):
    def part(code, value):
        coding = {"coding": [{"system": "http://loinc.org", "code": code}]}
        return {"code": coding, "valueQuantity": {"value": value, "code": "mm[Hg]"}}

    panel = {**LAB, "id": "bp", "component": [part("8480-6", 120), part("8462-4", 80)]}
    del panel["valueQuantity"]
    censored = {**LAB, "id": "low"}
    censored["valueQuantity"] = {"value": 0.01, "comparator": "<", "code": "ng/mL"}
    folder = export(tmp_path / "in", observations=[panel, censored])
    snapshot = ingest(folder, tmp_path / "out", kind="fhir")
    (low,) = rows_of(tmp_path / "out", CODE)
    assert (low["numeric_value"], low["text_value"]) == (None, "<0.01")
    assert [row["numeric_value"] for row in rows_of(tmp_path / "out", "LOINC//8462-4")] == [80]
    assert [t.events for t in snapshot.account.tables if t.table == "Observation"] == [3]


def test_a_resource_without_any_time_of_availability_is_quarantined(tmp_path):
    silent = {key: item for key, item in LAB.items() if key != "issued"}
    folder = export(tmp_path / "in", observations=[silent])
    snapshot = ingest(folder, tmp_path / "out", kind="fhir")
    assert snapshot.account.quarantined_by_reason == {"no_known_at": 1}
    lagged = ingest(folder, tmp_path / "lagged", kind="fhir", lags={"Observation": 1_000_000})
    assert lagged.account.quarantined == 0


def test_a_line_that_is_not_json_is_rejected_and_counted(tmp_path):
    folder = export(tmp_path / "in")
    with (folder / "Observation.ndjson").open("a") as stream:
        stream.write('{"resourceType": "Observation", "id"\n')
    snapshot = ingest(folder, tmp_path / "out", kind="fhir")
    assert snapshot.account.rejected_by_reason == {"odd_line": 1}
    assert snapshot.account.balanced


def bundle(folder, items, *, name="one.json"):
    folder.mkdir(exist_ok=True)
    entries = [{"fullUrl": f"urn:uuid:{item['id']}", "resource": item} for item in items]
    whole = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    (folder / name).write_text(json.dumps(whole))
    return folder


def test_a_folder_of_bundles_says_the_same_as_bulk_files(tmp_path):
    bulk = ingest(export(tmp_path / "bulk"), tmp_path / "one", kind="fhir")
    folder = bundle(tmp_path / "bundles", [PATIENT, STAY])
    bundle(folder, [LAB, CONDITION], name="two.json")
    same = ingest(folder, tmp_path / "two", kind="fhir")
    assert [shard.digest for shard in same.shards] == [shard.digest for shard in bulk.shards]
    assert same.account == bulk.account


def test_json_that_is_no_bundle_or_has_no_patient_is_refused(tmp_path):
    folder = bundle(tmp_path / "bundles", [LAB])
    with pytest.raises(BadInput, match="no Patient"):
        ingest(folder, tmp_path / "one", kind="fhir")
    (folder / "one.json").write_text('{"resourceType": "Patient"}')
    with pytest.raises(BadInput, match="expected a Bundle") as refused:
        ingest(folder, tmp_path / "two", kind="fhir")
    assert refused.value.where == "one.json"
    (folder / "one.json").write_text('{"resourceType": "Bundle", "entry": [')
    with pytest.raises(Refused, match="not whole JSON"):
        ingest(folder, tmp_path / "three", kind="fhir")


def of_a_patient(kind, number, **fields):
    subject = {"subject": {"reference": "Patient/p"}, "encounter": {"reference": "Encounter/e"}}
    return {"resourceType": kind, "id": f"{kind}{number}", "status": "completed"} | subject | fields


SNOMED = {"coding": [{"system": "http://snomed.info/sct", "code": "73761001"}]}


def test_a_procedure_is_known_when_it_is_over_and_that_is_assumed(tmp_path):
    period = {"start": "2023-01-06T06:00:00Z", "end": "2023-01-06T07:00:00Z"}
    items = [
        of_a_patient("Procedure", 1, code=SNOMED, performedPeriod=period),
        of_a_patient("Procedure", 2, code=SNOMED, performedPeriod=period, status="not-done"),
        of_a_patient("Procedure", 3, code=SNOMED),
        of_a_patient("Procedure", 4, performedPeriod=period),
    ]
    folder = bundle(tmp_path / "in", [PATIENT, STAY, *items])
    snapshot = ingest(folder, tmp_path / "out", kind="fhir")
    (row,) = rows_of(tmp_path / "out", "SNOMED//73761001")
    assert (row["time"], row["known_at"]) == (at("2023-01-06T06:00"), at("2023-01-06T07:00"))
    assert snapshot.account.quarantined_by_reason == {"no_code": 1, "no_time": 1}
    assert snapshot.account.rejected_by_reason == {"not_done": 1}
    assert [a.rule for a in snapshot.availability if a.table == "Procedure" and a.assumed] == [
        "same"
    ]


def test_a_report_is_known_when_issued_and_an_allergy_is_no_diagnosis(tmp_path):
    report = of_a_patient(
        "DiagnosticReport", 1, code=SNOMED, effectiveDateTime="2023-01-06T06:00:00Z",
        issued="2023-01-07T06:00:00Z", conclusion="clear",
    )  # fmt: skip
    allergy = of_a_patient("AllergyIntolerance", 1, code=SNOMED, recordedDate="2023-01-06")
    silent = of_a_patient("AllergyIntolerance", 2, code=SNOMED, onsetDateTime="2001")
    organisation = {"resourceType": "Organization", "id": "o1"}
    claim = of_a_patient("Claim", 1)
    everything = [PATIENT, STAY, report, allergy, silent, organisation, claim]
    snapshot = ingest(bundle(tmp_path / "in", everything), tmp_path / "out", kind="fhir")
    (row,) = rows_of(tmp_path / "out", "REPORT//SNOMED//73761001")
    assert (row["known_at"], row["text_value"]) == (at("2023-01-07T06:00"), "clear")
    assert len(rows_of(tmp_path / "out", "ALLERGY//SNOMED//73761001")) == 1
    assert snapshot.account.quarantined_by_reason == {"no_known_at": 1}
    assert snapshot.account.rejected_by_reason == {"no_patient": 1, "type_not_read": 1}
    assert snapshot.account.balanced
