"""The table of what the model adds to each baseline, from cross-fitted risks and paired draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.records.range import Range
from attending.records.validation_parts import IncrementRow
from attending.statistics.bootstrap_draws import spread
from attending.statistics.inputs import logit
from attending.statistics.logistic import fit
from attending.statistics.measure import z_of
from attending.validate.additions import alone, baseline_column, both
from attending.validate.evidence import ALL

if TYPE_CHECKING:
    from attending.types import Floats
    from attending.validate.evidence import Evidence


def increment_rows(evidence: Evidence) -> tuple[IncrementRow, ...]:
    """Return one row a baseline; figures are left empty where there is no fit."""
    return tuple(increment(evidence, name) for name in evidence.data.baselines)


def increment(evidence: Evidence, name: str) -> IncrementRow:
    """Return what the model adds to one baseline."""
    group = evidence.paired(ALL, name)
    n, _ = evidence.counts(evidence.masks[group])
    whole = evidence.data.outcome.size
    missing = whole - n
    blank = IncrementRow(baseline=name, rows=None if 0 < missing <= evidence.small else n)
    added = evidence.added.get(name)
    if added is None:
        return blank
    first = _values(evidence, "auroc", both(name), group=group)
    second = _values(evidence, "auroc", alone(name), group=group)
    lower = _values(evidence, "brier", alone(name), group=group) - _values(
        evidence, "brier", both(name), group=group
    )
    risks = [asked.risk for asked in evidence.spec.thresholds if asked.risk is not None]
    return blank.model_copy(
        update={
            "coefficient": coefficient(evidence, name),
            "auroc_alone": float(second[0]),
            "auroc_both": float(first[0]),
            "auroc_gained": ranged(first - second),
            "brier_gained": ranged(lower),
            "net_benefit_gained": {
                f"{risk:g}": ranged(
                    _values(evidence, "net_benefit", both(name), group=group, threshold=risk)
                    - _values(evidence, "net_benefit", alone(name), group=group, threshold=risk)
                )
                for risk in risks
            },
            "gain": added.gain,
            "p": added.p,
        }
    )


def ranged(draws: Floats) -> Range:
    """Return a figure with its interval from the data (first) and the draws."""
    found = spread(draws[1:])
    value = None if np.isnan(draws[0]) else float(draws[0])
    return Range(value=value, low=found.low, high=found.high)


def coefficient(evidence: Evidence, name: str) -> Range:
    """Return the coefficient of the model's logit beside the baseline, cluster-robust.

    It is empty where there is no fit.
    """
    rows = evidence.masks[evidence.paired(ALL, name)]
    theirs = baseline_column(evidence.data.baselines[name])[rows]
    columns = np.column_stack([np.ones(theirs.size), theirs, logit(evidence.data.risk[rows])])
    outcome = evidence.data.outcome[rows].astype(np.float64)
    try:
        found = fit(columns, outcome, cluster=evidence.patient[rows])
    except BadInput:
        return Range()
    value, half = float(found.coefficients[2]), z_of(0.95) * float(found.standard_errors[2])
    return Range(value=value, low=value - half, high=value + half)


def _values(
    evidence: Evidence, measure: str, model: str, *, group: str, threshold: float | None = None
) -> Floats:
    return evidence.draws.values(measure, model, group=group, threshold=threshold)
