"""A row of a batch says what its score was held against, and what gave it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from attending.cli.app import app
from attending.cli.door import through
from attending.cli.guard import guarded
from attending.lifecycle import reliving, scoring
from attending.times import format_instant
from tests.lifecycle.ward import FIRST, SECOND, make_ward

MIDDLE = FIRST + timedelta(days=60)


@pytest.fixture
def ward(tmp_path):
    made = make_ward(tmp_path)
    yield made
    made.desk.home.close()


def by_fallback(desk, project, *, version=""):
    """Return the version as it answers when its deployment serves the fallback score."""
    whole = scoring.served_as(desk, project, scoring.deployed(desk, project, version))
    return replace(whole, serves="fallback")


@pytest.fixture
def fallen(ward, monkeypatch):
    """Two months that the model scored; from then on the fallback score answers."""
    scoring.score(ward.desk, ward.project, until=MIDDLE)
    monkeypatch.setattr(scoring, "served_version", by_fallback)
    return ward


def rows(ward):
    """Return what was kept of every prediction, by request."""
    found = ward.desk.home.predictions.newest(ward.run.model, "v1", most=10_000)
    return {one.request_id: json.loads(one.content) for one in found}


def last_act(ward):
    return [one for one in ward.desk.home.ledger.entries() if one.action == "score.batch"][-1]


def test_a_fallback_score_is_kept_with_its_own_threshold_and_the_model_s_with_the_model_s(fallen):
    scoring.score(fallen.desk, fallen.project, since=MIDDLE)
    kept = list(rows(fallen).values())
    plan = fallen.project.release
    own = [one for one in kept if one["kind"] == "fallback"]
    model = [one for one in kept if one["kind"] == "live"]
    assert own
    assert model
    for one in own:
        assert one["threshold"] == plan.fallback.threshold != plan.threshold.value
        assert one["scored_by"].startswith("LACE")
        assert one["flagged"] == (one["score"] >= one["threshold"])
        assert "threshold_place" not in one
    # The control: a row of the model is kept as it always was.
    assert {one["threshold"] for one in model} == {plan.threshold.value}
    assert not any("scored_by" in one for one in model)


def test_where_there_is_no_score_no_threshold_is_kept(fallen, monkeypatch):
    monkeypatch.setattr(
        scoring,
        "served_version",
        lambda *asked, **more: replace(by_fallback(*asked, **more), serves="no_score"),
    )
    batch = scoring.score(fallen.desk, fallen.project, since=MIDDLE)
    assert batch.record.n_no_score == batch.record.n > 0
    kept = [one for one in rows(fallen).values() if one["kind"] == "no_score"]
    assert {(one["threshold"], one["score"]) for one in kept} == {(None, None)}
    assert not any("scored_by" in one for one in kept)


def test_rows_that_an_older_release_kept_stay_as_they_are_and_the_batch_is_the_same(
    fallen, monkeypatch
):
    with monkeypatch.context() as older:  # it kept the model's threshold with every row
        older.setattr(
            scoring, "held_against", lambda served, _, **where: served.threshold_at(**where)
        )
        older.setattr(scoring, "scorer", lambda *_: None)
        first = scoring.score(fallen.desk, fallen.project, since=MIDDLE)
    before = rows(fallen)
    old = {name: one for name, one in before.items() if one["kind"] == "fallback"}
    assert {one["threshold"] for one in old.values()} == {fallen.project.release.threshold.value}
    again = scoring.score(fallen.desk, fallen.project, since=MIDDLE)
    assert again.digest == first.digest
    assert (last_act(fallen).details["new"], last_act(fallen).details["made_before"]) == (0, 0)
    assert rows(fallen) == before
    # It is still read, and nothing is said of a threshold that it was not held against.
    found = reliving.relive(
        fallen.desk, fallen.project.name, next(iter(old)), purpose="review of the rows of before"
    )
    assert "scored_by" not in found.said
    # The control: rows that say another thing stand, and are not in the batch.
    monkeypatch.undo()
    scoring.score(fallen.desk, fallen.project, since=MIDDLE)
    assert last_act(fallen).details["made_before"] == len(old)


def explained(ward, request, capsys, monkeypatch):
    """Return the exit code and what `explain prediction` says of a request."""
    argv = ["explain", "prediction", request, "--home", str(ward.desk.home.root), "--json"]
    argv += ["--project", str(ward.project.folder.root), "--at", format_instant(SECOND)]
    monkeypatch.setattr("sys.argv", ["attending", *argv])
    try:
        code = through(guarded(app), argv=argv)
    except SystemExit as done:
        return done.code, capsys.readouterr()
    return code, capsys.readouterr()


def test_the_verb_refuses_to_explain_a_fallback_score_by_name_and_explains_the_model_s(
    fallen, capsys, monkeypatch
):
    scoring.score(fallen.desk, fallen.project, since=MIDDLE)
    kind = {one["kind"]: name for name, one in rows(fallen).items()}
    code, said = explained(fallen, kind["fallback"], capsys, monkeypatch)
    refused = json.loads(said.out)
    assert (code, refused["code"]) == (2, "prediction.fallback")
    assert "fallback score, which no factor of the model explains" in refused["message"]
    code, said = explained(fallen, kind["live"], capsys, monkeypatch)  # the control
    assert code == 0
    assert json.loads(said.out)["same_score"]
