"""D12 and D24: what is new, or belongs to nobody, waits for a person and is not forgotten."""

from __future__ import annotations

import pytest

from attending.lifecycle import reviewing
from attending.lifecycle.desk import open_desk
from attending.times import parse_instant
from tests.ingest.handmade import write

SOON, LATE = "2024-03-01T06:59:00Z", "2024-03-01T07:01:00Z"


@pytest.fixture
def people(ward):
    """A data engineer and a data scientist, and how each says who they are."""
    said = {}
    for person, role in (("erik", "data_engineer"), ("dana", "data_scientist")):
        path = ward.folder / f"{person}.txt"
        path.write_text(f"the passphrase of {person}")
        said[person] = ("--passphrase-file", str(path))
        ward.asked("user", "add", person, "--name", person, "--role", role, *said[person])
    return said


def _entries(ward, action):
    with open_desk(ward.home, at=parse_instant(LATE)) as desk:
        return list(desk.home.ledger.search(action=action, limit=10))


@pytest.mark.fault("D12")
def test_d12_old_and_new_stand_side_by_side_until_somebody_signs(ward, people, monkeypatch):
    ward.specs("contract", _name_no_source)
    old = ward.ingest(ward.write(name="old")[0]).json
    assert ward.asked("contract", "review").json == {"review": None}
    new = ward.ingest(ward.write("D12", name="new")[0]).json
    named = ["--snapshot", new["snapshot"]]
    ward.asked("cohort", "build", *named)
    ward.asked("features", "build")
    # Control: without the review, the new system's data train the model, and nobody was asked.
    with monkeypatch.context() as off:
        off.setattr(reviewing, "open_review", lambda *_: None)
        ward.asked("train", "fit")
    # Guard: the new system opens a review, with what it holds beside what the old one held.
    found = ward.asked("contract", "review", *named, code=3)
    assert "refused [contract.review]" in found.err
    review = found.json
    assert {"snapshot.source_system", "snapshot.source_version"} <= {
        change["path"] for change in review["changes"]
    }
    sides = review["side_by_side"]
    assert (sides["before"], sides["after"]) == (old["snapshot"], new["snapshot"])
    assert sides["source_after"] == "synthetic-hospital-next 2"
    for side, account in (("before", old), ("after", new)):
        assert sum(one[f"rows_{side}"] for one in sides["sides"]) == account["events"]
    assert len(_entries(ward, "review.open")) == 1
    # Nothing is trained on it before it is signed, by somebody who may.
    assert "refused [contract.review]" in ward.asked("train", "fit", code=3).err
    sign = ("sign", review["digest"], "--statement", "Rows and means were compared.", "--as")
    ward.asked(*sign, "dana", "--role", "data_scientist", *people["dana"], code=6)
    ward.asked(*sign, "erik", "--role", "data_engineer", *people["erik"])
    assert ward.asked("contract", "review", *named).json == {"review": None}


def _name_no_source(spec):
    for item in spec["customProperties"]:
        if item["property"] == "attending.sources":
            item["value"] = []


@pytest.mark.fault("D24")
def test_d24_rows_that_wait_longer_than_an_hour_raise_an_alarm_until_closed(ward, people):
    folder, planted = ward.write("D24")
    ward.ingest(folder)
    # Control: without a limit, a list of waiting rows ends well however long they wait.
    waits = _quarantine(ward, "ls", at=LATE).json
    assert sum(one["rows"] for one in waits) >= planted
    # Guard: an alarm for cron, an hour after the delivery and not before.
    alarm = ("ls", "--older-than", "1h")
    _quarantine(ward, *alarm, at=SOON)
    said = _quarantine(ward, *alarm, at=LATE, code=3)
    assert "refused [quarantine.overdue]" in said.err
    assert "unknown_patient" in said.err
    close = ("dismiss", "--because", "test rows of the interface", "--by")
    reasons = {one["reason"] for one in waits}
    ended = [("--reason", reason) for reason in sorted(reasons)]
    _quarantine(ward, *close, "dana", *ended[0], *people["dana"], at=LATE, code=6)
    for one in ended:
        _quarantine(ward, *close, "erik", *one, *people["erik"], at=LATE)
    states = _quarantine(ward, *alarm, at=LATE).json
    assert {one["state"] for one in states} == {"dismissed"}
    assert sum(one["rows"] for one in states) == sum(one["rows"] for one in waits)
    assert len(_entries(ward, "quarantine.dismiss")) == len(reasons)


@pytest.mark.fault("D24")
def test_d24_rows_without_a_time_of_storing_come_in_by_a_declared_lag(ward, people):
    bare = "R8,1,final,P1,E1,NORTH,2160-0,1.1,mg/dL,2023-01-06T06:00:00Z,"
    told = f"{bare.replace('R8', 'R9')}2023-01-06T08:00:00Z"
    folder = write(ward.folder / "in", labs=[bare, told])
    before = ward.ingest(folder).json
    assert before["quarantined_by_reason"] == {"no_known_at": 1}
    let_in = ("release", str(folder), "--because", "24 h agreed with the laboratory", "--by")
    said = _quarantine(ward, *let_in, "dana", "--lag", "labs=24h", *people["dana"], at=LATE, code=6)
    assert "refused [act.role]" in said.err
    for wrong in ("labs", "=24h", "labs=soon"):
        _quarantine(ward, *let_in, "erik", "--lag", wrong, *people["erik"], at=LATE, code=2)
    made = _quarantine(ward, *let_in, "erik", "--lag", "labs=24h", *people["erik"], at=LATE).json
    assert (made["before"], made["released"]) == (before["snapshot"], {"no_known_at": 1})
    assert made["lags"] == {"labs": "1d"}
    assert {one["snapshot"] for one in _listed(ward)} == {made["before"], made["after"]}
    shown = _quarantine(ward, "show", "--state", "released", at=LATE).json["shown"]
    assert [row["source_row"] for row in shown] == ["R8/1"]
    assert [one.subject for one in _entries(ward, "quarantine.release")] == [made["digest"]]


def _listed(ward):
    return ward.run("snapshot", "ls", "--home", str(ward.home), "--at", LATE, "--json").json


def _quarantine(ward, *args, at, code=0):
    return ward.run("quarantine", *args, "--home", str(ward.home), "--at", at, "--json", code=code)
