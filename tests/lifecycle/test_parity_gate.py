"""The gate before trained: nothing is promoted that the scoring process was not tried on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from attending.errors import Refused
from attending.features.online import for_patient
from attending.lifecycle import gating, ingesting, parity, releasing, simulating, training
from attending.lifecycle.cohorts import build_cohort
from attending.lifecycle.desk import create_home
from attending.lifecycle.featuring import build_features
from attending.lifecycle.projects import open_project
from attending.times import parse_instant
from tests.lifecycle.test_parity import rounded
from tests.lifecycle.wide_example import copy_wide

AT = parse_instant("2024-08-01T06:00:00Z")


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    """A home with a run, the features it was fitted on, and no parity report."""
    folder = tmp_path_factory.mktemp("parity-gate")
    hospital = simulating.build_hospital(patients=1200, years=3, seed=7)
    simulating.write_source(hospital, folder / "in", until=AT)
    project = open_project(copy_wide(folder / "project"))
    desk = replace(create_home(folder / "home", at=AT, seed=7), actor="dana")
    ingesting.ingest(desk, "hospital", folder / "in")
    built = build_features(desk, project, build_cohort(desk, project))
    training.fit_run(desk, project)
    yield desk, project, built
    desk.home.close()


@pytest.fixture
def stands(ward):
    """Return what says how the fact stands at the gate, and why."""
    desk, project, _ = ward

    def found():
        asked = gating.check(desk, project, "trained").conditions
        return next((item.status, item.note) for item in asked if item.name == "features.parity")

    return found


@pytest.mark.requirement("B2")
def test_the_gate_before_trained_asks_that_one_patient_gives_the_bits_of_the_table(
    ward, stands, monkeypatch
):
    desk, project, built = ward
    assert stands()[0] == "missing"
    few = parity.check_parity(desk, project, built, most=20)
    assert few.same
    assert stands() == ("missing", "only 20 predictions were computed again")
    whole = parity.check_parity(desk, project, built)
    assert whole.predictions == min(1000, built.table.num_rows) > 20
    assert stands() == ("met", "")
    monkeypatch.setattr("attending.features.parity.for_patient", rounded(for_patient))
    parity.check_parity(desk, project, built)
    status, note = stands()
    assert status == "failed"
    assert "age" in note
    with pytest.raises(Refused, match="other cells"):
        releasing.advance(desk, project, "trained")
    monkeypatch.undo()
    parity.check_parity(desk, project, built)
    assert stands() == ("met", "")
