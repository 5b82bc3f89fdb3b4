"""What stops a fit before it starts: a feature that is too good to be true, too few rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.errors import Refused
from attending.records.run import SampleSize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.models.protocol import Matrix
    from attending.specs.model import ModelSpec
    from attending.types import Floats, Outcomes

#: One feature alone that ranks better than this is taken for the outcome in disguise.
TOO_GOOD = 0.95
#: With fewer of either outcome, chance alone can rank this well.
_LEAST = 10


def check_too_good(x: Matrix, y: Outcomes, *, names: Sequence[str]) -> None:
    """Check that no single feature, nor its being missing, tells the outcome almost by itself.

    Args:
        x: training rows, shape (n, p).
        y: their outcomes.
        names: the features, for the refusal.

    Raises:
        Refused: `leak.too_good`, naming every such feature.

    >>> y = np.array([0, 1] * 20, dtype=np.int8)
    >>> check_too_good(y[:, None] * 2.0, y, names=["discharge_summary"])
    Traceback (most recent call last):
    ...
    attending.errors.Refused: 1 feature tells the outcome alone: discharge_summary (AUROC 1.000)
    Look at when it becomes known and whether it restates the outcome; then remove or mend it.
    """
    found = [
        f"{name} (AUROC {best:.3f})"
        for name, column in zip(names, x.T, strict=True)
        if (best := separation(column, y)) > TOO_GOOD
    ]
    if found:
        noun = "feature tells" if len(found) == 1 else "features tell"
        raise Refused(
            f"{len(found)} {noun} the outcome alone: {', '.join(found)}",
            code="leak.too_good",
            hint="Look at when it becomes known and whether it restates the outcome;"
            " then remove or mend it.",
        )


def separation(column: Floats, y: Outcomes) -> float:
    """Return how well one feature ranks the outcome, either way round, 0.5 to 1.

    Both the values that are there and the mark that one is missing are tried.

    >>> separation(np.array([1.0, np.nan] * 20), np.array([0, 1] * 20, dtype=np.int8))
    1.0
    """
    seen = ~np.isnan(column)
    marks = auroc(seen.astype(np.float64), y)
    values = auroc(column[seen], y[seen])
    return max(abs(found - 0.5) + 0.5 for found in (marks, values))


def auroc(score: Floats, y: Outcomes) -> float:
    """Return the share of pairs ranked rightly, ties half; 0.5 with too few of either outcome."""
    events = int(y.sum())
    if min(events, len(y) - events) < _LEAST:
        return 0.5
    return rank_auroc(score, y)


def rank_auroc(score: Floats, y: Outcomes) -> float:
    """Return the AUROC by mid-ranks.

    References:
        Hanley & McNeil, Radiology 1982;143:29.

    >>> rank_auroc(np.array([0.1, 0.4, 0.4, 0.8]), np.array([0, 0, 1, 1], dtype=np.int8))
    0.875
    """
    _, group, counts = np.unique(score, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    rank_sum = float((ends - (counts - 1) / 2.0)[group][y == 1].sum())
    events = int(y.sum())
    below = rank_sum - events * (events + 1) / 2.0
    return below / (events * (len(y) - events))


def check_sample_size(spec: ModelSpec, *, rows: int, needed: int, parameters: int) -> SampleSize:
    """Return what stands in the run of the sample size, once the policy allows it.

    Args:
        spec: model.yaml, whose `sample_size.policy` decides.
        rows: training rows.
        needed: rows that Riley's criteria ask for.
        parameters: candidate parameters that they were counted with.

    Raises:
        Refused: fewer rows than needed and the policy is `refuse`.
    """
    policy = spec.sample_size.policy
    if rows < needed and policy == "refuse":
        raise Refused(
            f"{rows} training rows, expected at least {needed} for {parameters} parameters",
            code="train.sample_size",
            hint="Take fewer features, gather more rows, or write sample_size: {policy: warn}.",
            where="model.yaml: sample_size",
        )
    return SampleSize(rows=rows, needed=needed, parameters=parameters, policy=policy)
