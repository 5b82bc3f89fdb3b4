"""Erased rows leave both databases, and every entry that bound them still holds the rest."""

from __future__ import annotations

import pytest

from attending.lifecycle import erasing, recovery
from attending.lifecycle.desk import create_home
from attending.lifecycle.people import add_person
from attending.records.ledger import Subject
from attending.stores.home import Home
from attending.stores.predictions import Scored
from tests.stores.homes import AT, tamper

SECRET = "a long sentence of petra"  # noqa: S105 - of a test


@pytest.fixture
def desk(tmp_path, store_kind):
    made = create_home(tmp_path / "home", at=AT)
    assert made.home.database.kind == store_kind
    add_person(
        made, "petra", printed_name="Petra Voss", roles=["privacy_officer"], passphrase=SECRET
    )
    with made.home.database.transaction() as unit:
        for patient in (11, 12, 13):
            one = Scored(f"r{patient}", "m", "v1", "silent", patient, None, AT, 0.5, b"{}")
            made.home.predictions.add(unit, [one])
        subject = Subject(kind="model", digest="m")
        made.home.ledger.append(unit, at=AT, actor="ann", action="score.batch", subject=subject)
    yield made
    made.home.close()


@pytest.mark.fault("G23")
def test_g23_rows_go_and_the_rest_is_still_held_to_the_entry(desk, tmp_path):
    made = erasing.erase(
        desk, (12,), person="petra", passphrase=SECRET, reason="Article 17, request 12"
    )
    assert made.tables == {"feedback": 0, "outcomes": 0, "predictions": 1}
    assert desk.home.predictions.of_subject(12) == ()
    assert desk.home.predictions.count("m") == 2
    assert desk.home.check_rows() == ()
    # A backup made now holds neither the rows nor a hole; it comes back whole.
    recovery.make(desk, tmp_path / "backups", region="")
    recovery.restore(tmp_path / "backups", tmp_path / "again", recovery.Wanted(), at=AT, region="")
    back = Home.open(tmp_path / "again")
    assert back.check_rows() == ()
    assert back.predictions.of_subject(12) == ()
    back.close()
    # Control: a row that is deleted by hand is found.
    tamper(desk.home.root, "DELETE FROM predictions WHERE subject_id = 11")
    assert [one.code for one in desk.home.check_rows()] == ["store.rows"]
