"""Quarantined rows come in by name, role and declaration, alone; or are closed and stay counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pyarrow.compute as pc
import pytest

from attending.cli import quarantine
from attending.engines.local import LocalEngine
from attending.errors import BadInput, Denied, NotFound, Refused
from attending.ingest.shards import sorted_events
from attending.lifecycle import (
    auditing,
    closing,
    growing,
    ingesting,
    people,
    quarantining,
    simulating,
)
from attending.lifecycle import snapshots as kept
from attending.lifecycle.closing import Declared, Word
from attending.lifecycle.desk import create_home
from attending.records.events import plain
from attending.times import HOUR, parse_instant
from tests.ingest.handmade import write

AT = parse_instant("2023-08-01T06:00:00Z")
LATER = parse_instant("2023-08-02T06:00:00Z")
DAY = 24 * HOUR


def lab(name, value="1.1", *, unit="mg/dL", known_at="2023-01-06T08:00:00Z", version=1):
    status = "final" if version == 1 else "corrected"
    who = f"{name},{version},{status},P1,E1,NORTH,2160-0"
    return f"{who},{value},{unit},2023-01-06T06:00:00Z,{known_at}"


#: One result that comes in; two in no unit; one, and the correction of the first, never stored.
LABS = (
    lab("R1"),
    lab("R2", unit="furlong"),
    lab("R3", unit="furlong"),
    lab("R4", "4.4", known_at=""),
    lab("R1", "9.9", version=2, known_at=""),
)


@pytest.fixture
def ward(tmp_path):
    """A home with persons and one extract of which four results of five are quarantined."""
    desk = create_home(tmp_path / "home", at=AT, seed=7)
    secrets = simulating.add_persons(desk)
    folder = write(tmp_path / "in", labs=list(LABS))
    base = ingesting.ingest(desk, "hospital", folder)
    now = replace(desk, at=LATER, actor="erik")
    yield SimpleNamespace(desk=now, folder=folder, base=base, secrets=secrets, scratch=tmp_path)
    desk.home.close()


def word(ward, person="erik", because="The analyser stores no time; 24 h was agreed."):
    return Word(person, ward.secrets[person], because)


def release(ward, *, lags=None, folder=None, **asked):
    asked.setdefault("snapshot", ward.base.digest)
    declared = Declared(lags={"labs": DAY} if lags is None else lags)
    return closing.release(ward.desk, folder or ward.folder, word(ward), declared=declared, **asked)


def events(held):
    return sorted_events(LocalEngine(held.shards).map(plain))


def states(ward, name=""):
    found: Counter[tuple[str, str]] = Counter()
    for one in quarantining.waiting(ward.desk, name):
        found[one.reason, one.state] += one.rows
    return dict(found)


def left_alone(ward, held):
    """Return whether nothing was kept since: neither a snapshot nor an entry of a release."""
    there = ward.desk.home.snapshots.list()
    done = ward.desk.home.ledger.search(action="quarantine.release", limit=10)
    return there == (held.digest,) and not list(done)


def test_a_lag_lets_in_what_waited_for_it_and_nothing_else(ward):
    assert states(ward) == {("no_known_at", "waiting"): 2, ("unknown_unit", "waiting"): 2}
    before = events(ward.base)
    grown, record = release(ward)
    assert (record.before, record.after) == (ward.base.digest, grown.digest)
    assert (record.person, record.role, record.lags) == ("erik", "data_engineer", {"labs": "1d"})
    assert record.released == {"no_known_at": 2}
    assert record.waiting == {"unknown_unit": 2}
    account = grown.snapshot.account
    assert (account.rows_in, account.accepted, account.quarantined) == (2, 2, 0)
    assert account.balanced
    assert states(ward) == {("no_known_at", "released"): 2, ("unknown_unit", "waiting"): 2}
    assert states(ward, ward.base.digest)["no_known_at", "waiting"] == 2  # as it was
    assert events(ward.base).equals(before)
    assumed = [item for item in grown.snapshot.availability if item.assumed]
    assert [(item.table, item.rule, item.rows) for item in assumed] == [("labs", "lag:1d", 2)]
    with pytest.raises(Refused) as refused:
        release(ward, snapshot=grown.digest)
    assert refused.value.code == "quarantine.nothing"


def test_a_released_snapshot_holds_what_it_would_hold_had_the_lag_been_declared(ward):
    grown, record = release(ward)
    at_once = ingesting.ingest(ward.desk, "hospital", ward.folder, lags={"labs": DAY})
    ours, theirs = events(grown), events(at_once)
    assert ours.num_rows == theirs.num_rows == events(ward.base).num_rows + 2
    # The base keeps its file and a list of what ended; both are read as one.
    assert ours.equals(theirs)
    # The correction ends what it corrects, from when it counts as known.
    assert record.ended == 1
    ended = ours.filter(ours["superseded_at"].is_valid())
    assert ended["source_row"].to_pylist() == ["R1/1"]
    until = parse_instant("2023-01-07T06:00:00Z").replace(tzinfo=None)
    assert ended["superseded_at"].to_pylist() == [until]


def test_record_snapshot_and_ledger_entries_stand_in_one_transaction(ward):
    grown, record = release(ward)
    found = {
        action: list(ward.desk.home.ledger.search(action=action, limit=10))
        for action in ("quarantine.release", "snapshot.release")
    }
    (let_in,), (layer,) = found.values()
    assert (let_in.subject, layer.subject) == (record.digest, grown.digest)
    assert let_in.actor == "erik"
    assert auditing.fsck(ward.desk)["snapshots"] == []


@pytest.mark.parametrize("person", ["dana", "clara", "omar"])
def test_only_a_data_engineer_ends_a_wait(ward, person):
    declared = Declared(lags={"labs": DAY})
    for act in (
        lambda: closing.release(ward.desk, ward.folder, word(ward, person), declared=declared),
        lambda: closing.dismiss(ward.desk, word(ward, person), reason="unknown_unit"),
    ):
        with pytest.raises(Denied) as denied:
            act()
        assert (denied.value.code, denied.value.exit_code) == ("act.role", 6)
    wrong = Word("erik", ward.secrets["dana"], "because")
    with pytest.raises(Denied):
        closing.release(ward.desk, ward.folder, wrong, declared=declared)
    with pytest.raises(BadInput):
        closing.dismiss(ward.desk, word(ward, because=" "), reason="unknown_unit")
    assert left_alone(ward, ward.base)


def test_another_delivery_and_a_lag_for_nothing_are_refused_and_leave_nothing(ward):
    other = write(ward.scratch / "other", labs=[*LABS, lab("R5", known_at="")])
    for folder, lags, code in (
        (other, {"labs": DAY}, "quarantine.delivery"),
        (ward.folder, {"vitals": DAY}, "quarantine.nothing"),
        (ward.folder, {}, "quarantine.nothing"),
    ):
        with pytest.raises(Refused) as refused:
            release(ward, folder=folder, lags=lags)
        assert (refused.value.code, refused.value.exit_code) == (code, 3)
    assert left_alone(ward, ward.base)


def test_rows_are_released_from_an_older_layer_after_a_newer_delivery(ward):
    more = write(ward.scratch / "more", labs=[lab("R7", "7.7"), lab("R8", known_at="")])
    second = growing.append(ward.desk, "hospital", more, onto=ward.base.digest)
    waits = {("no_known_at", "waiting"): 3, ("unknown_unit", "waiting"): 2}
    assert states(ward, second.digest) == waits
    third, record = release(ward, snapshot=second.digest)
    assert record.delivery == ward.base.digest
    assert third.snapshot.layers == (ward.base.digest, second.digest)
    assert events(third).num_rows == events(second).num_rows + 2
    assert states(ward, third.digest) == {
        ("no_known_at", "released"): 2,
        ("no_known_at", "waiting"): 1,
        ("unknown_unit", "waiting"): 2,
    }


def retraction(name, version):
    whole = lab(name, version=version, known_at="2023-02-01T08:00:00Z")
    return whole.replace("corrected", "entered-in-error")


@pytest.mark.parametrize("fold", [False, True])
def test_a_row_that_was_retracted_while_it_waited_comes_in_ended(ward, fold):
    more = write(ward.scratch / "more", labs=[retraction("R4", 2)])
    second = growing.append(ward.desk, "hospital", more, onto=ward.base.digest)
    second = kept.compact(ward.desk, second.digest) if fold else second
    grown, record = release(ward, snapshot=second.digest)
    assert record.released == {"no_known_at": 2}
    (row,) = [row for row in events(grown).to_pylist() if row["source_row"] == "R4/1"]
    until = parse_instant("2023-02-01T08:00:00Z").replace(tzinfo=None)
    assert row["superseded_at"] == until
    # The control: had nothing been kept of the retraction, it would be seen for ever.
    alone, _ = release(ward)
    (row,) = [row for row in events(alone).to_pylist() if row["source_row"] == "R4/1"]
    assert row["superseded_at"] is None


def test_dismissed_rows_stay_beside_the_snapshot_and_stay_out(ward):
    account = ward.base.snapshot.account
    record = closing.dismiss(ward.desk, word(ward), reason="unknown_unit", source="handmade/labs")
    assert record.dismissed == {"unknown_unit": 2}
    assert states(ward)["unknown_unit", "dismissed"] == 2
    assert quarantining.rows_of(ward.base).num_rows == account.quarantined == 4
    with pytest.raises(NotFound):
        closing.dismiss(ward.desk, word(ward), reason="unknown_unit")
    closing.dismiss(ward.desk, word(ward), reason="no_known_at")
    with pytest.raises(Refused) as refused:  # a lag that would let them in does not
        release(ward)
    assert refused.value.code == "quarantine.nothing"


def test_folding_keeps_states_and_age_and_counts_released_rows_once(ward):
    closing.dismiss(ward.desk, word(ward), reason="unknown_unit")
    grown, _ = release(ward, lags={"LOINC//": DAY})
    folded = kept.compact(ward.desk, grown.digest)
    account = folded.snapshot.account
    assert account.balanced
    assert account.rows_in == ward.base.snapshot.account.rows_in
    assert account.accepted == ward.base.snapshot.account.accepted + 2
    assert account.quarantined_by_reason == {"unknown_unit": 2}
    assert folded.snapshot.quarantine.rows == account.quarantined == 2
    assert events(folded).equals(events(grown))
    (one,) = quarantining.waiting(ward.desk)
    assert (one.snapshot, one.state, one.rows, one.since) == (folded.digest, "dismissed", 2, AT)


def test_what_waits_too_long_is_refused_and_what_is_closed_does_not_wait(ward):
    found = quarantining.waiting(ward.desk)
    assert {one.age_hours for one in found} == {24.0}
    quarantining.require_none_waits(found, longer_than=DAY)
    with pytest.raises(Refused) as refused:
        quarantining.require_none_waits(found, longer_than=HOUR)
    assert (refused.value.code, refused.value.exit_code) == ("quarantine.overdue", 3)
    assert "4 rows" in refused.value.message
    release(ward)
    closing.dismiss(ward.desk, word(ward), snapshot=ward.base.digest, reason="unknown_unit")
    quarantining.require_none_waits(quarantining.waiting(ward.desk), longer_than=HOUR)


def test_rows_are_shown_with_their_state(ward):
    release(ward)
    newest = ingesting.held(ward.desk).digest
    rows = quarantining.standing(ward.desk, newest, state="released")
    assert sorted(rows["source_row"].to_pylist()) == ["R1/2", "R4/1"]
    assert pc.unique(rows["reason"]).to_pylist() == ["no_known_at"]
    with pytest.raises(BadInput):
        quarantining.standing(ward.desk, newest, state="gone")


MAPPING = """\
system: clinic
version: "1"
time_zone: UTC
synthetic: true
tables:
  - name: results
    file: results.csv
    subject: patient
    row_id: [id]
    known_at: {rule: recorded, columns: [stored]}
    replace: {unit: {}}
    events:
      - code: ["LOINC//{test}"]
        time: {columns: [drawn]}
        value: value
        unit: unit
"""
HEAD = "id,patient,test,value,unit,drawn,stored\n"
TIMES = "2023-01-06T06:00:00Z,2023-01-06T08:00:00Z"


@pytest.fixture
def clinic(ward):
    """A mapped delivery of which two rows are in a unit that nobody knows."""
    folder = ward.scratch / "clinic"
    folder.mkdir()
    cells = ["1,a,2160-0,1.1,mg/dL", "2,a,2160-0,2.2,mgs", "3,b,2160-0,3.3,mgs"]
    (folder / "results.csv").write_text(HEAD + "".join(f"{row},{TIMES}\n" for row in cells))
    (ward.scratch / "mapping.yaml").write_text(MAPPING)
    return SimpleNamespace(
        folder=folder,
        base=ingesting.ingest(ward.desk, "mapped", folder, mapping=ward.scratch / "mapping.yaml"),
    )


def mapped(ward, clinic, text, *, base=None):
    path = ward.scratch / "corrected.yaml"
    path.write_text(text)
    return closing.release(
        ward.desk,
        clinic.folder,
        word(ward, because="mgs is how the clinic writes mg/dL"),
        declared=Declared(mapping=path),
        snapshot=(base or clinic.base).digest,
    )


CORRECTED = MAPPING.replace("replace: {unit: {}}", "replace: {unit: {mgs: mg/dL}}")


def test_a_corrected_mapping_lets_in_rows_of_a_mapped_source(ward, clinic):
    grown, record = mapped(ward, clinic, CORRECTED)
    assert record.released == {"unknown_unit": 2}
    assert record.mapping is not None
    assert record.mapping in ward.desk.home.artifacts
    assert set(events(grown)["unit"].to_pylist()) == {"mg/dL"}
    assert events(grown).num_rows == 3


@pytest.mark.parametrize(
    "other",
    [
        CORRECTED.replace('"LOINC//{test}"', '"LOCAL//{test}"'),
        CORRECTED.replace("        unit: unit\n", "        fixed_unit: mg/dL\n").replace(
            "value: value", "value: id"
        ),
        CORRECTED.replace("row_id: [id]", "row_id: [id, test]"),
    ],
)
def test_a_mapping_that_changes_rows_that_came_in_is_refused(ward, clinic, other):
    there = ward.desk.home.snapshots.list()
    with pytest.raises(Refused) as refused:
        mapped(ward, clinic, other)
    assert refused.value.code == "quarantine.others"
    assert "that were not quarantined" in refused.value.message
    assert refused.value.where == "results"
    assert ward.desk.home.snapshots.list() == there


def test_a_row_that_was_delivered_again_since_is_not_overwritten_by_the_older_one(ward, clinic):
    newer = ward.scratch / "newer"
    newer.mkdir()
    (newer / "results.csv").write_text(f"{HEAD}2,a,2160-0,9.9,mg/dL,{TIMES}\n")
    second = growing.append(
        ward.desk, "mapped", newer, onto=clinic.base.digest, mapping=ward.scratch / "mapping.yaml"
    )
    third, record = mapped(ward, clinic, CORRECTED, base=second)
    assert (record.released, record.waiting) == ({"unknown_unit": 1}, {"overtaken": 1})
    assert record.ended == 0
    values = events(third).filter(events(third)["superseded_at"].is_null())["numeric_value"]
    assert [round(value, 1) for value in sorted(values.to_pylist())] == [1.1, 3.3, 9.9]


def test_a_row_that_was_withdrawn_while_it_waited_stays_out(ward, clinic):
    newer = ward.scratch / "newer"
    newer.mkdir()
    (newer / "results.csv").write_text(f"{HEAD}2,a,cancelled,,,{TIMES}\n")
    drops = MAPPING.replace(
        "value: value\n", "value: value\n        where: [{column: test, besides: [cancelled]}]\n"
    )
    path = ward.scratch / "drops.yaml"
    path.write_text(drops)
    second = growing.append(ward.desk, "mapped", newer, onto=clinic.base.digest, mapping=path)
    assert second.snapshot.account.rejected == 1
    third, record = mapped(ward, clinic, CORRECTED, base=second)
    assert (record.released, record.waiting) == ({"unknown_unit": 1}, {"overtaken": 1})
    values = sorted(events(third)["numeric_value"].to_pylist())
    assert [round(value, 1) for value in values] == [1.1, 3.3]


def test_a_lag_alone_needs_no_mapping_again(ward):
    folder = ward.scratch / "claims"
    folder.mkdir()
    (folder / "results.csv").write_text(f"{HEAD}1,a,2160-0,1.1,mg/dL,{TIMES}\n")
    path = ward.scratch / "undeclared.yaml"
    path.write_text(MAPPING.replace("{rule: recorded, columns: [stored]}", "{rule: undeclared}"))
    base = ingesting.ingest(ward.desk, "mapped", folder, mapping=path)
    assert base.snapshot.account.quarantined == 1
    grown, record = release(ward, folder=folder, lags={"results": DAY}, snapshot=base.digest)
    assert record.released == {"no_known_at": 1}
    assert events(grown).num_rows == 1


def test_a_snapshot_that_was_let_go_no_longer_waits(ward):
    more = write(ward.scratch / "more", labs=[lab("R7", "7.7")])
    newest = ingesting.ingest(ward.desk, "hospital", more)
    assert len(quarantining.waiting(ward.desk)) == 2
    assert quarantining.waiting(ward.desk, "newest") == ()
    kept.let_go(ward.desk, ward.base.digest)
    assert quarantining.waiting(ward.desk) == ()
    assert ward.desk.home.snapshots.list() == (newest.digest,)


@pytest.mark.data
def test_real_immunizations_without_a_time_of_recording_come_in_by_a_lag(data_folder, tmp_path):
    desk = create_home(tmp_path / "home", at=AT)
    said = " ".join(("a sentence", "to remember"))
    people.add_person(desk, "erik", printed_name="Erik", roles=["data_engineer"], passphrase=said)
    folder = data_folder / "synthea-fhir-r4"
    base = ingesting.ingest(desk, "fhir", folder)
    waits = {one.source: one.rows for one in quarantining.waiting(desk) if "known" in one.reason}
    lags = {"Immunization": DAY}
    grown, record = closing.release(
        desk, folder, Word("erik", said, "agreed"), declared=Declared(lags=lags)
    )
    assert sum(record.released.values()) == waits["fhir/Immunization"] > 5000
    whole = base.snapshot.account.quarantined
    assert sum(record.waiting.values()) == whole - waits["fhir/Immunization"]
    at_once = ingesting.ingest(desk, "fhir", folder, lags=lags)
    assert events(grown).equals(events(at_once))
    desk.home.close()


def test_of_two_rows_under_one_name_only_the_one_that_is_cured_comes_in(ward):
    labs = [lab("R1"), lab("R9", "9.1", known_at=""), lab("R9", "9.2", known_at="")]
    folder = write(ward.scratch / "twice", labs=labs)
    base = ingesting.ingest(ward.desk, "hospital", folder)
    assert states(ward, base.digest) == {("id_reused", "waiting"): 1, ("no_known_at", "waiting"): 1}
    grown, record = release(ward, folder=folder, snapshot=base.digest)
    assert (record.released, record.waiting) == ({"no_known_at": 1}, {"id_reused": 1})
    values = [
        row["numeric_value"] for row in events(grown).to_pylist() if "R9" in row["source_row"]
    ]
    assert [round(value, 1) for value in values] == [9.1]


def test_files_that_change_after_they_were_looked_at_are_refused(ward, monkeypatch):
    look = closing._delivered

    def then_changed(*args, **more):
        found = look(*args, **more)
        write(ward.folder, labs=[*LABS, lab("R5", known_at="")])
        return found

    monkeypatch.setattr(closing, "_delivered", then_changed)
    with pytest.raises(Refused) as refused:
        release(ward)
    assert refused.value.code == "quarantine.delivery"
    assert left_alone(ward, ward.base)


def test_rows_of_a_file_that_was_taken_in_twice_are_counted_once(ward, capsys):
    home = str(ward.desk.home.root)
    before = quarantining.waiting(ward.desk)
    assert sum(one.rows for one in before) == 4 and not any(one.again for one in before)
    growing.append(ward.desk, "hospital", ward.folder)
    found = quarantining.waiting(ward.desk)
    assert sum(one.rows for one in found) == 8
    assert sum(one.rows for one in found if one.again) == 4
    ward.desk.home.close()
    quarantine.quarantine_ls(home=Path(home), at="2023-08-03T06:00:00Z")
    told = capsys.readouterr().out
    assert "rows: 4 waiting, 0 released, 0 dismissed" in told
    assert "not counted twice: 4 of the same files, taken in again" in told
