"""P01, P06: a step that is killed leaves nothing half done, and no byte of a run changes unseen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from attending.digests import canonical
from attending.lifecycle import signing, training
from attending.lifecycle.auditing import fsck
from attending.lifecycle.desk import open_desk
from attending.lifecycle.projects import open_project
from attending.models.registered import MODELS
from attending.times import parse_instant
from tests.faults.conftest import AT
from tests.lifecycle.study import Study
from tests.lifecycle.ward import enter, sign

if TYPE_CHECKING:
    from pathlib import Path

#: By verb, where it is killed: before and after files are put and renamed, records kept, and
#: transactions committed.
POINTS = {
    ("ingest", "hospital"): (
        "attending.stores.snapshots:Snapshots.adopt:before",
        "attending.stores.snapshots:Snapshots.adopt:after",
    ),
    ("cohort", "build"): (
        "attending.stores.artifacts:write_once:after",
        "attending.lifecycle.cohorts:keep:before",
    ),
    ("features", "build"): (
        "attending.stores.artifacts:write_once:before",
        "attending.stores.ledger:Ledger.append:after",
    ),
    ("gate", "leaks"): ("attending.stores.ledger:Ledger.append:before",),
    ("train", "fit"): (
        "attending.stores.artifacts:write_once@2:after",
        "attending.stores.deployments:Deployments.enter:before",
        "attending.stores.deployments:Deployments.enter:after",
        "attending.lifecycle.training:keep_run:after",
    ),
    ("validate", "model"): ("attending.lifecycle.validating:write_report:before",),
    ("run", "replay"): ("attending.lifecycle.replaying:keep:before",),
}


@pytest.fixture
def killer():
    """A process that forks others and has them killed."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.kill_at"],
        env={**os.environ, "OMP_NUM_THREADS": "2"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.stdin.close()


def killed(killer, study, point, *verb):
    """Run one verb in a process of its own that is killed at a point."""
    where = ["--home", str(study.home), "--at", AT]
    if verb[0] != "ingest":
        where += ["--project", str(study.project)]
    killer.stdin.write(json.dumps([point, *verb, *where]) + "\n")
    killer.stdin.flush()
    assert killer.stdout.readline().strip() == "-9", point


def half_done(study) -> list[str]:
    """Return the runs that have no place, or whose files cannot all be read."""
    with open_desk(study.home, at=parse_instant(AT)) as desk:
        found = []
        for run in training.runs_of(desk, open_project(study.project)):
            placed = desk.home.catalog.list("deployment", run=run.digest)
            whole = all(item.digest in desk.home.artifacts for item in run.artifacts)
            if not placed or not whole:
                found.append(run.digest)
        return found


def sound(study) -> bool:
    """Return whether the ledger verifies and every file and record is what its name says."""
    return not study.asked("audit", "verify").json["findings"] and not half_done(study)


@pytest.mark.fault("P01")
def test_p01_a_step_that_is_killed_anywhere_leaves_nothing_half_done_and_is_done_again(
    tmp_path, killer
):
    quiet = Study(tmp_path / "quiet")
    quiet.ingest(quiet.extract())
    never = quiet.asked("run", "show", quiet.fit()).json
    # Control: without the one transaction a run stands that has no place.
    unguarded = "attending.stores.deployments:Deployments.enter:commits"
    killed(killer, quiet, unguarded, *_another(quiet))
    assert half_done(quiet)
    # Guard: a run is whole or not there, wherever the step was killed.
    study = Study(tmp_path / "killed")
    extract = study.extract()
    study.commit()
    kills = 0
    for verb, points in POINTS.items():
        asked = (*verb, str(extract)) if verb[0] == "ingest" else verb
        for point in points:
            killed(killer, study, point, *asked)
            kills += 1
            assert sound(study), point
        study.asked(*asked)
        assert sound(study), verb
    assert kills == sum(map(len, POINTS.values())) == 13
    # What was killed and done again is what was never killed.
    assert study.asked("run", "show").json["artifacts"] == never["artifacts"]
    assert len(study.asked("run", "ls").json) == 1


def _another(study):
    study.specs("model", lambda spec: spec.update(parameters={"l2": 7.0}))
    return ("train", "fit")


#: As `POINTS`: the package, and what gives a run standing, lets it go on, and takes it back.
LATER_POINTS = {
    ("run", "promote"): (
        "attending.lifecycle.promoting:keep_run:before",
        "attending.lifecycle.promoting:keep_run:after",
        "attending.lifecycle.promoting:keep:after",
    ),
    ("card", "build"): (
        "attending.lifecycle.validating:keep:before",
        "attending.lifecycle.validating:keep:after",
        "attending.stores.artifacts:write_once:after",
    ),
    ("release", "advance", "trained"): (
        "attending.stores.deployments:Deployments.give_version:after",
        "attending.stores.deployments:Deployments.enter:after",
        "attending.lifecycle.releasing:note:after",
    ),
    ("release", "rollback"): (
        "attending.stores.deployments:Deployments.enter:before",
        "attending.stores.deployments:Deployments.enter:after",
        "attending.lifecycle.releasing:note:after",
    ),
}


@pytest.mark.fault("P01")
def test_p01_packaging_promotion_and_rollback_that_are_killed_are_done_again_once(tmp_path, killer):
    study = Study(tmp_path)
    study.agree()
    study.commit()
    study.ingest(study.extract())
    extra = study.project / "notes.txt"
    extra.write_text("not committed")
    study.fit()
    extra.unlink()
    kills = 0
    for verb, points in LATER_POINTS.items():
        options = _readied(study, verb)
        for point in points:
            stood = _stands(study)
            killed(killer, study, point, *verb, *options)
            kills += 1
            assert sound(study), point
            assert _stands(study) == stood, point  # all of an act is there, or nothing
        if verb[0] != "release":
            study.asked(*verb, *options)
            assert sound(study), verb
            continue
        # Killed once it is durable it is done, and is not done twice.
        killed(killer, study, f"attending.lifecycle.releasing:{verb[1]}:after", *verb, *options)
        kills += 1
        assert sound(study), verb
        now = _stands(study)
        assert now[: len(stood)] == stood and len(now) == len(stood) + 1, verb
        assert now[-1][:2] == (verb[1], "v1")
        study.asked(*verb, *options, code=3)
        assert _stands(study) == now, verb
    assert kills == 14


def _stands(study) -> list[tuple[str, str, str]]:
    """Return the acts on the model, each with its entry, in a home in which all is sound."""
    with open_desk(study.home, at=parse_instant(AT)) as desk:
        assert not any(fsck(desk).values())
        noted = {entry.subject[-64:] for entry in desk.home.ledger.entries()}
        history = desk.home.deployments.history("readmission-30d")
        acts = [(str(one.act), one.version, str(one.stage)) for one in history if one.version]
        assert {one.digest for one in history if one.version} <= noted
        return acts


def _readied(study, verb) -> tuple[str, ...]:
    """Do what must stand before a verb, and return what it is asked with."""
    if verb == ("run", "promote"):
        return (study.run_digest,)
    if verb == ("release", "advance", "trained"):
        study.asked("run", "replay")
        study.asked("features", "parity")
        with open_desk(study.home, at=parse_instant(AT), actor="dana") as desk:
            project = open_project(study.project)
            kept = signing.propose_specs(desk, project)
            run = training.latest_run(desk, project)
            sign(desk, kept["data_access"], study.secrets, person="caro", role="compliance_officer")
            erik = {"person": "erik", "role": "data_engineer"}
            sign(desk, run.digest, study.secrets, **erik, meaning="review")
    if verb == ("release", "rollback"):
        with open_desk(study.home, at=parse_instant(AT), actor="omar") as desk:
            project = open_project(study.project)
            stands = desk.home.deployments.current(project.name)
            run = training.latest_run(desk, project)
            plan = project.release.digest
            enter(desk, run, stage="live", plan=plan, previous=stands.digest)
        secret = study.folder / "omar.secret"
        secret.write_text(study.secrets["omar"])
        secret.chmod(0o600)
        return ("--as", "omar", "--reason", "Alerts doubled.", "--passphrase-file", str(secret))
    return ()


@pytest.mark.fault("P06")
def test_p06_a_changed_or_torn_file_of_a_run_is_found_by_who_reads_it_and_named(tmp_path):
    study = Study(tmp_path)
    study.ingest(study.extract())
    digest = study.fit()
    run = study.asked("run", "show", digest).json
    shelf, where = study.home / "artifacts", study.home / "snapshots" / run["snapshot"]
    names = [one["digest"] for one in run["artifacts"]] + list(run["specs"].values())
    export = ("run", "export", digest, str(tmp_path / "out"), "--to", "mlflow")
    read: list[tuple[Path, tuple[str, ...], str]] = [
        (shelf / name[:2] / name[2:], export, name[:12]) for name in names
    ]
    read += [(path, ("run", "replay", digest), path.name) for path in sorted(where.iterdir())]
    assert len(read) >= 10
    # Control: read without its digest, a model with another coefficient is a model like any other.
    model = {one["name"]: one["digest"] for one in run["artifacts"]}["model.json"]
    assert _reads_as_a_model((shelf / model[:2] / model[2:]).read_bytes())
    found = 0
    for path, verb, named in read:
        whole = path.read_bytes()
        for damaged in (_flipped(whole), whole[: len(whole) // 2], b""):
            _write(path, damaged)
            refused = study.told(*verb, code=4)
            assert named in refused.err, (path, refused.err)
            found += 1
        _write(path, whole)
    assert found == 3 * len(read)
    assert not (tmp_path / "out").exists()
    again = study.asked("run", "replay", digest).json
    assert again["same_files"]
    assert again["same_result"]


def _reads_as_a_model(data: bytes) -> bool:
    """Return whether a model file with another number in it still reads as one."""
    told = json.loads(data)
    told["intercept"] += 1.0
    names = [column["name"] for column in told["columns"]]
    read = MODELS.get("logistic").read(canonical(told), names=names)
    return read.names == tuple(names)


def _flipped(data: bytes) -> bytes:
    at = len(data) // 3
    return data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]


def _write(path, data: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(data)
