"""Pushed events become a snapshot once a day: all of them, and only when something came."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from attending.lifecycle import due, sealing_events
from attending.lifecycle.current import events_of
from attending.lifecycle.engines import engine_over
from attending.lifecycle.ingesting import held
from attending.lifecycle.intake import Intake
from attending.lifecycle.sealing_events import SEAL
from attending.records.snapshot import Snapshot
from attending.specs.intake import IntakeSpec
from tests.lifecycle.ward import SECOND, create_home

FEEDS = IntakeSpec.model_validate(
    {
        "feeds": [
            {
                "name": "lab", "kind": "hl7v2", "time_zone": "UTC", "site": "NORTH",
                "applications": ["LIS"], "processing": "P", "patient_id_type": "MR",
                "classes": {"I": "INPATIENT"}, "codes": {"CREA": "LOINC//2160-0"},
            }
        ]
    }
)  # fmt: skip


@pytest.fixture
def desk(tmp_path):
    """A home whose feed has pushed nothing yet, and that seals what it pushes."""
    made = create_home(tmp_path / "home", at=SECOND, seed=3)
    (made.home.folder("policy") / "due.yaml").write_text(
        "seal: {source: ward-feeds, time_zone: Europe/Oslo}\n"
    )
    yield made
    made.home.close()


def result(number, patient, value, *, order=0, status="F", hour=12):
    order = order or number
    lines = [
        f"MSH|^~\\&|LIS|NORTH|ATT|H|20241214{hour}0000||ORU^R01|M{number}|P|2.5",
        f"PID|1||{patient}^^^H^MR",
        f"PV1|1|I|W1||||||||||||||||V{patient}",
        f"ORC|RE|O{order}|F{order}",
        f"OBR|1|O{order}|F{order}|CREA^Creatinine|||20241214110000|||||||||||||||20241214{hour}0000",
        f"OBX|1|NM|CREA^Creatinine||{value}|mg/dL|||||{status}|||20241214110000",
    ]
    return "\r".join(lines).encode()


def push(desk, *messages):
    intake = Intake(desk.home, FEEDS, clock=lambda: desk.at)
    for body in messages:
        taken, answer = intake.take_hl7("lab", body, by="omar")
        assert taken.account.accepted, answer


def jobs(desk):
    return {one.job: (one.state, one.says) for one in due.run_due(desk, []).outcomes}


def test_all_that_was_pushed_is_sealed_once_a_day(desk):
    assert jobs(desk) == {"seal": ("done", "nothing came since the last time")}
    tomorrow = replace(desk, at=desk.at + timedelta(days=1))
    push(tomorrow, result(1, "77001", "1.1"), result(2, "77002", "2.5"))
    assert jobs(tomorrow)["seal"][1].endswith("of ward-feeds")
    assert jobs(replace(tomorrow, at=tomorrow.at + timedelta(hours=3))) == {}
    (made,) = desk.home.catalog.all(Snapshot)
    assert (made.source_system, made.time_zone, made.synthetic) == (
        "ward-feeds", "Europe/Oslo", True,
    )  # fmt: skip
    engine = engine_over(tomorrow, held(tomorrow, "", source="ward-feeds"))
    subjects = desk.home.events.subjects()
    assert len(subjects) == 2
    for subject in subjects:
        there, here = engine.rows(subject).to_pylist(), events_of(desk.home, subject).to_pylist()
        keep = ("code", "time", "known_at", "numeric_value", "unit", "encounter_id", "site")
        assert [[row[name] for name in keep] for row in there] == [
            [row[name] for name in keep] for row in here
        ]
    (entry,) = desk.home.ledger.search(action=SEAL)
    assert entry.subject == made.digest
    # The day after nothing came, and the day after that something did.
    third = replace(desk, at=desk.at + timedelta(days=2))
    assert jobs(third)["seal"] == ("done", "nothing came since the last time")
    fourth = replace(desk, at=desk.at + timedelta(days=3))
    push(fourth, result(3, "77003", "0.9"))
    jobs(fourth)
    assert len(desk.home.catalog.all(Snapshot)) == 2


def same_events(desk):
    """Return the newest sealed snapshot, in which every patient's events are those of the store."""
    found = held(desk, "", source="ward-feeds")
    engine = engine_over(desk, found)
    keep = ("code", "time", "known_at", "superseded_at", "numeric_value", "unit", "encounter_id")
    for subject in desk.home.events.subjects():
        there, here = engine.rows(subject).to_pylist(), events_of(desk.home, subject).to_pylist()
        assert [[row[name] for name in keep] for row in there] == [
            [row[name] for name in keep] for row in here
        ]
    return found.snapshot


def written(snapshot):
    return sum(one.rows for one in snapshot.shards)


def test_a_day_costs_a_days_data_and_corrections_and_merges_are_settled(desk, monkeypatch):
    days = [replace(desk, at=desk.at + timedelta(days=day)) for day in range(7)]
    push(days[1], *(result(number, f"77{number:03}", "1.1") for number in range(1, 41)))
    jobs(days[1])
    first = same_events(days[1])
    every = written(first)
    assert first.layers == ()
    # The second day: one patient is new, and one result is corrected.
    push(days[2], result(41, "77041", "2.5"))
    push(days[2], result(42, "77007", "9.9", order=7, status="C", hour=18))
    assert jobs(days[2])["seal"][1].endswith("1 layers under it")
    second = same_events(days[2])
    assert second.layers == (first.digest,)
    assert 0 < written(second) <= 2 < every
    assert second.rows > first.rows
    corrected = [
        row
        for row in engine_over(days[2], held(days[2], "", source="ward-feeds"))
        .map(lambda table: table)
        .to_pylist()
        if row["superseded_at"] is not None
    ]
    assert len(corrected) == 1
    # The third: two patients turn out to be one, so all is written anew.
    merge = "\r".join(
        [
            "MSH|^~\\&|LIS|NORTH|ATT|H|20241216120000||ADT^A40^ADT_A39|M90|P|2.5",
            "EVN|A40|20241216120000",
            "PID|1||77001^^^H^MR",
            "MRG|77002^^^H^MR",
        ]
    ).encode()
    push(days[3], merge)
    jobs(days[3])
    third = same_events(days[3])
    assert third.layers == ()
    # The day after a merge once more: its message may have been committed after the seal.
    push(days[4], result(44, "77044", "1.0"))
    jobs(days[4])
    fourth = same_events(days[4])
    assert fourth.layers == ()
    # And so it is after some layers, for who reads opens every one of them.
    monkeypatch.setattr(sealing_events, "MOST_LAYERS", 1)
    push(days[5], result(45, "77045", "1.0"))
    jobs(days[5])
    assert same_events(days[5]).layers == (fourth.digest,)
    push(days[6], result(46, "77046", "1.0"))
    jobs(days[6])
    assert same_events(days[6]).layers == ()


def test_a_message_that_was_committed_after_a_seal_is_in_the_next_one(desk):
    days = [replace(desk, at=desk.at + timedelta(days=day)) for day in range(3)]
    push(days[1], result(1, "77001", "1.1"))
    jobs(days[1])
    # It came a minute before the seal's newest message, and was committed after the seal.
    slow = replace(days[1], at=days[1].at - timedelta(minutes=1))
    push(slow, result(2, "77002", "2.5"))
    push(days[2], result(3, "77003", "0.9"))
    jobs(days[2])
    found = same_events(days[2])
    assert (found.rows, len(found.layers)) == (3, 1)
