"""Fit a model again on samples of its own patients, to see what of it hangs on whom it met."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.errors import AttendingError
from attending.train.candidate import At, fit_one

if TYPE_CHECKING:
    from attending.models.bundle import Bundle
    from attending.specs.model import CandidateSpec
    from attending.train.candidate import Table
    from attending.train.split import Split
    from attending.types import Ints

#: Rows beyond these are left out by patient, to bound the work; fewer rows agree less.
MOST_ROWS = 20_000


class Samples(NamedTuple):
    """Fits on samples, and how many training refused."""

    bootstrap: tuple[Bundle, ...]
    halves: tuple[tuple[Bundle, Bundle], ...]
    refused: int


def on_samples(
    table: Table, asked: CandidateSpec, *, split: Split, seed: int, draws: int
) -> Samples:
    """Return the model fitted again: on bootstrap samples of patients, and on pairs of halves.

    Args:
        table: all rows.
        asked: the candidate, with the parameters that it was fitted with.
        split: its slices; a patient goes into a sample with all rows.
        seed: of the draws.
        draws: samples of each kind.

    References:
        Efron, Ann Stat 1979;7:1. Two halves share no patient, so noise agrees only by chance;
        bootstrap samples share what the first fit took for a signal.
    """
    rng = np.random.default_rng(seed)
    slices = (split.train, split.tuning, split.calibration)
    who = bounded(np.concatenate(slices), table, rng)
    refused, bootstrap, halves = 0, [], []
    for _ in range(draws):
        weight = np.bincount(rng.integers(0, len(who), len(who)), minlength=len(who))
        fit = _fit(table, asked, slices, who=who, weight=weight)
        half = (rng.permutation(len(who)) < len(who) // 2).astype(np.int64)
        one, other = (_fit(table, asked, slices, who=who, weight=side) for side in (half, 1 - half))
        refused += sum(each is None for each in (fit, one, other))
        if fit is not None:
            bootstrap.append(fit)
        if one is not None and other is not None:
            halves.append((one, other))
    return Samples(tuple(bootstrap), tuple(halves), refused)


def bounded(rows: Ints, table: Table, rng: np.random.Generator) -> Ints:
    """Return the patients of the slices, so many that their rows stay within the bound."""
    who: Ints = np.unique(table.rows.drawn_by[rows])
    if len(rows) > MOST_ROWS:
        least = max(2, len(who) * MOST_ROWS // len(rows))
        who = np.sort(rng.choice(who, least, replace=False))
    return who


def _fit(
    table: Table, asked: CandidateSpec, slices: tuple[Ints, ...], *, who: Ints, weight: Ints
) -> Bundle | None:
    """Return one fit, None where training refuses it: a sample without signal has none."""
    train, tuning, calibration = (drawn(table, part, who=who, weight=weight) for part in slices)
    try:
        return fit_one(table, asked, at=At(train, tuning, calibration))
    except AttendingError:
        return None


def drawn(table: Table, part: Ints, *, who: Ints, weight: Ints) -> Ints:
    """Return the rows of a slice, each as often as its patient was drawn."""
    drawn_by = table.rows.drawn_by[part]
    at = np.searchsorted(who, drawn_by).clip(max=len(who) - 1)
    times = np.where(who[at] == drawn_by, weight[at], 0)
    rows: Ints = np.repeat(part, times)
    return rows
