"""A line for a model from another hospital, from patients here, before it has served anybody.

It rests on the first third of the local cohort, by which baselines get their probability too; the
later rows, on which the model was judged as it came, judge it again once it is moved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.compute as pc

from attending.explain.importance import importance
from attending.lifecycle import calendar, updating
from attending.lifecycle.carried import carried_of, local_report
from attending.lifecycle.cohorts import built_cohort
from attending.lifecycle.desk import keep
from attending.lifecycle.featuring import built_features
from attending.lifecycle.later import first_third, require_same_specs
from attending.lifecycle.training import bundle_of
from attending.lifecycle.validation_rows import matrix_of, outcomes_of, rows_before
from attending.monitor.update import weigh
from attending.records.recalibration import RecalibrationProposal
from attending.records.run import Run
from attending.times import from_micros, to_micros

if TYPE_CHECKING:
    import pyarrow as pa

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.monitor.update import Weighed
    from attending.records.release import Deployment
    from attending.specs.change_control import Retraining

#: Stages in which a version has served nobody here.
_BEFORE = ("trained", "validated")


def propose(desk: Desk, project: Project, *, version: str = "") -> RecalibrationProposal:
    """Return which update a version asks for, kept to be signed.

    Of a carried version that has served nobody yet it is weighed on the local validation; of any
    other on what matured since it serves.

    Raises:
        Refused: as `updating.propose_update`; or too few events are in the first third.
        NotFound: the carried version was not validated here yet.
    """
    stands = _waiting(desk, project, version)
    if stands is None:
        return updating.propose_update(desk, project, version=version)
    policy = calendar.signed_policy(desk, stands.model) or project.monitoring
    updating.require_policy(policy.retraining)
    made = _proposed(desk, project, stands, policy=policy.digest, asked=policy.retraining)
    keys = {"model": stands.model, "version": stands.version, "run": stands.run}
    details = {"update": made.update, "events": made.n_events}
    keep(desk, made, action="change.propose", keys=keys, details=details)
    return made


def _waiting(desk: Desk, project: Project, version: str) -> Deployment | None:
    """Return the newest carried version that has served nobody here, None where one serves."""
    known = desk.home.deployments.standing(project.name).values()
    asked = [one for one in known if one.version and version in {"", one.version}]
    newest = max(asked, key=lambda one: int(one.version[1:]), default=None)
    if newest is None or newest.stage not in _BEFORE or carried_of(desk, newest.run) is None:
        return None
    return newest


def _proposed(
    desk: Desk, project: Project, stands: Deployment, *, policy: str, asked: Retraining
) -> RecalibrationProposal:
    run = desk.home.catalog.get(stands.run, Run)
    report = local_report(desk, run)
    require_same_specs(project, run)
    cohort = built_cohort(desk, project, report.model.cohort)
    at = rows_before(cohort.table, to_micros(first_third(cohort)))
    rows = cohort.table.take(at)
    features = built_features(desk, project, cohort).table.take(at)
    outcome = outcomes_of(rows)
    updating.require_events(asked, int(outcome.sum()))
    found = _weighed(desk, project, run, rows=rows, features=features, asked=asked)
    span = pc.min_max(rows["prediction_time"].cast("int64")).as_py()
    return RecalibrationProposal(
        model=stands.model,
        version=stands.version,
        run=stands.run,
        outcomes=report.digest,
        policy=policy,
        as_of=desk.at,
        since=from_micros(span["min"]),
        until=from_micros(span["max"]),
        n=rows.num_rows,
        n_events=int(outcome.sum()),
        **found._asdict(),
    )


def _weighed(
    desk: Desk, project: Project, run: Run, *, rows: pa.Table, features: pa.Table, asked: Retraining
) -> Weighed:
    bundle, x = bundle_of(desk, run), matrix_of(features, project)
    held = {one.feature: one.share for one in importance(bundle, x)}
    names = tuple(project.features.names)
    weights = [held.get(name, 0.0) for name in names]
    return weigh(asked, outcomes_of(rows), bundle.risk(x), x=x, names=names, weights=weights)
