"""A small synthetic home with a version in silent, for what happens after the gate."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from attending.errors import Refused
from attending.lifecycle import (
    ingesting,
    references,
    scoring,
    signing,
    simulating,
    training,
)
from attending.lifecycle.cohorts import build_cohort
from attending.lifecycle.desk import create_home
from attending.lifecycle.featuring import build_features
from attending.lifecycle.projects import open_project
from attending.lifecycle.provenance import commit_project
from attending.records.ledger import Subject
from attending.records.release import Deployment
from attending.times import format_instant, parse_instant
from tests.lifecycle.wide_example import copy_wide

FIRST = parse_instant("2024-08-01T06:00:00Z")
SECOND = parse_instant("2024-12-15T06:00:00Z")


def enter(desk, run, *, stage, plan, previous=None):
    """Put version v1 of a run into a stage under a plan, as a gate would have."""
    stands = Deployment(
        model=run.model,
        version="v1",
        stage=stage,
        run=run.digest,
        artifacts={item.name: item.digest for item in run.artifacts},
        previous=previous,
        release_spec=plan,
        act="advance",
        effective_at=desk.at,
        by="omar",
    )
    with desk.home.database.transaction() as unit:
        digest = desk.home.deployments.enter(unit, stands)
        desk.home.ledger.append(
            unit,
            at=desk.at,
            actor="omar",
            action="release.advance",
            subject=Subject(kind="deployment", digest=digest),
        )
    return digest


def sign(desk, document, secrets, *, person, role, meaning="approval"):
    """Sign a document as one of the fictional persons."""
    signing.sign(
        replace(desk, actor=person),
        document,
        person=person,
        passphrase=secrets[person],
        role=role,
        meaning=meaning,
        statement="I have read it.",
    )


def as_written(folder):
    """Leave extracts and project as they are."""
    del folder


def make_ward(folder, *, spoil=as_written):
    """Return a home with a version in silent, a later extract, and the refusals from before."""
    made = make_silent(folder, spoil=spoil)
    made.desk = replace(made.desk, at=SECOND, actor="omar")
    ingesting.ingest(made.desk, "hospital", folder / "second")
    return made


def make_silent(folder, *, spoil=as_written):
    """Return a home whose version has just entered silent; the later extract is not taken yet.

    `spoil` may change the extracts `first` and `second` and the folder `project` before use.
    """
    hospital = simulating.build_hospital(patients=1200, years=3, seed=7)
    for name, until in (("first", FIRST), ("second", SECOND)):
        simulating.write_source(hospital, folder / name, until=until)
    place = copy_wide(folder / "project")
    watched = place / "monitoring.yaml"  # a small hospital: fewer rows make a picture
    watched.write_text(
        watched.read_text().replace("window: 28d", "window: 28d\n  minimum_rows: 50")
    )
    spoil(folder)
    commit_project(place, at=format_instant(FIRST), author="Dana Reyes")
    project = open_project(place)
    desk = create_home(folder / "home", at=FIRST, seed=7)
    ingesting.ingest(desk, "hospital", folder / "first")
    build_features(desk, project, build_cohort(desk, project))
    fitted = training.fit_run(desk, project)
    with pytest.raises(Refused) as refused:
        scoring.score(desk, project)
    secrets = simulating.add_persons(desk)
    plan = signing.propose_specs(replace(desk, actor="dana"), project)["release"]
    entered = enter(desk, fitted.run, stage="silent", plan=project.release.digest)
    with pytest.raises(Refused) as unsigned:
        scoring.served_version(desk, project)
    sign(desk, plan, secrets, person="omar", role="operator")
    reference = references.make_reference(desk, project, fitted.run, version="v1")
    return SimpleNamespace(
        desk=desk,
        project=project,
        run=fitted.run,
        refused=refused.value,
        unsigned=unsigned.value,
        secrets=secrets,
        entered=entered,
        reference=reference,
    )
