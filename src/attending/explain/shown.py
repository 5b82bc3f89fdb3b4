"""Which features readers see, whether fits agree on their direction, and which say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.explain.agreement import leaders
from attending.records.explanation import SameThing, ShownFeature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.models.bundle import Bundle
    from attending.models.protocol import Matrix
    from attending.types import Floats


def shown_features(
    shares: Matrix,
    names: Sequence[str],
    halves: Sequence[tuple[Matrix, Matrix]],
    *,
    top: int,
    least: float,
) -> tuple[ShownFeature, ...]:
    """Return the features that are a top factor of enough patients, the least agreed first.

    The direction is that of the contributions over patients, so that a flip near zero, where a
    feature says nothing, counts for little. Noise has none.

    Args:
        shares: contributions of the patients, shape (n, p).
        names: the features.
        halves: contributions of the same patients by fits on two halves.
        top: how many factors a reader sees.
        least: share of patients from which a feature counts as shown.
    """
    shown = leaders(shares, top=top).mean(axis=0)
    direction = np.mean([_alike(*pair) for pair in halves], axis=0) if halves else None
    found = [
        ShownFeature(
            feature=names[k],
            shown=float(shown[k]),
            direction=None if direction is None else float(direction[k]),
        )
        for k in np.flatnonzero(shown >= least).tolist()
    ]
    return tuple(sorted(found, key=lambda one: (one.direction or 0.0, one.feature)))


def _alike(one: Matrix, other: Matrix) -> Floats:
    """Return the correlation of each column with its counterpart, 0 where one does not vary."""
    a, b = one - one.mean(axis=0), other - other.mean(axis=0)
    size = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    found: Floats = np.where(size > 0, (a * b).sum(axis=0) / np.where(size > 0, size, 1.0), 0.0)
    return found


def same_things(
    bundle: Bundle, shown: Sequence[ShownFeature], *, most: float
) -> tuple[SameThing, ...]:
    """Return the pairs of shown features whose rank correlation in training is too high.

    Args:
        bundle: the model.
        shown: the features that readers see.
        most: the rank correlation, in size, from which two features say the same.
    """
    seen = {one.feature for one in shown}
    return tuple(
        SameThing(first=a, second=b, correlation=rho)
        for a, b, rho in bundle.correlated
        if abs(rho) >= most and a in seen and b in seen
    )
