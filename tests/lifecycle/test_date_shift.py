"""Dates shifted at ingest: nothing within a patient changes, and no calendar is judged."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pyarrow.compute as pc
import pytest

from attending.engines.local import LocalEngine
from attending.engines.tables import in_order
from attending.errors import BadInput, Refused
from attending.hospital.faults import write_faulty
from attending.ingest.date_shift import DateShift
from attending.lifecycle import checking, growing, ingesting, simulating, snapshots
from attending.lifecycle.desk import create_home
from attending.lifecycle.examples import copy_example
from attending.lifecycle.projects import open_project
from attending.records.events import BIRTH, plain
from attending.times import parse_instant

FIRST = parse_instant("2024-08-01T06:00:00Z")
SECOND = parse_instant("2024-08-08T06:00:00Z")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A base and a week's feed, each ingested as it is and with dates shifted."""
    folder = tmp_path_factory.mktemp("shifting")
    hospital = simulating.build_hospital(patients=300, years=3, seed=7)
    simulating.write_source(hospital, folder / "base", until=FIRST)
    simulating.write_source(hospital, folder / "week", until=SECOND, since=FIRST)
    simulating.write_source(hospital, folder / "whole", until=SECOND)
    desk = create_home(folder / "home", at=FIRST, seed=7)
    now = replace(desk, at=SECOND)
    base = ingesting.ingest(desk, "hospital", folder / "base", shards=2, shift=True)
    plainly = ingesting.ingest(desk, "hospital", folder / "base", shards=2)
    grown_plainly = growing.append(now, "hospital", folder / "week", onto=plainly.digest)
    yield SimpleNamespace(
        folder=folder,
        hospital=hospital,
        desk=now,
        base=base,
        plainly=plainly,
        grown_plainly=grown_plainly,
    )
    desk.home.close()


def events(held):
    return in_order(LocalEngine(held.shards).map(plain))


def shift_of(place):
    return DateShift(place.desk.home.pseudonym_key())


def test_a_shifted_snapshot_is_the_plain_one_moved_patient_by_patient(place):
    assert place.base.snapshot.dates_shifted
    assert not place.plainly.snapshot.dates_shifted
    moved = in_order(shift_of(place).moved(events(place.plainly)))
    assert moved.equals(events(place.base))
    assert not moved.equals(events(place.plainly))


def test_the_zone_is_floating_and_no_real_end_is_said(place):
    snapshot = place.base.snapshot
    assert (snapshot.time_zone, snapshot.site_zones, snapshot.real_clock) == (
        "floating", {}, False,
    )  # fmt: skip
    real = place.plainly.snapshot
    for name in ("first_time", "last_time", "watermark"):
        assert getattr(snapshot, name) < getattr(real, name)


def test_a_shifted_snapshot_does_not_grow(place):
    with pytest.raises(BadInput) as refused:
        growing.append(place.desk, "hospital", place.folder / "week", onto=place.base.digest)
    assert refused.value.code == "ingest.shift"


def test_merged_patients_have_two_offsets_and_are_refused(place):
    folder = place.folder / "merged"
    write_faulty(place.hospital, folder, fault="D17.told", until=FIRST)
    assert ingesting.ingest(place.desk, "hospital", folder).snapshot.merges.merged
    with pytest.raises(Refused) as refused:
        ingesting.ingest(place.desk, "hospital", folder, shift=True)
    assert refused.value.code == "ingest.shift"


def test_looking_back_to_one_instant_is_refused(place):
    with pytest.raises(BadInput) as refused:
        snapshots.as_of(place.desk, place.base, SECOND)
    assert refused.value.code == "snapshot.shifted"
    assert snapshots.as_of(place.desk, place.grown_plainly, SECOND).map(plain).num_rows


def test_checks_by_calendar_are_not_shown_and_say_why(place):
    project = open_project(copy_example("readmission-synthetic", place.folder / "project"))
    shown = checking.check_contract(place.desk, project, place.plainly)
    report = checking.check_contract(place.desk, project, place.base)
    kinds = {"daily", "fresh", "future"}
    assert {one.verdict for one in shown.checks if one.rule in kinds} - {"not_shown"}
    judged = [one for one in report.checks if one.rule in kinds]
    assert {(one.verdict, one.figure, one.failing) for one in judged} == {("not_shown", None, 0)}
    assert all("shifted by patient" in one.detail for one in judged)


def test_births_move_with_the_rest_so_that_ages_stay(place):
    before, after = (events(one) for one in (place.plainly, place.base))
    assert pc.sum(pc.equal(before["code"], BIRTH)).as_py() > 0

    def births(table):
        mine = table.filter(pc.equal(table["code"], BIRTH))
        return set(zip(mine["subject_id"].to_pylist(), mine["time"].to_pylist(), strict=True))

    assert not births(before) & births(after)
