"""Temporal validation: a run on the predictions that came after everything it was made from."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from attending.documents.times import when
from attending.errors import NotFound, Refused
from attending.lifecycle.carried import carried_of
from attending.lifecycle.cohorts import build_cohort
from attending.lifecycle.desk import keep
from attending.lifecycle.featuring import build_features
from attending.lifecycle.following import with_follow_up
from attending.lifecycle.training import bundle_of
from attending.lifecycle.validating import notes_of, prior_digest, prior_notes, write_report
from attending.lifecycle.validation_rows import (
    Judged,
    data_of,
    labelled_of,
    matrix_of,
    rows_before,
)
from attending.records.cohort import Cohort
from attending.records.validation import ModelRef, ValidationReport
from attending.times import from_micros, to_micros
from attending.validate.model import validate

if TYPE_CHECKING:
    from attending.lifecycle.cohorts import BuiltCohort
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.carried import CarriedModel
    from attending.records.run import Run
    from attending.types import Instant, Ints


def require_same_specs(project: Project, run: Run) -> None:
    """Refuse to judge a run by specs that it was not made from.

    Raises:
        NotFound: cohort.yaml or features.yaml is another one.
    """
    if (run.cohort_spec, run.feature_set) != (project.cohort.digest, project.features.digest):
        raise NotFound(
            "the project no longer has the specs that this run was made from",
            code="run.other_specs",
            hint="Check out the commit that the run names, then try again.",
        )


def validate_later(
    desk: Desk, project: Project, run: Run, *, snapshot: str = ""
) -> ValidationReport:
    """Return the report of a run on later predictions with a mature outcome, kept.

    The model is the one that was fitted; nothing is fitted on the later rows. Baselines keep the
    probability that they get on rows before the run's test.

    Args:
        desk: where and when.
        project: whose plan judges.
        run: the run that is judged.
        snapshot: the start of an id; the newest of the contract's source when empty.

    Raises:
        NotFound: the specs are not those of the run.
        Refused: no prediction after the run's cohort has a mature outcome.
    """
    require_same_specs(project, run)
    cohort = build_cohort(desk, project, snapshot=snapshot)
    came = carried_of(desk, run.digest)
    if came is None:
        last = desk.home.catalog.get(run.cohort, Cohort).last_prediction
    else:
        last = first_third(cohort)
    test = _later(cohort, last)
    features = build_features(desk, project, cohort)
    bundle = bundle_of(desk, run)
    cut = (run.split.cut if came is None else None) or last
    before = rows_before(cohort.table, 0 if cut is None else to_micros(cut))
    judged = Judged(
        cohort=cohort,
        test=test,
        train=before,
        fitted=before,
        risk=bundle.risk(matrix_of(features.table.take(test), project)),
        features=features.table,
        risk_of=bundle.risk,
    )
    data = with_follow_up(
        desk,
        project,
        data_of(desk, project, run, judged=judged),
        judged=judged,
        since=None if last is None else last + timedelta(microseconds=1),
    )
    since = f" after {when(last)}" if last else ""
    about = ModelRef(
        name=run.model,
        run=run.digest,
        snapshot=cohort.source.digest,
        cohort=cohort.digest,
        notes=(
            f"A later cohort: predictions{since}, which no step of the run has seen."
            if came is None
            else f"Another hospital than that of the fit: predictions here{since}; those before "
            "gave the baselines their probability.",
            *notes_of(cohort.source.snapshot, cohort.record.subjects, run),
            *prior_notes(desk, run, data),
        ),
    )
    report = validate(project.validation, data, about=about).model_copy(
        update={"period": "later", "prior": prior_digest(desk, run) if data.prior else ""}
    )
    keep(
        desk,
        report,
        action="validate.later",
        keys={"model": run.model, "later_than": run.digest} | _judges(came),
        details={"gates_met": report.gates_met, "predictions": report.n},
    )
    write_report(desk, project, report)
    return report


def _judges(came: CarriedModel | None) -> dict[str, str]:
    """Return the key by which a report counts for a run: of one that came, this is its first."""
    return {} if came is None else {"run": came.run}


def first_third(cohort: BuiltCohort) -> Instant:
    """Return the instant after a third of the labelled rows, by which baselines are fitted.

    Raises:
        Refused: no outcome is known.
    """
    known = labelled_of(cohort.table)
    at = np.sort(cohort.table["prediction_time"].cast("int64").to_numpy()[known])
    if not len(at):
        raise Refused("no prediction here has a mature outcome", code="validate.nothing_later")
    return from_micros(int(at[len(at) // 3]))


def _later(cohort: BuiltCohort, last: Instant | None) -> Ints:
    """Return the rows after an instant whose outcome is known.

    Raises:
        Refused: there are none.
    """
    at = cohort.table["prediction_time"].cast("int64").to_numpy()
    after = labelled_of(cohort.table) & (at > (to_micros(last) if last else 0))
    rows = np.flatnonzero(after)
    if not len(rows):
        raise Refused(
            "no prediction after those of the run has a mature outcome",
            code="validate.nothing_later",
            hint="Ingest a newer snapshot, and wait until horizon and label delay are over.",
        )
    return rows
