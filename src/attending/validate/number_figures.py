"""Measures of a number: of the model and its baselines, in bins, and in each group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.records.number_validation import NumberBin, NumberFigures, NumberGroupRow
from attending.records.range import Range
from attending.records.validation import Estimate, ModelFigures
from attending.statistics.catalog import MEASURES
from attending.statistics.cluster_mean import cluster_mean
from attending.statistics.number_bootstrap import DRAWN
from attending.statistics.suppression import is_small, suppress, tells_small
from attending.validate.data import MODEL

if TYPE_CHECKING:
    from attending.records.validation import Role
    from attending.statistics.measure import Measure
    from attending.validate.number_evidence import NumberEvidence

_KINDS = frozenset({"number", "interval", "quantile"})
#: Rows of a bin, at least; more bins than ten are not drawn.
_BIN_ROWS = 20


def number_figures(evidence: NumberEvidence) -> tuple[ModelFigures, ...]:
    """Return the measures of the model, then of baselines, then of other candidates.

    Raises:
        BadInput: a measure that is not one of numbers.
    """
    wanted = [MEASURES.get(name) for name in evidence.spec.measures]
    wrong = [found.name for found in wanted if found.kind not in _KINDS]
    if wrong:
        raise BadInput(
            f"got measures {', '.join(wrong)}, which are not of numbers",
            code="validate.measure",
            hint="Measures of numbers are mae, rmse, r_squared, interval_coverage and others.",
            where="validation.yaml: measures",
        )
    return tuple(_figures(evidence, name, wanted=wanted) for name in evidence.models)


def _figures(evidence: NumberEvidence, name: str, *, wanted: list[Measure]) -> ModelFigures:
    model = evidence.models[name]
    known = ~np.isnan(model.value)
    rows, missing = int(known.sum()), int((~known).sum())
    hidden = tells_small(missing, known.size, smallest=evidence.small)
    baseline = evidence.data.baselines.get(name)
    role: Role = "model" if name == MODEL else "baseline" if baseline else "other"
    of_interval = model.low is not None
    kept = [found for found in wanted if found.kind == "number" or of_interval]
    return ModelFigures(
        name=name,
        label=baseline.label if baseline else name,
        role=role,
        score=name if baseline else "",
        rows=None if hidden else rows,
        missing=None if hidden else missing,
        estimates=tuple(_estimate(evidence, found, name) for found in kept)
        if evidence.enough(known)
        else (),
    )


def _estimate(evidence: NumberEvidence, measure: Measure, name: str) -> Estimate:
    found = evidence.drawn(measure.name, name) if measure.name in DRAWN else Range()
    whose = "units" if evidence.data.outcome_type == "count" else "patients"
    return Estimate(
        name=measure.name,
        label=measure.label,
        value=found.value,
        low=found.low,
        high=found.high,
        unit=evidence.data.unit if measure.name in _IN_UNIT else measure.unit,
        direction=measure.direction,
        method=f"bootstrap over {whose}, {evidence.draws.count} draws",
    )


_IN_UNIT = frozenset({"mae", "rmse", "mean_error", "interval_width", "pinball_loss"})


def only_numbers(evidence: NumberEvidence) -> NumberFigures:
    """Return what only a number or a count has."""
    data = evidence.data
    enough = evidence.enough(evidence.masks["all"])
    low, middle, high = np.quantile(data.observed, [0.25, 0.5, 0.75]).tolist()
    return NumberFigures(
        outcome_type=data.outcome_type,
        unit=data.unit,
        cluster="units" if data.outcome_type == "count" else "patients",
        level=data.predicted.level,
        mean=float(data.observed.mean()) if enough else None,
        quartiles=(low, middle, high) if enough else None,
        bins=_bins(evidence) if enough else (),
        groups=tuple(row for name in evidence.attributes for row in _groups(evidence, name)),
    )


def _bins(evidence: NumberEvidence) -> tuple[NumberBin, ...]:
    """Return observed against foretold in up to ten groups of equal size, never below 20 rows."""
    value, observed = evidence.data.predicted.value, evidence.data.observed
    order = np.lexsort((observed, value))
    count = max(1, min(10, value.size // _BIN_ROWS))
    found = []
    for rows in np.array_split(order, count):
        mean = cluster_mean(observed[rows], evidence.owner[rows])
        found.append(
            NumberBin(
                predicted=float(value[rows].mean()),
                observed=Range(value=mean.value, low=mean.low, high=mean.high),
                n=len(rows),
            )
        )
    return tuple(found)


def _groups(evidence: NumberEvidence, attribute: str) -> list[NumberGroupRow]:
    column = evidence.attributes[attribute]
    masks = [column.mask(label) for label in column.labels]
    counts = [evidence.counts(mask) for mask in masks]
    hidden = suppress([rows for rows, _ in counts], smallest=evidence.small)
    people = suppress([clusters for _, clusters in counts], smallest=evidence.small)
    units = evidence.data.outcome_type == "count"
    found = []
    for at, label in enumerate(column.labels):
        rows, clusters = counts[at]
        # Units are no persons: how many there are is no secret.
        shy = hidden[at] or (not units and (people[at] or is_small(clusters)))
        row = NumberGroupRow(
            attribute=attribute,
            group=label,
            n=None if shy else rows,
            clusters=None if shy else clusters,
            suppressed=shy,
            status="ok" if evidence.enough(masks[at]) else "insufficient",
        )
        found.append(_measured(evidence, row) if row.status == "ok" else row)
    return found


def _measured(evidence: NumberEvidence, row: NumberGroupRow) -> NumberGroupRow:
    name = f"{row.attribute}={row.group}"
    names = {
        "mae": "mae",
        "mean_error": "mean_error",
        "observed_expected": "observed_expected_total",
        "coverage": "interval_coverage",
    }
    return row.model_copy(
        update={k: evidence.drawn(measure, MODEL, group=name) for k, measure in names.items()}
    )
