"""The frozen pictures of a version's test rows: of all sites together, and of each alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.explain.importance import importance
from attending.lifecycle.carried import carried_of, cohort_of
from attending.lifecycle.cohorts import built_cohort
from attending.lifecycle.desk import keep_in, required
from attending.lifecycle.featuring import built_features
from attending.lifecycle.training import bundle_of
from attending.lifecycle.validation_rows import labelled_of
from attending.monitor import reference as references
from attending.records.monitoring import Reference
from attending.scores.asked import codes_of
from attending.statistics.auroc import auroc_interval
from attending.train.split import split

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.models.protocol import Matrix
    from attending.records.explanation import FeatureImportance
    from attending.records.run import Run
    from attending.types import Mask, Risks


def make_reference(desk: Desk, project: Project, run: Run, *, version: str = "") -> Reference:
    """Return the frozen picture of a run's test rows, kept, with which every day is compared.

    Every site with rows enough gets one of its own beside it: a pooled picture hides one site.

    Args:
        desk: where and when.
        project: whose specs they are.
        run: the run whose test rows are pictured.
        version: such as `v1`; the run's own when empty.

    Raises:
        NotFound: the run has no version, or its rows are not here.
    """
    version = version or _version(desk, run)
    rows, features, x = rows_of_test(desk, project, run)
    bundle = bundle_of(desk, run)
    about = _about(project, run, version, weights=importance(bundle, x))
    risk, site = bundle.risk(x), rows["site"].to_numpy(zero_copy_only=False)
    whole = np.ones(len(risk), np.bool_)
    places = [(name, site == name) for name in sorted({name for name in site if name})]
    least = project.monitoring.data.minimum_rows
    chosen = [("", whole), *((name, here) for name, here in places if here.sum() >= least)]
    made = [
        references.reference(
            features.filter(pa.array(here)),
            risk[here],
            list(bundle.names),
            about=replace(about, site=name, auroc=_ranked(rows, risk, here)),
            outcome=rows["label"].to_numpy().astype(np.float64)[here],
            times=rows["prediction_time"].to_numpy()[here],
        )
        for name, here in (chosen if len(places) > 1 else chosen[:1])
    ]
    keys = {"model": run.model, "version": version, "run": run.digest}
    with desk.home.database.transaction() as unit:
        for one in made:
            keep_in(
                desk,
                unit,
                one,
                action="monitor.reference",
                keys={**keys, "scope": "site" if one.site else "all"},
                details={"table_rows": one.n},
            )
    return made[0]


def _version(desk: Desk, run: Run) -> str:
    """Return the version that a run was given on entering trained."""
    stands = desk.home.deployments.history(run.model)
    found = [item.version for item in stands if item.run == run.digest and item.version]
    version: str = required(
        found[-1] if found else None, "version", hint="Run `attending release advance trained`."
    )
    return version


def _about(
    project: Project, run: Run, version: str, *, weights: Sequence[FeatureImportance]
) -> references.About:
    asked = project.features
    return references.About(
        model=run.model,
        version=version,
        threshold=project.release.threshold.value,
        sources={item.name: ", ".join(codes_of(asked, item)) for item in asked.features},
        labels={item.name: item.label for item in asked.features},
        weights={item.feature: item.share for item in weights},
        made_from=(run.digest,),
    )


def _ranked(rows: pa.Table, risk: Risks, here: Mask) -> tuple[float, float, float] | None:
    """Return the AUROC of some rows with its interval, None where it has none."""
    outcome = rows["label"].to_numpy().astype(np.float64)[here]
    found = auroc_interval(outcome, risk[here])
    if found.low is None or found.high is None:
        return None
    return found.value, found.low, found.high


def rows_of_test(desk: Desk, project: Project, run: Run) -> tuple[pa.Table, pa.Table, Matrix]:
    """Return cohort rows, features and matrix of the rows that the run was tested on."""
    cohort = built_cohort(desk, project, cohort_of(desk, run))
    table = built_features(desk, project, cohort).table
    if carried_of(desk, run.digest) is not None:  # no row of the fit is here: all are a test
        rows = np.flatnonzero(labelled_of(cohort.table))
        return cohort.table.take(rows), table.take(rows), _matrix(table.take(rows), project)
    label = project.cohort.label
    parts = split(
        project.model,
        cohort.table,
        horizon_us=label.horizon or 0,
        delay_us=label.delay,
        exception=bool(run.exceptions),
    )
    features = table.take(parts.test)
    return cohort.table.take(parts.test), features, _matrix(features, project)


def _matrix(features: pa.Table, project: Project) -> Matrix:
    columns = [features[name].to_numpy(zero_copy_only=False) for name in project.features.names]
    return np.column_stack(columns).astype(np.float64)


def reference_of(desk: Desk, project: Project, version: str) -> Reference:
    """Return the reference of all sites together that a version is watched against.

    Raises:
        NotFound: it was not made.
    """
    found: Reference = required(
        desk.home.catalog.latest(Reference, model=project.name, version=version, scope="all"),
        "reference",
        hint="It is made on the way to silent: `attending monitor reference`.",
    )
    return found


def site_references(desk: Desk, project: Project, version: str) -> tuple[Reference, ...]:
    """Return the references of single sites, the last made of each."""
    return desk.home.catalog.all(Reference, model=project.name, version=version, scope="site")
