"""What a linear model of numbers learnt of each feature: median, mean, spread, missing mark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from attending.models.newton import rounded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attending.models.protocol import Matrix
    from attending.types import Floats


@dataclass(frozen=True)
class Design:
    """The columns of the training rows; nothing is learnt from rows that are foretold.

    Attributes:
        names: the features.
        median: stands in for a missing value.
        mean, spread: by which a value is standardised; a constant feature has spread 1.
        missing: share of training rows where it was missing.
    """

    names: tuple[str, ...]
    median: Floats
    mean: Floats
    spread: Floats
    missing: Floats

    def matrix(self, x: Matrix) -> Matrix:
        """Return ones, standardised values and missing marks, shape (n, 1 + 2p)."""
        gap = np.isnan(x)
        filled = np.where(gap, self.median, x)
        marks = np.where(gap, 1.0, 0.0) - self.missing
        marks[:, self.missing == 0.0] = 0.0
        return np.hstack([np.ones((len(x), 1)), (filled - self.mean) / self.spread, marks])

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        parts = {key: getattr(self, key).tolist() for key in _PARTS}
        return {"names": list(self.names), **parts}


_PARTS = ("median", "mean", "spread", "missing")


def learn(x: Matrix, *, names: Sequence[str]) -> Design:
    """Return what training rows say of each feature.

    >>> learn(np.array([[1.0], [3.0], [np.nan]]), names=["a"]).median.tolist()
    [2.0]
    """
    gap = np.isnan(x)
    columns = [column[~np.isnan(column)] for column in x.T]
    median = rounded(np.array([np.median(seen) if len(seen) else 0.0 for seen in columns]))
    filled = np.where(gap, median, x)
    mean, spread = filled.mean(axis=0), filled.std(axis=0)
    flat = spread <= 1e-12 * np.maximum(1.0, np.abs(mean))
    return Design(
        tuple(names),
        median,
        rounded(mean),
        rounded(np.where(flat, 1.0, spread)),
        rounded(gap.mean(axis=0)),
    )


def from_json(found: Mapping[str, Any]) -> Design:
    """Return the design that plain JSON values say.

    Raises:
        ValueError: columns of unequal length.

    >>> from_json(learn(np.array([[1.0], [3.0]]), names=["a"]).as_json()).names
    ('a',)
    """
    names = tuple(str(name) for name in found["names"])
    parts = [np.array(found[key], dtype=np.float64) for key in _PARTS]
    if any(part.shape != (len(names),) for part in parts):
        raise ValueError("columns of unequal length")
    return Design(names, *parts)
