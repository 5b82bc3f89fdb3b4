"""Units and shifts: what is counted when, clocks that change, and what may not be asked."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from attending.cohort.build import build
from attending.cohort.unit_table import unit_key
from attending.engines.tables import micros
from attending.errors import BadInput
from attending.features.unit_features import build_units
from attending.specs.cohort import CohortSpec
from attending.specs.features import FeaturesSpec
from attending.times import HOUR, from_micros
from tests.cohort.units import FALL, START, visit, ward
from tests.engines.tables import engine, event, events

#: Two patients: one moves from the ward to intensive care and goes home, one stays.
ROWS = [
    *visit(1, 10, START + 6, [(START + 6, "WARD"), (START + 16, "ICU")], START + 40),
    *visit(2, 20, START + 7, [(START + 7, "WARD")]),
    event(1, START + 17, FALL),
    event(1, START + 60, FALL),
]


def table_of(spec, folder, *, rows=ROWS, hours=72, zone=None, **more):
    at = from_micros((START + hours) * HOUR)
    more = {} if zone is None else {"zone_of": lambda _site: zone}
    return build(spec, engine(folder, events(rows)), as_of=at, **more)


def cells(table, unit, column="outcome_count"):
    """Return a column of one unit by the hours since the first day's midnight."""
    return {
        int(micros(table["prediction_time"], null=0)[at] // HOUR - START): row[column]
        for at, row in enumerate(table.to_pylist())
        if row["group_unit"] == unit
    }


def test_a_shift_counts_who_comes_leaves_and_is_there(tmp_path):
    came = table_of(ward("arrivals"), tmp_path)[1]
    # The ward is known of from 06:00, so its first shift is the one that begins at 07:00: the
    # patient who comes as it begins comes during it.
    assert cells(came, "NORTH WARD") == {
        7: 1, 15: 0, 23: 0, 31: 0, 39: 0, 47: 0, 55: 0, 63: 0, 71: None,
    }  # fmt: skip
    assert cells(came, "NORTH ICU")[23] == 0
    left = table_of(ward("departures"), tmp_path)[1]
    assert [hour for hour, n in cells(left, "NORTH ICU").items() if n] == [39]
    assert [hour for hour, n in cells(left, "NORTH WARD").items() if n] == [15]
    there = table_of(ward("present", ahead=1), tmp_path)[1]
    assert cells(there, "NORTH WARD")[7] == 2  # both are there as the next shift begins, at 15:00
    assert cells(there, "NORTH WARD")[15] == 1
    falls = table_of(ward("outcomes", codes=[FALL]), tmp_path)[1]
    # The second fall is after the discharge and counts for no unit.
    assert sum(n or 0 for n in cells(falls, "NORTH ICU").values()) == 0
    assert sum(n or 0 for n in cells(falls, "NORTH WARD").values()) == 0


def test_a_shift_that_is_not_over_or_not_settled_has_no_count_yet(tmp_path):
    record, table = table_of(ward("arrivals"), tmp_path)
    assert (record.labelled, record.statuses.immature) == (
        table.num_rows - 2,
        2,  # the last shift of each of two units
    )
    late = ward("arrivals").model_dump(mode="json", by_alias=True)
    late["label"]["delay"] = "2d"
    waits, _ = table_of(CohortSpec.model_validate(late), tmp_path)
    assert waits.statuses.immature > record.statuses.immature
    assert waits.prevalence is None


def test_shifts_follow_the_clock_of_the_site_through_a_change(tmp_path):
    # 2024-03-31, 02:00: clocks in Berlin go ahead an hour.
    first = START + (31 + 29 + 28) * 24
    rows = visit(1, 10, first, [(first, "WARD")])
    _, table = table_of(ward(), tmp_path, rows=rows, hours=24 * 92, zone="Europe/Berlin")
    starts = micros(table["prediction_time"], null=0) // HOUR % 24
    clocks = table["group_shift"].to_pylist()
    before = {clock: int(hour) for hour, clock in list(zip(starts, clocks, strict=True))[:3]}
    after = {clock: int(hour) for hour, clock in list(zip(starts, clocks, strict=True))[-3:]}
    assert before == {"07:00": 6, "15:00": 14, "23:00": 22}
    assert after == {"07:00": 5, "15:00": 13, "23:00": 21}


def test_sites_have_units_of_the_same_name_apart(tmp_path):
    rows = [
        *visit(1, 10, START + 1, [(START + 1, "ICU")], site="NORTH"),
        *visit(2, 20, START + 1, [(START + 1, "ICU")], site="SOUTH"),
    ]
    _, table = table_of(ward(), tmp_path, rows=rows)
    assert set(table["group_unit"].to_pylist()) == {"NORTH ICU", "SOUTH ICU"}
    assert len(set(table["subject_id"].to_pylist())) == 2
    assert unit_key("NORTH", "ICU") != unit_key("NOR", "THICU")


def test_no_patients_give_an_empty_table(tmp_path):
    record, table = table_of(ward(), tmp_path, rows=[event(1, START, "LOINC//1")])
    assert (record.rows, table.num_rows, record.labelled) == (0, 0, 0)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"label": {"kind": "death_in_stay"}}, "belong together"),
        ({"index": {"event": "discharge"}}, "belong together"),
        ({"groups": {"sex": {"prefix": "GENDER//"}}}, "unit and shift"),
        ({"eligibility": [{"rule": "age_at_least", "years": 18}]}, "unit and shift"),
        ({"index": {"event": "shift"}}, "needs the field 'shifts'"),
        ({"index": {"event": "shift", "shifts": ["7:00"]}}, "HH:MM"),
        ({"index": {"event": "shift", "shifts": ["15:00", "07:00"]}}, "order of the day"),
        ({"label": {"kind": "unit_count", "unit_count": {"count": "present"}}}, "ahead: 1"),
        ({"label": {"kind": "unit_count", "unit_count": {"count": "outcomes"}}}, "codes"),
        (
            {"label": {"kind": "unit_count", "horizon": "1d", "unit_count": {"count": "arrivals"}}},
            "end of its shift",
        ),
    ],
)
def test_what_does_not_fit_units_is_refused(change, word):
    said = {**ward().model_dump(mode="json", by_alias=True), **change}
    with pytest.raises(ValidationError, match=word):
        CohortSpec.model_validate(said)


def features(**one):
    said = {"name": "x", "label": "x", "owner": "dana", "purpose": "staffing", **one}
    return FeaturesSpec.model_validate({"name": "f", "version": "1", "features": [said]})


def test_a_lag_that_would_see_the_shift_itself_is_refused(tmp_path):
    with pytest.raises(ValidationError, match="not known when it begins"):
        features(kind="unit", series="arrivals", lags=[0, 1])
    with pytest.raises(ValidationError, match="needs the field"):
        features(kind="unit", series="arrivals")
    _, table = table_of(ward(), tmp_path)
    _, made = build_units(features(kind="unit", series="arrivals", lags=[1]), table)
    of_ward = [name == "NORTH WARD" for name in table["group_unit"].to_pylist()]
    assert made["x"].filter(of_ward).to_pylist()[:3] == [None, 1.0, 0.0]
    with pytest.raises(BadInput, match="of patients"):
        build_units(features(kind="age"), table)


def test_an_arrival_that_is_told_late_counts_in_the_end_and_not_before(tmp_path):
    late = visit(1, 10, START + 8, [(START + 8, "WARD")])
    late[-1]["known_at"] += 20 * HOUR
    rows = [*visit(2, 20, START + 1, [(START + 1, "WARD")]), *late]
    _, table = table_of(ward(), tmp_path, rows=rows)
    assert cells(table, "NORTH WARD")[7] == 1
    assert cells(table, "NORTH WARD", "known_arrivals")[7] == 0
    assert cells(table, "NORTH WARD", "known_present")[15] == 1
    assert cells(table, "NORTH WARD", "known_present")[31] == 2
