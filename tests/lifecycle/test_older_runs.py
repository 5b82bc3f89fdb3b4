"""A run of release 0.1.0 reads back to its bytes and still repeats; one of a later form is refused.

`release_0_1_0` holds what that release wrote: four records, the model's files, a snapshot, and the
project. It is never written again.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from attending.digests import digest_bytes
from attending.errors import IntegrityBroken, NotFound, Refused
from attending.lifecycle import replaying, training
from attending.lifecycle.desk import create_home, keep
from attending.lifecycle.projects import open_project
from attending.lifecycle.run_specs import asked_by, specs_that_differ
from attending.records.base import from_content
from attending.records.cohort import Cohort
from attending.records.features import FeatureSet
from attending.records.run import FORM, Run
from attending.records.snapshot import Snapshot
from attending.times import parse_instant

OLD = Path(__file__).parent / "release_0_1_0"
AT = parse_instant("2026-01-05T08:00:00Z")
KINDS = {"run": Run, "cohort": Cohort, "feature_set": FeatureSet, "snapshot": Snapshot}


def stored(name):
    return (OLD / "records" / f"{name}.json").read_bytes()


def record(name):
    return from_content(KINDS[name], json.loads(stored(name)))


@pytest.fixture
def old_home(tmp_path):
    """A home that holds what release 0.1.0 left."""
    desk = create_home(tmp_path / "home", at=AT, seed=7)
    for path in (OLD / "artifacts").iterdir():
        assert desk.home.artifacts.put(path) == path.name
    scratch = desk.home.folder("snapshots") / "incoming"
    shutil.copytree(OLD / "snapshot", scratch)
    desk.home.snapshots.adopt(scratch, record("snapshot").digest)
    for name in KINDS:
        keep(desk, record(name), action=f"{name}.copied", keys={"model": "readmission-30d"})
    yield desk
    desk.home.close()


@pytest.mark.parametrize("name", KINDS)
def test_a_record_of_the_first_release_reads_back_to_its_bytes(name):
    assert record(name).as_bytes() == stored(name)


def test_a_run_of_the_first_release_is_of_form_1_and_says_nothing_of_later_fields():
    run = record("run")
    assert (run.form, run.specs, run.label, run.feature_version) == (1, {}, "", "")
    assert run.form < FORM
    assert "form" not in run.content()


def test_its_specs_have_the_digests_that_it_names():
    project, run = open_project(OLD / "project"), record("run")
    assert specs_that_differ(project, run) == []
    assert project.cohort.digest == record("cohort").spec_digest


def test_it_still_repeats_to_the_byte(old_home):
    project, run = open_project(OLD / "project"), record("run")
    again = replaying.replay(old_home, project, run.digest)
    assert again.same_files, again.differences
    assert again.same_result, again.differences
    now = replaying.repeated(old_home, asked_by(old_home, project, run), run).run
    assert now.form == FORM
    assert now.specs.keys() == {"contract", "cohort", "features", "model", "validation"}


def test_it_does_not_repeat_from_other_specs_or_without_its_commit(old_home, tmp_path):
    shutil.copytree(OLD / "project", tmp_path / "project")
    spec = tmp_path / "project" / "model.yaml"
    spec.write_text(spec.read_text().replace("seed: 20260101", "seed: 1"))
    with pytest.raises(NotFound) as refused:
        replaying.replay(old_home, open_project(tmp_path / "project"), record("run").digest)
    assert (refused.value.code, refused.value.where) == ("run.other_specs", "model.yaml")


def test_one_altered_cell_of_its_snapshot_is_named(old_home):
    project, run = open_project(OLD / "project"), record("run")
    shard = old_home.home.snapshots.path(run.snapshot) / "shard-00001.parquet"
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.chmod(0o600)
    shard.write_bytes(bytes(data))
    with pytest.raises(IntegrityBroken) as refused:
        replaying.replay(old_home, project, run.digest)
    assert refused.value.where == "shard-00001.parquet"
    assert refused.value.exit_code == 4


def test_a_run_of_a_form_that_is_not_known_yet_is_refused_and_kept(old_home):
    class LaterRun(Run):
        quantum: str = "used"

    later = LaterRun.model_validate({**record("run").model_dump(), "form": FORM + 1})
    keep(old_home, later, action="run.copied", keys={"model": "readmission-30d"})
    with pytest.raises(Refused) as refused:
        training.latest_run(old_home, open_project(OLD / "project"), later.digest)
    assert refused.value.code == "record.form"
    content = old_home.home.catalog.content(later.digest)
    assert content["quantum"] == "used"
    assert digest_bytes(later.as_bytes()) == later.digest
