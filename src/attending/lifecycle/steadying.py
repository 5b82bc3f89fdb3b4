"""Whether a run's explanations hold: its patients again, a day earlier, and fits on samples."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.documents.stability_page import stability_document, weighed_words
from attending.explain.stability import Refits, Rows, stability
from attending.lifecycle.agreeing import explanations_as_agreed
from attending.lifecycle.carried import cohort_of
from attending.lifecycle.cohorts import built_cohort
from attending.lifecycle.desk import keep
from attending.lifecycle.featuring import built_features, made_features
from attending.lifecycle.papers import keep_page
from attending.lifecycle.training import bundle_of, split_again
from attending.lifecycle.validation_rows import matrix_of
from attending.specs.concepts import concepts_said
from attending.train.candidate import Table
from attending.train.refits import on_samples
from attending.train.shadows import beside_shadows
from attending.train.split import read_rows

if TYPE_CHECKING:
    from attending.lifecycle.cohorts import BuiltCohort
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.models.protocol import Matrix
    from attending.records.explanation import StabilityReport
    from attending.records.run import Run
    from attending.specs.explanations import ExplanationsAsked
    from attending.train.split import Split
    from attending.types import Ints

_DAY = pa.scalar(24 * 3600 * 1_000_000, pa.duration("us"))
#: Nearest patients are looked for among so many rows at most.
_OTHERS = 20_000


def check_stability(desk: Desk, project: Project, run: Run) -> StabilityReport:
    """Return whether the run's explanations hold, kept, and its readable document.

    Raises:
        Refused: the run foretells a number, not a risk.
        NotFound: the project no longer has the specs that the run was made from.
    """
    bundle = bundle_of(desk, run)
    cohort = built_cohort(desk, project, cohort_of(desk, run))
    x = matrix_of(built_features(desk, project, cohort).table, project)
    parts = split_again(project, cohort, run)
    plan = explanations_as_agreed(desk, project)
    report = stability(
        bundle,
        _rows(desk, project, cohort, x=x, test=parts.test, seed=run.seed),
        _refits(project, cohort, run, x=x, parts=parts, plan=plan),
        seed=run.seed,
        asked=plan,
    )
    keep(
        desk,
        report,
        action="explain.stability",
        keys={"model": run.model, "run": run.digest},
        details={"steady": report.steady, "outcome": report.outcome},
    )
    labels = {one.name: one.label for one in project.features.features}
    page = stability_document(
        report, labels, model=run.model, run=run.digest, synthetic=desk.home.synthetic
    )
    keep_page(desk, page, of=report.digest, title="Stability of explanations")
    return report


def told(report: StabilityReport) -> tuple[str, ...]:
    """Return what falls short of the plan, and where the plan asks less of inputs, in words."""
    return (*report.reasons, *weighed_words(report))


def _rows(
    desk: Desk, project: Project, cohort: BuiltCohort, *, x: Matrix, test: Ints, seed: int
) -> Rows:
    """Return patients drawn from the test, the others beside them, and themselves a day earlier."""
    rng = np.random.default_rng(seed)
    most = project.validation.explanations.patients
    rows = test if len(test) else np.arange(len(x))
    drawn = np.sort(rng.choice(rows, min(most, len(rows)), replace=False))
    others = np.sort(rng.choice(rows, min(_OTHERS, len(rows)), replace=False))
    subject = cohort.table["subject_id"].to_numpy()
    earlier, earlier_of = _a_day_earlier(desk, project, cohort, drawn=drawn)
    return Rows(
        x=x[drawn],
        subject=subject[drawn],
        others=x[others],
        other_subject=subject[others],
        earlier=earlier,
        earlier_of=earlier_of,
    )


def _a_day_earlier(
    desk: Desk, project: Project, cohort: BuiltCohort, *, drawn: Ints
) -> tuple[Matrix | None, Ints | None]:
    """Return what was known of the drawn patients 24 h before, of those who were there."""
    table = cohort.table.take(pa.array(drawn))
    if project.cohort.of_units or "index_start" not in table.column_names:
        return None, None
    before = pc.subtract(table["prediction_time"], _DAY)
    there = pc.greater_equal(before, table["index_start"])
    held = np.flatnonzero(there.fill_null(False).to_numpy())  # noqa: FBT003 - what a null becomes
    if not len(held):
        return None, None
    at = table.column_names.index("prediction_time")
    earlier = table.set_column(at, "prediction_time", before).take(pa.array(held))
    _, features = made_features(desk, project, replace(cohort, table=earlier))
    return matrix_of(features, project), held


def _refits(
    project: Project,
    cohort: BuiltCohort,
    run: Run,
    *,
    x: Matrix,
    parts: Split,
    plan: ExplanationsAsked,
) -> Refits:
    """Return the run's model fitted again on samples of its patients."""
    name, asked = project.model.candidates()[0]
    sampled = not {"bootstrap_refits", "half_refits"} <= set(plan.leave_out)
    if not sampled and plan.weighed == "shown":
        return Refits(absent="the plan leaves them out")
    if asked.estimator == "onnx":
        return Refits(absent="the model was fitted elsewhere")
    spec = project.model
    rows = read_rows(cohort.table)
    names, feature_set = project.features.names, project.features.digest
    said = concepts_said(project.features)
    table = Table(x, rows.outcome, tuple(names), rows, spec, feature_set, said=said)
    fitted_with = next(one.parameters for one in run.candidates if one.name == name)
    again = asked.model_copy(update={"parameters": fitted_with})
    draws = plan.refits if sampled else 0
    found = on_samples(table, again, split=parts, seed=run.seed, draws=draws)
    beside = beside_shadows(table, again, split=parts, seed=run.seed)
    return Refits(found.bootstrap, found.halves, beside, found.refused)
