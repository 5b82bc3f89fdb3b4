"""The versions of a model beside each other: where each stands, its figures, its making."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.digests import short
from attending.documents.numbers import count, interval, number, percent, percent_interval
from attending.lifecycle.what_changed import plan_of
from attending.records.run import Run
from attending.records.validation import ValidationReport
from attending.times import format_instant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attending.lifecycle.desk import Desk
    from attending.records.release import Deployment
    from attending.records.validation import ThresholdRow
    from attending.types import Instant

#: So many versions fit beside each other on a page.
MOST = 4
_ABSENT = "–"


@dataclass(frozen=True)
class Beside:
    """Versions as columns, newest first, and one row for each thing that is compared.

    Attributes:
        rows: what is compared, and one text for each version.
        older: how many versions are left out.
    """

    versions: tuple[str, ...]
    stages: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    older: int = 0


def beside(desk: Desk, model: str, *, most: int = MOST) -> Beside:
    """Return the newest versions of a model beside each other."""
    found = desk.home.deployments.standing(model)
    numbered = {one.run for version, one in found.items() if version}
    standing = sorted(
        (one for version, one in found.items() if version or one.run not in numbered),
        key=lambda one: int(one.version[1:]) if one.version else 10**9,
        reverse=True,
    )
    shown = standing[:most]
    columns = [dict(_facts(desk, one)) for one in shown]
    names = dict.fromkeys(name for column in columns for name in column)
    return Beside(
        versions=tuple(one.version or "no number yet" for one in shown),
        stages=tuple(one.stage for one in shown),
        rows=tuple(
            (name, tuple(column.get(name, _ABSENT) for column in columns)) for name in names
        ),
        older=len(standing) - len(shown),
    )


def _facts(desk: Desk, stands: Deployment) -> Iterator[tuple[str, str]]:
    yield "In this stage since", format_instant(_entered(desk, stands))
    yield "Answers with", {"version": "the model"}.get(stands.serves, stands.serves)
    yield from _figures(desk.home.catalog.latest(ValidationReport, run=stands.run))
    plan = plan_of(desk, stands)
    if plan is not None:
        yield "Threshold of its signed plan", percent(plan.threshold.value)
    yield from _made(desk, stands)


def _entered(desk: Desk, stands: Deployment) -> Instant:
    """Return since when a version stands in its stage, whatever acts came between."""
    since = stands.effective_at
    for one in reversed(desk.home.deployments.history(stands.model, version=stands.version)):
        if one.stage != stands.stage:
            break
        since = one.effective_at
    return since


def _figures(report: ValidationReport | None) -> Iterator[tuple[str, str]]:
    if report is None:
        yield "Validated on", "not validated yet"
        return
    yield "Validated on", f"{count(report.n)} predictions"
    yield "Gates of the plan", "all met" if report.gates_met else "not all met"
    for figures in report.figures:
        if figures.name == "model":
            for one in figures.estimates:
                yield one.label, interval(one.value, one.low, one.high)
    row = next((one for one in report.thresholds if one.model == "model"), None)
    if row is not None:
        yield from _at_threshold(row)


def _at_threshold(row: ThresholdRow) -> Iterator[tuple[str, str]]:
    found, right = row.sensitivity, row.ppv
    at = percent(row.threshold)
    yield "First threshold", at
    yield "Sensitivity there", percent_interval(found.value, found.low, found.high)
    yield "PPV there", percent_interval(right.value, right.low, right.high)
    yield "Alerts a day there", number(row.alerts_per_day)


def _made(desk: Desk, stands: Deployment) -> Iterator[tuple[str, str]]:
    """Yield what a run was made from; of a model that others built nothing of it is known."""
    runs = {line.digest for line in desk.home.catalog.list(Run.kind, model=stands.model)}
    if stands.run not in runs:
        return
    run = desk.home.catalog.get(stands.run, Run)
    yield "Estimator", f"{run.estimator}, {run.calibration}"
    for one in run.split.slices:
        yield f"Rows to {one.name}", count(one.rows)
    yield "Features", short(run.feature_set)
    yield "Data", short(run.snapshot)
    yield "Run", short(run.digest)
