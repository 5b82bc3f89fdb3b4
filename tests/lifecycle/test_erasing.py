"""A patient leaves the home without a trace but hashes, and the ledger still verifies."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from attending.errors import BadInput, Denied, Refused
from attending.ingest.without import rows_of_patients
from attending.lifecycle import auditing, erasing, ingesting, simulating, snapshots, witnessing
from attending.lifecycle.cohorts import build_cohort
from attending.lifecycle.desk import create_home
from attending.lifecycle.examples import copy_example
from attending.lifecycle.featuring import build_features
from attending.lifecycle.people import add_person
from attending.lifecycle.projects import open_project
from attending.records.ledger import Subject
from attending.records.snapshot import Snapshot
from attending.stores.predictions import Answer, Observed, Scored
from attending.stores.tables import PREDICTIONS
from attending.times import parse_instant

UNTIL = parse_instant("2024-08-01T06:00:00Z")
WHY = "Article 17, request 12"


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    """A home with a snapshot, tables made from it, scores, outcomes and answers; two erased."""
    folder = tmp_path_factory.mktemp("erasing")
    hospital = simulating.build_hospital(patients=300, years=3, seed=7)
    simulating.write_source(hospital, folder / "source", until=UNTIL)
    project = open_project(copy_example("readmission-synthetic", folder / "project"))
    desk = create_home(folder / "home", at=UNTIL, seed=7)
    secrets = {**simulating.add_persons(desk), "petra": "a long sentence of petra"}
    add_person(
        desk, "petra", printed_name="Petra Voss", roles=["privacy_officer"],
        passphrase=secrets["petra"],
    )  # fmt: skip
    held = ingesting.ingest(desk, "hospital", folder / "source")
    cohort = build_cohort(desk, project)
    build_features(desk, project, cohort)
    rows = cohort.table.to_pylist()
    score(desk, rows)
    gone = tuple(sorted({row["subject_id"] for row in rows})[3:5])
    made = SimpleNamespace(
        desk=desk, project=project, held=held, gone=gone, secrets=secrets, folder=folder,
        before=counts(desk, gone), cohort=cohort,
    )  # fmt: skip
    yield made
    desk.home.close()


def score(desk, rows):
    """Keep a score, an outcome and an answer for every row of a cohort."""
    desk_at = desk.at
    with desk.home.database.transaction() as unit:
        for number, row in enumerate(rows):
            at = row["prediction_time"].replace(tzinfo=UNTIL.tzinfo)
            whose = {"subject_id": row["subject_id"], "encounter_id": row["encounter_id"]}
            name = f"r{number:05}"
            scored = Scored(
                request_id=name, model="m", version="v1", stage="silent", score=0.5,
                prediction_time=at, content=f'{{"subject_id":"{row["subject_id"]}"}}'.encode(),
                **whose,
            )  # fmt: skip
            desk.home.predictions.add(unit, [scored])
            became = Observed(
                model="m", version="v1", prediction_time=at, snapshot="s", label=0,
                status="matured", **whose,
            )  # fmt: skip
            desk.home.predictions.observe(unit, [became])
            desk.home.predictions.answer(unit, Answer(name, "clara", desk_at, "agree", b"{}"))
        subject = Subject(kind="model", digest="m")
        desk.home.ledger.append(
            unit, at=desk_at, actor="system", action="score.batch", subject=subject
        )


def counts(desk, patients):
    """Return how many rows of some patients stand in each place of the home."""
    found = {"predictions": 0}
    for patient in patients:
        found["predictions"] += len(desk.home.predictions.of_subject(patient))
    files = dict.fromkeys(desk.home.folder("snapshots").rglob("*.parquet"), 0)
    found["snapshots"] = sum(rows_of_patients(path, patients) for path in files)
    tables = 0
    for name in desk.home.artifacts.names():
        data = desk.home.artifacts.read(name)
        if data[:4] == b"PAR1":
            tables += rows_of_patients(pa.BufferReader(data), patients)
    found["artifacts"] = tables
    return found


def bytes_of(desk):
    """Return all bytes of the database's files."""
    return b"".join(path.read_bytes() for path in desk.home.root.glob("store.db*"))


@pytest.mark.fault("G23")
def test_g23_a_patient_is_erased_everywhere_and_the_chain_still_verifies(ward):
    desk = replace(ward.desk, at=UNTIL + timedelta(days=1))
    # Control: the patients are there, and plain deletion of rows is found as damage.
    assert all(ward.before.values())
    assert all(str(one).encode() in bytes_of(desk) for one in ward.gone)
    others = ward.cohort.table.filter(
        pc.invert(pc.is_in(ward.cohort.table["subject_id"], value_set=pa.array(ward.gone)))
    )
    made = erasing.erase(
        desk, ward.gone, person="petra", passphrase=ward.secrets["petra"], reason=WHY
    )
    assert counts(desk, ward.gone) == {"predictions": 0, "snapshots": 0, "artifacts": 0}
    assert not [one for one in ward.gone if str(one).encode() in bytes_of(desk)]
    report = witnessing.verify(desk)
    assert report.ok, report.findings
    assert auditing.fsck(desk) == {"artifacts": [], "snapshots": [], "rows": [], "ledger": []}
    assert made.tables["predictions"] == ward.before["predictions"]
    assert made.tables["feedback"] == made.tables["outcomes"] == made.tables["predictions"]
    assert made.artifacts
    # Everybody else is there, to the row.
    (change,) = made.snapshots
    assert change.rows == ward.before["snapshots"]
    successor = ingesting.held(desk)
    assert successor.digest == change.by
    assert successor.snapshot.rows == ward.held.snapshot.rows - change.rows
    assert successor.snapshot.subjects == ward.held.snapshot.subjects - len(ward.gone)
    desk.home.snapshots.verify(successor.digest)
    again = build_cohort(desk, ward.project)
    assert again.table.to_pylist() == others.to_pylist()
    # What was made from the old snapshot says that it cannot be made again, and why.
    with pytest.raises(Refused) as refusal:
        ingesting.held(desk, ward.held.digest)
    assert refusal.value.code == "data.erased"
    assert f"{change.rows} rows" in refusal.value.message
    assert [one.digest for one in ingesting.snapshots(desk)] == [successor.digest]
    assert snapshots.missing(desk) == ()
    # The deletion is logged; nobody is named in it.
    (entry,) = desk.home.ledger.search(action="erasure.make")
    assert entry.subject == made.digest
    said = made.as_bytes() + b"".join(desk.home.ledger.leaves())
    assert not [one for one in ward.gone if str(one).encode() in said]
    assert erasing.erasures(desk) == (made,)
    assert erasing.returned(desk) == 0


@pytest.mark.fault("G23")
def test_g23_an_erased_patient_who_comes_back_is_found(ward):
    desk = replace(ward.desk, at=UNTIL + timedelta(days=2))
    # Control: nobody has come back yet.
    assert erasing.returned(desk) == 0
    ingesting.ingest(desk, "hospital", ward.folder / "source")
    assert erasing.returned(desk) == len(ward.gone)


@pytest.mark.fault("G23")
def test_g23_what_was_kept_long_enough_is_purged_and_the_rest_is_held(ward):
    desk = replace(ward.desk, at=UNTIL + timedelta(days=3))
    before = parse_instant("2023-06-01T00:00:00Z")
    table = desk.home.predictions.listed("m", versions=["v1"])
    old = pc.less(table["prediction_time"], pa.scalar(before.replace(tzinfo=None)))
    wanted = pc.sum(old).as_py()
    # Control: they are there.
    assert 0 < wanted < table.num_rows
    made = erasing.purge(
        desk, before, person="petra", passphrase=ward.secrets["petra"], reason="Kept long enough"
    )
    assert made.tables == {"feedback": wanted, "outcomes": wanted, "predictions": wanted}
    assert desk.home.predictions.count("m") == table.num_rows - wanted
    assert witnessing.verify(desk).ok
    with pytest.raises(BadInput):
        erasing.purge(
            desk, desk.at, person="petra", passphrase=ward.secrets["petra"], reason="Long enough"
        )


def test_rows_that_are_deleted_without_a_record_are_still_damage(ward):
    desk = replace(ward.desk, at=UNTIL + timedelta(days=4))
    with desk.home.database.transaction() as unit:
        unit.erase(PREDICTIONS, PREDICTIONS.c.request_id == _some(desk))
    assert [one.code for one in desk.home.check_rows()] == ["store.rows"]


def _some(desk):
    return desk.home.predictions.listed("m", versions=["v1"])["request_id"][0].as_py()


def test_only_the_privacy_officer_erases_with_a_reason(ward):
    desk = ward.desk
    with pytest.raises(Denied):
        erasing.erase(desk, ward.gone, person="dana", passphrase=ward.secrets["dana"], reason=WHY)
    with pytest.raises(Denied):
        erasing.erase(desk, ward.gone, person="petra", passphrase=WHY, reason=WHY)
    with pytest.raises(BadInput):
        erasing.erase(
            desk, ward.gone, person="petra", passphrase=ward.secrets["petra"], reason="law"
        )
    with pytest.raises(BadInput):
        erasing.patients_of(desk, ["", " "])
    with pytest.raises(BadInput):
        erasing.patients_of(desk, ["MRN-1"], pseudonyms=True)
    assert erasing.patients_of(desk, ["7"], pseudonyms=True) == (7,)
    assert len(erasing.patients_of(desk, ["P00001", "P00002"])) == 2
    assert desk.home.catalog.list(Snapshot.kind)
