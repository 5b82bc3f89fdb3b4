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
from attending.lifecycle.desk import Desk, create_home, open_desk
from attending.lifecycle.featuring import build_features
from attending.lifecycle.projects import open_project
from attending.lifecycle.provenance import commit_project
from attending.records.ledger import Subject
from attending.records.monitoring import Reference
from attending.records.release import Deployment
from attending.records.run import Run
from attending.stores.home import Home
from attending.times import format_instant, parse_instant
from tests.lifecycle.wide_example import copy_wide
from tests.once import copied

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


def make_ward(folder, *, spoil=as_written, anew=False):
    """Return a home with a version in silent, a later extract, and the refusals from before.

    One as it is written is made once for all workers, and everybody works on a copy; `anew` is for
    who changes or watches how it is made.
    """
    if anew or spoil is not as_written:
        return _opened(folder, _build_ward(folder, spoil=spoil), at=SECOND, actor="omar")
    return _opened(folder, copied("ward", folder, _build_ward), at=SECOND, actor="omar")


def make_silent(folder):
    """Return a home whose version has just entered silent; the later extract is not taken yet."""
    return _opened(folder, copied("silent", folder, _build_silent), at=FIRST)


def _opened(folder, told, **who):
    """Return what was made, opened where it is now; the refusals are as they were met."""
    desk = Desk(home=Home.open(folder / "home"), **who)
    return SimpleNamespace(
        desk=desk,
        project=open_project(folder / "project"),
        run=desk.home.catalog.get(told["run"], Run),
        refused=Refused(**told["refused"]),
        unsigned=Refused(**told["unsigned"]),
        secrets=told["secrets"],
        entered=told["entered"],
        reference=desk.home.catalog.get(told["reference"], Reference),
    )


def _build_ward(folder, *, spoil=as_written):
    """Return what was told of a folder with a version in silent and a later extract taken in."""
    told = _build_silent(folder, spoil=spoil)
    with open_desk(folder / "home", at=SECOND, actor="omar") as desk:
        ingesting.ingest(desk, "hospital", folder / "second")
    return told


def _build_silent(folder, *, spoil=as_written):
    """Return what was told of a folder that holds two extracts, a project and a home in silent.

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
    desk.home.close()
    return {
        "run": fitted.digest,
        "reference": reference.digest,
        "entered": entered,
        "secrets": secrets,
        "refused": refused.value.as_problem(),
        "unsigned": unsigned.value.as_problem(),
    }
