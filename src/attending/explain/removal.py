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
#: Patients whose values stand in for what is taken away, one after another.
_STAND_INS = 25


def removal(
    bundle: Bundle, x: Matrix, groups: Groups, *, others: Matrix, seed: int, asked: float
) -> Removal:
    """Return for what share of patients the three top factors move the score the most.

    The factors are the largest that push the way in which the patient departs from the average:
    why this risk is high, or why it is low. To take one away is to put what other patients have in
    its place, one patient after another, and to average: shares start from the average patient,
    and of a tree that is not the patient with every median. A patient counts when that moves the
    log-odds more than the mean of 20 removals of three features at random.

    Args:
        bundle: the model.
        x: shape (n, p), rows of patients.
        groups: the factors, of one feature or more; one is taken away with all its features.
        others: shape (m, p), rows of patients whose values stand in.
        seed: of the stand-ins and of the random features.
        asked: the least share.

    References:
        DeYoung et al., ACL 2020:4443 (comprehensiveness); Covert et al., JMLR 2021;22:209 (what
        stands in for a feature that is taken away).
    """
    shares = bundle.shares(x, groups)
    if shares.shape[1] <= _TAKEN:  # there are no others
        return Removal(patients=len(x), share=None, asked=asked, outcome="left_out")
    rng = np.random.default_rng(seed)
    at = rng.choice(len(others), min(_STAND_INS, len(others)), replace=False)
    toward = np.sign(shares.sum(axis=1, keepdims=True))
    pushing = np.where(np.sign(shares) == toward, shares, 0.0)
    three = (_three(rng, shares.shape) for _ in range(_DRAWS))
    named, *random = (
        _moved(bundle, x, _columns(taken, groups), stand_ins=others[at])
        for taken in (leaders(pushing, top=_TAKEN), *three)
    )
    share = float(np.mean(named > np.mean(random, axis=0)))
    return Removal(
        patients=len(x), share=share, asked=asked, outcome="met" if share >= asked else "failed"
    )


def _moved(bundle: Bundle, x: Matrix, taken: Mask, *, stand_ins: Matrix) -> Floats:
    """Return how far the log-odds move on average when some values give way to stand-ins."""
    after = [bundle.margin(np.where(taken, one, x)) for one in stand_ins]
    found: Floats = np.abs(np.mean(after, axis=0) - bundle.margin(x))
    return found


def _three(rng: np.random.Generator, shape: tuple[int, ...]) -> Mask:
    return leaders(rng.random(shape), top=_TAKEN)


def _columns(taken: Mask, groups: Groups) -> Mask:
    """Return marks of groups as marks of their columns, shape (n, p)."""
    found = np.zeros((len(taken), sum(len(held) for held in groups.columns)), dtype=np.bool_)
    for at, held in enumerate(groups.columns):
        found[:, list(held)] = taken[:, [at]]
    return found
