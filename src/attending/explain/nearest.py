"""The most similar other patients at the same risk: do they get the same explanation?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from attending.models.bundle import Bundle
    from attending.models.protocol import Matrix
    from attending.types import Floats, Ints

#: Log-odds that differ by less are the same risk: 20 % against 17 % to 23 %.
_SAME = 0.2
#: How many neighbours each patient has, and from how many they are chosen at least.
EACH = 3
_LEAST = 10
#: One value further away than so many interquartile ranges counts as that far.
_FAR = 3.0


class Neighbours(NamedTuple):
    """For each patient with enough others at the same risk: the nearest, and some at random.

    Attributes:
        patient: shape (k,), row of the patients.
        near: shape (k, EACH), rows of the others.
        chance: shape (k, EACH), others of the same risk at random.
    """

    patient: Ints
    near: Ints
    chance: Ints


def neighbours(
    bundle: Bundle, x: Matrix, others: Matrix, *, subject: Ints, other_subject: Ints, seed: int
) -> Neighbours:
    """Return the nearest other patients at the same risk, by standardised distance.

    Args:
        bundle: the model.
        x: shape (n, p), rows of patients.
        others: shape (m, p), among whom is looked.
        subject: shape (n,), whose rows they are.
        other_subject: shape (m,).
        seed: of the random ones.
    """
    rng = np.random.default_rng(seed)
    margin, other_margin = bundle.margin(x), bundle.margin(others)
    place, other_place = _places(bundle, x), _places(bundle, others)
    found: list[tuple[int, Ints, Ints]] = []
    for row in range(len(x)):
        alike = (np.abs(other_margin - margin[row]) < _SAME) & (other_subject != subject[row])
        at = np.flatnonzero(alike)
        if len(at) < _LEAST:
            continue
        apart = np.abs(other_place[at] - place[row]).clip(max=_FAR).mean(axis=1)
        near = at[np.argsort(apart, kind="stable")[:EACH]]
        found.append((row, near, rng.choice(at, EACH, replace=False)))
    if not found:
        none = np.empty((0, EACH), dtype=np.int64)
        return Neighbours(none[:, 0], none, none)
    rows, near_rows, chance = zip(*found, strict=True)
    return Neighbours(np.array(rows), np.array(near_rows), np.array(chance))


def _places(bundle: Bundle, x: Matrix) -> Floats:
    """Return rows in interquartile ranges from the training median; a gap stands at the median."""
    middle = np.array([item.at(0.5) or 0.0 for item in bundle.references])
    width = bundle.spreads
    scale = np.where(width > 0, width, 1.0)
    return np.where(np.isnan(x), 0.0, (x - middle) / scale)
