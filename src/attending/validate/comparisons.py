"""The model against each baseline: same rows, same draws, difference with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.records.validation import Comparison, Headline
from attending.statistics.bootstrap_draws import spread
from attending.statistics.catalog import MEASURES
from attending.statistics.suppression import tells_small
from attending.validate.cuts import ACTED
from attending.validate.data import MODEL
from attending.validate.evidence import ALL

if TYPE_CHECKING:
    from attending.records.validation_parts import Shown
    from attending.statistics.bootstrap_draws import Spread
    from attending.types import Floats
    from attending.validate.evidence import Evidence

_RANKING = ("auroc", "average_precision")
_RISK = ("brier", "scaled_brier", "observed_expected")
#: A sensitivity at a capacity: each has its own threshold, so that alerts are equal in number.
AT_CAPACITY = "sensitivity_at_capacity"


def comparisons(evidence: Evidence) -> tuple[Comparison, ...]:
    """Return the model minus each baseline and candidate, overall, then in high-risk groups."""
    found: list[Comparison] = []
    for other in [*evidence.data.baselines, *evidence.data.others]:
        names = _RANKING + (_RISK if evidence.has_probability(other) else ())
        found.extend(compare(evidence, other, measure=name) for name in names)
        for at, asked in enumerate(evidence.spec.thresholds):
            name = "net_benefit" if asked.risk is not None else AT_CAPACITY
            if _both_have(evidence, other, at):
                found.append(compare(evidence, other, measure=name, at=at))
    for group in evidence.spec.groups_compared():
        found.extend(
            compare(evidence, other, measure="auroc", group=group)
            for other in evidence.data.baselines
        )
    return tuple(found)


def _both_have(evidence: Evidence, other: str, at: int) -> bool:
    """Return whether model and other have a value of a threshold; decisions have any risk's."""
    if evidence.decides(other):
        return evidence.spec.thresholds[at].risk is not None
    return evidence.cuts[MODEL][at] is not None and evidence.cuts[other][at] is not None


def compare(
    evidence: Evidence, other: str, *, measure: str, group: str = ALL, at: int | None = None
) -> Comparison:
    """Return the model minus another on the rows of a group where both have a value.

    Args:
        evidence: rows and draws.
        other: the baseline or candidate.
        measure: one that the bootstrap makes, or `sensitivity_at_capacity`.
        group: `all`, or a group that the spec compares in.
        at: which threshold of the spec, for a measure that needs one.
    """
    rows = evidence.paired(group, other)
    mask = evidence.masks[rows]
    shown = None if _hidden(evidence, rows, group) else evidence.counts(mask)[0]
    blank = Comparison(
        measure=measure,
        model=MODEL,
        baseline=other,
        group=group,
        threshold=None if at is None else evidence.cuts[MODEL][at],
        rows=shown,
        difference=None,
        low=None,
        high=None,
        verdict="not_shown",
    )
    if not evidence.enough(mask):
        return blank
    first, second = _drawn(evidence, measure, other, rows=rows, at=at)
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


def improvement_interval(
    evidence: Evidence, other: str, *, measure: str, group: str = ALL, at: int | None = None
) -> Spread | None:
    """Return how much better the model is, as an interval; None with too few events."""
    rows = evidence.paired(group, other)
    if not evidence.enough(evidence.masks[rows]):
        return None
    first, second = _drawn(evidence, measure, other, rows=rows, at=at)
    found = spread(improvement(measure, first, second)[1:])
    return None if found.low is None else found


def improvement(measure: str, first: Floats, second: Floats) -> Floats:
    """Return how much better the first is, by the measure's direction.

    >>> improvement("brier", np.array([0.25]), np.array([0.5])).tolist()
    [0.25]
    """
    direction = MEASURES.get(measure.removesuffix("_at_capacity")).direction
    if direction == "higher":
        return first - second
    if direction == "lower":
        return second - first
    target = float(direction.removeprefix("target:"))
    return np.abs(second - target) - np.abs(first - target)


def headlines(evidence: Evidence) -> tuple[Headline, ...]:
    """Return the parts of the summary: the primary measure against each baseline."""
    measure = MEASURES.get(evidence.spec.primary)
    name = measure.name if measure.name in {*_RANKING, *_RISK} else "auroc"
    parts = []
    for other, baseline in evidence.data.baselines.items():
        usable = name if name in _RANKING or evidence.has_probability(other) else "auroc"
        found = compare(evidence, other, measure=usable)
        parts.append(
            Headline(
                measure=usable,
                label=MEASURES.get(usable).label,
                baseline=other,
                baseline_label=baseline.label,
                knowability=baseline.knowability,
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
    evidence: Evidence, measure: str, other: str, *, rows: str, at: int | None
) -> tuple[Floats, Floats]:
    """Return the draws of the model and of the other on the same rows."""
    name = measure.removesuffix("_at_capacity")
    mine = theirs = None
    if at is not None:
        mine, theirs = evidence.cuts[MODEL][at], evidence.cuts[other][at]
    first = evidence.draws.values(name, MODEL, group=rows, threshold=mine)
    if at is not None and evidence.decides(other):
        acted = evidence.draws.values(name, other, group=rows, threshold=ACTED, weighed_at=mine)
        return first, acted
    return first, evidence.draws.values(name, other, group=rows, threshold=theirs)


def _hidden(evidence: Evidence, rows: str, group: str) -> bool:
    """Return whether the number of rows, or of those left out, would tell a small count."""
    n, _ = evidence.counts(evidence.masks[rows])
    whole, _ = evidence.counts(evidence.masks[group])
    total = evidence.data.outcome.size
    smallest = evidence.small
    return tells_small(n, whole, smallest=smallest) or tells_small(whole, total, smallest=smallest)


def _verdict(better: Spread) -> Shown:
    if better.low is not None and better.low > 0.0:
        return "better"
    if better.high is not None and better.high < 0.0:
        return "worse"
    return "not_shown"


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
