"""Canary patients: quiet while nothing changes; any change without a release is an incident."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from attending.errors import BadInput, Refused
from attending.features.online import for_patient
from attending.lifecycle import canaries, delivering, incidents, scoring, watching
from attending.lifecycle.projects import open_project
from attending.records.incident import Incident
from attending.serve import score as scorer
from attending.specs.features import FeaturesSpec
from attending.stores.home import Home
from tests.lifecycle.ward import enter, make_ward


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A home with a version in silent, scored and watched, with canary patients of its release."""
    found = make_ward(tmp_path_factory.mktemp("canaries"))
    scoring.score(found.desk, found.project)
    scoring.join_outcomes(found.desk, found.project)
    found.kept = canaries.keep_canaries(found.desk, found.project)
    found.desk.home.close()
    return found


@pytest.fixture
def desk(made, tmp_path):
    home = Home.open(shutil.copytree(made.desk.home.root, tmp_path / "home"))
    yield replace(made.desk, home=home)
    home.close()


def opened(desk):
    return desk.home.catalog.all(Incident)


def tomorrow(desk, days=1):
    return replace(desk, at=desk.at + timedelta(days=days))


def names(report):
    return [one.name for one in report.findings]


@pytest.mark.requirement("K2")
def test_a_score_that_changes_without_a_release_opens_one_typed_incident(desk, made, monkeypatch):
    # The control: days on which nothing changes are silent, whatever the verdict says.
    for days in (1, 2, 400):
        assert canaries.check_canaries(tomorrow(desk, days), made.project).quiet
    assert opened(desk) == ()
    desk = tomorrow(desk, 401)
    assert "canary_changed" not in names(watching.monitor(desk, made.project))
    # A parameter of the kernel: windows end up a tenth longer than they were asked for.
    text = made.project.features.model_dump(mode="json")
    for one in text["features"]:
        if one["window"] not in (None, "encounter"):
            one["window"] = "3d"
    other = FeaturesSpec.model_validate(text)
    monkeypatch.setattr(scorer, "for_patient", lambda plan, *a, **k: for_patient(other, *a, **k))
    found = canaries.check_canaries(desk, made.project)
    assert found.changed
    (incident,) = opened(desk)
    assert (incident.type, incident.opened_by) == ("unexplained_score_change", "system")
    again = canaries.check_canaries(tomorrow(desk), made.project)
    assert again.incident == found.incident
    assert len(opened(desk)) == 1
    report = watching.monitor(tomorrow(desk), made.project)
    (finding,) = [one for one in report.findings if one.name == "canary_changed"]
    assert (finding.drift, finding.severity) == ("unknown", "act")
    assert watching.give_verdict(tomorrow(desk), made.project).answer in {"restrict", "fallback"}
    with pytest.raises(Refused, match="scored otherwise"):
        canaries.require_quiet(again)
    # Put right again, it is quiet; the incident stays for people to close.
    monkeypatch.undo()
    assert canaries.check_canaries(tomorrow(desk, 2), made.project).quiet
    assert incidents.incidents(desk, open_only=True)


def test_changed_files_and_code_lists_are_caught(desk, made, tmp_path):
    folder = shutil.copytree(made.project.folder.root, tmp_path / "project")
    path = folder / "features.yaml"
    path.write_text(path.read_text().replace("LOINC//2160-0", "LOINC//2160-9"))
    found = canaries.check_canaries(desk, open_project(folder))
    assert found.error == "serve.features"
    assert [one.type for one in opened(desk)] == ["unexplained_score_change"]
    assert canaries.check_canaries(tomorrow(desk), made.project).quiet
    # A byte of the model's file.
    file = next(
        path
        for item in made.run.artifacts
        for path in desk.home.folder("artifacts").rglob(f"*{item.digest[2:]}*")
    )
    file.chmod(0o600)
    file.write_bytes(file.read_bytes() + b" ")
    assert canaries.check_canaries(tomorrow(desk, 2), made.project).error.startswith("artifact")


def test_they_count_nowhere_and_are_the_same_for_the_same_release(desk, made):
    before = (
        scoring.predictions_of(desk, made.project, "v1").num_rows,
        desk.home.deliveries.standing(),
        watching.monitor(desk, made.project).n_predictions,
    )
    assert canaries.check_canaries(desk, made.project).quiet
    after = (
        scoring.predictions_of(desk, made.project, "v1").num_rows,
        desk.home.deliveries.standing(),
        watching.monitor(desk, made.project).n_predictions,
    )
    assert before == after
    assert delivering.worklist(desk, made.project.name) == []
    subjects = scoring.predictions_of(desk, made.project, "v1")["subject_id"].to_pylist()
    assert min(subjects) > 0
    assert len(made.kept.answers) == 5
    assert {one.outcome for one in made.kept.answers} == {"live"}
    assert len({one.score for one in made.kept.answers}) > 1


def test_a_release_keeps_its_canaries_until_somebody_says_why_not(desk, made):
    with pytest.raises(Refused, match="what they got counts"):
        canaries.keep_canaries(desk, made.project)
    stands = scoring.deployed(desk, made.project)
    assert canaries.keep_at_release(desk, made.project, stands) == ""
    limited = enter(
        tomorrow(desk), made.run, stage="limited", plan=made.project.release.digest,
        previous=made.entered,
    )  # fmt: skip
    stands = scoring.deployed(desk, made.project)
    assert stands.digest == limited
    said = canaries.keep_at_release(tomorrow(desk), made.project, stands)
    assert said == "5 canary patients were kept"
    assert canaries.set_of(desk, stands).stage == "limited"
    with pytest.raises(BadInput, match="reason"):
        canaries.reason_of("new")
    renewed = canaries.keep_canaries(
        tomorrow(desk), made.project, renewed_because="the kernel was validated anew"
    )
    assert canaries.set_of(desk, scoring.deployed(desk, made.project)) == renewed
    assert canaries.check_canaries(tomorrow(desk), made.project).canaries == renewed.digest
