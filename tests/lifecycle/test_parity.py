"""Parity: what the scoring process would give is compared to the bit before a promotion."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from attending.cli.app import app
from attending.errors import NotFound, Refused
from attending.features.online import for_patient
from attending.lifecycle import (
    ingesting,
    parity,
    releasing,
    simulating,
)
from attending.lifecycle.cohorts import build_cohort, built_cohort, in_zones
from attending.lifecycle.desk import create_home
from attending.lifecycle.featuring import build_features
from attending.lifecycle.projects import open_project
from attending.times import format_instant, parse_instant
from tests.lifecycle.wide_example import copy_wide

AT = parse_instant("2023-08-01T06:00:00Z")


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parity")
    hospital = simulating.build_hospital(patients=300, years=2, seed=7)
    simulating.write_source(hospital, folder / "in", until=AT)
    project = open_project(copy_wide(folder / "project"))
    desk = replace(create_home(folder / "home", at=AT, seed=7), actor="dana")
    ingesting.ingest(desk, "hospital", folder / "in")
    cohort = build_cohort(desk, project)
    built = build_features(desk, project, cohort)
    yield folder, desk, project, built
    desk.home.close()


def verb(folder, *more):
    where = ["--project", str(folder / "project"), "--home", str(folder / "home")]
    return CliRunner().invoke(app, ["features", *more, *where, "--at", format_instant(AT)])


def rounded(path):
    """Return an online path that rounds, as a port of a feature to another language would."""

    def port(*args, **more):
        vector = path(*args, **more)
        values = tuple(None if value is None else round(value, 6) for value in vector.values)
        return replace(vector, values=values)

    return port


def defaulted(path):
    """Return an online path that has nought for what is missing."""

    def port(*args, **more):
        vector = path(*args, **more)
        return replace(vector, values=tuple(value or 0.0 for value in vector.values))

    return port


#: What a port does otherwise -> a feature that shows it.
PORTS = {rounded: "age", defaulted: "bnp_last"}


@pytest.mark.fault("D28")
@pytest.mark.parametrize("port", PORTS)
def test_d28_every_prediction_is_replayed_and_any_other_cell_is_found(ward, port, monkeypatch):
    _, desk, project, built = ward
    rows, features = built.table.num_rows, len(project.features.features)
    assert rows * features > 5_000
    found = parity.check_parity(desk, project, built, most=10_000)
    assert found.same  # the control: as it is, not a bit differs
    assert (found.predictions, found.cells) == (rows, rows * features)
    monkeypatch.setattr("attending.features.parity.for_patient", port(for_patient))
    found = parity.check_parity(desk, project, built, most=10_000)
    assert PORTS[port] in {one.name for one in found.mismatches}
    with pytest.raises(Refused, match="gives other cells than the table"):
        releasing.advance(desk, project, "trained")
    monkeypatch.undo()
    assert parity.check_parity(desk, project, built, most=10_000).same


@pytest.mark.fault("D28")
def test_d28_an_online_path_that_rounds_is_found_and_nothing_is_promoted(ward, monkeypatch):
    folder, desk, project, built = ward
    assert parity.check_parity(desk, project, built, most=50).same
    monkeypatch.setattr("attending.features.parity.for_patient", rounded(for_patient))
    with pytest.raises(NotFound):
        releasing.advance(desk, project, "trained")  # the control: nothing has looked yet
    found = parity.check_parity(desk, project, built, most=50)
    assert "age" in {one.name for one in found.mismatches}
    with pytest.raises(Refused, match=r"gives other cells than the table: .*age \(") as refused:
        releasing.advance(desk, project, "trained")
    assert refused.value.exit_code == 3
    assert verb(folder, "parity", "--most", "20").exception.exit_code == 3
    monkeypatch.undo()
    done = verb(folder, "parity", "--most", "20")
    assert done.exit_code == 0, done.output
    assert "0 differ" in done.output


def test_a_feature_is_shown_with_why_it_is_missing(ward):
    folder, *_ = ward
    done = verb(folder, "show", "bnp_last")
    assert done.exit_code == 0, done.output
    assert "never measured" in done.output
    assert "present" in done.output
    assert verb(folder, "show", "bnp_lst").exception.exit_code == 2


def test_predictions_carry_the_zone_of_their_site(ward):
    _, desk, project, _ = ward
    snapshot = built_cohort(desk, project).source.snapshot
    given = snapshot.model_copy(
        update={"time_zone": "Europe/Berlin", "site_zones": {"LISBON": "Europe/Lisbon"}}
    )
    table = pa.table({"site": pa.chunked_array([["LISBON", None], ["OTHER"]])})
    found = in_zones(table, given)["time_zone"].to_pylist()
    assert found == ["Europe/Lisbon", "Europe/Berlin", "Europe/Berlin"]
    floating = given.model_copy(update={"time_zone": "floating"})
    assert in_zones(pa.table({"row": [1]}), floating)["time_zone"].to_pylist() == ["UTC"]
