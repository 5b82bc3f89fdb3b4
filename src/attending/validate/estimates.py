"""All measures of one model, each with the interval that suits it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.records.range import Range
from attending.records.validation import Estimate, ModelFigures
from attending.statistics.bootstrap_draws import DRAWN
from attending.statistics.catalog import MEASURES
from attending.statistics.cluster_mean import cluster_mean
from attending.statistics.integrated_calibration import calibration_distance
from attending.statistics.log_loss import surprise
from attending.statistics.recalibration import calibration_in_the_large_interval
from attending.statistics.suppression import tells_small
from attending.validate.calibrated import as_range
from attending.validate.data import MODEL

if TYPE_CHECKING:
    from attending.records.validation import Role
    from attending.statistics.bootstrap_draws import Draws
    from attending.statistics.measure import Interval, Measure
    from attending.types import Ints, Outcomes, Risks
    from attending.validate.calibrated import Fitted
    from attending.validate.evidence import Evidence

_DISTANCES = ("ici", "e50", "e90", "emax")


def figures(evidence: Evidence, fits: dict[str, Fitted]) -> tuple[ModelFigures, ...]:
    """Return the measures of the model, then of baselines, then of other candidates."""
    return tuple(_figures(evidence, name, fits=fits) for name in evidence.risks)


def drawn(draws: Draws, measure: str, model: str, *, group: str, threshold: float | None) -> Range:
    """Return a value with its bootstrap interval."""
    found = draws.interval(measure, model, group=group, threshold=threshold)
    value = draws.point(measure, model, group=group, threshold=threshold)
    return Range(value=value, low=found.low, high=found.high)


def _figures(evidence: Evidence, name: str, *, fits: dict[str, Fitted]) -> ModelFigures:
    risk = evidence.risks[name]
    known = ~np.isnan(risk)
    rows, missing = int(known.sum()), int((~known).sum())
    hidden = tells_small(missing, risk.size, smallest=evidence.small)
    baseline = evidence.data.baselines.get(name)
    role: Role = "model" if name == MODEL else "baseline" if baseline else "other"
    estimates = (
        () if not evidence.enough(known) else _estimates(evidence, name, fitted=fits.get(name))
    )
    return ModelFigures(
        name=name,
        label=baseline.label if baseline else name,
        role=role,
        score=(baseline.of or name) if baseline else "",
        knowability=baseline.knowability if baseline else "",
        rows=None if hidden else rows,
        missing=None if hidden else missing,
        recalibrated=evidence.has_probability(name),
        estimates=estimates,
    )


def _estimates(evidence: Evidence, name: str, *, fitted: Fitted | None) -> tuple[Estimate, ...]:
    known = ~np.isnan(evidence.risks[name])
    wanted = [MEASURES.get(found) for found in evidence.spec.measures]
    wrong = [found.name for found in wanted if found.kind in {"threshold", "drift"}]
    if wrong:
        raise BadInput(
            f"got measures {', '.join(wrong)}, which need a threshold or a reference",
            code="validate.measure",
            hint="Thresholds have their own table; take them out of `measures`.",
        )
    if not evidence.has_probability(name):
        wanted = [found for found in wanted if found.kind == "ranking"]
    columns = (evidence.data.outcome[known], evidence.risks[name][known], evidence.patient[known])
    special = {} if fitted is None else _special(columns, [m.name for m in wanted], fitted=fitted)
    return tuple(
        _estimate(evidence, found, name=name, columns=columns, special=special) for found in wanted
    )


def _estimate(
    evidence: Evidence,
    measure: Measure,
    *,
    name: str,
    columns: tuple[Outcomes, Risks, Ints],
    special: dict[str, tuple[Range, str]],
) -> Estimate:
    if measure.name in DRAWN:
        found = drawn(evidence.draws, measure.name, name, group="all", threshold=None)
        method = f"bootstrap over patients, {evidence.draws.count} draws"
    elif measure.name in special:
        found, method = special[measure.name]
    else:
        found, method = _plain(measure, columns)
    return Estimate(
        name=measure.name,
        label=measure.label,
        value=found.value,
        low=found.low,
        high=found.high,
        unit=measure.unit,
        direction=measure.direction,
        method=method,
    )


def _plain(measure: Measure, columns: tuple[Outcomes, Risks, Ints]) -> tuple[Range, str]:
    try:
        return Range(value=measure.compute(columns[0], columns[1])), "no interval"
    except BadInput as error:
        return Range(), error.message


def _special(
    columns: tuple[Outcomes, Risks, Ints], wanted: list[str], *, fitted: Fitted
) -> dict[str, tuple[Range, str]]:
    """Return measures whose interval is not drawn, or that are made together."""
    outcome, risk, patient = columns
    made: dict[str, tuple[Range, str]] = {}
    if "log_loss" in wanted:
        made["log_loss"] = _ranged(cluster_mean(surprise(outcome, risk), patient))
    if "calibration_in_the_large" in wanted:
        found = calibration_in_the_large_interval(outcome, risk, cluster=patient)
        made["calibration_in_the_large"] = _ranged(found)
    if fitted.line is None or fitted.curve is None:
        names = ("calibration_slope", *_DISTANCES)
        return {**made, **{name: (Range(), fitted.reason) for name in names}}
    made["calibration_slope"] = _ranged(fitted.line.slope)
    if set(wanted) & set(_DISTANCES):
        away = calibration_distance(outcome, risk, fitted=fitted.curve)
        for name in _DISTANCES:
            made[name] = (Range(value=getattr(away, name)), f"{away.smoother}; no interval")
    return made


def _ranged(found: Interval) -> tuple[Range, str]:
    return as_range(found), found.method
