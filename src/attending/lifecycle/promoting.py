"""From notebook to pipeline: an exploratory run gets standing when a clean commit repeats it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import Refused
from attending.lifecycle.desk import keep
from attending.lifecycle.replaying import rebuilt_cohort, rebuilt_features, verified
from attending.lifecycle.run_specs import specs_that_differ
from attending.lifecycle.training import checked_fit, keep_run
from attending.records.promotion import Promotion
from attending.train.hidden_state import hidden_state
from attending.train.replay import compare, same_result

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.run import Run


def promote(desk: Desk, project: Project, was: Run) -> Promotion:
    """Return how an exploratory run got standing: repeated from the commit as it lies here.

    Everything is made anew from the snapshot, by the specs of the commit and the installed code,
    after every check before training.

    Raises:
        Refused: it is not exploratory, the folder is not as a commit has it, the commit asks for
            something else than the run did, or repeating gives other digests. All say why.
        IntegrityBroken: a file of the snapshot is not what it was.
    """
    _require_exploratory(was)
    _require_clean(project)
    _require_same_specs(project, was)
    source = verified(desk, was.snapshot)
    cohort = rebuilt_cohort(desk, project, source)
    features = rebuilt_features(desk, project, cohort)
    _require_same_tables(was, cohort.digest, features.record.table_digest)
    fitted = checked_fit(desk, project, cohort=cohort, features=features)
    if not same_result(was, fitted.run):
        _refuse([item.field for item in compare(was, fitted.run) if not item.of_place])
    _require_standing(fitted.run)
    keep_run(desk, project, fitted)
    found = Promotion(
        run=was.digest,
        reasons=was.reasons,
        promoted=fitted.digest,
        project_commit=fitted.run.project_commit,
    )
    keep(desk, found, action="run.promote", keys={"model": was.model, "run": was.digest})
    return found


def _require_exploratory(was: Run) -> None:
    if not was.exploratory:
        raise Refused(
            "the run is not exploratory: it has standing already",
            code="run.has_standing",
            hint="Go on with `attending gate check trained`.",
        )


def _require_standing(now: Run) -> None:
    if now.exploratory:
        raise Refused(
            f"repeated from the commit it is exploratory still: {'; '.join(now.reasons)}",
            code="run.still_exploratory",
            hint="Mend what is named, then promote again."
            if now.agreement
            else "Promoting agrees to nothing: have the plan signed, `attending agree`; fit again.",
        )


def _require_clean(project: Project) -> None:
    if project.state.reasons:
        raise Refused(
            f"a run is promoted from a clean commit alone: {'; '.join(project.state.reasons)}",
            code="run.not_clean",
            hint="Commit the project's folder, then promote again.",
        )


def _require_same_specs(project: Project, was: Run) -> None:
    other = specs_that_differ(project, was)
    if other:
        files = ", ".join(f"{name}.yaml" for name in other)
        raise Refused(
            f"the commit asks for something else than the run did, in {files}",
            code="run.other_specs",
            hint="A cell changed it, or it was edited since: write what was run, and commit it.",
            where=f"{other[0]}.yaml",
        )


def _require_same_tables(was: Run, cohort: str, feature_table: str) -> None:
    fields = []
    if was.cohort != cohort:
        fields.append("cohort")
    if was.feature_table != feature_table:
        fields.append("feature_table")
    if fields:
        _refuse(fields)


def _refuse(fields: list[str]) -> None:
    raise Refused(
        f"repeating the run from the commit gives something else: {hidden_state(fields)}",
        code="run.hidden_state",
        hint="Restart the notebook, run its cells in order, and promote the run that this makes.",
    )
