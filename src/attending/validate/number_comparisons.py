"""The model of a number against each baseline: same rows, same draws, difference with interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.records.validation import Comparison, Headline
from attending.statistics.bootstrap_draws import spread
from attending.statistics.catalog import MEASURES
from attending.statistics.suppression import tells_small
from attending.validate.comparisons import improvement
from attending.validate.data import MODEL
from attending.validate.evidence import ALL

if TYPE_CHECKING:
    from attending.records.validation_parts import Shown
    from attending.statistics.bootstrap_draws import Spread
    from attending.types import Floats
    from attending.validate.number_evidence import NumberEvidence

_MEASURES = ("mae", "rmse")


def number_comparisons(evidence: NumberEvidence) -> tuple[Comparison, ...]:
    """Return the model minus each baseline and candidate, overall, then in high-risk groups."""
    measures = (*_MEASURES, *(("poisson_deviance",) * (evidence.data.outcome_type == "count")))
    found = [
        compare_numbers(evidence, other, measure=name)
        for other in [*evidence.data.baselines, *evidence.data.others]
        for name in measures
    ]
    found += [
        compare_numbers(evidence, other, measure="mae", group=group)
        for group in evidence.spec.groups_compared()
        for other in evidence.data.baselines
    ]
    return tuple(found)


def compare_numbers(
    evidence: NumberEvidence, other: str, *, measure: str, group: str = ALL
) -> Comparison:
    """Return the model minus another on the rows of a group where both have a value.

    Args:
        evidence: rows and draws.
        other: the baseline or candidate.
        measure: one that the bootstrap makes.
        group: `all`, or a group that the spec compares in.
    """
    rows = evidence.paired(group, other)
    mask = evidence.masks[rows]
    n = int(np.count_nonzero(mask))
    hidden = tells_small(n, evidence.data.observed.size, smallest=evidence.small)
    blank = Comparison(
        measure=measure,
        model=MODEL,
        baseline=other,
        group=group,
        rows=None if hidden else n,
        difference=None,
        low=None,
        high=None,
        verdict="not_shown",
    )
    if not evidence.enough(mask):
        return blank
    first, second = _drawn(evidence, measure, other, rows=rows)
    gained = spread((first - second)[1:])
    better = spread(improvement(measure, first, second)[1:])
    return blank.model_copy(
        update={
            "model_value": _number(first[0]),
            "baseline_value": _number(second[0]),
            "difference": _number(first[0] - second[0]),
            "low": gained.low,
            "high": gained.high,
            "verdict": _verdict(better),
        }
    )


def improvement_of(
    evidence: NumberEvidence, other: str, *, measure: str, group: str = ALL
) -> Spread | None:
    """Return how much better the model is, as an interval; None with too few rows."""
    rows = evidence.paired(group, other)
    if not evidence.enough(evidence.masks[rows]):
        return None
    first, second = _drawn(evidence, measure, other, rows=rows)
    found = spread(improvement(measure, first, second)[1:])
    return None if found.low is None else found


def number_headlines(evidence: NumberEvidence) -> tuple[Headline, ...]:
    """Return the parts of the summary: the primary measure against each baseline."""
    measure = MEASURES.get(evidence.spec.primary)
    if measure.kind != "number":
        measure = MEASURES.get("mae")
    parts = []
    for other, baseline in evidence.data.baselines.items():
        found = compare_numbers(evidence, other, measure=measure.name)
        parts.append(
            Headline(
                measure=measure.name,
                label=measure.label,
                baseline=other,
                baseline_label=baseline.label,
                model_value=found.model_value,
                baseline_value=found.baseline_value,
                difference=found.difference,
                low=found.low,
                high=found.high,
                verdict=found.verdict,
            )
        )
    return tuple(parts)


def _drawn(
    evidence: NumberEvidence, measure: str, other: str, *, rows: str
) -> tuple[Floats, Floats]:
    first = evidence.draws.values(measure, MODEL, group=rows)
    return first, evidence.draws.values(measure, other, group=rows)


def _verdict(better: Spread) -> Shown:
    if better.low is not None and better.low > 0.0:
        return "better"
    if better.high is not None and better.high < 0.0:
        return "worse"
    return "not_shown"


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
