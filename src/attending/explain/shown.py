"""Which features readers see, whether they are more than noise, and which say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.explain.agreement import leaders
from attending.records.explanation import SameThing, ShownFeature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.models.bundle import Bundle
    from attending.models.concepts import Groups
    from attending.models.protocol import Matrix
    from attending.types import Floats


class Weights(NamedTuple):
    """What fits beside shadows weigh: features, and values dealt to other patients.

    Attributes:
        feature: shape (g,), mean size of each factor's contributions, the median over fits.
        chance: shape (g,), the same of its shadow, the largest over fits. A feature that says
            nothing exceeds it in one of as many cases as there are fits, and one more.
    """

    feature: Floats
    chance: Floats


def weights(fits: Sequence[Bundle], x: Matrix, groups: Groups, *, seed: int) -> Weights | None:
    """Return how fits beside shadows weigh features and shadows; None without fits.

    Args:
        fits: the features first, then a shadow of each, in their order.
        x: shape (n, p), rows of patients; their shadows are their own values in another order.
        groups: the factors.
        seed: of that order.
    """
    if not fits:
        return None
    rng, p = np.random.default_rng(seed), x.shape[1]
    found = []
    for fit in fits:
        both = np.hstack([x, x[rng.permutation(len(x))]])
        parts = fit.contributions(both)
        sides = (parts[:, :p], parts[:, p : 2 * p])
        found.append([np.abs(groups.summed(side)).mean(axis=0) for side in sides])
    sizes = np.array(found)
    return Weights(np.median(sizes[:, 0], axis=0), sizes[:, 1].max(axis=0))


def all_factors(
    shares: Matrix,
    names: Sequence[str],
    halves: Sequence[tuple[Matrix, Matrix]],
    *,
    beside: Weights | None,
    top: int,
) -> tuple[ShownFeature, ...]:
    """Return all factors, by how many patients are shown them, the least agreed first.

    The direction is that of the contributions over patients, so that a flip near zero, where a
    feature says nothing, counts for little. Noise has none.

    Args:
        shares: contributions of the patients, shape (n, p).
        names: the features.
        halves: contributions of the same patients by fits on two halves.
        beside: what features and their shadows weigh.
        top: how many factors a reader sees.
    """
    shown = leaders(shares, top=top).mean(axis=0)
    direction = np.mean([_alike(*pair) for pair in halves], axis=0) if halves else None
    found = [
        ShownFeature(
            feature=names[k],
            shown=float(shown[k]),
            direction=None if direction is None else float(direction[k]),
            weight=None if beside is None else float(beside.feature[k]),
            chance=None if beside is None else float(beside.chance[k]),
        )
        for k in range(len(names))
    ]
    return tuple(sorted(found, key=lambda one: (one.direction or 0.0, one.feature)))


def weighs_nothing(one: ShownFeature) -> bool:
    """Return whether the model gives as much weight to values dealt at random."""
    return one.weight is not None and one.chance is not None and one.weight <= one.chance


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

    Features that the specs call one concept are shown as one, and may say the same.

    Args:
        bundle: the model.
        shown: the features that readers see.
        most: the rank correlation, in size, from which two features say the same.
    """
    factors = {one.feature for one in shown}
    seen = {
        bundle.names[k]
        for name, held in zip(bundle.groups.names, bundle.groups.columns, strict=True)
        if name in factors
        for k in held
    }
    return tuple(
        SameThing(first=a, second=b, correlation=rho)
        for a, b, rho in bundle.correlated
        if abs(rho) >= most and a in seen and b in seen
        if not any(concept.says_one(a, b) for concept in bundle.concepts)
    )
