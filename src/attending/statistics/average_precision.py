"""Average precision: the area under the precision-recall curve, by steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.statistics.inputs import scored
from attending.statistics.measure import Measure, register

if TYPE_CHECKING:
    from attending.statistics.inputs import Column


def average_precision(outcome: Column, score: Column) -> float:
    """Return the sum over thresholds of (recall gained) times precision; ties count as one step.

    Its value without skill is the prevalence, so it never compares across prevalences.

    References:
        Davis & Goadrich, ICML 2006; no interpolation, as scikit-learn.

    >>> round(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 4)
    0.8333
    """
    y, x = scored(outcome, score)
    order = np.argsort(-x, kind="stable")
    ranked = x[order]
    last = np.append(ranked[1:] != ranked[:-1], True)
    hits = np.cumsum(y[order])[last]
    flagged = np.flatnonzero(last) + 1.0
    gained = np.diff(hits, prepend=0.0) / hits[-1]
    return float(np.sum(gained * hits / flagged))


register(
    Measure(
        name="average_precision",
        label="Average precision",
        kind="ranking",
        compute=average_precision,
        direction="higher",
        reference="Davis & Goadrich, ICML 2006",
    )
)
