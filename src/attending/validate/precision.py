"""Whether there are rows enough for a precise external validation, criterion by criterion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.records.validation import SampleSizeRow
from attending.statistics.inputs import logit
from attending.statistics.sample_size import (
    LinearPredictor,
    size_for_auroc,
    size_for_net_benefit,
    size_for_observed_expected,
    size_for_slope,
)
from attending.statistics.threshold_metrics import sensitivity, specificity

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.validate.evidence import Evidence

_RILEY = "Riley et al., Stat Med 2021;40:4230; BMJ 2024;384:e074821"


def sample_size(evidence: Evidence) -> tuple[SampleSizeRow, ...]:
    """Return the rows needed for narrow intervals at the prevalence and AUROC that were found."""
    data = evidence.data
    prevalence = float(data.outcome.mean())
    auroc = evidence.draws.point("auroc", "model") or 0.5
    linear = logit(data.risk)
    observed = LinearPredictor(linear, np.full(linear.size, 1.0 / linear.size))
    asked: dict[str, Callable[[], int]] = {
        "O:E, interval 0.2 wide": lambda: size_for_observed_expected(prevalence),
        "calibration slope, interval 0.2 wide": lambda: size_for_slope(observed),
        "AUROC, interval 0.1 wide": lambda: size_for_auroc(auroc, prevalence=prevalence),
    }
    cut = evidence.cuts["model"][0]
    if cut is not None and 0.0 < cut < 1.0:
        asked["standardised net benefit, interval 0.2 wide"] = lambda: size_for_net_benefit(
            sensitivity(data.outcome, data.risk, threshold=cut),
            specificity(data.outcome, data.risk, threshold=cut),
            prevalence=prevalence,
            threshold=cut,
        )
    return tuple(_row(name, needed, data.outcome.size) for name, needed in asked.items())


def _row(criterion: str, needed: Callable[[], int], have: int) -> SampleSizeRow:
    try:
        rows: int | None = needed()
    except (BadInput, ZeroDivisionError, ValueError, OverflowError):
        rows = None  # no spread of risks, or an AUROC of 0 or 1: the criterion does not apply
    met = None if rows is None else have >= rows
    return SampleSizeRow(criterion=criterion, needed=rows, have=have, met=met, reference=_RILEY)
