"""Predictions, outcomes, feedback, persons: append-only, joined, found again."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from attending import keys
from attending.digests import canonical, digest_bytes
from attending.errors import NotFound, Refused
from attending.records.governance import Person
from attending.stores.home import Home
from attending.stores.predictions import SCORED, Answer, Observed, Scored, Told
from tests.stores.homes import AT, act

pytestmark = pytest.mark.usefixtures("store_kind")


@pytest.fixture
def home(tmp_path):
    return Home.create(tmp_path / "home", at=AT, seed=7)


def scored(number: int, **changes) -> Scored:
    whole = {
        "request_id": f"r{number}",
        "model": "readmission",
        "version": "v1",
        "stage": "silent",
        "subject_id": 100 + number,
        "encounter_id": None if number == 2 else 7,
        "prediction_time": AT + timedelta(hours=number),
        "score": None if number == 3 else number / 10,
        "content": f"record {number}".encode(),
    }
    return Scored(**{**whole, **changes})


def observed(number: int, snapshot: str, label: int | None, status: str) -> Observed:
    return Observed(
        model="readmission",
        version="v1",
        subject_id=100 + number,
        encounter_id=7,
        prediction_time=AT + timedelta(hours=number),
        snapshot=digest_bytes(snapshot.encode()),
        label=label,
        status=status,
        matured_at=AT + timedelta(days=33),
    )


def add(home, *items: Scored):
    with home.database.transaction() as unit:
        new = home.predictions.add(unit, items)
        unit.append(act("prediction.serve"))
    return new


def test_predictions_come_back_with_their_newest_outcome(home):
    assert add(home, *(scored(number) for number in range(5))) == 5
    for snapshot, label, status in (("march", None, "immature"), ("april", 1, "event")):
        with home.database.transaction() as unit:
            home.predictions.observe(unit, [observed(1, snapshot, label, status)])
            unit.append(act("outcome.record"))
    table = home.predictions.table("readmission")
    assert table.schema.equals(SCORED)
    assert table["request_id"].to_pylist() == [f"r{number}" for number in range(5)]
    assert table["score"].to_pylist() == [0.0, 0.1, 0.2, None, 0.4]
    assert table["label"].to_pylist() == [None, 1, None, None, None]
    assert table["status"].to_pylist()[1] == "event"
    assert table["encounter_id"].to_pylist()[2] is None
    since = AT + timedelta(hours=1)
    until = AT + timedelta(hours=3)
    some = home.predictions.table("readmission", since=since, until=until)
    assert some["request_id"].to_pylist() == ["r1", "r2"]
    assert home.predictions.table("sepsis").num_rows == 0
    assert home.predictions.table("readmission", version="v2").num_rows == 0
    assert home.predictions.table("readmission", stage="live").num_rows == 0
    assert list(home.predictions.contents("readmission", until=since)) == [b"record 0"]
    assert home.predictions.count("readmission", version="v1") == 5
    assert home.check_rows() == ()


def test_the_database_counts_what_records_say_without_a_word_that_only_looks_like_it(home):
    said = (
        {"flagged": True, "note": "n"},
        {"flagged": False, "note": 'it wrote "flagged":true'},
        {"flagged": None, "note": "n"},
        {"flagged": True, "note": "n"},
        {"flagged": True, "note": "n"},
    )
    add(home, *(scored(number, content=canonical(one)) for number, one in enumerate(said)))
    add(home, scored(9, version="v2", content=canonical(said[0])))
    told = partial(home.predictions.told, "readmission", "v1", since=AT)
    assert told(until=AT + timedelta(hours=9)) == Told(scored=4, unscored=1, flagged=3)
    assert told(until=AT + timedelta(hours=4)) == Told(scored=3, unscored=1, flagged=2)
    assert told(until=AT) == Told(scored=0, unscored=0, flagged=0)
    one = canonical(said[0])
    assert list(home.predictions.contents("readmission", flagged=True)) == [one] * 4
    for number, label in ((1, 1), (2, None), (3, 0)):
        with home.database.transaction() as unit:
            home.predictions.observe(unit, [observed(number, "may", label, "event")])
            unit.append(act("outcome.record"))
    judged = home.predictions.table("readmission", version="v1", judged=True)
    assert judged["request_id"].to_pylist() == ["r1"]  # the third has an outcome and no score


def test_a_request_is_one_prediction_however_often_it_is_sent(home):
    assert add(home, scored(1)) == 1
    assert add(home, scored(1)) == 0
    with pytest.raises(Refused) as refusal:
        add(home, scored(1, content=b"another body"))
    assert refusal.value.code == "prediction.conflict"
    with pytest.raises(Refused):
        add(home, scored(8), scored(8, content=b"another body"))
    assert home.predictions.get("r1") == scored(1)
    with pytest.raises(NotFound):
        home.predictions.get("r8")


def test_who_was_scored_and_what_readers_said(home):
    add(home, scored(1), scored(2, subject_id=101, version="v2"))
    of_one = home.predictions.of_subject(101, model="readmission")
    assert [item.version for item in of_one] == ["v1", "v2"]
    said = Answer("r1", "nina", AT, "overridden", b"{}")
    with home.database.transaction() as unit:
        home.predictions.answer(unit, said)
        unit.append(act("feedback.give"))
    assert home.predictions.answers("r1") == (said,)
    assert home.predictions.answers_of_model("readmission", since=AT) == (said,)
    assert home.predictions.answers_of_model("readmission", until=AT) == ()


def test_a_person_changes_by_another_row_and_a_login_is_given_once(home):
    person = Person(person_id="ann", printed_name="Ann Lee", roles=("operator",))
    hashed = keys.hash_passphrase("correct horse", salt=b"0" * 16)
    with pytest.raises(Refused), home.database.transaction() as unit:
        home.users.save(unit, person)
    with home.database.transaction() as unit:
        assert home.users.save(unit, person, passphrase_hash=hashed) == 1
        home.users.give_login(unit, "ann", "ann")
        unit.append(act("user.add"))
    with pytest.raises(Refused), home.database.transaction() as unit:
        home.users.give_login(unit, "ann", "bob")
    assert home.users.authenticate("ann", "correct horse") == person
    assert home.users.check_passphrase("ann", "correct horse")
    gone = person.model_copy(update={"active": False, "roles": ()})
    with home.database.transaction() as unit:
        assert home.users.save(unit, gone) == 2
        unit.append(act("user.change"))
    assert home.users.list() == (gone,)
    assert home.users.by_login("ann") == gone
    assert home.users.authenticate("ann", "correct horse") is None
    assert not home.users.check_passphrase("ann", "correct horse")
    for ask in (home.users.get, home.users.by_login):
        with pytest.raises(NotFound):
            ask("nobody")
    assert home.check_rows() == ()


@pytest.mark.fault("G19")
def test_g19_everyone_of_some_versions_is_listed_on_either_database(home):
    with home.database.transaction() as unit:
        many = [scored(n, version=f"v{n % 3 + 1}") for n in range(9)]
        home.predictions.add(unit, [*many, scored(20, model="another")])
        unit.append(act())
    # Control: without versions nobody is meant.
    assert home.predictions.listed("readmission").num_rows == 0
    found = home.predictions.listed("readmission", versions=["v1", "v3"])
    assert found["request_id"].to_pylist() == ["r0", "r2", "r3", "r5", "r6", "r8"]
    assert set(found["version"].to_pylist()) == {"v1", "v3"}
    assert set(home.predictions.subjects()) == {100 + n for n in (*range(9), 20)}


def test_the_newest_of_a_version_come_first_and_no_more_than_asked(home):
    other = scored(5, request_id="other", version="v2")
    add(home, scored(1), scored(2), scored(3), other, scored(4, model="sepsis"))
    found = home.predictions.newest("readmission", "v1", most=2)
    assert [one.request_id for one in found] == ["r3", "r2"]
    assert found[0].score is None
    assert home.predictions.newest("readmission", "v9", most=2) == ()
