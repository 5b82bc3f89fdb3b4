"""From one score of the ward back to source files, definitions, run and signatures."""

from __future__ import annotations

import json
import shutil
import sqlite3
from dataclasses import replace

import pytest

from attending.cli.app import app
from attending.cli.door import through
from attending.cli.guard import guarded
from attending.digests import canonical
from attending.errors import BadInput, IntegrityBroken, NotFound
from attending.lifecycle import explaining, prediction_trail, reliving, scoring
from attending.lifecycle.desk import note, open_desk
from attending.records.ledger import Subject
from attending.records.prediction import Input, Prediction
from attending.records.snapshot import Snapshot
from attending.times import format_instant, parse_instant
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


WHY = "review of silent alerts of the north ward"


def test_a_score_of_a_batch_is_relived_from_the_events_of_its_patient(ward, asked):
    found = reliving.relive(ward.desk, ward.project.name, asked, purpose=WHY)
    assert found.same
    assert (
        found.again == "Made again from the events of the patient: the same score, to the last bit."
    )
    assert found.bound == ""
    moment = parse_instant(found.said["prediction_time"])
    assert {one.feature for one in found.inputs} == {
        one.name for one in ward.project.features.features
    }
    assert all(one.known_at <= moment for one in found.inputs if one.known_at is not None)
    pushes = [abs(one.push) for one in found.inputs if one.push is not None]
    assert pushes == sorted(pushes, reverse=True)
    read = ward.desk.home.ledger.search(action="patients.read")[-1]
    assert (read.subject, read.details["purpose"]) == (asked, WHY)
    with pytest.raises(BadInput):
        reliving.relive(ward.desk, ward.project.name, asked, purpose="why")
    with pytest.raises(NotFound):
        reliving.one_pager(ward.desk, found)  # this run has no card


def test_a_score_that_came_by_itself_is_made_again_from_what_was_kept_with_it(ward, asked):
    desk, batch = ward.desk, ward.desk.home.predictions.get(asked)
    seen = reliving.relive(desk, ward.project.name, asked, purpose=WHY)
    made = Prediction(
        **{name: seen.said[name] for name in ("model", "version", "stage", "run", "artifact")},
        feature_set=ward.run.feature_set, answer="continue", outcome="live", scored_by="v1",
        prediction_time=batch.prediction_time, index_start=batch.prediction_time,
        score=batch.score,
        inputs=tuple(
            Input(feature=one.feature, value=one.value, time=one.happened, known_at=one.known_at,
                  missing=one.missing or None)
            for one in seen.inputs
        ),
    )  # fmt: skip
    moved = made.inputs[0].model_copy(update={"value": (made.inputs[0].value or 0.0) + 50.0})
    other = made.model_copy(update={"inputs": (moved, *made.inputs[1:])})
    for name, kept, same in (("a", made, True), ("b", other, False)):
        stored = replace(batch, request_id=name * 32, content=kept.as_bytes())
        with desk.home.database.transaction() as unit:
            desk.home.predictions.add(unit, [stored])
            note(
                desk,
                unit,
                action="score.one",
                subject=Subject(kind="prediction", digest=stored.request_id),
            )
        found = reliving.relive(desk, ward.project.name, stored.request_id, purpose=WHY)
        assert found.same is same
        assert found.again.endswith("to the last bit." if same else "Open an incident.")


def test_a_fallback_score_of_a_batch_is_explained_by_nothing_of_the_model(ward, asked):
    desk, batch = ward.desk, ward.desk.home.predictions.get(asked)
    said = {**json.loads(batch.content), "kind": "fallback", "score": 8.0}
    stored = replace(batch, request_id="f" * 32, score=8.0, content=canonical(said))
    with desk.home.database.transaction() as unit:
        desk.home.predictions.add(unit, [stored])
        subject = Subject(kind="prediction", digest=stored.request_id)
        note(desk, unit, action="score.one", subject=subject)
    found = reliving.relive(desk, ward.project.name, stored.request_id, purpose=WHY)
    assert (found.same, found.inputs, found.explanation) == (True, (), None)
    assert found.again == "The model gave no score, so there is none to make again."
    with pytest.raises(NotFound) as refusal:
        explaining.explain_request(desk, ward.project, stored.request_id)
    assert refusal.value.code == "prediction.fallback"
    # The control: of the model's own score every input is told.
    assert reliving.relive(desk, ward.project.name, asked, purpose=WHY).inputs
