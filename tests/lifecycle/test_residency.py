"""A backup, and a restore, stand only where the contracts let the data stand."""

from __future__ import annotations

import contextlib
import io

import pytest

from attending.cli.app import app
from attending.cli.door import through
from attending.errors import Refused
from attending.lifecycle import recovery, residency
from attending.lifecycle.desk import create_home, keep
from attending.lifecycle.examples import copy_example
from attending.lifecycle.projects import open_project
from attending.lifecycle.recovery import Wanted
from attending.lifecycle.run_specs import spec_bytes
from attending.times import parse_instant
from tests.documents.example_records import run

AT = parse_instant("2026-03-02T06:00:00Z")


@pytest.fixture
def desk(tmp_path):
    """A home with a run under a contract that keeps the data in the region `local`."""
    project = open_project(copy_example("readmission-synthetic", tmp_path / "project"))
    assert project.contract.residency == ("local",)
    desk = create_home(tmp_path / "home", at=AT)
    kept = desk.home.artifacts.put(spec_bytes(project.contract))
    keep(desk, run(specs={"contract": kept}), action="run.fit", keys={"model": "m"})
    yield desk
    desk.home.close()


@pytest.mark.requirement("J8", "J11")
def test_backups_restores_and_drills_stay_in_the_regions_of_the_contract(desk, tmp_path):
    assert residency.allowed_regions(desk.home) == frozenset({"local"})
    for region, code in (("abroad", "residency.outside"), ("", "residency.not_said")):
        with pytest.raises(Refused) as refusal:
            recovery.make(desk, tmp_path / "backups", region=region)
        assert refusal.value.code == code
    assert not (tmp_path / "backups").exists()
    recovery.make(desk, tmp_path / "backups", region="local")
    with pytest.raises(Refused) as refusal:
        recovery.restore(tmp_path / "backups", tmp_path / "far", Wanted(), at=AT, region="abroad")
    assert refusal.value.code == "residency.outside"
    with pytest.raises(Refused):
        recovery.drill(
            desk,
            tmp_path / "backups",
            tmp_path / "far",
            region="abroad",
            rpo_seconds=60,
            rto_seconds=60,
        )
    # Nothing of the data was left abroad.
    assert not [path for path in tmp_path.iterdir() if "far" in path.name]
    back = tmp_path / "near"
    recovery.restore(tmp_path / "backups", back, Wanted(), at=AT, region="local")
    assert (back / "settings.yaml").is_file()


def test_an_export_to_another_region_is_refused_before_anything_is_written(desk, tmp_path):
    out, err = io.StringIO(), io.StringIO()
    where = ["--home", str(desk.home.root), "--at", "2026-03-02T07:00:00Z"]
    asked = ["snapshot", "export", str(tmp_path / "out"), "--region", "abroad", *where]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = through(lambda: app(asked, standalone_mode=False), argv=asked)
    assert (code, "residency.outside" in err.getvalue()) == (3, True)
    assert not (tmp_path / "out").exists()


def test_a_home_without_contracts_states_no_region(tmp_path):
    desk = create_home(tmp_path / "home", at=AT)
    assert residency.allowed_regions(desk.home) is None
    residency.require_region(desk.home, "")
    desk.home.close()
