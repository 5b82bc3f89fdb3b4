"""Fit a model beside shadows of its features: how much weight does it give to what says nothing?

A shadow is a feature with its values dealt to other rows. It keeps its spread and its gaps, and
has nothing to do with the outcome. What the rows of one patient have in common is lost; the fits on
halves, which share no patient, see to that.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import AttendingError
from attending.train.candidate import At, fit_one
from attending.train.refits import bounded, drawn

if TYPE_CHECKING:
    from attending.models.bundle import Bundle
    from attending.models.protocol import Matrix
    from attending.specs.model import CandidateSpec
    from attending.train.candidate import Table
    from attending.train.split import Split

#: A feature that says nothing gets more weight than the shadow of each of so many draws in 1 of 41.
DRAWS = 40


def beside_shadows(
    table: Table, asked: CandidateSpec, *, split: Split, seed: int, draws: int = DRAWS
) -> tuple[Bundle, ...]:
    """Return fits of the model with a shadow of each feature after its features.

    All shadows of one fit are dealt together, so that they keep what features have in common.

    Args:
        table: all rows.
        asked: the candidate, with the parameters that it was fitted with.
        split: its slices.
        seed: of the dealing.
        draws: how many fits; those that training refuses are left out.

    References:
        Kursa & Rudnicki, J Stat Softw 2010;36(11) (shadow features).
    """
    rng = np.random.default_rng(seed)
    slices = (split.train, split.tuning, split.calibration)
    who = bounded(np.concatenate(slices), table, rng)
    one_each = np.ones(len(who), dtype=np.int64)
    parts = [drawn(table, part, who=who, weight=one_each) for part in slices]
    fits = (_fit(table, asked, At(*parts), rng=rng) for _ in range(draws))
    return tuple(fit for fit in fits if fit is not None)


def _fit(table: Table, asked: CandidateSpec, at: At, *, rng: np.random.Generator) -> Bundle | None:
    """Return one fit beside shadows, None where training refuses it."""
    rows = np.unique(np.concatenate([at.train, at.tuning, at.calibration]))
    shadows = np.full_like(table.x, np.nan)
    shadows[rows] = table.x[rng.permutation(rows)]
    both: Matrix = np.hstack([table.x, shadows])
    names = (*table.names, *(f"shadow_of_{name}" for name in table.names))
    try:
        return fit_one(replace(table, x=both, names=names), asked, at=at)
    except AttendingError:
        return None
