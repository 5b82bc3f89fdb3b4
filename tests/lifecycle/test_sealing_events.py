"""Pushed events become a snapshot once a day: all of them, and only when something came."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from attending.lifecycle import due
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


def result(number, patient, value):
    lines = [
        f"MSH|^~\\&|LIS|NORTH|ATT|H|20241214120000||ORU^R01|M{number}|P|2.5",
        f"PID|1||{patient}^^^H^MR",
        f"PV1|1|I|W1||||||||||||||||V{patient}",
        f"ORC|RE|O{number}|F{number}",
        f"OBR|1|O{number}|F{number}|CREA^Creatinine|||20241214110000|||||||||||||||20241214120000",
        f"OBX|1|NM|CREA^Creatinine||{value}|mg/dL|||||F|||20241214110000",
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
