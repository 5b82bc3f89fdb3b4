"""Are the named factors those that move the score? Take them away, and three others at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.explain.agreement import leaders
from attending.records.explanation import Removal

if TYPE_CHECKING:
    from attending.models.bundle import Bundle
    from attending.models.concepts import Groups
    from attending.models.protocol import Matrix
    from attending.types import Floats, Mask

_TAKEN = 3
_DRAWS = 20


def removal(bundle: Bundle, x: Matrix, groups: Groups, *, seed: int, asked: float) -> Removal:
    """Return for what share of patients the three top factors move the score the most.

    The factors are the largest that push the way in which the patient departs from the average:
    why this risk is high, or why it is low. To take one away is to put the training median in its
    place. A patient counts when that moves the log-odds more than the mean of 20 removals of three
    features at random.

    Args:
        bundle: the model.
        x: shape (n, p), rows of patients.
        groups: the factors, of one feature or more; one is taken away with all its features.
        seed: of the random features.
        asked: the least share.

    References:
        DeYoung et al., ACL 2020:4443 (comprehensiveness).
    """
    shares = bundle.shares(x, groups)
    if shares.shape[1] <= _TAKEN:  # there are no others
        return Removal(patients=len(x), share=None, asked=asked, outcome="left_out")
    rng = np.random.default_rng(seed)
    toward = np.sign(shares.sum(axis=1, keepdims=True))
    pushing = np.where(np.sign(shares) == toward, shares, 0.0)
    named = _moved(bundle, x, _columns(leaders(pushing, top=_TAKEN), groups))
    others = [_moved(bundle, x, _columns(_three(rng, shares.shape), groups)) for _ in range(_DRAWS)]
    share = float(np.mean(named > np.mean(others, axis=0)))
    return Removal(
        patients=len(x), share=share, asked=asked, outcome="met" if share >= asked else "failed"
    )


def _moved(bundle: Bundle, x: Matrix, taken: Mask) -> Floats:
    """Return how far the log-odds move when some values give way to the training median."""
    middle = np.array([item.at(0.5) if item.quantiles else 0.0 for item in bundle.references])
    found: Floats = np.abs(bundle.margin(np.where(taken, middle, x)) - bundle.margin(x))
    return found


def _three(rng: np.random.Generator, shape: tuple[int, ...]) -> Mask:
    return leaders(rng.random(shape), top=_TAKEN)


def _columns(taken: Mask, groups: Groups) -> Mask:
    """Return marks of groups as marks of their columns, shape (n, p)."""
    found = np.zeros((len(taken), sum(len(held) for held in groups.columns)), dtype=np.bool_)
    for at, held in enumerate(groups.columns):
        found[:, list(held)] = taken[:, [at]]
    return found
