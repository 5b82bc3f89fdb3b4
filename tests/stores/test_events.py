"""The event store and the steps of alerts: append-only, on both databases, found again."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect

from attending.errors import Refused
from attending.ingest.current import current_events
from attending.records.intake import Account, Message, Sent, Version
from attending.stores.deliveries import Step
from attending.stores.home import Home
from attending.times import HOUR, to_micros
from tests.stores.homes import AT, act

pytestmark = pytest.mark.usefixtures("store_kind")
NOW = to_micros(AT)


@pytest.fixture
def home(tmp_path):
    made = Home.create(tmp_path / "home", at=AT, seed=7)
    yield made
    made.close()


def version(number, *, subject=7, value=1.5, name="a", code="LOINC//2160-0"):
    at = NOW + number * HOUR
    row = {
        "subject_id": subject, "time": NOW - HOUR, "code": code, "numeric_value": value,
        "text_value": None, "unit": "mg/dL", "known_at": at, "superseded_at": None,
        "encounter_id": 9, "source": "t/o", "source_row": name, "site": "N",
    }  # fmt: skip
    return Version(name * 64, at, f"{number:064x}", (row,))


def add(home, *versions, message="m", merges=()):
    sent = Sent("lab", message * 64, NOW)
    with home.database.transaction() as unit:
        home.events.add(unit, versions, sent)
        new = home.events.add_merges(unit, merges, sent)
        count = len(versions)
        account = Account(count + 1, count, 1, 0, 0, ({"at": "3:OBX", "why": "no_time"},), NOW)
        home.events.add_message(unit, Message(sent, 1, "b" * 64, account))
        unit.append(act("intake.take"))
    return new


def test_what_came_since_yesterday_is_found_by_an_index_not_by_reading_all(home):
    engine = home.database._engine
    found = {tuple(one["column_names"]) for one in inspect(engine).get_indexes("events")}
    assert ("received_at",) in found
    add(home, version(1), version(2, subject=8, name="b"))
    assert home.events.touched(NOW) == (7, 8)
    assert home.events.touched(NOW + 1) == ()


def events(home, subject, **more):
    group, merges = home.events.group_of(subject)
    rows = home.events.rows_of(group)
    return current_events(rows, merges, subject_id=subject, **more).to_pylist()


def test_versions_follow_each_other_and_a_record_that_moved_leaves_its_first_patient(home):
    add(home, version(1), version(3, value=2.5), version(5, subject=8, value=2.5))
    first = events(home, 7)
    assert [row["numeric_value"] for row in first] == [1.5, 2.5]
    assert all(row["superseded_at"] is not None for row in first)
    assert [row["superseded_at"] for row in events(home, 8)] == [None]
    with home.database.transaction() as unit:
        held = home.events.held(unit, ["a" * 64, "z" * 64])
        assert sorted(held["a" * 64]) == [NOW + hour * HOUR for hour in (1, 3, 5)]
        assert home.events.subject_of(unit, "z" * 64) is None
    assert home.events.has_encounter(9)
    assert not home.events.has_encounter(10)
    assert home.events.subjects() == (7, 8)
    with pytest.raises(Refused):  # what is there is never written over
        add(home, version(1), message="n")
    assert home.check_rows() == ()
    assert home.ledger.verify().ok


def test_merges_are_kept_once_and_read_with_the_group(home):
    said = {"gone": 8, "kept": 7, "at": NOW + 2 * HOUR, "undone": False}
    new = add(home, version(1), version(1, subject=8, name="b"), merges=[said, said])
    assert new == 1
    assert home.events.group_of(8)[0] == {7, 8}
    assert len(events(home, 7)) == 2
    assert [row["superseded_at"] is None for row in events(home, 8)] == [False]
    assert events(home, 7, received=NOW - 1) == []
    with home.database.transaction() as unit:
        home.events.add_merges(unit, [said | {"gone": 9}], Sent("lab", "p" * 64, NOW))
        assert home.events.group_of(9, unit)[0] == {7, 8, 9}  # before it is committed
        assert home.events.group_of(9)[0] == {9}
        unit.append(act("intake.take"))


def test_messages_are_counted_by_feed_and_letters_are_listed(home):
    add(home, version(1))
    found = home.events.totals()["lab"]
    assert (found["messages"], found["rows_in"], found["quarantined"]) == (1, 2, 1)
    assert found["newest"] == NOW
    letters = home.events.letters("lab", since=AT)
    assert [one.account.letters[0]["why"] for one in letters] == ["no_time"]
    assert home.events.letters("other") == ()
    with pytest.raises(ValueError, match="every row"):
        Account(2, 1, 0, 0, 0)


def test_two_who_take_the_same_step_of_an_alert_do_it_once(home):
    step = Step("r" * 32, "mail", 1, "claimed", NOW, "one", NOW + HOUR, {"a": 1})

    def take():
        with home.database.transaction() as unit:
            home.deliveries.add(unit, step)
            unit.append(act("delivery.claimed"))

    take()
    with pytest.raises(Refused):
        take()
    assert home.deliveries.standing() == {"r" * 32: {"mail": (step,)}}
    assert home.deliveries.standing_of(["q", "r" * 32]) == home.deliveries.standing()
    assert home.deliveries.standing_of(["q"]) == home.deliveries.standing_of([]) == {}
    with home.database.transaction() as unit:
        assert home.deliveries.last(unit, "r" * 32, "mail") == step
        assert home.deliveries.last(unit, "r" * 32, "webhook") is None
    assert home.check_rows() == ()
