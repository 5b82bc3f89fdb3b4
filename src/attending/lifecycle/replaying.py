"""Replay: repeat a run from its snapshot on, and compare every digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import IntegrityBroken
from attending.lifecycle.cohorts import BuiltCohort, made_cohort
from attending.lifecycle.desk import keep
from attending.lifecycle.featuring import BuiltFeatures, made_features
from attending.lifecycle.ingesting import held
from attending.lifecycle.recalibrating import base_of
from attending.lifecycle.run_specs import asked_by
from attending.lifecycle.training import fit_under, standing_of
from attending.records.replay import Replay
from attending.records.run import Run
from attending.train.replay import compare, same_files, same_result

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.ingesting import Held
    from attending.lifecycle.projects import Project
    from attending.lifecycle.training import Fitted


def replay(desk: Desk, project: Project, digest: str) -> Replay:
    """Return what repeating a run gave, kept: the same files byte for byte, or what differs.

    The snapshot's files are hashed again first; cohort, features and model are made anew.

    Raises:
        IntegrityBroken: a file of the snapshot is not what it was; it is named.
        NotFound: the snapshot was let go, or a spec of the run cannot be found.
    """
    was = desk.home.catalog.get(digest, Run)
    now = repeated(desk, asked_by(desk, project, was), was).run
    found = Replay(
        run=was.digest,
        same_files=same_files(was, now),
        same_result=same_result(was, now),
        differences=tuple(item.field for item in compare(was, now)),
    )
    keep(
        desk,
        found,
        action="run.replay",
        keys={"model": was.model, "run": was.digest},
        details={"same": found.same_result},
    )
    return found


def repeated(desk: Desk, asked: Project, was: Run) -> Fitted:
    """Return a fit made anew from the snapshot of a run; nothing is kept.

    Args:
        desk: where and when.
        asked: the project with the specs that are to be fitted.
        was: the run that is repeated.
    """
    source = verified(desk, was.snapshot)
    cohort = rebuilt_cohort(desk, asked, source)
    features = rebuilt_features(desk, asked, cohort)
    base = base_of(desk, asked)
    return fit_under(asked, cohort, features=features, standing=standing_of(was), base=base)


def verified(desk: Desk, snapshot: str) -> Held:
    """Return a snapshot after every file of it and of its layers was hashed again.

    Raises:
        NotFound: it is no longer here.
        IntegrityBroken: a file is not what the manifest says; it is named.
    """
    source = held(desk, snapshot)
    for layer in (*source.snapshot.layers, source.digest):
        desk.home.snapshots.verify(layer)
    return source


def rebuilt_cohort(desk: Desk, asked: Project, source: Held) -> BuiltCohort:
    """Return the cohort that a spec asks of a snapshot, made anew and not kept."""
    record, table = made_cohort(desk, asked, source)
    return BuiltCohort(record.digest, record, table, source)


def rebuilt_features(desk: Desk, asked: Project, cohort: BuiltCohort) -> BuiltFeatures:
    """Return the features that a spec asks for a cohort, made anew and not kept."""
    record, table = made_features(desk, asked, cohort)
    return BuiltFeatures(record.digest, record, table)


def require_same(found: Replay) -> None:
    """Refuse a replay that gave something else.

    Raises:
        IntegrityBroken: naming the fields that differ.
    """
    if not found.same_result:
        raise IntegrityBroken(
            f"the run does not repeat: {', '.join(found.differences[:8])}",
            code="run.differs",
            hint="Compare code, packages and data; the run passes no gate.",
        )
