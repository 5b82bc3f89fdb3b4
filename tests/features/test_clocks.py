"""The last time a clock showed, on days of 23 and 25 hours too; the latest as of six."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from attending.errors import BadInput
from attending.features.build import build
from attending.features.clocks import Zones, last_instants
from attending.features.online import for_patient
from attending.specs.features import FeaturesSpec
from attending.specs.read_yaml import parse_spec
from attending.times import HOUR, MINUTE, from_micros, parse_instant, to_micros
from tests.engines.tables import engine, event, events, predictions
from tests.features.specs import feature, spec

BERLIN = "Europe/Berlin"


def us(text):
    return to_micros(parse_instant(text))


def last(at, zone, clock):
    return last_instants(np.array([at]), [zone], [clock])[0, 0]


@pytest.mark.parametrize(
    ("day", "zone"),
    [
        ("2026-03-29", BERLIN),
        ("2026-10-25", BERLIN),
        ("2026-03-08", "America/New_York"),
        ("2026-07-01", "Asia/Kolkata"),
        ("2026-10-04", "Australia/Lord_Howe"),
    ],
)
def test_the_last_six_is_what_a_wall_clock_showed_minute_by_minute(day, zone):
    there = ZoneInfo(zone)
    start = parse_instant(f"{day}T00:00:00Z") - timedelta(days=1)
    shown = None
    for step in range(3 * 24 * 60):
        now = start + timedelta(minutes=step)
        wall = now.astimezone(there)
        if (wall.hour, wall.minute) == (6, 0):
            shown = to_micros(now)
        if shown is not None and step % 7 == 0:
            assert last(to_micros(now) + 59_000_000, zone, "06:00") == shown


def test_a_skipped_time_is_as_before_the_change_and_one_shown_twice_is_the_first():
    assert last(us("2026-03-29T12:00:00Z"), BERLIN, "02:30") == us("2026-03-29T01:30:00Z")
    assert last(us("2026-10-25T01:45:00Z"), BERLIN, "02:30") == us("2026-10-25T00:30:00Z")
    assert last(us("2026-07-01T04:00:00Z"), BERLIN, "06:00") == us("2026-07-01T04:00:00Z")
    assert last(us("2026-07-01T03:59:59Z"), BERLIN, "06:00") == us("2026-06-30T04:00:00Z")


def test_floating_times_are_never_moved_and_a_site_has_its_own_zone():
    zones = Zones(BERLIN, {"LISBON": "Europe/Lisbon", "SHIFTED": "floating"})
    assert [zones.of(site) for site in ("LISBON", "SHIFTED", "BERLIN", None)] == [
        "Europe/Lisbon",
        "UTC",
        BERLIN,
        BERLIN,
    ]
    assert Zones("floating", {"LISBON": "Europe/Lisbon"}).of("LISBON") == "UTC"


@pytest.mark.requirement("B3")
def test_the_latest_as_of_six_takes_what_was_known_at_six_where_the_patient_lies(tmp_path):
    summer = us("2026-07-01T00:00:00Z") / HOUR
    rows = [
        event(1, summer + 1, "LAB", 1.0),
        event(1, summer + 3, "LAB", 3.0, known=summer + 4.5),
        event(1, summer + 4.8, "LAB", 5.0),
        event(1, summer + 9, "LAB", 9.0),
    ]
    made = spec(feature("six", as_of="06:00"), feature("now"))

    def six(zone):
        found = for_patient(
            made,
            events(rows),
            subject_id=1,
            encounter_id=None,
            prediction_time=from_micros(round((summer + 10) * HOUR)),
            index_start=None,
            zone=zone,
        )
        assert found.values[1] == 9.0
        return found.values[0]

    assert (six(BERLIN), six("Europe/Lisbon"), six("UTC")) == (1.0, 5.0, 5.0)
    due = predictions([(1, summer + 10, None), (2, summer + 10, None)])
    due = due.append_column("time_zone", [[BERLIN, None]])
    _, table = build(made, due, engine(tmp_path, events(rows)))
    assert table["six"].to_pylist() == [1.0, None]
    with pytest.raises(BadInput, match="got clock time '6am'"):
        parse_spec(
            b"{name: f, version: 1, features: [{name: a, label: a, owner: o, purpose: p,"
            b" codes: [A], window: 1d, aggregate: last, as_of: 6am}]}",
            FeaturesSpec,
            name="features.yaml",
        )


def test_many_instants_in_many_zones_are_each_as_if_alone():
    draw = np.random.default_rng(2)
    at = us("2026-01-01T00:00:00Z") + draw.integers(0, 525_600, 300) * MINUTE
    zones = draw.choice([BERLIN, "America/New_York", "UTC"], 300).tolist()
    clocks = ["06:00", "23:30"]
    found = last_instants(at, zones, clocks)
    for place in range(0, 300, 13):
        for number, clock in enumerate(clocks):
            assert found[place, number] == last(int(at[place]), zones[place], clock)
            wall = from_micros(int(found[place, number])).astimezone(ZoneInfo(zones[place]))
            assert wall.strftime("%H:%M") == clock
            assert isinstance(wall, datetime)
