"""The gate `leak.availability`: what nobody could see yet is a leak, what is merely late is not."""

from __future__ import annotations

import pyarrow as pa
import pytest

from attending.contract.leakage import (
    FeatureUse,
    availability,
    codes_needed,
    finish,
    partial_availability,
)
from attending.records.events import EVENTS
from attending.times import DAY, HOUR

LAB, DIAGNOSIS, NOTE = "LOINC//2160-0", "ICD10CM//I509", "NOTE//DISCHARGE"


def event(time, code, *, known, subject=7, stay=1, source="s/labs"):
    return {
        "subject_id": subject,
        "time": time,
        "code": code,
        "known_at": known,
        "encounter_id": stay,
        "source": source,
    }


def table(*rows):
    return pa.Table.from_pylist(list(rows), schema=EVENTS)


def predictions(*times, subject=7, stay=1):
    return pa.table(
        {
            "subject_id": [subject] * len(times),
            "encounter_id": [stay] * len(times),
            "prediction_time": pa.array(times, type=pa.timestamp("us")),
        }
    )


def stay_until(end, *rows):
    return table(*rows, event(end, "ENCOUNTER//DISCHARGE//INPATIENT", known=end))


def judge(events, at, *features, declared=None, **options):
    return availability([events], at, features=features, declared=declared or {}, **options)


def test_a_row_known_in_time_is_no_leak():
    events = stay_until(9 * DAY, event(1 * DAY, LAB, known=1 * DAY + HOUR))
    report = judge(events, predictions(2 * DAY), FeatureUse("creatinine", (LAB,), 7 * DAY))
    (found,) = report.features
    assert (found.verdict, found.with_row, found.newest_unknown) == ("met", 1, 0)
    assert not report.refused


@pytest.mark.fault("D03")
def test_D03_diagnoses_dated_to_admission_and_coded_after_discharge_are_refused():
    coded = event(1 * DAY, DIAGNOSIS, known=5 * DAY, source="s/diagnoses")
    events = stay_until(2 * DAY, coded)
    at = predictions(2 * DAY)
    # The control: on event time alone the diagnosis stands there, a day before the prediction.
    assert coded["time"] < at["prediction_time"].cast(pa.int64())[0].as_py()
    report = judge(events, at, FeatureUse("heart_failure", ("ICD10CM//*",), None))
    assert report.refused
    assert report.refusal == (
        "heart_failure from s/diagnoses: at 1 of 1 predictions the newest row was not yet known; "
        "it came 72.0 hours later (median)"
    )


def test_a_feature_that_asks_for_event_time_is_refused():
    events = stay_until(9 * DAY, event(DAY, LAB, known=DAY))
    use = FeatureUse("creatinine", (LAB,), None, "event")
    assert "event time" in judge(events, predictions(2 * DAY), use).refusal


@pytest.mark.parametrize("rule", ["encounter_end", "encounter_end+3d", "never"])
@pytest.mark.parametrize("name", ["diagnoses", "ICD10CM//"])
def test_a_source_known_after_the_stay_is_refused_inside_it_only(rule, name):
    known_long_ago = event(DAY, DIAGNOSIS, known=2 * DAY, stay=None, source="s/diagnoses")
    events = stay_until(20 * DAY, known_long_ago)
    use = FeatureUse("heart_failure", ("ICD10CM//*",), None)
    inside = judge(events, predictions(10 * DAY), use, declared={name: rule})
    assert rule in inside.refusal
    assert "1 of 1 predictions lie inside the stay" in inside.refusal
    at_the_end = judge(events, predictions(20 * DAY), use, declared={name: rule})
    assert not at_the_end.refused
    assert not judge(events, predictions(10 * DAY), use, declared={name: "recorded"}).refused


def test_half_of_the_predictions_is_the_limit_and_it_can_be_set():
    events = stay_until(
        90 * DAY,
        event(1 * DAY, NOTE, known=1 * DAY, source="s/notes"),
        event(4 * DAY, NOTE, known=6 * DAY, source="s/notes"),
    )
    use = FeatureUse("note", (NOTE,), None)
    one_of_three = predictions(2 * DAY, 5 * DAY, 7 * DAY)
    assert not judge(events, one_of_three, use).refused
    assert judge(events, one_of_three, use, limit=0.3).refused
    assert judge(events, predictions(2 * DAY, 5 * DAY), use).refused


def test_the_window_ends_at_the_prediction_and_leaves_its_start_out():
    events = stay_until(90 * DAY, event(3 * DAY, LAB, known=9 * DAY))
    use = FeatureUse("creatinine", (LAB,), 2 * DAY)
    found = [
        judge(events, predictions(at), use).features[0].with_row
        for at in (3 * DAY - 1, 3 * DAY, 5 * DAY - 1, 5 * DAY)
    ]
    assert found == [0, 1, 1, 0]


def test_a_correction_does_not_make_the_value_before_it_unknown():
    events = stay_until(90 * DAY, event(DAY, LAB, known=DAY), event(DAY, LAB, known=30 * DAY))
    found = judge(events, predictions(2 * DAY), FeatureUse("c", (LAB,), None)).features[0]
    assert (found.with_row, found.newest_unknown) == (1, 0)


def test_rows_of_another_patient_are_not_looked_at():
    events = stay_until(90 * DAY, event(DAY, LAB, known=80 * DAY, subject=6))
    events = events.sort_by([("subject_id", "ascending"), ("time", "ascending")])
    report = judge(events, predictions(2 * DAY), FeatureUse("creatinine", (LAB,), None))
    assert report.features[0].verdict == "not_shown"


def test_shards_add_up():
    one = stay_until(9 * DAY, event(DAY, LAB, known=3 * DAY))
    two = table(event(DAY, LAB, known=DAY, subject=8, stay=2))
    asked = pa.concat_tables([predictions(2 * DAY), predictions(2 * DAY, subject=8, stay=2)])
    features = (FeatureUse("creatinine", (LAB,), None),)
    parts = [partial_availability(one, asked, features=features)]
    parts.append(partial_availability(two, asked, features=features))
    report = finish(pa.concat_tables(parts), features=features, declared={})
    (found,) = report.features
    assert (found.predictions, found.inside_stay, found.with_row) == (2, 2, 2)
    assert (found.newest_unknown, found.share, found.median_gap_hours) == (1, 0.5, 24.0)
    assert codes_needed(features) == ["ENCOUNTER//DISCHARGE//*", LAB]


def test_the_gate_finds_the_traps_of_the_synthetic_hospital_and_lets_the_rest_through(tmp_path):
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from attending.hospital.extract import write_extract
    from attending.hospital.generate import generate
    from attending.hospital.plan import HospitalPlan
    from tests.ingest.handmade import ingest

    plan = HospitalPlan(patients=200, years=1, seed=3)
    write_extract(generate(plan), tmp_path / "in", until=plan.end)
    snapshot = ingest(tmp_path / "in", tmp_path / "out")
    shards = [pq.read_table(path) for path in sorted((tmp_path / "out").glob("shard-*"))]
    events = pa.concat_tables(shards)
    left = events.filter(pc.equal(events["code"], "ENCOUNTER//DISCHARGE//INPATIENT"))
    at_discharge = left.select(["subject_id", "encounter_id", "time"]).rename_columns(
        ["subject_id", "encounter_id", "prediction_time"]
    )
    features = (
        FeatureUse("creatinine", (LAB,), 2 * DAY),
        FeatureUse("heart_rate", ("LOINC//8867-4",), DAY),
        FeatureUse("diagnoses", ("ICD10CM//*",), 365 * DAY),
        FeatureUse("discharge_note", ("NOTE//DISCHARGE*",), None),
    )
    declared = snapshot.declared_availability()
    report = availability(shards, at_discharge, features=features, declared=declared)
    assert [one.feature for one in report.features if one.verdict == "failed"] == [
        "diagnoses",
        "discharge_note",
    ]
    assert "hours later" in report.refusal
