"""A hospital's extract becomes events with two clocks, and every row is accounted for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from attending.errors import BadInput, NotFound
from tests.ingest.handmade import TABLES, events_of, ingest, rows_of, seen_at, write

CREATININE = "LOINC//2160-0"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_corrected_result_shows_what_was_known_at_each_time(tmp_path):
    ingest(write(tmp_path / "in"), tmp_path / "out")
    shown = [
        [round(value, 3) for value in seen_at(tmp_path / "out", CREATININE, at(text))]
        for text in ("2023-01-06T07:59", "2023-01-06T08:00", "2023-01-06T19:59", "2023-01-06T20:00")
    ]
    assert shown == [[], [9.1], [9.1], [1.9]]


@pytest.mark.fault("D21")
def test_D21_a_join_on_the_newest_version_would_show_the_correction_too_early(tmp_path):
    ingest(write(tmp_path / "in"), tmp_path / "out")
    noon = at("2023-01-06T12:00")
    newest = rows_of(tmp_path / "out", CREATININE)[-1]
    assert newest["time"] <= noon
    assert round(newest["numeric_value"], 3) == 1.9  # the control: event time alone
    assert [round(v, 3) for v in seen_at(tmp_path / "out", CREATININE, noon)] == [9.1]


def test_a_retraction_ends_the_version_before_it_and_has_no_successor(tmp_path):
    labs = [
        TABLES["labs"][0],
        "R1,2,entered-in-error,P1,E1,NORTH,2160-0,,,2023-01-06T06:00:00Z,2023-01-06T20:00:00Z",
    ]
    snapshot = ingest(write(tmp_path / "in", labs=labs), tmp_path / "out")
    (row,) = rows_of(tmp_path / "out", CREATININE)
    assert row["superseded_at"] == at("2023-01-06T20:00")
    assert snapshot.account.accepted == snapshot.account.rows_in


def test_an_admission_gives_its_class_its_type_its_unit_and_a_discharge(tmp_path):
    ingest(write(tmp_path / "in"), tmp_path / "out")
    out = tmp_path / "out"
    (admitted,) = rows_of(out, "ENCOUNTER//ADMISSION//INPATIENT")
    (left,) = rows_of(out, "ENCOUNTER//DISCHARGE//INPATIENT")
    assert (admitted["time"], admitted["known_at"]) == (
        at("2023-01-05T13:00"),
        at("2023-01-05T13:05"),
    )
    assert (left["text_value"], left["encounter_id"]) == ("HOME", admitted["encounter_id"])
    assert {"ADMISSION_TYPE//EMERGENCY", "TRANSFER_TO//MED"} <= set(
        events_of(out)["code"].to_pylist()
    )
    assert rows_of(out, "ENCOUNTER//DISCHARGE//OBSERVATION") == []  # still in


def test_births_and_static_facts_are_known_from_the_first_admission(tmp_path):
    ingest(write(tmp_path / "in"), tmp_path / "out")
    (sex,) = rows_of(tmp_path / "out", "GENDER//F")
    assert (sex["time"], sex["known_at"]) == (None, at("2023-01-05T13:00"))
    (death,) = rows_of(tmp_path / "out", "MEDS_DEATH")
    assert (death["text_value"], death["known_at"]) == ("IN_HOSPITAL", at("2023-02-01T12:00"))


def test_a_planned_stop_past_the_end_of_the_extract_has_not_come(tmp_path):
    medications = [
        "M1,P1,E1,furosemide,2023-01-05T15:00:00Z,2023-01-05T16:00:00Z,2023-05-08T16:00:00Z"
    ]
    ingest(write(tmp_path / "in", medications=medications), tmp_path / "out")
    assert len(rows_of(tmp_path / "out", "MEDICATION//furosemide")) == 1
    assert rows_of(tmp_path / "out", "MEDICATION_STOP//furosemide") == []


def test_every_row_is_accounted_for(tmp_path):
    labs = [
        *TABLES["labs"],
        TABLES["labs"][2],  # said twice, word for word
        TABLES["labs"][2].replace("140", "150"),  # one id, two contents
        "R4,1,final,P9,E1,NORTH,2160-0,1,mg/dL,2023-01-06T06:00:00Z,2023-01-06T08:00:00Z",
        "R5,1,final,P1,E9,NORTH,2160-0,1,mg/dL,2023-01-06T06:00:00Z,2023-01-06T08:00:00Z",
        "R6,1,final,P1,E1,NORTH,2160-0,1,mg/dL,2023-01-06T06:00:00Z,",
        "R7,1,final,P1,E1,NORTH,2160-0,1,mg/dL,soon,2023-01-06T08:00:00Z",
        "R8,1,odd,P1,E1,NORTH,2160-0,1,mg/dL,2023-01-06T06:00:00Z,2023-01-06T08:00:00Z",
    ]
    snapshot = ingest(write(tmp_path / "in", labs=labs), tmp_path / "out")
    account = next(one for one in snapshot.account.tables if one.table == "labs")
    assert (account.rows_in, account.accepted, account.duplicate) == (10, 3, 1)
    assert snapshot.account.quarantined_by_reason == {
        "id_reused": 1,
        "no_known_at": 1,
        "no_time": 1,
        "unknown_encounter": 1,
        "unknown_patient": 1,
        "unknown_status": 1,
    }
    assert snapshot.account.balanced


@pytest.mark.fault("D24")
def test_D24_rows_that_fit_nowhere_are_kept_with_a_reason_and_without_a_value(tmp_path):
    import pyarrow.parquet as pq

    lost = "R4,1,final,P9,E1,NORTH,2160-0,777,mg/dL,2023-01-06T06:00:00Z,2023-01-06T08:00:00Z"
    folder = write(tmp_path / "in", labs=[*TABLES["labs"], lost])
    assert lost in (folder / "labs.csv").read_text()  # the control: the row is in the source
    snapshot = ingest(folder, tmp_path / "out")
    kept = pq.read_table(tmp_path / "out" / "quarantine.parquet").to_pylist()
    assert kept == [
        {
            "source": "handmade/labs",
            "source_row": "R4/1",
            "code": None,
            "reason": "unknown_patient",
        }
    ]
    assert snapshot.quarantine.rows == 1
    assert snapshot.account.balanced


@pytest.mark.fault("D22")
@pytest.mark.parametrize(
    ("status", "events", "quarantined"),
    [("final", 1, 0), ("corrected", 1, 0), ("entered-in-error", 0, 0), ("preliminary!", 0, 1)],
)
def test_D22_each_status_has_a_stated_policy(tmp_path, status, events, quarantined):
    lab = f"R1,1,{status},P1,E1,NORTH,2160-0,9.1,mg/dL,2023-01-06T06:00:00Z,2023-01-06T08:00:00Z"
    folder = write(tmp_path / "in", labs=[lab])
    assert status in (folder / "labs.csv").read_text()  # the control: the source says it
    snapshot = ingest(folder, tmp_path / "out")
    assert len(rows_of(tmp_path / "out", CREATININE)) == events
    assert snapshot.account.quarantined == quarantined


@pytest.mark.fault("D08")
def test_D08_a_unit_is_spelled_in_ucum_or_the_row_is_quarantined(tmp_path):
    def lab(number: int, unit: str) -> str:
        times = "2023-01-06T06:00:00Z,2023-01-06T08:00:00Z"
        return f"R{number},1,final,P1,E1,NORTH,2160-0,9.1,{unit},{times}"

    units = ["mg/dL", "mg/dl", "MG-DL", "furlong", ""]
    labs = [lab(number, unit) for number, unit in enumerate(units)]
    snapshot = ingest(write(tmp_path / "in", labs=labs), tmp_path / "out")
    assert len(labs) == 5  # the control: without the rule all five would be numbers
    assert [row["unit"] for row in rows_of(tmp_path / "out", CREATININE)] == ["mg/dL", "mg/dL"]
    assert snapshot.account.quarantined_by_reason == {"no_unit": 1, "unknown_unit": 2}


def test_a_code_that_never_has_a_unit_needs_none_and_a_censored_value_stays_text(tmp_path):
    times = "2023-01-06T06:00:00Z,2023-01-06T08:00:00Z"
    labs = [
        f"R1,1,final,P1,E1,NORTH,2744-1,7.4,,{times}",
        f"R2,1,final,P1,E1,NORTH,6598-7,<0.01,ng/mL,{times}",
    ]
    snapshot = ingest(write(tmp_path / "in", labs=labs), tmp_path / "out")
    assert snapshot.account.quarantined == 0
    (troponin,) = rows_of(tmp_path / "out", "LOINC//6598-7")
    assert (troponin["numeric_value"], troponin["text_value"]) == (None, "<0.01")


@pytest.mark.fault("D03")
def test_D03_a_missing_availability_is_quarantined_unless_a_lag_is_declared(tmp_path):
    lab = "R1,1,final,P1,E1,NORTH,2160-0,9.1,mg/dL,2023-01-06T06:00:00Z,"
    folder = write(tmp_path / "in", labs=[lab])
    control = ingest(folder, tmp_path / "lagged", lags={"LOINC//": 3 * 3_600_000_000})
    (row,) = rows_of(tmp_path / "lagged", CREATININE)
    assert row["known_at"] == at("2023-01-06T09:00")
    assert [(one.rule, one.assumed) for one in control.availability if one.code] == [
        ("lag:3h", True)
    ]
    refused = ingest(folder, tmp_path / "plain")
    assert rows_of(tmp_path / "plain", CREATININE) == []
    assert refused.account.quarantined_by_reason == {"no_known_at": 1}


def test_a_row_stored_before_it_happened_is_known_when_it_happened(tmp_path):
    labs = ["R1,1,final,P1,E1,NORTH,2160-0,9,mg/dL,2023-01-06T06:00:00Z,2023-01-06T05:00:00Z"]
    snapshot = ingest(write(tmp_path / "in", labs=labs), tmp_path / "out")
    (row,) = rows_of(tmp_path / "out", CREATININE)
    assert row["known_at"] == row["time"]
    assert [one.early for one in snapshot.account.tables if one.table == "labs"] == [1]


def test_the_same_extract_gives_the_same_bytes_whatever_the_order_of_its_rows(tmp_path):
    first = ingest(write(tmp_path / "a"), tmp_path / "one")
    again = ingest(write(tmp_path / "a"), tmp_path / "two")
    assert first == again
    assert (tmp_path / "one" / "manifest.json").read_bytes() == again.as_bytes()
    turned = write(tmp_path / "b", labs=TABLES["labs"][::-1])
    assert ingest(turned, tmp_path / "three").shards == first.shards


def test_the_snapshot_says_where_it_is_from_and_what_it_spans(tmp_path):
    snapshot = ingest(write(tmp_path / "in"), tmp_path / "out", contract_digest="c" * 64)
    assert snapshot.synthetic
    assert snapshot.site_zones["NORTH"] == "America/New_York"
    assert snapshot.contract_digest == "c" * 64
    assert snapshot.first_time == datetime(2023, 1, 5, 13, tzinfo=UTC)
    assert snapshot.watermark == datetime(2023, 3, 1, 8, tzinfo=UTC)
    assert (snapshot.subjects, snapshot.rows) == (2, events_of(tmp_path / "out").num_rows)


def test_a_subject_is_in_one_shard_and_rows_are_in_canonical_order(tmp_path):
    import pyarrow.parquet as pq

    from attending.records.events import EVENTS

    ingest(write(tmp_path / "in"), tmp_path / "out", shards=3)
    for number, path in enumerate(sorted((tmp_path / "out").glob("shard-*.parquet"))):
        shard = pq.read_table(path)
        assert shard.schema.equals(EVENTS)
        assert {one % 3 for one in shard["subject_id"].to_pylist()} <= {number}
        keys = [(name, "ascending") for name in ("subject_id", "time", "known_at", "code")]
        assert shard.sort_by(keys).num_rows == shard.num_rows
    assert len(list((tmp_path / "out").iterdir())) == 5


def test_a_missing_file_and_a_missing_column_are_named(tmp_path):
    folder = write(tmp_path / "in")
    (folder / "notes.csv").unlink()
    with pytest.raises(NotFound, match=r"notes\.csv"):
        ingest(folder, tmp_path / "out")
    (folder / "manifest.json").write_text("{}")
    with pytest.raises(BadInput, match="manifest"):
        ingest(folder, tmp_path / "out2")


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory):
    generate = pytest.importorskip("attending.hospital.generate").generate
    from attending.hospital.extract import write_extract
    from attending.hospital.fhir import write_fhir
    from attending.hospital.plan import HospitalPlan

    folder = tmp_path_factory.mktemp("hospital")
    plan = HospitalPlan(patients=200, years=1, seed=3)
    hospital = generate(plan)
    write_extract(hospital, folder / "csv", until=plan.end)
    write_fhir(hospital, folder / "fhir", until=plan.end)
    return folder


def test_the_synthetic_hospital_is_taken_in_whole(synthetic, tmp_path):
    snapshot = ingest(synthetic / "csv", tmp_path / "out")
    assert snapshot.account.balanced
    assert snapshot.account.quarantined == 0
    assert snapshot.subjects == 200
    assert snapshot.watermark is not None
    assert snapshot.watermark.year <= 2023


def test_the_two_ways_out_of_the_hospital_agree_on_stays_and_results(synthetic, tmp_path):
    ingest(synthetic / "csv", tmp_path / "csv")
    ingest(synthetic / "fhir", tmp_path / "fhir", kind="fhir")
    csv, fhir = events_of(tmp_path / "csv").to_pylist(), events_of(tmp_path / "fhir").to_pylist()

    def stays(rows):
        words = ("ENCOUNTER//", "MEDS_DEATH", "ADMISSION_TYPE//")
        # An export of FHIR does not say when an admission was written down.
        names = ("subject_id", "time", "code", "encounter_id", "text_value")
        found = [row for row in rows if row["code"].startswith(words)]
        return sorted([[str(row[name]) for name in names] for row in found if row["encounter_id"]])

    def last_results(rows):
        names = ("subject_id", "time", "code", "numeric_value", "known_at", "site", "unit")
        found = [row for row in rows if row["code"].startswith("LOINC//")]
        current = [row for row in found if row["source"].endswith(("labs", "Observation"))]
        kept = [row for row in current if row["superseded_at"] is None]
        return sorted([[str(row[name]) for name in names] for row in kept])

    assert [row for row in stays(csv) if "DEATH" not in row[2]] == stays(fhir)
    assert last_results(csv) == last_results(fhir)
