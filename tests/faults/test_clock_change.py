"""D14: the hour that the clocks show twice: vital signs keep their order, windows their length."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from attending.features.online import for_patient
from attending.times import parse_instant
from tests.features.specs import feature, spec

HERE = ZoneInfo("America/New_York")
AFTER = "2026-11-03T06:00:00Z"
HEART_RATE = "LOINC//8867-4"
MAPPING = """system: monitor
version: "1"
time_zone: America/New_York
synthetic: true
tables:
  - name: vitals
    file: vitals.csv
    row_id: [row]
    subject: patient
    known_at: {rule: recorded, columns: [stored]}
    events:
      - code: ["LOINC//8867-4"]
        time: {columns: [taken]}
        value: value
        fixed_unit: /min
"""
#: 01:10 and 01:40 on the night of 2026-11-01, each shown twice.
TWICE = ("01:10:00-04:00", "01:40:00-04:00", "01:10:00-05:00", "01:40:00-05:00")
IN_UTC = ("05:10", "05:40", "06:10", "06:40")


def delivered(ward, cells, name):
    """Ingest heart rates 61, 62, ... taken at these times of the night; return what is held."""
    folder = ward.folder / name
    folder.mkdir()
    rows = [
        f"{number},p1,2026-11-01T{cell},{60 + number},2026-11-01T08:00:00Z"
        for number, cell in enumerate(cells, start=1)
    ]
    text = "\n".join(["row,patient,taken,value,stored", *rows]) + "\n"
    (folder / "vitals.csv").write_text(text)
    mapping = ward.folder / f"{name}.yaml"
    mapping.write_text(MAPPING)
    where = ("--home", str(ward.home), "--at", AFTER, "--json")
    said = ward.run("ingest", "mapped", str(folder), "--mapping", str(mapping), *where).json
    assert said["balanced"]
    return said, ward.events(AFTER)


@pytest.mark.fault("D14")
def test_d14_vitals_of_the_hour_shown_twice_stand_in_the_order_of_time(ward):
    # Given in the order of the wall clock, as a chart that sorts by it would print them.
    by_wall = [TWICE[0], TWICE[2], TWICE[1], TWICE[3]]
    said, events = delivered(ward, by_wall, "offsets")
    assert said["accepted"] == 4
    assert [f"{row['time']:%H:%M}" for row in events.to_pylist()] == list(IN_UTC)
    assert events["numeric_value"].to_pylist() == [61, 63, 62, 64]
    # Without an offset nobody knows which of the two hours it was.
    said, events = delivered(ward, [cell[:8] for cell in by_wall] + ["03:00:00"], "naive")
    assert said["quarantined_by_reason"] == {"dst_repeated": 4}
    assert [f"{row['time']:%H:%M}" for row in events.to_pylist()] == ["08:00"]
    # The control: taken by the wall clock, two pairs are of one instant and their order is gone.
    wall = sorted(cell[:8] for cell in TWICE)
    assert len(set(wall)) == 2


@pytest.mark.fault("D14")
def test_d14_a_window_of_24_hours_has_24_on_the_day_that_has_25(ward):
    _, events = delivered(ward, TWICE, "offsets")
    last_night = datetime(2026, 11, 2, 1, 30, tzinfo=HERE)
    # The control: a day back by the wall clock is 25 hours back, and one rate more is within.
    by_wall = (last_night - timedelta(days=1)).astimezone(ZoneInfo("UTC"))
    taken = [row["time"].replace(tzinfo=ZoneInfo("UTC")) for row in events.to_pylist()]
    assert sum(by_wall < at <= last_night for at in taken) == 3
    assert counted(events, last_night.astimezone(ZoneInfo("UTC")), "24h") == 1.0
    assert counted(events, parse_instant("2026-11-02T05:40:00Z"), "24h") == 2.0
    assert counted(events, parse_instant("2026-11-02T05:40:00Z"), "1441min") == 3.0


def counted(events, at, window):
    """Return how many heart rates a feature counts in a window up to an instant."""
    asked = spec(feature("rates", codes=[HEART_RATE], window=window, aggregate="count"))
    subject = events["subject_id"][0].as_py()
    vector = for_patient(
        asked, events, subject_id=subject, encounter_id=None, prediction_time=at, index_start=None
    )
    return vector.values[0]
