"""Points of the ROC and the precision-recall curve, thinned for a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.statistics.inputs import scored

if TYPE_CHECKING:
    from attending.statistics.inputs import Column
    from attending.types import Ints


class RocPoint(NamedTuple):
    """What flagging the scores of at least `threshold` does, as counts."""

    threshold: float
    tp: int
    fp: int


def roc_points(outcome: Column, score: Column, *, at_most: int = 200) -> list[RocPoint]:
    """Return cumulative counts from the highest score down, one point a distinct score, thinned.

    First and last points stay; the origin (nothing flagged) is not a point.

    >>> roc_points([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])[0]
    RocPoint(threshold=0.8, tp=1, fp=0)
    """
    y, x = scored(outcome, score)
    order = np.argsort(-x, kind="stable")
    ranked = x[order]
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    hits = np.cumsum(y[order])[ends].astype(np.int64)
    misses = ends + 1 - hits
    return [
        RocPoint(float(ranked[ends[k]]), int(hits[k]), int(misses[k]))
        for k in _thinned(hits, misses, at_most=at_most)
    ]


def _thinned(hits: Ints, misses: Ints, *, at_most: int) -> Ints:
    """Return which points to keep: evenly along the length of the curve, both ends included."""
    if hits.size <= at_most:
        return np.arange(hits.size)
    along = hits / hits[-1] + misses / misses[-1]
    wanted = np.linspace(along[0], along[-1], at_most)
    return np.unique(np.minimum(np.searchsorted(along, wanted, side="left"), hits.size - 1))
