"""The rows of a validation: of a run's test, of a later cohort, or of what was scored silently."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.lifecycle.baselines import fair_baselines
from attending.lifecycle.training import bundle_of
from attending.records.run import Run
from attending.scores.asked import codes_of
from attending.validate.data import Inputs, ValidationData

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from attending.lifecycle.cohorts import BuiltCohort
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.models.protocol import Matrix
    from attending.records.snapshot import Snapshot
    from attending.types import Floats, Ints, Outcomes, Risks
    from attending.validate.data import Calendar

#: Stages in which a version counts as the one before.
_STOOD = frozenset({"validated", "silent", "limited", "live", "retired"})


@dataclass(frozen=True)
class Judged:
    """What a validation is made of, before baselines and inputs are gathered.

    Attributes:
        test: the rows of the cohort that are judged, all with a known outcome.
        train: labelled rows on which a baseline gets its probability.
        fitted: all rows that the fit saw, for knowing their sites.
        risk: the model's risk of each judged row.
        features: the feature table of the cohort, rows as in it.
        risk_of: gives the risk of rows of inputs.
        others: risks of other candidates, by name.
    """

    cohort: BuiltCohort
    test: Ints
    train: Ints
    fitted: Ints
    risk: Risks
    features: pa.Table
    risk_of: Callable[[Matrix], Risks]
    others: Mapping[str, Risks] = field(default_factory=dict)


def data_of(desk: Desk, project: Project, run: Run, *, judged: Judged) -> ValidationData:
    """Return the rows of a validation with baselines, groups, times, inputs and the version before.

    Args:
        desk: where baselines are computed.
        project: whose specs they are.
        run: the run that is judged; its forerunner is looked for.
        judged: the rows.
    """
    table = judged.cohort.table
    outcome = outcomes_of(table)
    rows = table.take(judged.test)
    inputs = _inputs(project, judged)
    prior = prior_of(desk, run)
    others = dict(judged.others)
    if prior is not None and prior.feature_set == run.feature_set:
        others[prior_name(desk, prior)] = bundle_of(desk, prior).risk(inputs.x)
    return ValidationData(
        outcome=outcome[judged.test],
        risk=judged.risk,
        cluster=rows["subject_id"].to_numpy(),
        baselines=fair_baselines(
            desk,
            project,
            judged.cohort,
            train=judged.train,
            test=judged.test,
            outcome=outcome,
            features=judged.features,
        ),
        others=others,
        groups={
            name.removeprefix("group_"): rows[name].to_pylist()
            for name in rows.column_names
            if name.startswith("group_")
        },
        prediction_time=rows["prediction_time"].to_numpy(),
        site=rows["site"].to_pylist(),
        calendar=calendar_of(judged.cohort.source.snapshot),
        stay=_stays(rows),
        event_time=rows["label_time"].to_numpy(zero_copy_only=False).astype("datetime64[us]"),
        fitted_sites=frozenset(
            site for site in table["site"].take(judged.fitted).to_pylist() if site is not None
        ),
        inputs=inputs,
        prior=prior_name(desk, prior) if prior and prior_name(desk, prior) in others else "",
    )


def outcomes_of(table: pa.Table) -> Outcomes:
    """Return the outcome of each cohort row; 0 where it is not known, so choose rows first."""
    return np.asarray(pc.fill_null(table["label"], 0).to_numpy(), np.int8)


def labelled_of(table: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which cohort rows have a known outcome."""
    return np.asarray(table["label"].is_valid().to_numpy(zero_copy_only=False), np.bool_)


def calendar_of(snapshot: Snapshot) -> Calendar:
    """Return whether a snapshot's days are real, floating or relative."""
    if snapshot.time_zone == "floating":
        return "floating"
    return "relative" if snapshot.time_zone == "relative" else "real"


def matrix_of(features: pa.Table, project: Project) -> Matrix:
    """Return feature columns as the model takes them."""
    columns = [features[name].to_numpy(zero_copy_only=False) for name in project.features.names]
    return np.column_stack(columns).astype(np.float64)


def _stays(rows: pa.Table) -> Ints | None:
    """Return the stay of each row; None where one has none, so that patients are snoozed."""
    stays = rows["encounter_id"]
    return None if stays.null_count else stays.to_numpy().astype(np.int64)


def _inputs(project: Project, judged: Judged) -> Inputs:
    spec = project.features
    feeds: dict[str, list[str]] = {}
    for feature in spec.features:
        for feed in sorted({code.split("//")[0] for code in codes_of(spec, feature)}):
            feeds.setdefault(feed, []).append(feature.name)
    return Inputs(
        x=matrix_of(judged.features.take(judged.test), project),
        names=tuple(spec.names),
        feeds={name: tuple(columns) for name, columns in feeds.items()},
        risk_of=judged.risk_of,
    )


def prior_of(desk: Desk, run: Run) -> Run | None:
    """Return the run of the newest other version that was validated before; None without one."""
    fitted = {line.digest for line in desk.home.catalog.list(Run.kind, model=run.model)}
    stood = [
        item
        for item in desk.home.deployments.history(run.model)
        if item.stage in _STOOD and item.run != run.digest and item.run in fitted
    ]
    return desk.home.catalog.get(stood[-1].run, Run) if stood else None


def prior_name(desk: Desk, prior: Run) -> str:
    """Return what the report calls the version before, such as `v1`."""
    given = [
        item.version
        for item in desk.home.deployments.history(prior.model)
        if item.run == prior.digest and item.version
    ]
    return given[-1] if given else "prior"


def rows_before(table: pa.Table, cut: Floats | Ints | int) -> Ints:
    """Return the labelled cohort rows whose prediction lies before an instant in microseconds."""
    at = table["prediction_time"].cast(pa.int64()).to_numpy()
    return np.flatnonzero(labelled_of(table) & (at < cut))
