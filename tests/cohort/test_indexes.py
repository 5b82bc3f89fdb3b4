"""When predictions are due, and which of a patient's are kept."""

from __future__ import annotations

import pytest

from attending.cohort.build import build
from attending.times import parse_instant
from tests.cohort.patients import birth, cohort, hour, landmark, stay
from tests.engines.tables import engine, event, events

END = parse_instant("2030-01-01T00:00:00Z")


def due(tmp_path, index, rows, *, as_of=END, **more):
    spec = landmark(index=index, label={"kind": "death_in_stay"}, **more)
    local = engine(tmp_path, events([birth(1, "1950-01-01"), *rows]))
    _, table = build(spec, local, as_of=as_of)
    return [str(at)[:16] for at in table["prediction_time"].to_pylist()]


def test_every_twelve_hours_ends_before_the_discharge(tmp_path):
    rows = stay(1, 1, "2024-03-08T08:00", "2024-03-09T20:00")
    got = due(tmp_path, {"event": "every", "every": "12h"}, rows)
    assert got == ["2024-03-08 20:00", "2024-03-09 08:00"]
    early = {"event": "every", "every": "12h", "after": "0h"}
    assert due(tmp_path, early, rows)[0] == "2024-03-08 08:00"
    with pytest.raises(ValueError, match="below one minute"):
        due(tmp_path, {"event": "every", "every": "1s"}, rows)


def test_an_open_stay_is_predicted_for_up_to_what_may_be_seen(tmp_path):
    rows = stay(1, 1, "2024-03-08T08:00")
    now = parse_instant("2024-03-09T09:00:00Z")
    got = due(tmp_path, {"event": "every", "every": "12h"}, rows, as_of=now)
    assert got == ["2024-03-08 20:00", "2024-03-09 08:00"]


def test_six_in_the_morning_is_six_on_the_wall_on_both_sides_of_a_changed_clock(tmp_path):
    rows = stay(1, 1, "2024-03-30T00:00", "2024-04-01T12:00")
    berlin = {"event": "clock", "clock": "06:00", "time_zone": "Europe/Berlin"}
    assert due(tmp_path, berlin, rows) == [
        "2024-03-30 05:00",
        "2024-03-31 04:00",
        "2024-04-01 04:00",
    ]
    floating = {"event": "clock", "clock": "06:00", "time_zone": "floating"}
    assert [at[11:] for at in due(tmp_path, floating, rows)] == ["06:00"] * 3
    north = {**floating, "zones": {"north": "America/New_York"}}
    assert [at[11:] for at in due(tmp_path, north, rows)] == ["10:00", "10:00", "10:00"]
    with pytest.raises(ValueError, match="expected an IANA name"):
        due(tmp_path, {**berlin, "time_zone": "Berlin"}, rows)


def test_a_result_makes_a_prediction_due_when_it_was_known_and_not_after_the_stay(tmp_path):
    rows = stay(1, 1, "2024-03-08T08:00", "2024-03-09T20:00")
    for taken, known in (("08T10:00", "08T11:00"), ("09T19:00", "09T21:00"), ("10T01:00",) * 2):
        at = hour(f"2024-03-{taken}")
        rows.append(event(1, at, "LOINC//2524-7", 2.0, known=hour(f"2024-03-{known}")))
    result = {"event": "result", "codes": ["LOINC//2524-7"]}
    assert due(tmp_path, result, rows) == ["2024-03-08 11:00"]
    with pytest.raises(ValueError, match="needs the field 'codes'"):
        due(tmp_path, {"event": "result"}, rows)


def test_a_transfer_makes_a_prediction_due_in_its_own_stay(tmp_path):
    rows = stay(1, 1, "2024-03-08T08:00", "2024-03-09T20:00")
    rows += stay(1, 2, "2024-03-20T08:00", "2024-03-21T20:00")
    at = hour("2024-03-20T18:00")
    rows.append(event(1, at, "TRANSFER_TO//ICU", encounter_id=2))
    assert due(tmp_path, {"event": "transfer"}, rows) == ["2024-03-20 18:00"]


def test_a_visit_is_one_of_an_outpatient(tmp_path):
    rows = stay(1, 1, "2024-03-08T08:00", "2024-03-08T09:00", place="OUTPATIENT")
    rows += stay(1, 2, "2024-03-20T08:00", "2024-03-21T20:00")
    spec = cohort(index={"event": "visit"}, exclusions=[])
    local = engine(tmp_path, events([birth(1, "1950-01-01"), *rows]))
    _, table = build(spec, local, as_of=END)
    assert table["encounter_id"].to_pylist() == [1]
    with pytest.raises(ValueError, match="is not of index 'visit'"):
        cohort(index={"event": "visit", "every": "6h"})


def test_sampling_is_counted_and_the_same_for_any_number_of_shards(tmp_path):
    rows = []
    for subject in range(1, 41):
        rows += [birth(subject, "1950-01-01")]
        rows += stay(subject, subject, "2024-03-08T00:00", "2024-03-12T00:00")
    index = {"event": "every", "every": "6h"}
    found = {}
    for shards in (1, 3):
        folder = tmp_path / str(shards)
        folder.mkdir()
        local = engine(folder, events(rows), shards=shards)
        for seed in (1, 2):
            spec = landmark(index=index, sampling={"take": "random", "seed": seed})
            record, table = build(spec, local, as_of=END)
            found[shards, seed] = table["prediction_time"].to_pylist()
            assert record.steps[-1].name == "sampling"
            assert (record.steps[-1].kept, record.steps[-1].removed) == (40, 14 * 40)
    assert found[1, 1] == found[3, 1]
    assert found[1, 1] != found[1, 2]
    _, first = build(landmark(index=index, sampling="first"), local, as_of=END)
    assert {str(at)[:16] for at in first["prediction_time"].to_pylist()} == {"2024-03-08 06:00"}
    with pytest.raises(ValueError, match="'seed' is for random sampling"):
        landmark(sampling="random")
