"""From one score of the ward back to source files, definitions, run and signatures."""

from __future__ import annotations

import json
import shutil
import sqlite3

import pytest

from attending.cli.app import app
from attending.cli.door import through
from attending.cli.guard import guarded
from attending.errors import IntegrityBroken, NotFound
from attending.lifecycle import prediction_trail, scoring
from attending.lifecycle.desk import open_desk
from attending.records.snapshot import Snapshot
from attending.times import format_instant
from tests.lifecycle.ward import SECOND, make_ward, sign


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    made = make_ward(tmp_path_factory.mktemp("trail"))
    sign(made.desk, made.run.digest, made.secrets, person="erik", role="data_engineer")
    scoring.score(made.desk, made.project)
    yield made
    made.desk.home.close()


@pytest.fixture(scope="module")
def asked(ward):
    """The request id of one score."""
    return ward.desk.home.predictions.table(ward.project.name)["request_id"][0].as_py()


@pytest.mark.requirement("C10")
def test_one_score_leads_back_to_files_definitions_run_and_signatures(ward, asked):
    desk = ward.desk
    stops = prediction_trail.trail(desk, asked)
    told = [stop.what for stop in stops]
    assert told[:3] == ["prediction", "prediction_batch", "snapshot"]
    for before, after in (
        ("snapshot", "source_file"), ("source_file", "definition"), ("definition", "release"),
        ("release", "approval"), ("approval", "run"), ("run", "artifact"),
        ("artifact", "deployment"),
    ):  # fmt: skip
        assert told.index(before) < told.index(after), told
    # The files are those that were read: of the extract that was scored, and of the one fitted on.
    snapshots = [desk.home.catalog.get(stop.digest, Snapshot) for stop in stops
                 if stop.what == "snapshot"]  # fmt: skip
    files = {item.digest for found in snapshots for item in found.files}
    assert len(snapshots) == 2
    assert {stop.digest for stop in stops if stop.what == "source_file"} == files
    definitions = [stop.said for stop in stops if stop.what == "definition"]
    assert len(definitions) == len(ward.project.features.features)
    assert all(", owner " in said for said in definitions)
    runs = [stop.digest for stop in stops if stop.what == "run"]
    assert runs == [ward.run.digest]
    signed = [stop.said for stop in stops if stop.what == "approval"]
    assert any("operator: approval of this release" in said for said in signed)
    assert any("data_engineer: approval of this run" in said for said in signed)
    with pytest.raises(NotFound):
        prediction_trail.trail(desk, "no such request")


def test_it_shows_nothing_of_the_patient(ward, asked):
    stored = ward.desk.home.predictions.get(asked)
    shown = json.dumps(
        [vars(stop) for stop in prediction_trail.trail(ward.desk, asked)], default=str
    )
    assert str(stored.subject_id) not in shown
    assert str(stored.encounter_id) not in shown
    assert str(stored.score) not in shown


def test_a_score_that_was_changed_breaks_its_trail(ward, asked, tmp_path, monkeypatch, capsys):
    copy = shutil.copytree(ward.desk.home.root, tmp_path / "home")
    argv = ["audit", "trail", asked, "--json", "--home", str(copy)]
    argv += ["--at", format_instant(SECOND)]
    monkeypatch.setattr("sys.argv", ["attending", *argv])
    with pytest.raises(SystemExit) as done:
        through(guarded(app), argv=argv)
    assert done.value.code == 0
    assert json.loads(capsys.readouterr().out)[0]["what"] == "prediction"
    with sqlite3.connect(copy / "store.db") as store:
        store.execute("UPDATE predictions SET score = 0.01 WHERE request_id = ?", (asked,))
    store.close()
    with open_desk(copy, at=SECOND) as desk, pytest.raises(IntegrityBroken) as refusal:
        prediction_trail.trail(desk, asked)
    assert refusal.value.code == "prediction.changed"
    assert through(guarded(app), argv=argv) == 4
